//! Context, sequences, ROWID, DUMP.

use oraedge::wire::value::Rowid;
use rusqlite::types::Value as Sql;

use super::super::error::{from_text, ora, plain};
use super::{Registry, integer, number, text};

/// File number in the ROWIDs that the engine makes.
const ROWID_FILE: u16 = 7;
/// Rows in a block of the ROWIDs that the engine makes.
const ROWS_PER_BLOCK: i64 = 512;
/// First block of a table in the ROWIDs that the engine makes.
const FIRST_BLOCK: i64 = 131;

/// The ROWID of a row of SQLite.
pub(crate) fn rowid_of(object: i64, row: i64) -> Rowid {
    Rowid {
        rba: object as u32,
        partition_id: ROWID_FILE,
        block: (row / ROWS_PER_BLOCK + FIRST_BLOCK) as u32,
        slot: (row % ROWS_PER_BLOCK) as u16,
    }
}

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("o_rowid", 2, |_, a| {
        text(String::from_utf8_lossy(&rowid_of(a.int(0)?, a.int(1)?).to_text()).into_owned())
    })?;
    // The row of SQLite that a ROWID of this table names; NULL (no row) for another table's.
    registry.strict("o_rowid_row", 2, |_, a| {
        let rowid: Rowid = a.text(1).trim().parse().map_err(|_| plain(1410))?;
        if i64::from(rowid.rba) != a.int(0)? {
            return Ok(Sql::Null);
        }
        let block = i64::from(rowid.block) - FIRST_BLOCK;
        Ok(Sql::Integer(block * ROWS_PER_BLOCK + i64::from(rowid.slot)))
    })?;
    registry.strict("o_to_rowid", 1, |_, a| {
        let _: Rowid = a.text(0).trim().parse().map_err(|_| plain(1410))?;
        text(a.text(0).trim())
    })?;
    registry.strict("o_sys_context", 2, |env, a| {
        Ok(env.context(a.text(0), a.text(1))?.map_or(Sql::Null, Sql::Text))
    })?;
    registry.strict("o_nls", 1, |env, a| {
        let state = env.state();
        let nls = &state.nls;
        let value = match a.text(0) {
            "NLS_DATE_FORMAT" => Some(nls.date_format.clone()),
            "NLS_TIMESTAMP_FORMAT" => Some(nls.timestamp_format.clone()),
            "NLS_TIMESTAMP_TZ_FORMAT" => Some(nls.timestamp_tz_format.clone()),
            other => nls.others.get(other).cloned(),
        };
        Ok(value.map_or(Sql::Null, Sql::Text))
    })?;
    registry.volatile("o_nextval", 2, |env, a| {
        let id = a.int(0)? as u64;
        let value = env.sequences.next(id, a.text(1))?;
        env.state().current.insert(id, value);
        number(value)
    })?;
    registry.volatile("o_currval", 2, |env, a| {
        let current = env.state().current.get(&(a.int(0)? as u64)).copied();
        number(current.ok_or_else(|| {
            ora(8002, format!("sequence {}.CURRVAL is not yet defined in this session", a.text(1)))
        })?)
    })?;
    // The next number that a sequence will give, for the dictionary.
    registry.volatile("o_last_number", 1, |env, a| {
        env.sequences.get(a.int(0)? as u64).map_or(Ok(Sql::Null), |s| number(s.next))
    })?;
    registry.volatile("o_raise", 1, |_, a| {
        Err(from_text(a.text(0)).unwrap_or_else(|| ora(600, a.text(0))))
    })?;
    registry.volatile("o_random", 0, |_, _| {
        // 128 bits from the hasher's random keys, as 38 digits behind the point.
        use std::hash::{BuildHasher, RandomState};
        let digits = format!(
            "0.{:019}{:019}",
            RandomState::new().hash_one(1) / 2,
            RandomState::new().hash_one(2) / 2
        );
        super::calculated(super::Num::parse(&digits))
    })?;
    registry.lax("o_dump", -1, |_, a| {
        if a.is_null(0) {
            return text("NULL");
        }
        let bytes = a.bytes(0);
        let base = if a.len() > 2 { a.int(2)? } else { 10 };
        let listed: Vec<String> = bytes
            .iter()
            .map(|byte| match base % 1000 {
                8 => format!("{byte:o}"),
                16 => format!("{byte:x}"),
                17 if byte.is_ascii_graphic() => char::from(*byte).to_string(),
                17 => format!("{byte:x}"),
                _ => byte.to_string(),
            })
            .collect();
        text(format!("Typ={} Len={}: {}", a.int(1)?, bytes.len(), listed.join(",")))
    })?;
    registry.strict("o_vsize", 1, |_, a| integer(a.bytes(0).len() as i64))?;
    registry.strict("o_ora_hash", 2, |_, a| {
        // FNV-1a: any spread will do, Oracle does not publish its own.
        let hash = a.bytes(0).iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        integer((hash % (a.int(1)?.max(0) as u64 + 1)) as i64)
    })?;
    // A scalar subquery is first asked how many rows it has.
    registry.lax("o_single", 2, |_, a| {
        if a.int(0)? > 1 {
            return Err(plain(1427));
        }
        a.copy(1)
    })
}

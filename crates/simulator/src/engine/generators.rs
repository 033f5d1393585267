//! Tables that have no rows stored: `BENCH_A_<n>`, `BENCH_B_<n>` and `BENCH_LOB_<n>` make theirs
//! as they are read, so that results of any size cost no memory.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value as Sql;

use super::datetime::{Moment, Zoned};
use super::num::Num;
use super::types::{Kind, OraType};

/// A column of a generated table.
pub(crate) struct GeneratedColumn {
    pub(crate) name: &'static str,
    /// SQLite's text; `{row}` stands for the row's number, from 1.
    pub(crate) sql: String,
    pub(crate) ty: OraType,
    pub(crate) nullable: bool,
}

fn column(name: &'static str, sql: impl Into<String>, ty: OraType) -> GeneratedColumn {
    GeneratedColumn { name, sql: sql.into(), ty, nullable: true }
}

/// What stands in FROM for a generated table, and its columns.
pub(crate) fn table(name: &str) -> Option<(String, Vec<GeneratedColumn>)> {
    let (shape, count) = name.strip_prefix("BENCH_")?.split_once('_')?;
    let count: u64 = count.parse().ok().filter(|n| *n <= 1 << 40)?;
    let columns = match shape {
        "A" => columns_a(),
        "B" => columns_b(),
        "LOB" => {
            let source = "generate_series(1,1)".to_owned();
            let sql = format!("o_gen_lob({count})");
            return Some((source, vec![column("B", sql, OraType::BLOB)]));
        }
        _ => return None,
    };
    Some((format!("generate_series(1,{count})"), columns))
}

fn columns_a() -> Vec<GeneratedColumn> {
    let ts = OraType::timestamp(Kind::Timestamp, 6);
    vec![
        column("ID", "o_num({row})", OraType::number(10, 0)),
        column("AMOUNT", "o_gen_decimal({row},137,1,2)", OraType::number(12, 2)),
        column("NAME", "o_gen_text({row},16,17)", OraType::varchar(40)),
        column("D", "o_gen_date({row})", OraType::DATE),
        column("TS", "o_gen_ts({row})", ts),
    ]
}

fn columns_b() -> Vec<GeneratedColumn> {
    let integer = OraType::number(10, 0);
    let decimal = OraType::number(15, 4);
    let ts = OraType::timestamp(Kind::Timestamp, 6);
    let mut columns = vec![
        column("N1", "o_num({row})", integer),
        column("N2", "o_num({row}*2)", integer),
        column("N3", "o_num({row}*3)", integer),
        column("DEC1", "o_gen_decimal({row},98765,1,4)", decimal),
        column("DEC2", "o_gen_decimal({row},98765,2,4)", decimal),
        column("NUM", "o_gen_decimal({row},1234567,3,6)", OraType::NUMBER),
    ];
    for (at, (name, size)) in
        [("S1", 10), ("S2", 20), ("S3", 40), ("S4", 80), ("S5", 100), ("S6", 200)]
            .into_iter()
            .enumerate()
    {
        let sql = format!(
            "CASE WHEN ({{row}}+{at})%10 = 0 THEN NULL ELSE o_gen_text({{row}},{},{}) END",
            size / 2,
            size / 4 + 1
        );
        columns.push(column(name, sql, OraType::varchar(size)));
    }
    columns.extend([
        column("D1", "o_gen_date({row})", OraType::DATE),
        column("D2", "CASE WHEN {row}%5 = 0 THEN NULL ELSE o_gen_date({row}+1) END", OraType::DATE),
        column("TS1", "o_gen_ts({row})", ts),
        column("TS2", "CASE WHEN {row}%4 = 0 THEN NULL ELSE o_gen_ts({row}+1) END", ts),
        column("TZ", "o_gen_tz({row})", OraType::timestamp(Kind::TimestampTz, 6)),
        column("BD", "o_num_bd(o_gen_decimal({row},125,0,2))", OraType::plain(Kind::BinaryDouble)),
        column("R", "o_gen_raw({row})", OraType::raw(16)),
        column("C", "'FIXED     '", OraType::char(10)),
    ]);
    columns
}

fn moment(row: i64) -> Moment {
    Moment {
        year: 2000 + (row % 25) as i32,
        month: (row % 12 + 1) as u8,
        day: (row % 28 + 1) as u8,
        hour: (row % 24) as u8,
        minute: (row % 60) as u8,
        second: (row / 7 % 60) as u8,
        nanos: 0,
    }
}

fn stamp(row: i64) -> Moment {
    Moment { nanos: (row * 7919 % 1_000_000) as u32 * 1000, ..moment(row) }
}

/// Makes the functions known that give the columns.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    rusqlite::vtab::series::load_module(connection)?;
    // row, factor, summand, digits behind the point: every third row of some is negative.
    connection.create_scalar_function("o_gen_decimal", 4, flags, |context| {
        let (row, factor): (i64, i64) = (context.get(0)?, context.get(1)?);
        let (summand, digits): (i64, i32) = (context.get(2)?, context.get(3)?);
        let sign = if digits == 4 && row % 3 == 0 { -1 } else { 1 };
        let units = Num::from_i64((row.wrapping_mul(factor)).wrapping_add(summand) * sign);
        Ok(Sql::Blob(units.shifted(-digits).to_bytes()))
    })?;
    connection.create_scalar_function("o_gen_text", 3, flags, |context| {
        let (row, base, spread): (i64, i64, i64) =
            (context.get(0)?, context.get(1)?, context.get(2)?);
        let length = (base + row % spread) as usize;
        let mut text = format!("row {row} the quick brown fox jumps over the lazy dog and runs ");
        while text.len() < length {
            text.push_str(&text.clone());
        }
        text.truncate(length);
        Ok(text)
    })?;
    connection.create_scalar_function("o_gen_date", 1, flags, |context| {
        Ok(Sql::Blob(moment(context.get(0)?).date_bytes()))
    })?;
    connection.create_scalar_function("o_gen_ts", 1, flags, |context| {
        Ok(Sql::Blob(stamp(context.get(0)?).bytes()))
    })?;
    connection.create_scalar_function("o_gen_tz", 1, flags, |context| {
        // Two hours east of UTC.
        let zoned = Zoned { utc: stamp(context.get(0)?), zone: [22, 60] };
        Ok(Sql::Blob(zoned.bytes()))
    })?;
    connection.create_scalar_function("o_gen_raw", 1, flags, |context| {
        let row: i64 = context.get(0)?;
        Ok(Sql::Blob(vec![(row & 255) as u8; 16]))
    })?;
    connection.create_scalar_function("o_gen_lob", 1, flags, |context| {
        let size: i64 = context.get(0)?;
        Ok(Sql::Blob((0..size).map(|at| (at % 251) as u8).collect()))
    })
}

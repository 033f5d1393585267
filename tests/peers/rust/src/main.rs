//! Oracle's Rust driver does the script's steps.
//!
//! usage: oraedge-peer-rust SCRIPT CONNECT_STRING USER PASSWORD [WALLET_FOLDER [WALLET_PASSWORD]]
//!
//! Prints one JSON object a line, {"step": name, "value": what came} or {"step": name, "error":
//! text}; `cargo xtask test --only peers` compares them with the script.

use oracledb::{
    Config, Connection, DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, ErrorKind, FromDbValue,
    OracleIntervalDS, OracleIntervalYM, OracleNumber, OracleTimestamp, Row, ToDbValue,
};
use serde_json::{Map, Value, json};

type Result<T> = std::result::Result<T, Failure>;

/// What went wrong, in words, and Oracle's error number if it was the database that said so.
struct Failure {
    text: String,
    code: usize,
}

impl From<oracledb::Error> for Failure {
    fn from(error: oracledb::Error) -> Failure {
        let code = match error.kind() {
            ErrorKind::DbError(error) => error.code(),
            _ => 0,
        };
        Failure { text: error.to_string(), code }
    }
}

macro_rules! failure_from {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                Failure { text: error.to_string(), code: 0 }
            }
        })*
    };
}

failure_from!(
    &str,
    serde_json::Error,
    std::io::Error,
    std::num::ParseIntError,
    std::num::ParseFloatError,
    std::num::TryFromIntError
);

struct Peer {
    script: Value,
    connect_string: String,
    user: String,
    password: String,
    wallet: Option<String>,
    wallet_password: Option<String>,
}

/// A column of the script's table of types.
struct Column {
    name: String,
    sql_type: String,
    kind: String,
    literal: String,
    value: String,
}

impl Peer {
    fn from_arguments() -> Result<Peer> {
        let mut arguments = std::env::args().skip(1);
        let mut next =
            || arguments.next().ok_or("usage: SCRIPT CONNECT_STRING USER PASSWORD [WALLET]");
        Ok(Peer {
            script: serde_json::from_str(&std::fs::read_to_string(next()?)?)?,
            connect_string: next()?,
            user: next()?,
            password: next()?,
            wallet: next().ok(),
            wallet_password: next().ok(),
        })
    }

    fn connect(&self, password: &str) -> Result<Connection> {
        let mut config = Config::default().set_credentials(&self.user, password);
        if let Some(wallet) = &self.wallet {
            config = config.set_wallet_location(wallet.as_str());
        }
        if let Some(password) = &self.wallet_password {
            config = config.set_wallet_password(password);
        }
        Ok(oracledb::connect(config.set_connect_string(&self.connect_string)?)?)
    }

    fn columns(&self, version: usize) -> Vec<Column> {
        let text = |column: &Value, key: &str| column[key].as_str().unwrap_or_default().to_owned();
        let all = self.script["types"].as_array().into_iter().flatten();
        all.filter(|column| column["since"].as_u64().unwrap_or(0) <= version as u64)
            .map(|column| Column {
                name: text(column, "name"),
                sql_type: text(column, "type"),
                kind: text(column, "kind"),
                literal: text(column, "literal"),
                value: text(column, "value"),
            })
            .collect()
    }

    fn numbers(&self) -> impl Iterator<Item = &str> {
        self.script["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }
}

/// The value to bind for a canonical text; `None` is NULL of the same type.
fn to_bind(kind: &str, text: Option<&str>) -> Result<Box<dyn ToDbValue>> {
    Ok(match kind {
        "number" => Box::new(text.map(str::parse::<OracleNumber>).transpose()?),
        "binary_float" => Box::new(text.map(str::parse::<f32>).transpose()?),
        "binary_double" => Box::new(text.map(str::parse::<f64>).transpose()?),
        "raw" => Box::new(text.map(from_hex).transpose()?),
        "date" | "timestamp" | "timestamp_tz" | "timestamp_ltz" => {
            Box::new(text.map(to_timestamp).transpose()?)
        }
        "interval_ym" => match text {
            Some(text) => Box::new(to_interval_ym(text)?),
            None => Box::new(DB_TYPE_INTERVAL_YM),
        },
        "interval_ds" => match text {
            Some(text) => Box::new(to_interval_ds(text)?),
            None => Box::new(DB_TYPE_INTERVAL_DS),
        },
        "boolean" => Box::new(text.map(|text| text == "true")),
        _ => Box::new(text.map(str::to_owned)),
    })
}

/// A number without exponent, which this driver does not read.
fn plain(text: &str) -> Result<String> {
    let Some((mantissa, exponent)) = text.split_once('e') else { return Ok(text.to_owned()) };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent: i32 = exponent.parse()?;
    let count = usize::try_from(exponent.abs())?;
    if exponent < 0 {
        return Ok(format!("{sign}0.{}{whole}{fraction}", "0".repeat(count - whole.len())));
    }
    Ok(format!("{sign}{whole}{fraction}{}", "0".repeat(count - fraction.len())))
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    (0..text.len()).step_by(2).map(|i| Ok(u8::from_str_radix(&text[i..i + 2], 16)?)).collect()
}

fn parts(text: &str) -> Result<Vec<i32>> {
    text.split(['-', 'T', ':', '.', ' ']).map(|part| Ok(part.parse()?)).collect()
}

fn to_timestamp(text: &str) -> Result<OracleTimestamp> {
    let p = parts(text)?;
    Ok(OracleTimestamp::new_timestamp(
        p[0].try_into()?,
        p[1].try_into()?,
        p[2].try_into()?,
        p[3].try_into()?,
        p[4].try_into()?,
        p[5].try_into()?,
        u32::try_from(p[6])? * 1_000_000,
    ))
}

fn to_interval_ym(text: &str) -> Result<OracleIntervalYM> {
    let p = parts(text)?;
    Ok(OracleIntervalYM::new(p[0], p[1].try_into()?))
}

fn to_interval_ds(text: &str) -> Result<OracleIntervalDS> {
    let p = parts(text)?;
    Ok(OracleIntervalDS::new(
        p[0],
        p[1].try_into()?,
        p[2].try_into()?,
        p[3].try_into()?,
        p[4] * 1_000_000,
    ))
}

/// The canonical text of column `i`.
fn to_text(row: &Row, i: usize, kind: &str) -> Result<Value> {
    fn get<'r, T: FromDbValue<'r>>(
        row: &'r Row,
        i: usize,
        text: impl Fn(T) -> String,
    ) -> Result<Value> {
        let value: Option<T> = row.get(i)?;
        Ok(value.map_or(Value::Null, |value| text(value).into()))
    }
    match kind {
        "number" => get(row, i, |value: OracleNumber| value.to_string()),
        "binary_float" => get(row, i, |value: f32| value.to_string()),
        "binary_double" => get(row, i, |value: f64| format!("{value:e}")),
        "raw" => get(row, i, |value: &[u8]| value.iter().map(|b| format!("{b:02X}")).collect()),
        "date" | "timestamp" | "timestamp_tz" | "timestamp_ltz" => {
            get(row, i, |value: OracleTimestamp| {
                let text = value.to_string();
                text[..text.len().min("2024-02-29T12:34:56.123".len())].to_owned()
            })
        }
        "interval_ym" => {
            get(row, i, |value: OracleIntervalYM| format!("{}-{}", value.years(), value.months()))
        }
        "interval_ds" => get(row, i, |value: OracleIntervalDS| {
            format!(
                "{} {:02}:{:02}:{:02}.{:03}",
                value.days(),
                value.hours(),
                value.minutes(),
                value.seconds(),
                value.nanoseconds() / 1_000_000
            )
        }),
        "boolean" => get(row, i, |value: bool| value.to_string()),
        _ => get(row, i, |value: String| value),
    }
}

fn drop_table(connection: &Connection, table: &str) -> Result<()> {
    match connection.execute(&format!("drop table {table}"), &[]).map_err(Failure::from) {
        Err(error) if error.code != 942 => Err(error),
        _ => Ok(()),
    }
}

fn count(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("select count(*) from peer_dml", &[])?.get(0)?)
}

fn types(peer: &Peer, connection: &Connection) -> Result<Value> {
    let columns = peer.columns(connection.version()?.0);
    let join =
        |part: &dyn Fn(&Column) -> String| columns.iter().map(part).collect::<Vec<_>>().join(", ");
    let names = join(&|c| c.name.clone());
    drop_table(connection, "peer_types")?;
    let definitions = join(&|c| format!("{} {}", c.name, c.sql_type));
    connection.execute(
        &format!("create table peer_types (id number(9) primary key, {definitions})"),
        &[],
    )?;
    let literals = join(&|c| c.literal.clone());
    connection
        .execute(&format!("insert into peer_types (id, {names}) values (1, {literals})"), &[])?;
    let insert = format!(
        "insert into peer_types (id, {names}) values (:id, {})",
        join(&|c| format!(":{}", c.name))
    );
    for id in [2, 3] {
        let mut binds: Vec<Box<dyn ToDbValue>> = vec![Box::new(id)];
        for column in &columns {
            binds.push(to_bind(&column.kind, (id == 2).then_some(&column.value))?);
        }
        let binds: Vec<&dyn ToDbValue> = binds.iter().map(|bind| &**bind).collect();
        connection.execute(&insert, &binds)?;
    }
    connection.commit()?;
    let mut rows = Vec::new();
    for row in connection.query(&format!("select {names} from peer_types order by id"), &[])? {
        let row = row?;
        let mut texts = Map::new();
        for (i, column) in columns.iter().enumerate() {
            texts.insert(column.name.clone(), to_text(&row, i, &column.kind)?);
        }
        rows.push(Value::Object(texts));
    }
    Ok(rows.into())
}

fn numbers(peer: &Peer, connection: &Connection) -> Result<Value> {
    let (mut literals, mut bound) = (Vec::new(), Vec::new());
    for text in peer.numbers() {
        let row = connection.query_row(&format!("select {text} from dual"), &[])?;
        literals.push(row.get::<OracleNumber>(0)?.to_string());
        let number: OracleNumber = plain(text)?.parse()?;
        let row = connection.query_row("select :1 from dual", &[&number])?;
        bound.push(row.get::<OracleNumber>(0)?.to_string());
    }
    Ok(json!({ "literals": literals, "bound": bound }))
}

fn long(connection: &Connection) -> Result<Value> {
    for (table, kind) in [("peer_long", "long"), ("peer_long_raw", "long raw")] {
        drop_table(connection, table)?;
        connection.execute(&format!("create table {table} (id number(9), value {kind})"), &[])?;
    }
    let text: String = (b'a'..=b'z').cycle().take(32767).map(char::from).collect();
    let data: Vec<u8> = (0..=250).cycle().take(32767).collect();
    connection.execute("insert into peer_long values (:1, :2)", &[&1, &text])?;
    connection.execute("insert into peer_long_raw values (:1, :2)", &[&1, &data])?;
    connection.commit()?;
    let row = connection.query_row("select value from peer_long", &[])?;
    let text_back: String = row.get(0)?;
    let row = connection.query_row("select value from peer_long_raw", &[])?;
    let data_back: Vec<u8> = row.get(0)?;
    Ok(json!({ "text": text_back == text, "raw": data_back == data }))
}

fn rows(peer: &Peer, connection: &Connection) -> Result<Value> {
    let sql = peer.script["rows"]["sql"].as_str().unwrap_or_default();
    let (mut count, mut id_sum, mut name_length, mut amount_sum) = (0i64, 0i64, 0, 0f64);
    let mut in_order = true;
    for row in connection.statement(sql)?.fetch_array_size(1000).build()?.query(&[])? {
        let row = row?;
        let (id, name, amount): (i64, &str, f64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        count += 1;
        in_order &= id == count && name == format!("row {count}");
        id_sum += id;
        name_length += name.len();
        amount_sum += amount;
    }
    Ok(json!({
        "count": count,
        "in_order": in_order,
        "id_sum": id_sum.to_string(),
        "name_length": name_length,
        "amount_sum": amount_sum.to_string(),
    }))
}

fn dml(connection: &Connection) -> Result<Value> {
    drop_table(connection, "peer_dml")?;
    connection
        .execute("create table peer_dml (id number(9) primary key, name varchar2(40))", &[])?;
    let mut affected = Vec::new();
    let one = connection.execute("insert into peer_dml (id, name) values (1, 'one')", &[])?;
    affected.push(one.rows_affected());
    let values: Vec<(i64, String)> = (2..=1000).map(|i| (i, format!("name {i}"))).collect();
    let values: Vec<[&dyn ToDbValue; 2]> =
        values.iter().map(|(id, name)| [id as &dyn ToDbValue, name]).collect();
    let batch: Vec<&[&dyn ToDbValue]> = values.iter().map(|row| &row[..]).collect();
    let many =
        connection.execute_batch("insert into peer_dml (id, name) values (:1, :2)", &batch[..])?;
    affected.push(many.rows_affected());
    let update = connection.execute_named(
        "update peer_dml set name = :name where id <= :top",
        &[("name", &"changed"), ("top", &10)],
    )?;
    affected.push(update.rows_affected());
    affected
        .push(connection.execute("delete from peer_dml where id > :1", &[&900])?.rows_affected());
    connection.commit()?;
    let row = connection
        .query_row("select count(*), sum(id), count(distinct name) from peer_dml", &[])?;
    let after: [i64; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
    Ok(json!({ "rows_affected": affected, "after": after }))
}

fn errors(peer: &Peer, connection: &Connection) -> Result<Value> {
    let mut seen = Vec::new();
    for wrong in peer.script["errors"].as_array().into_iter().flatten() {
        let sql = wrong["sql"].as_str().unwrap_or_default();
        let outcome = if sql.starts_with("select") {
            connection.query_row(sql, &[]).map(|_| ())
        } else {
            connection.execute(sql, &[]).map(|_| ())
        };
        let code = outcome.err().map_or(0, |error| Failure::from(error).code);
        let answer: i64 = connection.query_row("select 40 + 2 from dual", &[])?.get(0)?;
        seen.push(json!({ "code": code, "usable": answer == 42 }));
    }
    Ok(seen.into())
}

fn transactions(peer: &Peer, connection: &Connection) -> Result<Value> {
    let mut second = peer.connect(&peer.password)?;
    connection.execute("insert into peer_dml (id, name) values (5001, 'pending')", &[])?;
    let before = [count(connection)?, count(&second)?];
    connection.rollback()?;
    let rolled_back = [count(connection)?, count(&second)?];
    connection.execute("insert into peer_dml (id, name) values (5002, 'kept')", &[])?;
    connection.commit()?;
    let committed = [count(connection)?, count(&second)?];
    second.close()?;
    Ok(json!({ "before": before, "rolled_back": rolled_back, "committed": committed }))
}

fn plsql(connection: &Connection) -> Result<Value> {
    connection.execute("begin null; end;", &[])?;
    connection.execute_named(
        "begin insert into peer_dml (id, name) values (:id, :name); end;",
        &[("id", &6001), ("name", &"block")],
    )?;
    connection.commit()?;
    let row = connection.query_row("select name from peer_dml where id = 6001", &[])?;
    Ok(row.get::<String>(0)?.into())
}

fn wrong_password(peer: &Peer) -> Result<Value> {
    match peer.connect("not the password") {
        Ok(mut connection) => {
            connection.close()?;
            Ok(0.into())
        }
        Err(error) => Ok(error.code.into()),
    }
}

fn report(step: &str, outcome: Result<Value>) {
    let line = match outcome {
        Ok(value) => json!({ "step": step, "value": value }),
        Err(error) => json!({ "step": step, "error": error.text }),
    };
    println!("{line}");
}

fn main() {
    let peer = match Peer::from_arguments() {
        Ok(peer) => peer,
        Err(error) => return report("arguments", Err(error)),
    };
    let mut connection = match peer.connect(&peer.password) {
        Ok(connection) => connection,
        Err(error) => return report("logon", Err(error)),
    };
    report("logon", connection.version().map(|v| v.0.into()).map_err(Into::into));
    report("types", types(&peer, &connection));
    report("numbers", numbers(&peer, &connection));
    report("long", long(&connection));
    report("rows", rows(&peer, &connection));
    report("dml", dml(&connection));
    report("errors", errors(&peer, &connection));
    report("transactions", transactions(&peer, &connection));
    report("plsql", plsql(&connection));
    report("ping", connection.ping().map(|()| true.into()).map_err(Into::into));
    report("wrong_password", wrong_password(&peer));
    report("logoff", connection.close().map(|()| true.into()).map_err(Into::into));
}

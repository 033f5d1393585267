//! Our native client in the benchmark of `../shared/bench`: the same work as its other clients.
//!
//! usage: oraedge-bench-client HOST:PORT/SERVICE USER PASSWORD WORKLOAD N [ARRAY_SIZE]
//!
//! Prints `{"seconds", "cpu", "n", "check"}` as its last line; both times are of the workload
//! alone.

use std::borrow::Cow;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use oraedge::Connection;
use oraedge::client::{Row, ToSql};
use oraedge::session::ExecuteOptions;
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::wire::value::{DateTime, Number, TimestampTz};
use oraedge_native::ConnectOptions;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Rows of one array insert.
const BATCH: usize = 10_000;

struct Arguments {
    connect_string: String,
    user: String,
    password: String,
    workload: String,
    n: usize,
    array_size: u32,
}

impl Arguments {
    fn read() -> Result<Arguments> {
        let mut arguments = std::env::args().skip(1);
        let mut next = || {
            arguments.next().ok_or("usage: CONNECT_STRING USER PASSWORD WORKLOAD N [ARRAY_SIZE]")
        };
        Ok(Arguments {
            connect_string: next()?,
            user: next()?,
            password: next()?,
            workload: next()?,
            n: next()?.parse()?,
            array_size: next().unwrap_or("1000".to_owned()).parse()?,
        })
    }

    fn options(&self) -> ConnectOptions {
        ConnectOptions::new(&self.user, self.password.as_str(), &self.connect_string)
    }
}

/// A row of workload d.
struct Record {
    id: i64,
    name: String,
    date: DateTime,
    amount: Number,
}

/// When the workload began, and the CPU time until then.
struct Stopwatch {
    start: Instant,
    cpu: f64,
}

impl Stopwatch {
    fn start() -> Stopwatch {
        Stopwatch { cpu: cpu_seconds(), start: Instant::now() }
    }

    fn report(&self, n: usize, check: i64) {
        let (seconds, cpu) = (self.start.elapsed().as_secs_f64(), cpu_seconds() - self.cpu);
        println!("{{\"seconds\":{seconds:.6},\"cpu\":{cpu:.4},\"n\":{n},\"check\":{check}}}");
    }
}

/// CPU time of all threads, user and system (Linux: /proc/self/task/*/schedstat, nanoseconds).
fn cpu_seconds() -> f64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()))
        .sum::<f64>()
        / 1e9
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let n = arguments.n;
    if arguments.workload == "f" {
        let options = arguments.options();
        let stopwatch = Stopwatch::start();
        for _ in 0..n {
            options.connect().await?.close().await?;
        }
        stopwatch.report(n, i64::try_from(n)?);
        return Ok(());
    }
    let connection = arguments.options().connect().await?;
    let records = if arguments.workload == "d" { records()? } else { Vec::new() };
    let stopwatch = Stopwatch::start();
    let check = match arguments.workload.as_str() {
        "a" => {
            let sql = format!("select id, amount, name, d, ts from bench_a_{n}");
            fetch(&connection, &arguments, &sql, read_a).await?
        }
        "b" => {
            let sql = format!("select * from bench_b_{n}");
            fetch(&connection, &arguments, &sql, read_b).await?
        }
        "c" => round_trips(&connection, n).await?,
        "d" => insert(&connection, &records, n).await?,
        other => return Err(format!("workload {other} is not known here").into()),
    };
    stopwatch.report(n, check);
    Ok(())
}

/// Fetches everything, and sums what `read` makes of each row.
async fn fetch(
    connection: &Connection,
    arguments: &Arguments,
    sql: &str,
    read: fn(&Row) -> oraedge::Result<i64>,
) -> Result<i64> {
    let options =
        ExecuteOptions { prefetch_rows: arguments.array_size, ..ExecuteOptions::default() };
    let result = connection.execute_with(sql, (), options).await?;
    let mut rows = result.result_set.ok_or("the statement gave no rows")?;
    rows.set_array_size(arguments.array_size);
    let (mut sum, mut count) = (0, 0);
    while let Some(row) = rows.next().await? {
        sum += read(&row)?;
        count += 1;
    }
    if count != arguments.n {
        return Err(format!("{} rows were asked for, {count} came", arguments.n).into());
    }
    Ok(sum)
}

/// Every value of a row of workload a as a native value.
fn read_a(row: &Row) -> oraedge::Result<i64> {
    let id = row.get::<i64>(0)?;
    black_box(row.get::<f64>(1)?);
    black_box(row.get::<Cow<str>>(2)?);
    black_box(row.get::<DateTime>(3)?);
    black_box(row.get::<DateTime>(4)?);
    Ok(id)
}

/// Every value of a row of workload b as a native value.
fn read_b(row: &Row) -> oraedge::Result<i64> {
    let n1 = row.get::<i64>(0)?;
    for column in 1..3 {
        black_box(row.get::<i64>(column)?);
    }
    for column in 3..6 {
        black_box(row.get::<f64>(column)?);
    }
    for column in 6..12 {
        black_box(row.get::<Option<Cow<str>>>(column)?);
    }
    for column in 12..16 {
        black_box(row.get::<Option<DateTime>>(column)?);
    }
    black_box(row.get::<Option<TimestampTz>>(16)?);
    black_box(row.get::<f64>(17)?);
    black_box(row.get::<Cow<[u8]>>(18)?);
    black_box(row.get::<Cow<str>>(19)?);
    Ok(n1)
}

async fn round_trips(connection: &Connection, n: usize) -> Result<i64> {
    let mut sum = 0;
    for i in 0..i64::try_from(n)? {
        let mut rows = connection.query("select :1 from dual", (i,)).await?;
        let row = rows.next().await?.ok_or("no row came")?;
        sum += row.get::<i64>(0)?;
    }
    Ok(sum)
}

fn records() -> Result<Vec<Record>> {
    let date =
        DateTime { year: 2024, month: 1, day: 2, hour: 3, minute: 4, second: 5, nanosecond: 0 };
    (0..BATCH)
        .map(|i| {
            Ok(Record {
                id: i64::try_from(i)?,
                name: format!("name of row {i:08}"),
                date,
                amount: Number::from_f64(i as f64 * 1.25)?,
            })
        })
        .collect()
}

async fn insert(connection: &Connection, records: &[Record], n: usize) -> Result<i64> {
    let mut inserted = 0;
    for _ in (0..n).step_by(BATCH) {
        let mut batch = BindBatch::new(4);
        for record in records {
            record.id.push_to(&mut batch)?;
            record.name.push_to(&mut batch)?;
            record.date.push_to(&mut batch)?;
            record.amount.push_to(&mut batch)?;
        }
        let result = connection.execute("insert into bench_d values (:1,:2,:3,:4)", batch).await?;
        inserted += result.rows_affected;
    }
    connection.commit().await?;
    Ok(i64::try_from(inserted)?)
}

//! A million rows, complete and in order, in memory that does not grow with them.

use std::net::{Ipv4Addr, SocketAddr};

use oraedge_native::connect;
use oraedge_simulator::listen::Simulator;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const ROWS: i64 = 1_000_000;

/// More than client and simulator need together, in bytes; the rows themselves have 50 times as
/// much.
const LIMIT: usize = 2 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_rows_come_in_constant_memory() {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = Simulator::builder().listen(any_port).start().await.unwrap();
    let port = simulator.tcp_address().unwrap().port();
    let connection =
        connect("scott", "tiger", &format!("localhost:{port}/FREEPDB1")).await.unwrap();
    let query = format!(
        "select level, 'a name of some length ' || level, level * 1.25 from dual \
         connect by level <= {ROWS}"
    );
    let mut rows = connection.query(&query, ()).await.unwrap();
    rows.set_array_size(1000);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut expected = 0;
    while let Some(row) = rows.next().await.unwrap() {
        expected += 1;
        assert_eq!(row.get::<i64>(0).unwrap(), expected);
        if expected % 1000 == 0 {
            let name: String = row.get(1).unwrap();
            assert_eq!(name, format!("a name of some length {expected}"));
            assert_eq!(row.get::<f64>(2).unwrap(), expected as f64 * 1.25);
        }
    }
    assert_eq!(expected, ROWS);
    let peak = MEMORY.peak_usage().saturating_sub(before);
    println!("{ROWS} rows: {} KiB above {} KiB", peak / 1024, before / 1024);
    assert!(peak < LIMIT, "{peak} bytes");
}

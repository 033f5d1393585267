//! Pipelines against the simulator: in one round trip where the release can, and one operation
//! after the other where it cannot, with the same results.

use std::net::{Ipv4Addr, SocketAddr};

use oraedge::client::{Pipeline, PipelineResult};
use oraedge::{Connection, Error};
use oraedge_native::connect;
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::Simulator;

const RELEASES: [(Generation, bool); 4] = [
    (Generation::V12_1, false),
    (Generation::V19c, false),
    (Generation::V23ai, true),
    (Generation::V26ai, true),
];

async fn start(generation: Generation) -> (Simulator, Connection) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator =
        Simulator::builder().generation(generation).listen(any_port).start().await.unwrap();
    let port = simulator.tcp_address().unwrap().port();
    let connection =
        connect("scott", "tiger", &format!("localhost:{port}/FREEPDB1")).await.unwrap();
    connection.execute("create table pl (id number, txt varchar2(4000))", ()).await.unwrap();
    (simulator, connection)
}

async fn first_value(result: Result<PipelineResult, Error>) -> i64 {
    let mut rows = result.unwrap().executed().unwrap().result_set.unwrap();
    rows.next().await.unwrap().unwrap().get(0).unwrap()
}

#[tokio::test]
async fn operations_give_their_results_in_order_in_one_round_trip() {
    for (generation, pipelined) in RELEASES {
        let (_simulator, connection) = start(generation).await;
        let before = connection.round_trips().await;
        let mut pipeline = Pipeline::new();
        for id in 1..=20_i64 {
            // The longest ones take more than one packet.
            pipeline
                .add_execute("insert into pl values (:1, :2)", (id, "x".repeat(id as usize * 200)));
        }
        pipeline.add_commit();
        pipeline.add_execute("select count(*) from pl", ());
        let mut results = connection.run_pipeline(pipeline, false).await.unwrap();
        let trips = connection.round_trips().await - before;
        assert_eq!(trips, if pipelined { 1 } else { 22 }, "{generation}");
        assert_eq!(first_value(results.pop().unwrap()).await, 20, "{generation}");
        assert!(matches!(results.pop().unwrap(), Ok(PipelineResult::Committed)));
        for result in results {
            assert_eq!(result.unwrap().executed().unwrap().rows_affected, 1);
        }
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_error_stands_in_its_place_and_the_connection_goes_on() {
    for (generation, _) in RELEASES {
        let (_simulator, connection) = start(generation).await;
        let failing = || {
            let mut pipeline = Pipeline::new();
            pipeline.add_execute("insert into pl (id) values (1)", ());
            pipeline.add_execute("insert into missing values (1)", ());
            pipeline.add_execute("select 1/0 from dual", ());
            pipeline.add_execute("insert into pl (id) values (:1)", ("no number",));
            pipeline.add_execute("insert into pl (id) values (:1, :2)", (1,));
            pipeline.add_execute("select count(*) from pl", ());
            pipeline
        };
        let mut results = connection.run_pipeline(failing(), true).await.unwrap();
        let codes: Vec<String> = results[1..5]
            .iter()
            .map(|result| result.as_ref().err().map_or(String::new(), |error| error.code().into()))
            .collect();
        assert_eq!(codes, ["ORA-00942", "ORA-01476", "ORA-01722", "OED-MISUSE"], "{generation}");
        assert_eq!(first_value(results.remove(5)).await, 1, "{generation}");
        connection.rollback().await.unwrap();

        let mut pipeline = failing();
        pipeline.add_commit();
        let error = connection.run_pipeline(pipeline, false).await.unwrap_err();
        // Binds that do not fit are found before anything is sent, where all is sent at once.
        assert!(["ORA-00942", "OED-MISUSE"].contains(&&*error.code()), "{generation}: {error}");
        connection.ping().await.unwrap();
        assert_eq!(
            connection.query("select 7 from dual", ()).await.unwrap().all().await.unwrap().len(),
            1
        );
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn queries_with_more_rows_and_lobs_are_read_on() {
    for (generation, _) in RELEASES {
        let (_simulator, connection) = start(generation).await;
        let mut pipeline = Pipeline::new();
        pipeline.add_execute("select level from dual connect by level <= 1000", ());
        pipeline.add_execute("select c_clob from all_lobs where rownum = 1", ());
        pipeline.add_execute("select level from dual connect by level <= 3", ());
        let mut results = connection.run_pipeline(pipeline, false).await.unwrap();
        let mut sizes = Vec::new();
        for result in results.drain(..) {
            let rows = result.unwrap().executed().unwrap().result_set.unwrap();
            sizes.push(rows.all().await.unwrap().len());
        }
        assert_eq!(sizes, [1000, 1, 3], "{generation}");
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_pipeline_that_nobody_waits_for_leaves_the_connection_in_order() {
    let (_simulator, connection) = start(Generation::V23ai).await;
    let mut pipeline = Pipeline::new();
    for _ in 0..3 {
        pipeline.add_execute("select level from dual connect by level <= 1000", ());
    }
    {
        let running = connection.run_pipeline(pipeline, false);
        // Polled once, so that it is sent, and dropped.
        let polled = tokio::time::timeout(std::time::Duration::ZERO, running).await;
        assert!(polled.is_err());
    }
    assert_eq!(
        connection.query("select 1 from dual", ()).await.unwrap().all().await.unwrap().len(),
        1
    );
    assert!(connection.run_pipeline(Pipeline::new(), false).await.unwrap().is_empty());
    connection.close().await.unwrap();
}

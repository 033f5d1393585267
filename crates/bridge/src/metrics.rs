//! Figures for Prometheus. No label names a target, a page or a client: a metric is for the operator's
//! dashboards, the log is for single connections.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::refusal::Code;

/// The content type of [`Metrics::render`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One label.
type Label = [(&'static str, &'static str); 1];

/// Upper bounds, in seconds: of reaching a target, and of a connection's life.
const CONNECT_BUCKETS: [f64; 9] = [0.002, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 20.0];
const LIFE_BUCKETS: [f64; 7] = [0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0];

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    connections: Gauge,
    opened: Counter,
    refused: Family<Label, Counter>,
    ended: Family<Label, Counter>,
    /// Bytes from clients to databases, and back.
    pub(crate) up: Counter,
    pub(crate) down: Counter,
    identity: Family<Label, Counter>,
    connect: Histogram,
    life: Histogram,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("oraedge_bridge");
        let bytes = Family::<Label, Counter>::default();
        let metrics = Metrics {
            connections: Gauge::default(),
            opened: Counter::default(),
            refused: Family::default(),
            ended: Family::default(),
            up: bytes.get_or_create_owned(&[("direction", "to_database")]),
            down: bytes.get_or_create_owned(&[("direction", "to_client")]),
            identity: Family::default(),
            connect: Histogram::new(CONNECT_BUCKETS),
            life: Histogram::new(LIFE_BUCKETS),
            registry: Registry::default(),
        };
        registry.register(
            "connections",
            "Places that are taken, identity requests included",
            metrics.connections.clone(),
        );
        registry.register(
            "connections_opened",
            "WebSockets that were connected to a target",
            metrics.opened.clone(),
        );
        registry.register(
            "refusals",
            "Clients that were refused, by code of PROTOCOL.md",
            metrics.refused.clone(),
        );
        registry.register(
            "connections_ended",
            "Connections that ended: done, client_left, or a code of PROTOCOL.md",
            metrics.ended.clone(),
        );
        registry.register("bytes", "Bytes that were carried, by direction", bytes);
        registry.register(
            "identity_requests",
            "Identity requests that a service answered, by class of its status",
            metrics.identity.clone(),
        );
        registry.register(
            "connect_seconds",
            "From the connect frame to the connected target",
            metrics.connect.clone(),
        );
        registry.register(
            "connection_seconds",
            "How long connections lasted",
            metrics.life.clone(),
        );
        Metrics { registry, ..metrics }
    }

    /// The figures as text, with this many places taken.
    pub(crate) fn render(&self, connections: usize) -> String {
        self.connections.set(i64::try_from(connections).unwrap_or(i64::MAX));
        let mut figures = String::new();
        // A String takes whatever is written to it.
        let _ = text::encode(&mut figures, &self.registry);
        figures
    }

    pub(crate) fn refused(&self, code: Code) {
        self.refused.get_or_create(&[("code", code.name())]).inc();
    }

    pub(crate) fn connected(&self, took: Duration) {
        self.opened.inc();
        self.connect.observe(took.as_secs_f64());
    }

    pub(crate) fn ended(&self, how: &'static str, lasted: Duration) {
        self.ended.get_or_create(&[("how", how)]).inc();
        self.life.observe(lasted.as_secs_f64());
    }

    pub(crate) fn identity_answered(&self, status: u16) {
        let class = match status {
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.identity.get_or_create(&[("status", class)]).inc();
    }
}

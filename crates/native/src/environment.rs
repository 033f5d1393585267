//! The operating system's clock, timer, random bytes and names, which the core takes as inputs.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oraedge::client::{BoxFuture, Runtime};
use oraedge::connect_string::ClientInfo;
use oraedge::time::{Timestamp, UnixTime};
use oraedge::{Error, Result};

/// Clock, timer and random bytes for connections on tokio.
#[derive(Debug, Clone)]
pub struct TokioRuntime {
    start: tokio::time::Instant,
    handle: tokio::runtime::Handle,
}

impl TokioRuntime {
    /// Its clock starts at zero now.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new() -> Self {
        TokioRuntime {
            start: tokio::time::Instant::now(),
            handle: tokio::runtime::Handle::current(),
        }
    }
}

impl Default for TokioRuntime {
    fn default() -> Self {
        TokioRuntime::new()
    }
}

impl Runtime for TokioRuntime {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.start.elapsed()
    }

    fn unix_time(&self) -> UnixTime {
        unix_time()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.handle.spawn(task);
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|error| {
            Error::misuse(
                format!("the operating system gave no random bytes: {error}"),
                "a log-on needs them; check the sandbox that this program runs in",
            )
        })
    }
}

/// The time of day by the operating system's clock.
pub(crate) fn unix_time() -> UnixTime {
    // A clock before 1970 is wrong in any case.
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
}

/// Who connects, as `V$SESSION` shows it: this program, machine, user and process.
pub fn client_info() -> ClientInfo {
    // The names are looked up once: the system reads files for some of them.
    static NAMES: LazyLock<ClientInfo> = LazyLock::new(|| {
        let unknown = || "unknown".to_owned();
        let program = std::env::current_exe()
            .ok()
            .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .unwrap_or_else(unknown);
        let machine = whoami::hostname().unwrap_or_else(|_| unknown());
        let user = whoami::username().unwrap_or_else(|_| unknown());
        ClientInfo::new(&program, &machine, &user)
    });
    NAMES.clone().with_pid(std::process::id())
}

/// The time zone for a session: `ORA_SDTZ` if it is set (a region's name, an offset, `LOCAL` or
/// `DBTIMEZONE`), else this machine's offset from UTC. Oracle's own drivers do the same.
pub fn time_zone() -> String {
    match std::env::var("ORA_SDTZ") {
        Ok(zone) if !zone.is_empty() => zone,
        _ => offset(chrono::Local::now().offset().local_minus_utc()),
    }
}

/// `+05:30` for so many seconds east of Greenwich.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_the_form_that_the_server_reads() {
        for (seconds, text) in
            [(0, "+00:00"), (19800, "+05:30"), (-12600, "-03:30"), (-1800, "-00:30")]
        {
            assert_eq!(offset(seconds), text);
        }
    }

    #[test]
    fn this_program_has_a_name_and_a_machine() {
        let client = client_info();
        assert!(client.program().starts_with("oraedge_native"), "{client:?}");
        assert!(!client.machine().is_empty());
    }
}

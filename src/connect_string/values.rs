//! The texts of parameters: switches, whole numbers, durations, names of a fixed set.

use std::time::Duration;

use super::model::{PoolPurity, Protocol, ServerType, TlsVersion};

/// The largest duration that a connect string can name, so that sums with it cannot overflow.
const MAX_DURATION_SECONDS: f64 = 4_294_967_295.0;

/// `ON`, `YES`, `TRUE` or `OFF`, `NO`, `FALSE`, in any case.
///
/// The official drivers read every other text as off, which would switch off a check of the
/// server's name for a slip of the pen; here it is an error.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" => Ok(true),
        "off" | "no" | "false" => Ok(false),
        _ => Err(format!("must be ON or OFF, not {text:?}")),
    }
}

/// A whole number from 0 to 4,294,967,295.
pub(super) fn number(text: &str) -> Result<u32, String> {
    let digits = text.trim();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("must be a whole number that is not negative, not {text:?}"));
    }
    digits.parse().map_err(|_| format!("must be at most {}, not {digits}", u32::MAX))
}

/// A TCP port.
pub(super) fn port(text: &str) -> Result<u16, String> {
    match text.trim().parse::<u16>() {
        Ok(port) if port > 0 && text.trim().bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => Err(format!("must be a number from 1 to 65535, not {text:?}")),
    }
}

/// A number with an optional unit: `ms`, `cs`, `sec` (also without unit), `min`; rounded to whole
/// milliseconds.
///
/// python-oracledb reads `ms`, `sec` and `min`; Oracle Net also has `cs`, hundredths of a second.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 5] =
        [("ms", 0.001), ("cs", 0.01), ("sec", 1.0), ("min", 60.0), ("s", 1.0)];
    let lower = text.trim().to_ascii_lowercase();
    let (digits, seconds_per_unit) = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((lower.strip_suffix(unit)?, *seconds)))
        .unwrap_or((&lower, 1.0));
    let digits = digits.trim();
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match digits.parse::<f64>() {
        Ok(value) if plain && value * seconds_per_unit <= MAX_DURATION_SECONDS => {
            let milliseconds = (value * seconds_per_unit * 1e3).round();
            Ok(Duration::from_millis(milliseconds as u64))
        }
        _ => Err(format!(
            "must be a number of seconds, or a number with ms, cs, sec or min behind it, not {text:?}"
        )),
    }
}

pub(super) fn protocol(text: &str) -> Result<Protocol, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "tcp" => Ok(Protocol::Tcp),
        "tcps" => Ok(Protocol::Tcps),
        _ => Err(format!("must be tcp or tcps, not {text:?}")),
    }
}

pub(super) fn server_type(text: &str) -> Result<ServerType, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "dedicated" => Ok(ServerType::Dedicated),
        "shared" => Ok(ServerType::Shared),
        "pooled" => Ok(ServerType::Pooled),
        _ => Err(format!("must be dedicated, shared or pooled, not {text:?}")),
    }
}

/// The numbers are those of python-oracledb's `Purity`.
pub(super) fn purity(text: &str) -> Result<PoolPurity, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "default" | "0" => Ok(PoolPurity::Default),
        "new" | "1" => Ok(PoolPurity::New),
        "self" | "2" => Ok(PoolPurity::Reuse),
        _ => Err(format!("must be NEW or SELF, not {text:?}")),
    }
}

pub(super) fn tls_version(text: &str) -> Result<TlsVersion, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "tlsv1.2" => Ok(TlsVersion::V1_2),
        "tlsv1.3" => Ok(TlsVersion::V1_3),
        _ => Err(format!("must be TLSv1.2 or TLSv1.3, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, milliseconds) in [
            ("5", 5_000),
            ("2.5", 2_500),
            ("500ms", 500),
            (" 500 MS ", 500),
            ("50cs", 500),
            ("3 sec", 3_000),
            ("3s", 3_000),
            ("2min", 120_000),
            ("0", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "ms", "-1", "1h", "1e3", "nan", "inf", "99999999999", "1.2.3", "+1"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_are_from_1_to_65535() {
        assert_eq!(port(" 1521 "), Ok(1521));
        assert_eq!(port("65535"), Ok(65535));
        for text in ["0", "65536", "-1", "+1521", "x", "", "1521a"] {
            assert!(port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_switch_that_is_neither_on_nor_off_is_an_error() {
        for text in ["on", "YES", " True "] {
            assert_eq!(switch(text), Ok(true));
        }
        for text in ["off", "No", "FALSE"] {
            assert_eq!(switch(text), Ok(false));
        }
        for text in ["", "1", "onn", "enabled"] {
            assert!(switch(text).is_err(), "{text}");
        }
    }
}

//! When a token is used again, and when it is renewed.
//!
//! Tokens are kept by [`AuthParams::cache_key`](super::AuthParams::cache_key); whoever keeps them
//! asks here. All is a matter of two moments: until [`usable_until`] a kept token may open a
//! connection; from [`renew_at`] on a new one is fetched in the background while connections still
//! use the old one.

use std::time::Duration;

use crate::time::UnixTime;

/// A token is not used in its last minute: it would expire between here and the database. The
/// official drivers and Oracle's SDK have the same margin.
pub const MARGIN: Duration = Duration::from_secs(60);

/// The part of a token's life after which it is renewed, in percent. Tokens of OCI and Entra ID
/// live for an hour, so twelve minutes are left for attempts.
const RENEW_AFTER_PERCENT: u64 = 80;

/// Until when a token may open connections: [`MARGIN`] before it expires.
pub fn usable_until(expires_at: UnixTime) -> UnixTime {
    expires_at - MARGIN
}

/// Whether a token may still open a connection. One of which nobody said when it expires may be
/// used once, by whoever asked for it, and is not kept.
pub fn is_usable(expires_at: Option<UnixTime>, now: UnixTime) -> bool {
    expires_at.is_some_and(|at| now < usable_until(at))
}

/// When to fetch the next token in the background: after 80 % of its life, and at the latest when
/// it stops being [usable](usable_until). `None` if it lives too short for that to be any use (its
/// whole life is within [`MARGIN`], or a clock is wrong); then each connection asks.
pub fn renew_at(obtained_at: UnixTime, expires_at: UnixTime) -> Option<UnixTime> {
    let usable_until = usable_until(expires_at);
    if usable_until <= obtained_at {
        return None;
    }
    let life = expires_at.since(obtained_at).as_millis();
    let share = u64::try_from(life).unwrap_or(u64::MAX) / 100 * RENEW_AFTER_PERCENT;
    Some((obtained_at + Duration::from_millis(share)).min(usable_until))
}

/// When to try again after a renewal that failed: in the middle between now and the end of the old
/// token's use, in 5 seconds at the soonest. `None` once the old token cannot be used any more:
/// the next connection asks, and gets the error.
pub fn retry_renewal_at(now: UnixTime, expires_at: UnixTime) -> Option<UnixTime> {
    const SOONEST: Duration = Duration::from_secs(5);
    let usable_until = usable_until(expires_at);
    let next = now + (usable_until.since(now) / 2).max(SOONEST);
    (next < usable_until).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(1_800_000_000 + secs)
    }

    #[test]
    fn a_token_is_used_until_a_minute_before_its_end() {
        for (expires, now, usable) in [
            (Some(3600), 0, true),
            (Some(3600), 3539, true),
            (Some(3600), 3540, false),
            (Some(3600), 9999, false),
            (Some(60), 0, false),
            (None, 0, false),
        ] {
            assert_eq!(is_usable(expires.map(at), at(now)), usable, "{expires:?} {now}");
        }
    }

    #[test]
    fn renewal_comes_late_in_life_but_before_the_end_of_use() {
        for (obtained, expires, renewed) in [
            (0, 3600, Some(2880)),
            (100, 3700, Some(2980)),
            // 80 % would be within the last minute.
            (0, 200, Some(140)),
            (0, 61, Some(1)),
            (0, 60, None),
            (0, 1, None),
            (100, 50, None),
        ] {
            assert_eq!(
                renew_at(at(obtained), at(expires)),
                renewed.map(at),
                "{obtained} {expires}"
            );
        }
        assert!(renew_at(at(0), UnixTime::from_millis(u64::MAX)).is_some());
        assert_eq!(renew_at(UnixTime::from_millis(u64::MAX), UnixTime::default()), None);
    }

    #[test]
    fn a_failed_renewal_is_tried_again_while_the_old_token_lives() {
        for (now, expires, next) in [
            (2880, 3600, Some(3210)),
            (3210, 3600, Some(3375)),
            (3530, 3600, Some(3535)),
            (3536, 3600, None),
            (4000, 3600, None),
        ] {
            assert_eq!(retry_renewal_at(at(now), at(expires)), next.map(at), "{now} {expires}");
        }
    }
}

//! TIMESTAMP WITH TIME ZONE: eleven bytes of UTC, then an offset or the number of a region.

use std::fmt;
use std::str::FromStr;

use super::datetime::{DATE_LENGTH, DateTime, TIMESTAMP_LENGTH, parse_number};
use super::time_zone;
use crate::error::Error;
use crate::wire::reader::{DecodeError, Decoded};

/// Length of a TIMESTAMP WITH TIME ZONE, in bytes.
pub const TIMESTAMP_TZ_LENGTH: usize = 13;
/// What is added to the hours of an offset (python-oracledb: `TZ_HOUR_OFFSET`).
const HOUR_BIAS: i16 = 20;
/// What is added to the minutes of an offset (python-oracledb: `TZ_MINUTE_OFFSET`).
const MINUTE_BIAS: i16 = 60;
/// Set in byte 11 where a region's number follows, not an offset (python-oracledb:
/// `TNS_HAS_REGION_ID`).
const HAS_REGION: u8 = 0x80;
/// The offsets that the database has, in minutes: -15:59 to +15:59.
const OFFSET_LIMIT: i16 = 15 * 60 + 59;

/// The time zone of a TIMESTAMP WITH TIME ZONE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Minutes ahead of UTC.
    Offset(i16),
    /// A region with rules of its own, by the database's number; see [`time_zone::name`].
    Region {
        /// The number of the region, up to 13 bits.
        id: u16,
    },
}

impl Zone {
    /// UTC as an offset.
    pub const UTC: Zone = Zone::Offset(0);

    /// The name of the region in the IANA data base; `None` for offsets and unknown numbers.
    pub fn region_name(self) -> Option<&'static str> {
        match self {
            Zone::Offset(_) => None,
            Zone::Region { id } => time_zone::name(id),
        }
    }

    fn decode(bytes: [u8; 2]) -> Decoded<Zone> {
        let [high, low] = bytes;
        if high & HAS_REGION != 0 {
            // Seven bits and six; the two lowest bits are no part of the number.
            return Ok(Zone::Region {
                id: u16::from(high & !HAS_REGION) << 6 | u16::from(low >> 2),
            });
        }
        if high == 0 || low == 0 {
            // No zone at all, which the official drivers take for UTC.
            return Ok(Zone::UTC);
        }
        let minutes = (i16::from(high) - HOUR_BIAS) * 60 + i16::from(low) - MINUTE_BIAS;
        if minutes.abs() > OFFSET_LIMIT {
            let detail = format!(
                "an offset of -{OFFSET_LIMIT} to {OFFSET_LIMIT} minutes was expected, {minutes} came"
            );
            return Err(DecodeError::malformed("TIMESTAMP WITH TIME ZONE: offset", 11, detail));
        }
        Ok(Zone::Offset(minutes))
    }

    fn encode(self) -> [u8; 2] {
        match self {
            Zone::Offset(minutes) => {
                let minutes = minutes.clamp(-OFFSET_LIMIT, OFFSET_LIMIT);
                // Both parts have the sign of the offset.
                let byte = |value: i16| u8::try_from(value).unwrap_or_default();
                [byte(minutes / 60 + HOUR_BIAS), byte(minutes % 60 + MINUTE_BIAS)]
            }
            Zone::Region { id } => {
                let [high, low] = (id << 2).to_be_bytes();
                // Thirteen bits moved up by two; the bit above them is the flag.
                [high & !HAS_REGION | HAS_REGION, low]
            }
        }
    }
}

impl fmt::Display for Zone {
    /// `+05:30`, `US/Eastern`, or `region 9999` where the name is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Zone::Offset(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            Zone::Region { id } => match time_zone::name(id) {
                Some(name) => f.write_str(name),
                None => write!(f, "region {id}"),
            },
        }
    }
}

/// A moment, and the time zone that it was given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimestampTz {
    /// The moment, in UTC, as the wire has it.
    pub utc: DateTime,
    /// The time zone.
    pub zone: Zone,
}

impl TimestampTz {
    /// Reads the bytes of a value, without their length: thirteen, or seven or eleven for UTC.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Decoded<TimestampTz> {
        match bytes.split_at_checked(TIMESTAMP_LENGTH) {
            Some((utc, &[high, low])) => {
                Ok(TimestampTz { utc: DateTime::decode(utc)?, zone: Zone::decode([high, low])? })
            }
            _ if matches!(bytes.len(), DATE_LENGTH | TIMESTAMP_LENGTH) => {
                Ok(TimestampTz { utc: DateTime::decode(bytes)?, zone: Zone::UTC })
            }
            _ => {
                let detail = format!("7, 11 or 13 bytes were expected, {} came", bytes.len());
                Err(DecodeError::malformed("TIMESTAMP WITH TIME ZONE", 0, detail))
            }
        }
    }

    /// Appends the thirteen bytes of the value, without their length.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.utc.encode_date(out);
        out.extend_from_slice(&self.utc.nanosecond.to_be_bytes());
        out.extend_from_slice(&self.zone.encode());
    }

    /// The moment at which clocks that are `offset` minutes ahead of UTC show `local`; `None` if
    /// its year is not -4712 to 9999.
    pub fn from_local(local: DateTime, offset: i16) -> Option<TimestampTz> {
        Some(TimestampTz {
            utc: local.plus_minutes(-i32::from(offset))?,
            zone: Zone::Offset(offset),
        })
    }

    /// What clocks show at that moment in its time zone; `None` for a region, whose rules are not
    /// known here.
    pub fn local(&self) -> Option<DateTime> {
        match self.zone {
            Zone::Offset(0) => Some(self.utc),
            Zone::Offset(minutes) => self.utc.plus_minutes(minutes.into()),
            Zone::Region { .. } => None,
        }
    }
}

impl fmt::Display for TimestampTz {
    /// `1999-10-29 21:00:00 -07:00`, or for a region `2024-01-15 17:00:00 UTC (US/Eastern)`; a
    /// precision is that of [`DateTime`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.local() {
            Some(local) => {
                fmt::Display::fmt(&local, f)?;
                write!(f, " {}", self.zone)
            }
            None => {
                fmt::Display::fmt(&self.utc, f)?;
                write!(f, " UTC ({})", self.zone)
            }
        }
    }
}

impl FromStr for TimestampTz {
    type Err = Error;

    /// Reads a [`DateTime`] and an offset: `1999-10-29 21:00:00 -07:00`, `...T21:00:00Z`.
    fn from_str(text: &str) -> Result<TimestampTz, Error> {
        let trimmed = text.trim();
        let parsed = match trimmed.strip_suffix(['Z', 'z']) {
            Some(local) => Some((local, 0)),
            // The date has hyphens too, so that the sign is looked for behind the time's colon.
            None => trimmed.find(':').and_then(|colon| {
                let (_, behind) = trimmed.split_at_checked(colon)?;
                let (local, offset) = trimmed.split_at_checked(colon + behind.find(['+', '-'])?)?;
                Some((local, parse_offset(offset)?))
            }),
        };
        let Some((local, offset)) = parsed else {
            let what = format!(
                "{text:?} is no TIMESTAMP WITH TIME ZONE; \"2013-01-02 10:06:49.5 +01:00\" was \
                 expected"
            );
            return Err(Error::misuse(what, ""));
        };
        TimestampTz::from_local(local.parse()?, offset)
            .ok_or_else(|| Error::misuse(format!("{text:?} is out of range"), ""))
    }
}

fn parse_offset(text: &str) -> Option<i16> {
    let negative = text.starts_with('-');
    let text = text.get(1..)?;
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "0"));
    let (hours, minutes) = (parse_number::<i16>(hours)?, parse_number::<i16>(minutes)?);
    let total = hours.checked_mul(60)?.checked_add(minutes)?;
    let valid = total <= OFFSET_LIMIT && minutes < 60;
    valid.then_some(if negative { -total } else { total })
}

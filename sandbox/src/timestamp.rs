//! Reads the timestamp shapes official SDKs send.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// Epoch numbers from here on are milliseconds: as seconds they would lie in the year 5138.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;

/// What a timestamp's text says about an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// One instant.
    At(Timestamp),
    /// A date and time of an unnamed zone, read as if it were UTC.
    Zoneless(Timestamp),
}

impl Moment {
    pub(crate) fn read(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return epoch(text.parse().ok()?);
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(Self::At(at));
        }
        // Ruby's default: a space before an offset without a colon.
        if let Ok(parsed) = strtime::parse("%Y-%m-%d %H:%M:%S %z", text) {
            return parsed.to_timestamp().ok().map(Self::At);
        }
        let zoneless = text.parse::<DateTime>().ok()?;
        // A bare date parses too, but no SDK sends one.
        if !text.contains(':') {
            return None;
        }
        let at = zoneless.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Self::Zoneless(at))
    }

    /// How far from `now` this is, in either direction.
    pub(crate) fn distance(self, now: Timestamp) -> Duration {
        match self {
            Self::At(at) => now.duration_since(at).unsigned_abs(),
            // The sender's zone is unknown, and every zone is a multiple of a
            // quarter of an hour away from UTC: take the nearest.
            Self::Zoneless(at) => {
                let apart = now.duration_since(at).unsigned_abs();
                if apart > Duration::from_secs(15 * 3600) {
                    return apart;
                }
                let quarter = Duration::from_secs(900).as_nanos();
                let past = apart.as_nanos() % quarter;
                let nearest = past.min(quarter - past);
                Duration::from_nanos(u64::try_from(nearest).unwrap_or(u64::MAX))
            }
        }
    }
}

fn epoch(number: i64) -> Option<Moment> {
    let at =
        if number >= FIRST_MILLISECONDS { Timestamp::from_millisecond(number) } else { Timestamp::from_second(number) };
    at.ok().map(Moment::At)
}

/// The present in the shape Smile ID answers with: UTC, three fraction digits, `Z`.
pub(crate) fn now_text() -> String {
    format!("{:.3}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T05:43:57.273Z";

    fn seconds_from_now(text: &str) -> u64 {
        let moment = Moment::read(text).unwrap_or_else(|| panic!("{text} is not read"));
        moment.distance(NOW.parse().unwrap()).as_secs()
    }

    #[test]
    fn every_shape_of_an_official_sdk_is_read() {
        for shape in [
            "2026-11-23T05:43:57.273Z",
            "2026-11-23T05:43:57.369867+00:00",
            "2026-11-23T05:43:57.182065078Z",
            "2026-11-23T05:43:57Z",
            "2026-11-23T05:43:57+00:00",
            "2026-11-23T07:43:57+02:00",
            "2026-11-23 05:43:57 +0000",
            "2026-11-23 00:13:57 -0530",
            "1795412637",
            "1795412637273",
            "2026-11-23T05:43:57.614879",
            "2026-11-23 05:43:57.614879",
            // Local time in Lagos, Kathmandu and Honolulu, with no zone named.
            "2026-11-23T06:43:57.614879",
            "2026-11-23T11:28:57.614879",
            "2026-11-22T19:43:57",
        ] {
            assert!(seconds_from_now(shape) <= 1, "{shape}");
        }
    }

    #[test]
    fn age_counts_in_both_directions() {
        assert_eq!(seconds_from_now("2026-11-23T05:33:57.273Z"), 600);
        assert_eq!(seconds_from_now("2026-11-23T05:53:57.273Z"), 600);
        assert_eq!(seconds_from_now("2026-11-23T05:37:57.273"), 360);
        assert_eq!(seconds_from_now("2026-11-21T05:43:57.273"), 2 * 86_400);
    }

    #[test]
    fn other_texts_are_not_timestamps() {
        for text in [
            "",
            " ",
            "now",
            "2026-11-23",
            "05:43:57",
            "-5",
            "1.5",
            "99999999999999999999",
            "2026-13-23T05:43:57Z",
            "9223372036854775807",
        ] {
            assert_eq!(Moment::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_present_has_three_fraction_digits() {
        let text = now_text();
        assert_eq!(text.len(), NOW.len(), "{text}");
        assert!(text.ends_with('Z'));
    }
}

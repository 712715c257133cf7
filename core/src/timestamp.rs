//! Timestamps as texts: written in one shape, read in every shape that servers were seen to send.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;

/// `2026-11-23T05:43:57.273Z`: UTC, three fraction digits, `Z`, as Smile ID's documentation asks for.
pub(crate) fn format_ms(wall_ms: i64) -> String {
    let mut text = String::with_capacity(TIMESTAMP_BYTES);
    print_ms(wall_ms, &mut text);
    text
}

/// As many bytes as a timestamp of ours has.
pub(crate) const TIMESTAMP_BYTES: usize = 24;

/// Writes what [`format_ms`] makes.
pub(crate) fn print_ms(wall_ms: i64, to: impl jiff::fmt::Write) {
    static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let timestamp = Timestamp::from_millisecond(wall_ms).unwrap_or_default();
    // Writing into memory does not fail.
    let _ = PRINTER.print_timestamp(&timestamp, to);
}

/// Milliseconds since 1970 of an ISO time (without a zone: UTC), or of epoch digits in seconds or milliseconds.
pub(crate) fn parse_ms(text: &str) -> Option<i64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        // In seconds until the year 5138; in milliseconds since 1973.
        return if number < 100_000_000_000 { number.checked_mul(1000) } else { Some(number) };
    }
    let zoned = text.parse::<Timestamp>().ok();
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    zoned.or_else(local).map(|at| at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_always_has_three_fraction_digits() {
        assert_eq!(format_ms(1_678_397_700_279), "2023-03-09T21:35:00.279Z");
        assert_eq!(format_ms(1_678_397_700_000), "2023-03-09T21:35:00.000Z");
        assert_eq!(format_ms(1_678_397_700_070), "2023-03-09T21:35:00.070Z");
    }

    #[test]
    fn every_shape_seen_is_read() {
        for text in [
            "2023-03-09T21:35:00.279Z",
            "2023-03-09T21:35:00.279000+00:00",
            "2023-03-09T22:35:00.279+01:00",
            "2023-03-09T21:35:00.279",
            "1678397700279",
        ] {
            assert_eq!(parse_ms(text), Some(1_678_397_700_279), "{text}");
        }
        assert_eq!(parse_ms("1678397700"), Some(1_678_397_700_000));
        for text in ["", "soon", "-1", "2023-13-09T21:35:00Z"] {
            assert_eq!(parse_ms(text), None, "{text}");
        }
    }
}

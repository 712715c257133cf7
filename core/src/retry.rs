//! What an HTTP answer means and when it is asked for again; pure decisions.

use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;

use crate::clock::Clock;
use crate::code::{ErrorCode, Retried};
use crate::config::{CLOCK_SKEW_MS, RETRY_BASE, RETRY_CAP};
use crate::error::{Error, Phase, Result};
use crate::request::Query;
use crate::response::{Envelope, JobStatus, invalid, lenient};
use crate::signature::{Signature, is_legacy};
use crate::transport::HttpResponse;

/// Smile ID's codes for "not authorised", whatever the HTTP status.
///
/// Source: Smile ID's page of error codes and its troubleshooting pages.
const AUTHENTICATION_CODES: [&str; 3] = ["2204", "2205", "2405"];

/// How one HTTP request ended.
pub(crate) enum Answer {
    /// A verified status, complete or not.
    Status(JobStatus),
    /// The old unkeyed signature under a "not complete": never a result, but a reason to ask again.
    NotReady(Error),
    /// Anything else.
    Failed(Error),
}

/// Reads an answer and how long the server asked to wait.
pub(crate) fn read(
    response: HttpResponse,
    query: &Query,
    signature: &Signature,
    clock: &dyn Clock,
) -> (Answer, Option<Duration>) {
    let retry_after = retry_after(&response, clock);
    let HttpResponse { status, date, body, has_other_encoding, .. } = response;
    let read: Result<_, Refused> = if !(200..300).contains(&status) {
        Err((Answer::Failed, refused(status, &body)))
    } else if has_other_encoding && std::str::from_utf8(&body).is_err() {
        // Some name a charset there, or what an object store once did: what can be read is.
        let message = "the answer is encoded in a way that was not asked for (Content-Encoding)";
        Err((Answer::Failed, invalid(message)))
    } else {
        read_success(&body, query, signature)
    };
    let (answer, error) = match read {
        Ok(envelope) => {
            return (Answer::Status(JobStatus::new(Arc::clone(&query.ids), body, envelope)), retry_after);
        }
        Err(refused) => refused,
    };
    let error = match date.and_then(|date| clock_skew(&date, clock.wall_ms())) {
        Some(remark) if error.code() == ErrorCode::Authentication => error.with_remark(&remark),
        _ => error,
    };
    (answer(error.with_answer(status, body).with_retry_after(retry_after)), retry_after)
}

/// What an answer without a status is, and why.
type Refused = (fn(Error) -> Answer, Error);

/// The envelope of a verified status.
fn read_success(body: &[u8], query: &Query, signature: &Signature) -> Result<Envelope, Refused> {
    let failed = |error| -> Refused { (Answer::Failed, error) };
    let envelope = Envelope::read(body).map_err(failed)?;
    if envelope.is_error() {
        let api_code = envelope.code(body).and_then(plain_code);
        return Err(failed(refusal(api_code, None)));
    }
    match check_signature(&envelope, body, signature) {
        Ok(()) if envelope.is_about_another(body, &query.ids.user_id, &query.ids.job_id) => {
            let message = "the answer is about another user or job than the one asked for";
            Err(failed(Error::new(ErrorCode::ResponseMismatch, message)))
        }
        Ok(()) => Ok(envelope),
        Err(error) if error.code() == ErrorCode::LegacySignature && !envelope.job_complete => {
            Err((Answer::NotReady, error))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Checks an answer's or a callback's signed pair.
pub(crate) fn check_signature(envelope: &Envelope, body: &[u8], key: &Signature) -> Result<()> {
    let mismatch = |message: &'static str| Err(Error::new(ErrorCode::SignatureMismatch, message));
    let (Some(timestamp), Some(signature)) = (envelope.timestamp(body), envelope.signature(body)) else {
        return mismatch("the answer is not signed; it is not believed");
    };
    if key.confirm_signature(timestamp, signature) {
        return Ok(());
    }
    if is_legacy(signature) {
        return Err(Error::new(
            ErrorCode::LegacySignature,
            "the answer carries the old unkeyed signature, which proves nothing",
        ));
    }
    mismatch("the answer's signature is wrong; check that the API key belongs to this environment")
}

/// The error that a non-2xx answer is. Its body need not be JSON.
fn refused(status: u16, body: &[u8]) -> Error {
    // Whatever else is wrong with the body, the code tells a wrong key from a wrong request.
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_ascii();
    let code = lenient::entries(text).into_iter().rev().find(|(key, _)| key == "code");
    let api_code = code.and_then(|(_, value)| lenient::text(value)).as_deref().and_then(plain_code);
    match status {
        408 => Error::timeout(Phase::Server),
        429 => Error::new(ErrorCode::RateLimited, "Smile ID asks to slow down (HTTP 429)").with_api_code(api_code),
        400..=499 => refusal(api_code, Some(status)),
        500..=599 => {
            Error::new(ErrorCode::Server, format!("the server failed (HTTP {status})")).with_api_code(api_code)
        }
        300..=303 | 305..=399 => {
            invalid("the server answered with a redirect, which is never followed; check the base URL")
        }
        _ => invalid("the server answered with an HTTP status that no job status has"),
    }
}

fn refusal(api_code: Option<String>, status: Option<u16>) -> Error {
    let shown = api_code.as_ref().map(|code| format!(", code {code}")).unwrap_or_default();
    let status_shown = status.map_or_else(|| "in a 2xx answer".to_owned(), |status| format!("HTTP {status}"));
    let authentication = matches!(status, Some(401 | 403))
        || api_code.as_deref().is_some_and(|code| AUTHENTICATION_CODES.contains(&code));
    if authentication {
        let message = format!(
            "Smile ID refused the credentials ({status_shown}{shown}); check partner id, API key, environment and clock"
        );
        Error::new(ErrorCode::Authentication, message).with_api_code(api_code)
    } else {
        let message =
            format!("Smile ID refused the request ({status_shown}{shown}); the same request will be refused again");
        Error::new(ErrorCode::Rejected, message).with_api_code(api_code)
    }
}

/// A code as it may stand in messages: short and plain, so that a server cannot put data there.
fn plain_code(code: &str) -> Option<String> {
    let plain = (1..=16).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then(|| code.to_owned())
}

/// How often an attempt may repeat a request that ended in `error`.
pub(crate) fn retries(error: &Error, max_retries: u64) -> u64 {
    match error.code().retried() {
        Retried::Once => max_retries.min(1),
        _ if error.is_transient() => max_retries,
        _ => 0,
    }
}

/// The wait before HTTP retry `n` (from 0): full jitter under a doubling ceiling.
pub(crate) fn backoff(n: u64, chance: f64) -> Duration {
    ceiling(n).mul_f64(chance.clamp(0.0, 1.0))
}

fn ceiling(n: u64) -> Duration {
    let doublings = u32::try_from(n.min(16)).unwrap_or(16);
    RETRY_BASE.saturating_mul(1 << doublings).min(RETRY_CAP)
}

/// The wait before HTTP retry `n` after an answer that asked to wait for `floor`, if there is time `left` for it.
pub(crate) fn wait(n: u64, floor: Duration, left: Option<Duration>, chance: f64) -> Option<Duration> {
    let wait = match left {
        _ if floor.is_zero() => backoff(n, chance),
        // Jitter leaves the request at least as much time as it takes.
        Some(left) => above(floor, ceiling(n), left.saturating_sub(floor) / 2, chance),
        None => above(floor, ceiling(n), Duration::MAX, chance),
    };
    left.is_none_or(|left| wait < left).then_some(wait)
}

/// A wait that the server asked for, and up to as long again or up to the `delay` that there would have been, but not
/// more than `room`: those who were told the same at the same moment must not come back at once.
pub(crate) fn above(floor: Duration, delay: Duration, room: Duration, chance: f64) -> Duration {
    floor.saturating_add(floor.max(delay).min(room).mul_f64(chance.clamp(0.0, 1.0)))
}

/// How long the server asks to wait. A date is one of its own clock's, which the answer tells beside it.
pub(crate) fn retry_after(response: &HttpResponse, clock: &dyn Clock) -> Option<Duration> {
    let text = response.retry_after.as_deref()?;
    let now_ms = response.date.as_deref().and_then(http_date_ms);
    parse_retry_after(text, now_ms.unwrap_or_else(|| clock.wall_ms()))
}

/// `Retry-After` in seconds or as an HTTP date; anything else counts as absent.
fn parse_retry_after(text: &str, now_ms: i64) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is still a wish for a long wait.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)).min(u64::from(u32::MAX))));
    }
    let ms = http_date_ms(text)?.saturating_sub(now_ms);
    Some(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

fn http_date_ms(text: &str) -> Option<i64> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text).ok().map(|at| at.as_millisecond())
}

/// What to say when the server's clock and ours are so far apart that a signature may be refused for it.
fn clock_skew(date: &str, wall_ms: i64) -> Option<String> {
    let skew_ms = http_date_ms(date)?.saturating_sub(wall_ms);
    let seconds = skew_ms.unsigned_abs() / 1000;
    let direction = if skew_ms > 0 { "behind" } else { "ahead of" };
    (skew_ms.unsigned_abs() > CLOCK_SKEW_MS.unsigned_abs())
        .then(|| format!("this machine's clock is {seconds} s {direction} the server's, which alone can be the reason"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_to_wait_for_is_one_of_the_servers_clock() {
        let response = |date: Option<&str>| HttpResponse {
            status: 429,
            retry_after: Some("Wed, 21 Oct 2015 07:28:10 GMT".to_owned()),
            date: date.map(str::to_owned),
            body: bytes::Bytes::new(),
            has_other_encoding: false,
        };
        let wait = |date| retry_after(&response(date), &crate::clock::SystemClock);
        assert_eq!(wait(Some("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::from_secs(10)));
        assert_eq!(wait(Some("nonsense")), Some(Duration::ZERO), "long ago by our own");
        assert_eq!(wait(None), Some(Duration::ZERO));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT
        for (text, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("99999999999999999999999", Some(u64::from(u32::MAX))),
            ("-1", None),
            ("1.5", None),
            ("nan", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse_retry_after(text, now), expected.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn a_clock_that_is_off_is_named_with_the_difference() {
        let now = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT
        let skew = |date| clock_skew(date, now);
        assert!(skew("Sun, 06 Nov 1994 08:51:38 GMT").unwrap().contains("121 s behind"));
        assert!(skew("Sun, 06 Nov 1994 07:49:37 GMT").unwrap().contains("3600 s ahead of"));
        assert_eq!(skew("Sun, 06 Nov 1994 08:50:36 GMT"), None);
        assert_eq!(skew("yesterday"), None);
    }

    #[test]
    fn backoff_doubles_under_a_cap_with_full_jitter() {
        let ms = |n, chance| backoff(n, chance).as_millis();
        assert_eq!(
            [ms(0, 1.0), ms(1, 1.0), ms(2, 1.0), ms(4, 1.0), ms(5, 1.0), ms(u64::MAX, 1.0)],
            [250, 500, 1000, 4000, 4000, 4000]
        );
        assert_eq!([ms(0, 0.0), ms(0, 0.5)], [0, 125]);
    }

    #[test]
    fn who_was_asked_to_wait_waits_longer_but_not_too_long() {
        let s = Duration::from_secs;
        let waits = |n, floor, left: Option<u64>| [0.0, 1.0].map(|chance| wait(n, s(floor), left.map(s), chance));
        assert_eq!(waits(0, 5, None), [Some(s(5)), Some(s(10))]);
        assert_eq!(waits(4, 1, None), [Some(s(1)), Some(s(5))], "the own ceiling is higher");
        assert_eq!(waits(0, 5, Some(30)), [Some(s(5)), Some(s(10))]);
        assert_eq!(waits(0, 5, Some(7)), [Some(s(5)), Some(s(6))], "half of the rest is for the request");
        assert_eq!(waits(0, 5, Some(5)), [None, None]);
        assert_eq!(waits(0, 0, Some(1)), [Some(s(0)), Some(RETRY_BASE)]);
        assert_eq!(waits(2, 0, Some(1)), [Some(s(0)), None]);
        assert_eq!(waits(0, 0, Some(0)), [None, None]);
    }

    #[test]
    fn codes_in_messages_are_plain() {
        assert_eq!(plain_code("2205"), Some("2205".to_owned()));
        for data in ["", "Ada Lovelace", "user-1", "01234567890123456"] {
            assert_eq!(plain_code(data), None);
        }
    }
}

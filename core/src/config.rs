//! Environments, and every default and limit of the library, in one place; what base URLs must be like, in a second one.
//!
//! `tests/vectors/defaults.json` is written from [`DURATIONS`], [`COUNTS`] and [`FLAGS`] and compared with the signatures
//! of every language.

mod base_url;

use std::str::FromStr;
use std::time::Duration;

pub(crate) use self::base_url::{Path, checked_url, endpoint, is_loopback};
use crate::error::{Error, Result};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MS: Duration = Duration::from_millis(1);

/// The longest `Retry-After` that is waited for inside one attempt, with up to as long again as jitter.
pub(crate) const RETRY_AFTER_INSIDE_ATTEMPT: Duration = Duration::from_secs(5);
/// The longest `Retry-After` that delays the next poll, with up to as long again as jitter.
pub(crate) const RETRY_AFTER_CAP: Duration = Duration::from_secs(60);
/// HTTP retries wait up to `RETRY_BASE · 2ⁿ`, at most `RETRY_CAP`.
pub(crate) const RETRY_BASE: Duration = Duration::from_millis(250);
/// See [`RETRY_BASE`].
pub(crate) const RETRY_CAP: Duration = Duration::from_secs(4);
/// The last query of a wait starts this long before its end, or half its timeout.
pub(crate) const FINAL_POLL_MARGIN: Duration = Duration::from_secs(1);
/// Jobs of one `poll_many` with long delays ask together when they come due this close to each other.
pub(crate) const TOGETHER: Duration = Duration::from_millis(4);
/// See [`TOGETHER`].
pub(crate) const LONG_DELAY: Duration = Duration::from_secs(1);
/// The deliveries of a callback take at most this long, and at most [`DELIVERY_TRIES`] tries.
pub(crate) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// See [`DELIVERY_TIMEOUT`].
pub(crate) const DELIVERY_TRIES: u32 = 2;
/// The largest image that is downloaded.
pub(crate) const MAX_IMAGE_BYTES: usize = 16 << 20;
/// The most images of one status that are downloaded.
pub(crate) const MAX_IMAGES: usize = 64;
/// How many images of one status are downloaded at once.
pub(crate) const IMAGES_AT_ONCE: usize = 4;
/// The longest partner id, in bytes.
pub(crate) const MAX_PARTNER_ID_BYTES: usize = 64;
/// The longest API key, in bytes.
pub(crate) const MAX_API_KEY_BYTES: usize = 4096;
/// The longest user or job id, in bytes.
pub(crate) const MAX_ID_BYTES: usize = 256;
/// How far the server's clock may be off before an authentication error says so.
pub(crate) const CLOCK_SKEW_MS: i64 = 60_000;
/// The deepest nesting of a body that is read.
pub(crate) const MAX_NESTING: usize = 128;
/// The most keys that an answer's envelope or its `PartnerParams` may have. Real ones have a dozen, and callbacks, which are
/// results, three.
pub(crate) const MAX_KEYS: usize = 512;
/// The longest of those keys.
pub(crate) const MAX_KEY_BYTES: usize = 1024;

/// A duration argument: its name without a unit, its limits and its default.
#[derive(Debug)]
pub struct DurationArgument {
    /// The name in Rust; other languages spell it by their own rule.
    pub name: &'static str,
    /// The verbs that take it, or `client`.
    pub used_by: &'static [&'static str],
    /// The shortest accepted value.
    pub min: Duration,
    /// The longest accepted value.
    pub max: Duration,
    /// What holds when the argument is not given; `None` is no limit.
    pub default: Option<Duration>,
    /// Whether the caller may ask for no limit.
    pub unlimited: bool,
}

/// A whole-number argument: its name, its limits and its default.
#[derive(Debug)]
pub struct CountArgument {
    /// The name in Rust; other languages spell it by their own rule.
    pub name: &'static str,
    /// The verbs that take it, or `client`.
    pub used_by: &'static [&'static str],
    /// The smallest accepted value.
    pub min: u64,
    /// The largest accepted value.
    pub max: u64,
    /// What holds when the argument is not given; `None` is no limit.
    pub default: Option<u64>,
}

/// A switch: its name and its default.
#[derive(Debug)]
pub struct FlagArgument {
    /// The name in Rust; other languages spell it by their own rule.
    pub name: &'static str,
    /// The verbs that take it, or `client`.
    pub used_by: &'static [&'static str],
    /// What holds when the argument is not given.
    pub default: bool,
}

const ASKING: &[&str] =
    &["get_job_status", "poll_job_status", "wait_until_complete", "watch_job_status", "poll_step", "poll_many"];
const ABOUT_ONE: &[&str] =
    &["get_job_status", "poll_job_status", "wait_until_complete", "watch_job_status", "poll_step"];
const POLLING: &[&str] = &["poll_job_status", "wait_until_complete", "watch_job_status", "poll_step", "poll_many"];
const WAITING: &[&str] = &["wait_until_complete", "watch_job_status", "poll_step", "poll_many"];

const fn delay(name: &'static str, seconds: u64) -> DurationArgument {
    let max = Duration::from_secs(60 * 60);
    DurationArgument {
        name,
        used_by: POLLING,
        min: MS,
        max,
        default: Some(Duration::from_secs(seconds)),
        unlimited: false,
    }
}

const fn timeout(
    name: &'static str,
    used_by: &'static [&'static str],
    seconds: Option<u64>,
    unlimited: bool,
) -> DurationArgument {
    let default = match seconds {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => None,
    };
    DurationArgument { name, used_by, min: Duration::ZERO, max: DAY.saturating_mul(30), default, unlimited }
}

const fn count(
    name: &'static str,
    used_by: &'static [&'static str],
    min: u64,
    max: u64,
    default: Option<u64>,
) -> CountArgument {
    CountArgument { name, used_by, min, max, default }
}

const fn flag(name: &'static str, used_by: &'static [&'static str], default: bool) -> FlagArgument {
    FlagArgument { name, used_by, default }
}

/// The delay before the first retry of a poll.
pub static INITIAL_DELAY: DurationArgument = delay("initial_delay", 2);
/// The longest delay between two polls.
pub static MAX_DELAY: DurationArgument = delay("max_delay", 30);
/// The bound of one `get_job_status`, retries included.
pub static GET_TIMEOUT: DurationArgument = timeout("timeout", &["get_job_status"], Some(30), true);
/// The bound of one `poll_job_status`; attempts bound it too.
pub static POLL_TIMEOUT: DurationArgument = timeout("timeout", &["poll_job_status"], None, true);
/// The bound of a wait; for `poll_many` of each job, from its first query.
pub static WAIT_TIMEOUT: DurationArgument = timeout("timeout", WAITING, Some(60), true);
/// The bound of all downloads of one `download_images`.
pub static DOWNLOAD_TIMEOUT: DurationArgument = timeout("timeout", &["download_images"], Some(60), true);
/// The bound of one HTTP request: headers and body.
pub static REQUEST_TIMEOUT: DurationArgument = timeout("request_timeout", &["client"], Some(15), false);
/// The bound of making one connection.
pub static CONNECT_TIMEOUT: DurationArgument = timeout("connect_timeout", &["client"], Some(5), false);
/// How old a callback may be; no limit unless asked for.
pub static MAX_AGE: DurationArgument = timeout("max_age", &["verify_callback"], None, true);

/// How many times a poll asks again after its first query.
pub static RETRY_COUNT: CountArgument = count("retry_count", &["poll_job_status"], 0, 1000, Some(3));
/// How many times a wait asks again at most.
pub static WAIT_RETRY_COUNT: CountArgument = count("retry_count", WAITING, 0, 1000, None);
/// How often one attempt repeats a request after a transient failure.
pub static MAX_RETRIES: CountArgument = count("max_retries", &["client"], 0, 100, Some(2));
/// How many requests of one client may be in flight.
pub static MAX_CONNECTIONS: CountArgument = count("max_connections", &["client"], 1, 1024, Some(64));
/// The largest body that is read, in bytes after content decoding.
pub static MAX_RESPONSE_BYTES: CountArgument = count("max_response_bytes", &["client"], 1, 1 << 30, Some(32 << 20));
/// How many jobs of one `poll_many` are admitted at a time.
pub static MAX_WAITING: CountArgument = count("max_waiting", &["poll_many"], 1, 1_000_000, Some(10_000));
/// How many requests a rate limit lets through at once after a pause.
pub static BURST: CountArgument = count("burst", &["poll_many"], 1, 1_000_000, Some(1));
/// The most requests a second that a rate limit may be set to.
pub const MAX_RATE: f64 = 1_000_000.0;

/// Asks for the user's results so far too.
pub static RETURN_HISTORY: FlagArgument = flag("return_history", ASKING, false);
/// Asks for the image links too.
pub static RETURN_IMAGE_LINKS: FlagArgument = flag("return_image_links", ASKING, false);
/// Polls with the default delays until the job is complete or the attempts are used up.
pub static RETURN_JOB_STATUS: FlagArgument = flag("return_job_status", ABOUT_ONE, false);
/// Lets a download replace files.
pub static OVERWRITE: FlagArgument = flag("overwrite", &["download_images"], false);
/// Asks for new links before a download.
pub static REFRESH: FlagArgument = flag("refresh", &["download_images"], false);
/// Whether bundled roots stand in where the platform has none.
pub static BUNDLED_ROOTS: FlagArgument = flag("bundled_roots", &["client"], true);
/// Whether the environment's proxies count.
pub static TRUST_ENV: FlagArgument = flag("trust_env", &["client"], true);

/// Every duration argument.
pub static DURATIONS: [&DurationArgument; 9] = [
    &INITIAL_DELAY,
    &MAX_DELAY,
    &GET_TIMEOUT,
    &POLL_TIMEOUT,
    &WAIT_TIMEOUT,
    &DOWNLOAD_TIMEOUT,
    &REQUEST_TIMEOUT,
    &CONNECT_TIMEOUT,
    &MAX_AGE,
];
/// Every whole-number argument.
pub static COUNTS: [&CountArgument; 7] =
    [&RETRY_COUNT, &WAIT_RETRY_COUNT, &MAX_RETRIES, &MAX_CONNECTIONS, &MAX_RESPONSE_BYTES, &MAX_WAITING, &BURST];

/// Every switch.
pub static FLAGS: [&FlagArgument; 7] =
    [&RETURN_HISTORY, &RETURN_IMAGE_LINKS, &RETURN_JOB_STATUS, &OVERWRITE, &REFRESH, &BUNDLED_ROOTS, &TRUST_ENV];

/// Checks a rate limit: requests a second.
///
/// # Errors
/// [`invalid_argument`](crate::ErrorCode::InvalidArgument) outside of its limits.
pub fn check_rate(rate: f64) -> Result<f64> {
    // A slower rate than one request in 30 days is a mistake.
    let slowest = 1.0 / (30.0 * DAY.as_secs_f64());
    if (slowest..=MAX_RATE).contains(&rate) { Ok(rate) } else { Err(refuse_rate()) }
}

/// The refusal of a rate limit, for values that are not even a number.
#[must_use]
pub fn refuse_rate() -> Error {
    Error::invalid_argument(
        "rate_limit",
        format!("expected requests per second, from one in 30 days to {MAX_RATE}, or no limit"),
    )
}

impl DurationArgument {
    /// Accepts a value within the limits.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) otherwise.
    pub fn check(&self, value: Duration) -> Result<Duration> {
        if (self.min..=self.max).contains(&value) { Ok(value) } else { Err(self.refuse()) }
    }

    /// Accepts float seconds; NaN, infinities and negative values are refused.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) otherwise.
    pub fn from_seconds(&self, seconds: f64) -> Result<Duration> {
        Duration::try_from_secs_f64(seconds).map_err(|_| self.refuse()).and_then(|value| self.check(value))
    }

    /// Accepts float milliseconds; NaN, infinities and negative values are refused.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) otherwise.
    pub fn from_millis(&self, millis: f64) -> Result<Duration> {
        self.from_seconds(millis / 1000.0)
    }

    /// The refusal, for values that are not even a duration.
    #[must_use]
    pub fn refuse(&self) -> Error {
        let unlimited = if self.unlimited { ", or no limit" } else { "" };
        Error::invalid_argument(
            self.name,
            format!("expected a duration of {} to {}{unlimited}", words(self.min), words(self.max)),
        )
    }
}

impl CountArgument {
    /// Accepts a value within the limits.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) otherwise.
    pub fn check(&self, value: u64) -> Result<u64> {
        if (self.min..=self.max).contains(&value) { Ok(value) } else { Err(self.refuse()) }
    }

    /// Accepts a float that is a whole number within the limits.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) otherwise.
    pub fn from_f64(&self, value: f64) -> Result<u64> {
        let whole = value.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&value);
        // In range and whole, so the cast is exact.
        if whole { self.check(value as u64) } else { Err(self.refuse()) }
    }

    /// The refusal, for values that are not even a number.
    #[must_use]
    pub fn refuse(&self) -> Error {
        Error::invalid_argument(self.name, format!("expected a whole number from {} to {}", self.min, self.max))
    }
}

fn words(value: Duration) -> String {
    match value.as_millis() {
        0 => "0".to_owned(),
        ms if ms % 86_400_000 == 0 => format!("{} days", ms / 86_400_000),
        ms if ms % 3_600_000 == 0 => format!("{} h", ms / 3_600_000),
        ms => format!("{ms} ms"),
    }
}

/// One of Smile ID's two servers. Keys belong to one of them and are refused by the other.
///
/// Source: the official server SDKs, which all carry these two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// `testapi.smileidentity.com`; the official SDKs' server `0`.
    Sandbox,
    /// `api.smileidentity.com`; the official SDKs' server `1`.
    Production,
}

impl Environment {
    /// The server's root, to which `/v1/job_status` is appended.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Sandbox => "https://testapi.smileidentity.com",
            Self::Production => "https://api.smileidentity.com",
        }
    }
}

impl FromStr for Environment {
    type Err = Error;

    /// Accepts `sandbox`, `production`, and the official SDKs' `0` and `1`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sandbox" | "0" => Ok(Self::Sandbox),
            "production" | "1" => Ok(Self::Production),
            _ => Err(Error::invalid_argument("environment", "expected sandbox, production, 0 or 1")),
        }
    }
}

impl TryFrom<&str> for Environment {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_well() {
        assert_eq!(INITIAL_DELAY.refuse().message(), "initial_delay: expected a duration of 1 ms to 1 h");
        assert_eq!(GET_TIMEOUT.refuse().message(), "timeout: expected a duration of 0 to 30 days, or no limit");
        assert_eq!(RETRY_COUNT.refuse().message(), "retry_count: expected a whole number from 0 to 1000");
        let rate = "rate_limit: expected requests per second, from one in 30 days to 1000000, or no limit";
        assert_eq!(check_rate(3e-8).unwrap_err().message(), rate);
    }
}

//! Environments, base URL rules, and every default and limit of the library, in one place.
//!
//! `tests/vectors/defaults.json` is written from [`DURATIONS`] and [`COUNTS`] and compared with the signatures of
//! every language.

use std::str::FromStr;
use std::time::Duration;

use url::{Host, Url};

use crate::error::{Error, Result};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MS: Duration = Duration::from_millis(1);

/// The longest `Retry-After` that is waited for inside one attempt.
pub(crate) const RETRY_AFTER_INSIDE_ATTEMPT: Duration = Duration::from_secs(5);
/// The longest `Retry-After` that delays the next poll.
pub(crate) const RETRY_AFTER_CAP: Duration = Duration::from_secs(60);
/// HTTP retries wait up to `RETRY_BASE · 2ⁿ`, at most `RETRY_CAP`.
pub(crate) const RETRY_BASE: Duration = Duration::from_millis(250);
/// See [`RETRY_BASE`].
pub(crate) const RETRY_CAP: Duration = Duration::from_secs(4);
/// The deepest nesting of a body that is read.
pub(crate) const MAX_NESTING: usize = 128;

/// A duration argument: its name without a unit, its limits and its default.
#[derive(Debug)]
pub struct DurationArgument {
    /// The name in Rust; other languages spell it by their own rule.
    pub name: &'static str,
    /// The verbs that take it, or `client`.
    pub used_by: &'static str,
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
    pub used_by: &'static str,
    /// The smallest accepted value.
    pub min: u64,
    /// The largest accepted value.
    pub max: u64,
    /// What holds when the argument is not given.
    pub default: u64,
}

/// The delay before the first retry of a poll.
pub static INITIAL_DELAY: DurationArgument = DurationArgument {
    name: "initial_delay",
    used_by: "poll_job_status",
    min: MS,
    max: Duration::from_secs(60 * 60),
    default: Some(Duration::from_secs(2)),
    unlimited: false,
};
/// The longest delay between two polls.
pub static MAX_DELAY: DurationArgument = DurationArgument {
    name: "max_delay",
    used_by: "poll_job_status",
    min: MS,
    max: Duration::from_secs(60 * 60),
    default: Some(Duration::from_secs(30)),
    unlimited: false,
};
/// The bound of one `get_job_status`, retries included.
pub static GET_TIMEOUT: DurationArgument = DurationArgument {
    name: "timeout",
    used_by: "get_job_status",
    min: Duration::ZERO,
    max: DAY.saturating_mul(30),
    default: Some(Duration::from_secs(30)),
    unlimited: true,
};
/// The bound of one `poll_job_status`; attempts bound it too.
pub static POLL_TIMEOUT: DurationArgument = DurationArgument {
    name: "timeout",
    used_by: "poll_job_status",
    min: Duration::ZERO,
    max: DAY.saturating_mul(30),
    default: None,
    unlimited: true,
};
/// The bound of one HTTP request: headers and body.
pub static REQUEST_TIMEOUT: DurationArgument = DurationArgument {
    name: "request_timeout",
    used_by: "client",
    min: Duration::ZERO,
    max: DAY.saturating_mul(30),
    default: Some(Duration::from_secs(15)),
    unlimited: false,
};
/// The bound of making one connection.
pub static CONNECT_TIMEOUT: DurationArgument = DurationArgument {
    name: "connect_timeout",
    used_by: "client",
    min: Duration::ZERO,
    max: DAY.saturating_mul(30),
    default: Some(Duration::from_secs(5)),
    unlimited: false,
};

/// How many times a poll asks again after its first query.
pub static RETRY_COUNT: CountArgument =
    CountArgument { name: "retry_count", used_by: "poll_job_status", min: 0, max: 1000, default: 3 };
/// How many times one attempt repeats an HTTP request that failed in passing.
pub static MAX_RETRIES: CountArgument =
    CountArgument { name: "max_retries", used_by: "client", min: 0, max: 100, default: 2 };
/// How many requests of one client may be in flight.
pub static MAX_CONNECTIONS: CountArgument =
    CountArgument { name: "max_connections", used_by: "client", min: 1, max: 1024, default: 64 };
/// The largest body that is read, in bytes after content decoding.
pub static MAX_RESPONSE_BYTES: CountArgument =
    CountArgument { name: "max_response_bytes", used_by: "client", min: 1, max: 1 << 30, default: 32 << 20 };

/// Every duration argument.
pub static DURATIONS: [&DurationArgument; 6] =
    [&INITIAL_DELAY, &MAX_DELAY, &GET_TIMEOUT, &POLL_TIMEOUT, &REQUEST_TIMEOUT, &CONNECT_TIMEOUT];
/// Every whole-number argument.
pub static COUNTS: [&CountArgument; 4] = [&RETRY_COUNT, &MAX_RETRIES, &MAX_CONNECTIONS, &MAX_RESPONSE_BYTES];

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

/// The URL of the job-status endpoint, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    pub(crate) loopback: bool,
}

/// Appends `/v1/job_status` to a server's root: https, or plain http on this machine only.
pub(crate) fn endpoint(base_url: &str) -> Result<Endpoint> {
    let refuse = |expected: &'static str| Error::invalid_argument("base_url", expected);
    let mut url =
        Url::parse(base_url).map_err(|_| refuse("expected a URL such as https://testapi.smileidentity.com"))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(refuse("expected a URL with a host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(refuse("expected https; plain http is for localhost, 127.0.0.0/8 and ::1 only")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("expected a URL without user name and password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("expected a URL without query and fragment"));
    }
    let root = url.path().trim_end_matches('/').to_owned();
    // Other SDKs want the root with `/v1`; it must not stand there twice.
    let root = root.strip_suffix("/v1").unwrap_or(&root);
    url.set_path(&format!("{root}/v1/job_status"));
    Ok(Endpoint { url, loopback })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_appended_once() {
        for (base, url) in [
            ("https://testapi.smileidentity.com", "https://testapi.smileidentity.com/v1/job_status"),
            ("https://testapi.smileidentity.com/v1", "https://testapi.smileidentity.com/v1/job_status"),
            ("https://testapi.smileidentity.com/v1/", "https://testapi.smileidentity.com/v1/job_status"),
            ("https://gateway.example/smile/", "https://gateway.example/smile/v1/job_status"),
            ("http://127.9.9.9:1", "http://127.9.9.9:1/v1/job_status"),
            ("http://[::1]:8080/", "http://[::1]:8080/v1/job_status"),
        ] {
            assert_eq!(endpoint(base).unwrap().url.as_str(), url);
        }
    }

    #[test]
    fn a_disguised_loopback_is_not_one() {
        for base in [
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "http://[::2]",
            "ftp://localhost",
            "http://0.0.0.0",
        ] {
            assert_eq!(endpoint(base).unwrap_err().argument(), Some("base_url"), "{base}");
        }
    }

    #[test]
    fn limits_read_well() {
        assert_eq!(INITIAL_DELAY.refuse().message(), "initial_delay: expected a duration of 1 ms to 1 h");
        assert_eq!(GET_TIMEOUT.refuse().message(), "timeout: expected a duration of 0 to 30 days, or no limit");
        assert_eq!(RETRY_COUNT.refuse().message(), "retry_count: expected a whole number from 0 to 1000");
    }
}

//! Outcomes as they stand in result lines.

use serde_json::{Value, json};
use smileid_jobs::{Error, JobStatus, Naming};

/// `{"status": …}`.
#[must_use]
pub fn status_outcome(status: &JobStatus) -> Value {
    json!({ "status": status.view(Naming::Snake) })
}

/// `{"error": …}`; Rust has no classes.
#[must_use]
pub fn error_outcome(error: &Error) -> Value {
    json!({ "error": {
        "code": error.code().as_str(),
        "number": error.code() as i32,
        "class": null,
        "argument": error.argument(),
        "phase": error.phase().map(smileid_jobs::Phase::as_str),
        "http_status": error.http_status(),
        "api_code": error.api_code(),
        "retry_after_ms": error.retry_after().map(|wait| wait.as_millis()).map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
        "attempts": error.attempts(),
        "last_status": error.last_status().map(|status| status.view(Naming::Snake)),
        "last_error": error.last_error().map(|error| error.code().as_str()),
    }})
}

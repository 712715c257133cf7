//! Outcomes as they stand in result lines.

use serde_json::{Value, json};
use smileid_jobs::{Error, Image, JobOutcome, JobStatus, ManyProgress, Naming, StatusUpdate, View as _};

/// `{"status": …}`.
#[must_use]
pub fn status_outcome(status: &JobStatus) -> Value {
    json!({ "status": status.named(Naming::Snake) })
}

/// `{"error": …}`; Rust has no classes.
#[must_use]
pub fn error_outcome(error: &Error) -> Value {
    json!({ "error": error_view(error) })
}

pub(crate) fn error_view(error: &Error) -> Value {
    json!({
        "code": error.code().as_str(),
        "number": error.code() as i32,
        "class": null,
        "message": error.message(),
        "argument": error.argument(),
        "phase": error.phase().map(smileid_jobs::Phase::as_str),
        "reason": error.reason().map(smileid_jobs::IncompleteReason::as_str),
        "is_transient": error.is_transient(),
        "http_status": error.http_status(),
        "api_code": error.api_code(),
        "retry_after_ms": error.retry_after().map(|wait| wait.as_millis()).map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
        "attempts": error.attempts(),
        "last_status": error.last_status().map(|status| json!(status.named(Naming::Snake))),
        "last_error": error.last_error().map(|error| error.code().as_str()),
    })
}

pub(crate) fn update_view(update: &StatusUpdate) -> Value {
    json!({
        "attempt": update.attempt,
        "changed": update.changed,
        "job_complete": update.status.job_complete(),
        "has_next": update.next_delay.is_some(),
    })
}

pub(crate) fn job_outcome_view(outcome: &JobOutcome) -> Value {
    let (status, error) = (outcome.result.as_ref().ok(), outcome.result.as_ref().err());
    json!({
        "job_id": outcome.job_id,
        "status_complete": status.map(JobStatus::job_complete),
        "error": error.map(|error| error.code().as_str()),
    })
}

pub(crate) fn progress_view(progress: ManyProgress) -> Value {
    json!({ "complete": progress.complete, "failed": progress.failed, "waiting": progress.waiting })
}

pub(crate) fn image_view(image: &Image) -> Value {
    let file = image.path.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy());
    json!({
        "key": image.key,
        "content_type": image.image_type.content_type(),
        "bytes": image.path.is_none().then_some(image.bytes.len()),
        "file": file,
    })
}

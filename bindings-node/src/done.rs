//! How calls end, on their way to JavaScript.

use std::time::Duration;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use smileid_jobs::{Image, JobOutcome, JobStatus, PollStep, StatusUpdate};

use crate::error::ErrorData;
use crate::status::StatusData;

/// What a call came to; statuses of their own are the common case and take the short way.
pub(crate) enum Done {
    Status(JobStatus),
    Again { after: Duration, token: String },
    Update(Option<Box<StatusUpdate>>),
    Job(Option<Box<JobOutcome>>),
    Images(Vec<Image>),
}

impl From<JobStatus> for Done {
    fn from(status: JobStatus) -> Self {
        Self::Status(status)
    }
}

impl From<PollStep> for Done {
    fn from(step: PollStep) -> Self {
        match step {
            PollStep::Finished(status) => Self::Status(status),
            PollStep::Again { after, token } => Self::Again { after, token },
            // The core's enum may grow; this version makes no other kind.
            _ => Self::Update(None),
        }
    }
}

impl From<Option<StatusUpdate>> for Done {
    fn from(update: Option<StatusUpdate>) -> Self {
        Self::Update(update.map(Box::new))
    }
}

impl From<Option<JobOutcome>> for Done {
    fn from(outcome: Option<JobOutcome>) -> Self {
        Self::Job(outcome.map(Box::new))
    }
}

impl From<Vec<Image>> for Done {
    fn from(images: Vec<Image>) -> Self {
        Self::Images(images)
    }
}

/// When to make the next step, and with what.
#[napi(object, object_from_js = false)]
pub(crate) struct AgainData {
    pub after_ms: f64,
    pub token: String,
}

/// One answer about a watched job.
#[napi(object, object_from_js = false)]
pub(crate) struct UpdateData {
    pub attempt: u32,
    pub elapsed_ms: f64,
    pub status: StatusData,
    pub changed: bool,
    pub next_delay_ms: Option<f64>,
}

impl From<StatusUpdate> for UpdateData {
    fn from(update: StatusUpdate) -> Self {
        Self {
            attempt: update.attempt,
            elapsed_ms: millis(update.elapsed),
            status: StatusData::from(update.status),
            changed: update.changed,
            next_delay_ms: update.next_delay.map(millis),
        }
    }
}

/// How one of many jobs ended.
#[napi(object, object_from_js = false)]
pub(crate) struct JobData {
    pub user_id: String,
    pub job_id: String,
    pub status: Option<StatusData>,
    pub error: Option<ErrorData>,
}

impl From<JobOutcome> for JobData {
    fn from(outcome: JobOutcome) -> Self {
        let (status, error) = match outcome.result {
            Ok(status) => (Some(StatusData::from(status)), None),
            Err(error) => (None, Some(ErrorData::from(&error))),
        };
        Self { user_id: outcome.user_id, job_id: outcome.job_id, status, error }
    }
}

/// One image.
#[napi(object, object_from_js = false)]
pub(crate) struct ImageData {
    pub key: String,
    pub content_type: String,
    pub data: Option<Buffer>,
    pub file: Option<String>,
}

impl From<Image> for ImageData {
    fn from(image: Image) -> Self {
        let file = image.path.map(|path| path.to_string_lossy().into_owned());
        Self {
            key: image.key,
            content_type: image.image_type.content_type().to_owned(),
            data: file.is_none().then(|| Buffer::from(image.bytes.to_vec())),
            file,
        }
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

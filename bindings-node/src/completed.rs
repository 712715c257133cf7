//! What calls end with, on its way to JavaScript. A status takes the short way, everything else is a value.

use napi::bindgen_prelude::{Buffer, Null, ToNapiValue};
use napi::sys;
use napi_derive::napi;
use smileid_jobs::{Image, JobOutcome, JobStatus, PollStep, StatusUpdate};

use crate::error::{ErrorData, millis};
use crate::status::{StatusData, flags};
use crate::status_handle::Held;

/// How a call ended well.
pub(crate) enum Completed {
    Status(JobStatus),
    Value(Value),
}

/// What is not a status. None of it becomes JavaScript's before the environment's own thread is there.
pub(crate) enum Value {
    Update(Option<StatusUpdate>),
    Step(PollStep),
    Outcome(Option<JobOutcome>),
    Images(Vec<Image>),
}

impl From<JobStatus> for Completed {
    fn from(status: JobStatus) -> Self {
        Self::Status(status)
    }
}

impl From<Option<StatusUpdate>> for Completed {
    fn from(update: Option<StatusUpdate>) -> Self {
        Self::Value(Value::Update(update))
    }
}

impl From<PollStep> for Completed {
    fn from(step: PollStep) -> Self {
        Self::Value(Value::Step(step))
    }
}

impl From<Option<JobOutcome>> for Completed {
    fn from(outcome: Option<JobOutcome>) -> Self {
        Self::Value(Value::Outcome(outcome))
    }
}

impl From<Vec<Image>> for Completed {
    fn from(images: Vec<Image>) -> Self {
        Self::Value(Value::Images(images))
    }
}

impl ToNapiValue for Value {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        // SAFETY: the caller vouches for env.
        unsafe {
            match value {
                Self::Update(Some(update)) => UpdateData::to_napi_value(env, update.into()),
                Self::Step(step) => StepData::to_napi_value(env, step.into()),
                Self::Outcome(Some(outcome)) => OutcomeData::to_napi_value(env, outcome.into()),
                Self::Images(images) => {
                    let images: Vec<ImageData> = images.into_iter().map(ImageData::from).collect();
                    ToNapiValue::to_napi_value(env, images)
                }
                Self::Update(None) | Self::Outcome(None) => Null::to_napi_value(env, Null),
            }
        }
    }
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

/// What a step came to: a status, or when to take the next one and with which token.
#[napi(object, object_from_js = false)]
pub(crate) struct StepData {
    pub status: Option<StatusData>,
    pub after_ms: Option<f64>,
    pub token: Option<String>,
}

impl From<PollStep> for StepData {
    fn from(step: PollStep) -> Self {
        match step {
            PollStep::Finished(status) => Self { status: Some(status.into()), after_ms: None, token: None },
            PollStep::Again { after, token } => {
                Self { status: None, after_ms: Some(millis(after)), token: Some(token) }
            }
            // A kind of step that this binding does not know: neither a status nor a token.
            _ => Self { status: None, after_ms: None, token: None },
        }
    }
}

/// How one of many jobs ended. The status' parts stand here, so that its ids are not made twice.
#[napi(object, object_from_js = false)]
pub(crate) struct OutcomeData {
    pub user_id: String,
    pub job_id: String,
    #[napi(ts_type = "StatusHandle")]
    pub handle: Option<Held>,
    /// See [`flags`].
    pub flags: i32,
    pub code: Option<String>,
    pub error: Option<ErrorData>,
}

impl From<JobOutcome> for OutcomeData {
    fn from(outcome: JobOutcome) -> Self {
        let JobOutcome { user_id, job_id, result, .. } = outcome;
        match result {
            Ok(status) => {
                let (flags, code) = (flags(&status), status.code().map(str::to_owned));
                Self { user_id, job_id, handle: Some(Held(status)), flags, code, error: None }
            }
            Err(error) => {
                Self { user_id, job_id, handle: None, flags: 0, code: None, error: Some(ErrorData::from(&error)) }
            }
        }
    }
}

/// One downloaded image: its bytes or its file.
#[napi(object, object_from_js = false)]
pub(crate) struct ImageData {
    pub key: String,
    pub content_type: String,
    pub data: Option<Buffer>,
    pub file: Option<String>,
}

impl From<Image> for ImageData {
    fn from(image: Image) -> Self {
        let Image { key, image_type, bytes, path, .. } = image;
        Self {
            key,
            content_type: image_type.content_type().to_owned(),
            data: path.is_none().then(|| Buffer::from(Vec::from(bytes))),
            file: path.map(|path| path.to_string_lossy().into_owned()),
        }
    }
}

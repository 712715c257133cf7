//! What the verbs answer, on its way to Python: a `Status`, or a tuple that the Python half gives its names.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use smileid_jobs::{Callback, Image, JobOutcome, JobStatus, Naming, Part, PollStep, Result, StatusUpdate, View};

use crate::arguments::Any;
use crate::failure::Failure;
use crate::result_objects::made;
use crate::status::Status;

/// The value of a call that worked.
pub(crate) enum Answer {
    Status(JobStatus),
    Step(PollStep),
    Images(Vec<Image>),
    /// `None` at the end of a watch.
    Update(Option<StatusUpdate>),
    /// `None` at the end of a `poll_many`.
    Job(Option<JobOutcome>),
}

macro_rules! answers {
    ($($variant:ident: $type:ty),+) => {
        $(impl From<$type> for Answer {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        })+
    };
}

answers!(
    Status: JobStatus,
    Step: PollStep,
    Images: Vec<Image>,
    Update: Option<StatusUpdate>,
    Job: Option<JobOutcome>
);

/// What a native function returns: the value, or a `Failure` in its place.
pub(crate) fn to_outcome(py: Python<'_>, result: Result<Answer>) -> PyResult<Any<'_>> {
    match result {
        Ok(Answer::Status(status)) => status_object(py, status),
        Ok(Answer::Step(step)) => step_object(py, step),
        Ok(Answer::Images(images)) => {
            images.into_iter().map(|image| image_object(py, image)).collect::<PyResult<Vec<_>>>()?.into_pyobject(py)
        }
        Ok(Answer::Update(update)) => update_object(py, update),
        Ok(Answer::Job(outcome)) => job_object(py, outcome),
        Err(error) => Ok(Bound::new(py, Failure(error))?.into_any()),
    }
}

fn status_object(py: Python<'_>, status: JobStatus) -> PyResult<Any<'_>> {
    Ok(Bound::new(py, Status(status))?.into_any())
}

/// The status, or `None`, the seconds to wait and the token.
fn step_object(py: Python<'_>, step: PollStep) -> PyResult<Any<'_>> {
    let (status, after, token) = match step {
        PollStep::Finished(status) => (Some(Status(status)), None, None),
        PollStep::Again { after, token } => (None, Some(after.as_secs_f64()), Some(token)),
        _ => (None, None, None),
    };
    Ok((status, after, token).into_pyobject(py)?.into_any())
}

/// The key, the content type, and the bytes or the path.
fn image_object(py: Python<'_>, image: Image) -> PyResult<Any<'_>> {
    let bytes = image.path.is_none().then(|| PyBytes::new(py, &image.bytes));
    let path = image.path.map(std::path::PathBuf::into_os_string);
    Ok((image.key, image.image_type.content_type(), bytes, path).into_pyobject(py)?.into_any())
}

fn update_object(py: Python<'_>, update: Option<StatusUpdate>) -> PyResult<Any<'_>> {
    let Some(update) = update else { return Ok(py.None().into_bound(py)) };
    let (elapsed, next_delay) = (update.elapsed.as_secs_f64(), update.next_delay.map(|delay| delay.as_secs_f64()));
    let object = (update.attempt, elapsed, Status(update.status), update.changed, next_delay);
    Ok(object.into_pyobject(py)?.into_any())
}

/// The ids, and a `Status` or a `Failure`.
pub(crate) fn job_object(py: Python<'_>, outcome: Option<JobOutcome>) -> PyResult<Any<'_>> {
    let Some(outcome) = outcome else { return Ok(py.None().into_bound(py)) };
    let result = to_outcome(py, outcome.result.map(Answer::Status))?;
    Ok((outcome.user_id, outcome.job_id, result).into_pyobject(py)?.into_any())
}

/// What a callback holds by its attributes' names, and its extras as JSON text.
pub(crate) fn callback_object<'py>(py: Python<'py>, callback: &Callback) -> PyResult<Any<'py>> {
    let told = PyDict::new(py);
    told.set_item("body_authenticated", callback.body_authenticated())?;
    for (name, flag) in [("job_complete", callback.job_complete()), ("job_success", callback.job_success())] {
        told.set_item(name, flag)?;
    }
    for (name, text) in [
        ("user_id", callback.user_id()),
        ("job_id", callback.job_id()),
        ("code", callback.code()),
        ("message", callback.message()),
        ("kyc_receipt", callback.kyc_receipt()),
        ("kyb_receipt", callback.kyb_receipt()),
        ("timestamp", Some(callback.timestamp())),
        ("signature", Some(callback.signature())),
    ] {
        told.set_item(name, text)?;
    }
    for (name, part) in [("result", Part::Result), ("history", Part::History), ("image_links", Part::ImageLinks)] {
        told.set_item(name, made(py, callback.status(), part)?)?;
    }
    told.set_item("raw", PyBytes::new(py, callback.raw()))?;
    Ok((told, callback.extras().json(Naming::Snake, 0)).into_pyobject(py)?.into_any())
}

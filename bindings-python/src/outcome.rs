//! How calls end, on their way to Python.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use smileid_jobs::{Image, JobOutcome, JobStatus, PollStep, Result, StatusUpdate};

use crate::arguments::Any;
use crate::failure::Failure;
use crate::status::Status;

/// How a call ended; made into Python objects on the thread that asks for it.
pub(crate) enum Outcome {
    Status(JobStatus),
    Step(PollStep),
    Update(Option<Box<StatusUpdate>>),
    Job(Option<Box<JobOutcome>>),
    Images(Vec<Image>),
    Failure(smileid_jobs::Error),
}

impl Outcome {
    pub(crate) fn of<T: Into<Self>>(result: Result<T>) -> Self {
        result.map_or_else(Self::Failure, Into::into)
    }

    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Any<'_>> {
        match self {
            Self::Status(status) => Status(status).into_bound_py_any(py),
            Self::Step(PollStep::Finished(status)) => (Status(status), py.None(), py.None()).into_bound_py_any(py),
            Self::Step(PollStep::Again { after, token }) => {
                (py.None(), after.as_secs_f64(), token).into_bound_py_any(py)
            }
            // The core's enum may grow; a step of a kind that this version does not know is a bug of ours.
            Self::Step(_) => Failure(smileid_jobs::Error::internal()).into_bound_py_any(py),
            Self::Update(None) | Self::Job(None) => Ok(py.None().into_bound(py)),
            Self::Update(Some(update)) => {
                let StatusUpdate { attempt, elapsed, status, changed, next_delay, .. } = *update;
                let next_delay = next_delay.map(|delay| delay.as_secs_f64());
                (attempt, elapsed.as_secs_f64(), Status(status), changed, next_delay).into_bound_py_any(py)
            }
            Self::Job(Some(outcome)) => {
                let JobOutcome { user_id, job_id, result, .. } = *outcome;
                let ended = Self::of(result).into_python(py)?;
                (user_id, job_id, ended).into_bound_py_any(py)
            }
            Self::Images(images) => {
                let list = PyList::empty(py);
                for image in images {
                    let data = image.path.is_none().then(|| PyBytes::new(py, &image.bytes));
                    list.append((image.key, image.image_type.content_type(), data, image.path))?;
                }
                Ok(list.into_any())
            }
            Self::Failure(error) => Failure(error).into_bound_py_any(py),
        }
    }
}

impl From<JobStatus> for Outcome {
    fn from(status: JobStatus) -> Self {
        Self::Status(status)
    }
}

impl From<PollStep> for Outcome {
    fn from(step: PollStep) -> Self {
        Self::Step(step)
    }
}

impl From<Option<StatusUpdate>> for Outcome {
    fn from(update: Option<StatusUpdate>) -> Self {
        Self::Update(update.map(Box::new))
    }
}

impl From<Option<JobOutcome>> for Outcome {
    fn from(outcome: Option<JobOutcome>) -> Self {
        Self::Job(outcome.map(Box::new))
    }
}

impl From<Vec<Image>> for Outcome {
    fn from(images: Vec<Image>) -> Self {
        Self::Images(images)
    }
}

//! What the verbs about one job are asked, checked and ready to be asked with.

use std::time::Duration;

use pyo3::types::PyAnyMethods;
use smileid_jobs::Result;
use smileid_jobs::config::{CountArgument, DurationArgument, GET_TIMEOUT, INITIAL_DELAY, MAX_DELAY};
use smileid_jobs::panic::guard;

use crate::arguments::{Any, count, flag, id, limited, optional, seconds};

/// `user_id, job_id, return_history, return_image_links, return_job_status, callback_url, timeout`
pub(crate) type GetArguments<'py> = (Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>);
/// Those of a query, `retry_count, initial_delay, max_delay`, and whether `max_delay` was given.
pub(crate) type PollArguments<'py> = (GetArguments<'py>, Any<'py>, Any<'py>, Any<'py>, bool);

/// What a query is asked.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) user_id: String,
    pub(crate) job_id: String,
    pub(crate) return_history: bool,
    pub(crate) return_image_links: bool,
    pub(crate) return_job_status: bool,
    pub(crate) callback_url: Option<String>,
    pub(crate) timeout: Option<Duration>,
}

/// How it is asked again.
#[derive(Clone, Copy)]
pub(crate) struct Again {
    pub(crate) retry_count: Option<u64>,
    pub(crate) initial_delay: Duration,
    /// A cap that was not given gives way to a longer initial delay.
    pub(crate) max_delay: Option<Duration>,
}

impl Asked {
    pub(crate) fn get(arguments: &GetArguments<'_>) -> Result<Self> {
        Self::read(arguments, &GET_TIMEOUT)
    }

    fn read(arguments: &GetArguments<'_>, timeout_limits: &'static DurationArgument) -> Result<Self> {
        let (user_id, job_id, history, links, in_sync, callback_url, timeout) = arguments;
        guard(|| {
            Ok(Self {
                user_id: id("user_id", user_id)?,
                job_id: id("job_id", job_id)?,
                return_history: flag("return_history", history)?,
                return_image_links: flag("return_image_links", links)?,
                return_job_status: flag("return_job_status", in_sync)?,
                callback_url: optional("callback_url", callback_url)?,
                timeout: seconds(timeout_limits, timeout)?,
            })
        })
    }
}

/// Reads what a polling verb is asked; `None` for a retry count asks for no limit, where there may be none.
pub(crate) fn polling(
    arguments: &PollArguments<'_>,
    timeout_limits: &'static DurationArgument,
    retry_limits: &'static CountArgument,
) -> Result<(Asked, Again)> {
    let (asked, retry_count, initial_delay, max_delay, capped) = arguments;
    let asked = Asked::read(asked, timeout_limits)?;
    Ok((asked, again(retry_count, initial_delay, max_delay, *capped, retry_limits)?))
}

pub(crate) fn again(
    retry_count: &Any<'_>,
    initial_delay: &Any<'_>,
    max_delay: &Any<'_>,
    capped: bool,
    retry_limits: &'static CountArgument,
) -> Result<Again> {
    guard(|| {
        let unlimited = retry_limits.default.is_none() && retry_count.is_none();
        Ok(Again {
            retry_count: if unlimited { None } else { Some(count(retry_limits, retry_count)?) },
            initial_delay: limited(&INITIAL_DELAY, initial_delay)?,
            max_delay: if capped { Some(limited(&MAX_DELAY, max_delay)?) } else { None },
        })
    })
}

/// Gives a call of the core what was asked; every verb has the same methods, and no trait of them.
macro_rules! asking {
    ($verb:expr, $asked:expr) => {{
        let asked: &$crate::asked::Asked = $asked;
        let call = $verb
            .return_history(asked.return_history)
            .return_image_links(asked.return_image_links)
            .return_job_status(asked.return_job_status)
            .timeout(asked.timeout);
        match &asked.callback_url {
            Some(url) => call.callback_url(url.as_str()),
            None => call,
        }
    }};
}

/// Gives a call of the core how to ask again.
macro_rules! asking_again {
    ($verb:expr, $again:expr) => {{
        let again: $crate::asked::Again = $again;
        let call = $verb.retry_count(again.retry_count).initial_delay(again.initial_delay);
        match again.max_delay {
            Some(max_delay) => call.max_delay(max_delay),
            None => call,
        }
    }};
}

pub(crate) use {asking, asking_again};

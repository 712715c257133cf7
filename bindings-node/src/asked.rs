//! What calls are asked, read out of the options object that TypeScript has checked the names of.

use napi::bindgen_prelude::Object;
use smileid_jobs::config::{CountArgument, DurationArgument};
use smileid_jobs::{Error, Result};
use std::time::Duration;

use crate::args::Arg;

/// An option by its name; what is not there is absent.
pub(crate) fn option(options: &Object<'_>, name: &str) -> Result<Arg> {
    options.get::<Arg>(name).map(|value| value.unwrap_or(Arg::Absent)).map_err(|_| Error::internal())
}

/// What the waiting verbs share.
pub(crate) struct Asked {
    pub(crate) return_history: Option<bool>,
    pub(crate) return_image_links: Option<bool>,
    pub(crate) return_job_status: Option<bool>,
    pub(crate) callback_url: Option<String>,
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) retry_count: Option<Option<u64>>,
    pub(crate) initial_delay: Option<Duration>,
    pub(crate) max_delay: Option<Duration>,
    pub(crate) token: Option<String>,
}

impl Asked {
    pub(crate) fn read(options: &Object<'_>, timeout: &DurationArgument, retries: &CountArgument) -> Result<Self> {
        use smileid_jobs::config::{INITIAL_DELAY, MAX_DELAY};
        Ok(Self {
            return_history: option(options, "returnHistory")?.flag("return_history")?,
            return_image_links: option(options, "returnImageLinks")?.flag("return_image_links")?,
            return_job_status: option(options, "returnJobStatus")?.flag("return_job_status")?,
            callback_url: option(options, "callbackUrl")?.or_null().optional_text("callback_url")?,
            timeout: option(options, "timeoutMs")?.timeout(timeout)?,
            retry_count: option(options, "retryCount")?.count_or_none(retries)?,
            initial_delay: option(options, "initialDelayMs")?.millis(&INITIAL_DELAY)?,
            max_delay: option(options, "maxDelayMs")?.millis(&MAX_DELAY)?,
            token: option(options, "token")?.or_null().optional_text("token")?,
        })
    }
}

/// Gives a call of the core what was given, and leaves the rest at its default; every verb has the same methods, and no
/// trait of them.
macro_rules! given {
    ($call:expr; $($option:ident: $value:expr),+ $(,)?) => {{
        let mut call = $call;
        $(
            if let Some(value) = $value {
                call = call.$option(value);
            }
        )+
        call
    }};
}

/// Gives a waiting verb all that it was asked but for its token.
macro_rules! asking {
    ($call:expr, $asked:expr) => {{
        let asked: &$crate::asked::Asked = $asked;
        $crate::asked::given!($call;
            return_history: asked.return_history,
            return_image_links: asked.return_image_links,
            return_job_status: asked.return_job_status,
            callback_url: asked.callback_url.as_deref(),
            timeout: asked.timeout,
            retry_count: asked.retry_count,
            initial_delay: asked.initial_delay,
            max_delay: asked.max_delay,
        )
    }};
}

pub(crate) use {asking, given};

//! Options that several verbs read by name. The object is one that our own TypeScript made. It has no prototype, for a
//! property is looked up there too; and nothing in it throws: an exception here would come out of a call that has been
//! started already.

use napi::bindgen_prelude::Object;
use smileid_jobs::{Error, Result};

use crate::args::Arg;

/// One property; absent if there is none.
pub(crate) fn option(options: &Object, name: &str) -> Result<Arg> {
    match options.get::<Arg>(name) {
        Ok(value) => Ok(value.unwrap_or(Arg::Absent)),
        Err(_) => Err(Error::internal()),
    }
}

/// What every waiting verb takes. A macro, because the core's calls share their names and not a type.
macro_rules! waited {
    ($call:expr, $options:expr) => {
        waited!($call, $options, &WAIT_TIMEOUT, &WAIT_RETRY_COUNT)
    };
    ($call:expr, $options:expr, $timeout:expr, $retry_count:expr) => {{
        let (mut call, options) = ($call, $options);
        if let Some(wanted) = option(options, "returnHistory")?.flag("return_history")? {
            call = call.return_history(wanted);
        }
        if let Some(wanted) = option(options, "returnImageLinks")?.flag("return_image_links")? {
            call = call.return_image_links(wanted);
        }
        if let Some(timeout) = option(options, "timeoutMs")?.timeout($timeout)? {
            call = call.timeout(timeout);
        }
        if let Some(count) = option(options, "retryCount")?.limit($retry_count)? {
            call = call.retry_count(count);
        }
        if let Some(delay) = option(options, "initialDelayMs")?.millis(&INITIAL_DELAY)? {
            call = call.initial_delay(delay);
        }
        if let Some(delay) = option(options, "maxDelayMs")?.millis(&MAX_DELAY)? {
            call = call.max_delay(delay);
        }
        call
    }};
}
pub(crate) use waited;

//! Many jobs at once. JavaScript's thread reads them, adds them as there is room and takes their outcomes.

use napi::Env;
use napi::bindgen_prelude::{External, Object};
use napi_derive::napi;
use smileid_jobs::config::{BURST, INITIAL_DELAY, MAX_DELAY, MAX_WAITING, WAIT_RETRY_COUNT, WAIT_TIMEOUT};
use smileid_jobs::panic::guard;
use smileid_jobs::shared::SharedMany;
use smileid_jobs::{Client, Error, Result};

use crate::args::Arg;
use crate::bridge::Bridge;
use crate::completed::OutcomeData;
use crate::error::ErrorData;
use crate::options::{option, waited};

/// What was made, or why not.
#[napi(object, object_from_js = false)]
pub(crate) struct MadeMany {
    #[napi(ts_type = "ManyHandle")]
    pub ok: Option<External<SharedMany>>,
    pub err: Option<ErrorData>,
}

/// How far it has come.
#[napi(object, object_from_js = false)]
pub(crate) struct ProgressData {
    pub complete: u32,
    pub failed: u32,
    pub waiting: u32,
}

/// Makes a `pollMany` without jobs; nothing is asked before the first outcome is waited for.
#[napi(ts_args_type = "client: ClientHandle, options: object")]
pub(crate) fn poll_many(client: &External<Client>, options: Object) -> MadeMany {
    let made: Result<SharedMany> = guard(|| {
        let mut call = waited!(client.poll_many(), &options);
        if let Some(count) = option(&options, "maxWaiting")?.count(&MAX_WAITING)? {
            call = call.max_waiting(count);
        }
        if let Some(count) = option(&options, "burst")?.count(&BURST)? {
            call = call.burst(count);
        }
        let rate = option(&options, "rateLimit")?.rate()?;
        Ok(SharedMany::new(call.rate_limit(rate).session()?))
    });
    match made {
        Ok(many) => MadeMany { ok: Some(External::new(many)), err: None },
        Err(error) => MadeMany { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

/// How many more jobs may be added now.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_room(many: &External<SharedMany>) -> u32 {
    u32::try_from(many.room()).unwrap_or(u32::MAX)
}

/// Adds jobs: each user's id is followed by its job's. Ids that are text and still wrong have outcomes; what is no text
/// has none, and refuses those after it too.
#[napi(ts_args_type = "many: ManyHandle, ids: unknown[]")]
pub(crate) fn many_add(many: &External<SharedMany>, ids: Vec<Arg>) -> Option<ErrorData> {
    let added = guard(|| {
        let mut ids = ids.into_iter();
        while let (Some(user_id), Some(job_id)) = (ids.next(), ids.next()) {
            match (user_id, job_id) {
                (Arg::Text(user_id), Arg::Text(job_id)) => many.add(&user_id, &job_id),
                _ => return Err(Error::invalid_argument("jobs", "expected objects with userId and jobId, both text")),
            }
        }
        Ok(())
    });
    added.err().as_ref().map(ErrorData::from)
}

/// An outcome that is there already.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_try_take(many: &External<SharedMany>) -> Option<OutcomeData> {
    many.try_take().map(OutcomeData::from)
}

/// Starts to wait for an outcome and returns its number in the bridge's batches; the value is null when no job is left.
#[napi(ts_args_type = "bridge: BridgeHandle, many: ManyHandle")]
pub(crate) fn many_take(env: &Env, bridge: &External<Bridge>, many: &External<SharedMany>) -> u32 {
    bridge.start(env, many.take())
}

/// How far it has come.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_progress(many: &External<SharedMany>) -> ProgressData {
    let progress = many.progress();
    let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    ProgressData {
        complete: small(progress.complete),
        failed: small(progress.failed),
        waiting: small(progress.waiting),
    }
}

/// Ends all of it and drops its requests; what waits for an outcome gets null.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn close_many(many: &External<SharedMany>) {
    many.close();
}

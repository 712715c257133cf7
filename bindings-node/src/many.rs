//! Many jobs at once. JavaScript's thread reads them, adds them as there is room and takes their outcomes.

use napi::Env;
use napi::bindgen_prelude::{Either, External, Object};
use napi_derive::napi;
use smileid_jobs::config::{BURST, INITIAL_DELAY, MAX_DELAY, MAX_WAITING, WAIT_RETRY_COUNT, WAIT_TIMEOUT};
use smileid_jobs::panic::guard;
use smileid_jobs::shared::SharedMany;
use smileid_jobs::{Client, Error};

use crate::args::Arg;
use crate::bridge::Bridge;
use crate::completed::OutcomeData;
use crate::error::{ErrorData, Made};
use crate::options::{option, waited};
use crate::runtime;

/// How far it has come.
#[napi(object, object_from_js = false)]
pub(crate) struct ProgressData {
    pub complete: u32,
    pub failed: u32,
    pub waiting: u32,
}

/// Makes a `pollMany` without jobs.
#[napi(ts_args_type = "client: ClientHandle, options: object", ts_return_type = "Made<ManyHandle>")]
pub(crate) fn poll_many(client: &External<Client>, options: Object) -> Made<External<SharedMany>> {
    Made(guard(|| {
        let mut call = waited!(client.poll_many(), &options);
        if let Some(count) = option(&options, "maxWaiting")?.count(&MAX_WAITING)? {
            call = call.max_waiting(count);
        }
        if let Some(count) = option(&options, "burst")?.count(&BURST)? {
            call = call.burst(count);
        }
        let rate = option(&options, "rateLimit")?.rate()?;
        Ok(External::new(SharedMany::new(call.rate_limit(rate).session()?)))
    }))
}

/// How many more jobs may be added now.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_room(many: &External<SharedMany>) -> u32 {
    u32::try_from(many.room()).unwrap_or(u32::MAX)
}

/// Adds a job, begins to ask, and tells how many more may be added now. Ids that are text and still wrong have an
/// outcome; what is no text is refused.
#[napi(ts_args_type = "many: ManyHandle, userId: unknown, jobId: unknown", ts_return_type = "number | ErrorData")]
pub(crate) fn many_add(many: &External<SharedMany>, user_id: Arg, job_id: Arg) -> Either<u32, ErrorData> {
    let added = guard(|| {
        let (Arg::Text(user_id), Arg::Text(job_id)) = (user_id, job_id) else {
            return Err(Error::invalid_argument("jobs", "expected objects with userId and jobId, both text"));
        };
        many.add(&user_id, &job_id);
        // The next job may take its time.
        many.start_on(runtime::handle()?);
        Ok(many_room(many))
    });
    match added {
        Ok(room) => Either::A(room),
        Err(error) => Either::B(ErrorData::from(&error)),
    }
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

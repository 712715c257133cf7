//! The verbs that wait for jobs: one call, a step, a watch, many jobs.

use napi::Env;
use napi::bindgen_prelude::{External, Object};
use napi_derive::napi;
use smileid_jobs::config::{BURST, MAX_WAITING, WAIT_RETRY_COUNT, WAIT_TIMEOUT};
use smileid_jobs::panic::guard;
use smileid_jobs::shared::{SharedMany, SharedWatch};
use smileid_jobs::{Client, Result};

use crate::args::Arg;
use crate::asked::{Asked, asking, given, option};
use crate::bridge::Bridge;
use crate::done::JobData;
use crate::error::ErrorData;

/// A watch, or why there is none.
#[napi(object, object_from_js = false)]
pub(crate) struct MadeWatch {
    #[napi(ts_type = "WatchHandle")]
    pub ok: Option<External<SharedWatch>>,
    pub err: Option<ErrorData>,
}

/// Many jobs, or why not.
#[napi(object, object_from_js = false)]
pub(crate) struct MadeMany {
    #[napi(ts_type = "ManyHandle")]
    pub ok: Option<External<SharedMany>>,
    pub err: Option<ErrorData>,
}

/// How far many jobs have come.
#[napi(object, object_from_js = false)]
pub(crate) struct Progress {
    pub complete: f64,
    pub failed: f64,
    pub waiting: f64,
}

fn asked(options: &Object<'_>) -> Result<Asked> {
    guard(|| Asked::read(options, &WAIT_TIMEOUT, &WAIT_RETRY_COUNT))
}

/// Starts a wait and returns its number in the bridge's batches.
#[napi(ts_args_type = "bridge: BridgeHandle, client: ClientHandle, userId: unknown, jobId: unknown, options: object")]
pub(crate) fn wait_until_complete(
    env: &Env,
    bridge: &External<Bridge>,
    client: &External<Client>,
    user_id: Arg,
    job_id: Arg,
    options: Object,
) -> u32 {
    let call = guard(|| {
        let asked = asked(&options)?;
        let wait = client.wait_until_complete(user_id.id("user_id")?, job_id.id("job_id")?);
        Ok(asking!(wait, &asked).token(asked.token))
    });
    bridge.start(env, async move { call?.await })
}

/// Starts one step of a wait and returns its number in the bridge's batches.
#[napi(ts_args_type = "bridge: BridgeHandle, client: ClientHandle, userId: unknown, jobId: unknown, options: object")]
pub(crate) fn poll_step(
    env: &Env,
    bridge: &External<Bridge>,
    client: &External<Client>,
    user_id: Arg,
    job_id: Arg,
    options: Object,
) -> u32 {
    let call = guard(|| {
        let asked = asked(&options)?;
        let step = client.poll_step(user_id.id("user_id")?, job_id.id("job_id")?);
        Ok(asking!(step, &asked).token(asked.token))
    });
    bridge.start(env, async move { call?.await })
}

/// Makes a watch; nothing is sent before its first update is waited for.
#[napi(ts_args_type = "client: ClientHandle, userId: unknown, jobId: unknown, options: object")]
pub(crate) fn watch_job_status(client: &External<Client>, user_id: Arg, job_id: Arg, options: Object) -> MadeWatch {
    let made = guard(|| {
        let asked = asked(&options)?;
        let watch = client.watch_job_status(user_id.id("user_id")?, job_id.id("job_id")?);
        Ok(SharedWatch::new(asking!(watch, &asked).stream()))
    });
    match made {
        Ok(watch) => MadeWatch { ok: Some(External::new(watch)), err: None },
        Err(error) => MadeWatch { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

/// Waits for the next update; its number in the bridge's batches.
#[napi(ts_args_type = "bridge: BridgeHandle, watch: WatchHandle")]
pub(crate) fn watch_next(env: &Env, bridge: &External<Bridge>, watch: &External<SharedWatch>) -> u32 {
    bridge.start(env, watch.next())
}

/// Ends a watch and drops its request.
#[napi(ts_args_type = "watch: WatchHandle", catch_unwind)]
pub(crate) fn watch_close(watch: &External<SharedWatch>) {
    watch.close();
}

/// Makes a `pollMany`; nothing is sent before an outcome is waited for.
#[napi(ts_args_type = "client: ClientHandle, options: object")]
pub(crate) fn poll_many(client: &External<Client>, options: Object) -> MadeMany {
    let made = guard(|| {
        let asked = asked(&options)?;
        let many = given!(client.poll_many();
            return_history: asked.return_history,
            return_image_links: asked.return_image_links,
            timeout: asked.timeout,
            retry_count: asked.retry_count,
            initial_delay: asked.initial_delay,
            max_delay: asked.max_delay,
            max_waiting: option(&options, "maxWaiting")?.count(&MAX_WAITING)?,
            rate_limit: option(&options, "rateLimit")?.rate()?,
            burst: option(&options, "burst")?.count(&BURST)?,
        );
        Ok(SharedMany::new(many.session()?))
    });
    match made {
        Ok(many) => MadeMany { ok: Some(External::new(many)), err: None },
        Err(error) => MadeMany { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

/// Whether another job may be added now.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_has_room(many: &External<SharedMany>) -> bool {
    many.room() > 0
}

/// Adds a job, or says why not.
#[napi(ts_args_type = "many: ManyHandle, userId: unknown, jobId: unknown")]
pub(crate) fn many_add(many: &External<SharedMany>, user_id: Arg, job_id: Arg) -> Option<ErrorData> {
    let added = guard(|| {
        many.add(&user_id.id("user_id")?, &job_id.id("job_id")?);
        Ok(())
    });
    added.err().as_ref().map(ErrorData::from)
}

/// An outcome that is there already.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_try_take(many: &External<SharedMany>) -> Option<JobData> {
    many.try_take().map(JobData::from)
}

/// Waits for the next outcome; its number in the bridge's batches.
#[napi(ts_args_type = "bridge: BridgeHandle, many: ManyHandle")]
pub(crate) fn many_take(env: &Env, bridge: &External<Bridge>, many: &External<SharedMany>) -> u32 {
    bridge.start(env, many.take())
}

/// How far it has come.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_progress(many: &External<SharedMany>) -> Progress {
    let progress = many.progress();
    // At most a few million, which a double holds.
    Progress { complete: progress.complete as f64, failed: progress.failed as f64, waiting: progress.waiting as f64 }
}

/// Ends it and drops its requests.
#[napi(ts_args_type = "many: ManyHandle", catch_unwind)]
pub(crate) fn many_close(many: &External<SharedMany>) {
    many.close();
}

/// Makes waits for this job ask now, or says why not.
#[napi(ts_args_type = "client: ClientHandle, userId: unknown, jobId: unknown")]
pub(crate) fn notify(client: &External<Client>, user_id: Arg, job_id: Arg) -> Option<ErrorData> {
    let notified = guard(|| {
        client.notify(&user_id.id("user_id")?, &job_id.id("job_id")?);
        Ok(())
    });
    notified.err().as_ref().map(ErrorData::from)
}

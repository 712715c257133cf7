//! The verbs that wait for one job: at once, step by step, and update by update.

use napi::Env;
use napi::bindgen_prelude::{External, Object};
use napi_derive::napi;
use smileid_jobs::Client;
use smileid_jobs::config::{INITIAL_DELAY, MAX_DELAY, POLL_TIMEOUT, RETRY_COUNT, WAIT_RETRY_COUNT, WAIT_TIMEOUT};
use smileid_jobs::panic::guard;
use smileid_jobs::shared::SharedWatch;

use crate::args::Arg;
use crate::bridge::Bridge;
use crate::error::Made;
use crate::options::{option, waited};
use crate::runtime;

/// What a wait for one job takes besides.
macro_rules! relayed {
    ($call:expr, $options:expr) => {{
        let (mut call, options) = ($call, $options);
        if let Some(wanted) = option(options, "returnJobStatus")?.flag("return_job_status")? {
            call = call.return_job_status(wanted);
        }
        if let Some(url) = option(options, "callbackUrl")?.nullable_text("callback_url")? {
            call = call.callback_url(url);
        }
        call
    }};
}

/// Starts a poll and returns its number in the bridge's batches.
#[napi(ts_args_type = "bridge: BridgeHandle, client: ClientHandle, userId: unknown, jobId: unknown, options: object")]
pub(crate) fn poll_job_status(
    env: &Env,
    bridge: &External<Bridge>,
    client: &External<Client>,
    user_id: Arg,
    job_id: Arg,
    options: Object,
) -> u32 {
    let call = guard(|| {
        let call = client.poll_job_status(user_id.id("user_id")?, job_id.id("job_id")?);
        Ok(relayed!(waited!(call, &options, &POLL_TIMEOUT, &RETRY_COUNT), &options))
    });
    bridge.start(env, async move { call?.await })
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
    let wait = guard(|| {
        let call = client.wait_until_complete(user_id.id("user_id")?, job_id.id("job_id")?);
        let token = option(&options, "token")?.nullable_text("token")?;
        Ok(relayed!(waited!(call, &options), &options).token(token))
    });
    bridge.start_wait(env, wait)
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
        let call = client.poll_step(user_id.id("user_id")?, job_id.id("job_id")?);
        let token = option(&options, "token")?.nullable_text("token")?;
        Ok(relayed!(waited!(call, &options), &options).token(token))
    });
    bridge.start(env, async move { call?.await })
}

/// A watch that JavaScript holds. Its collector, or [`close_watch`], drops the request.
pub(crate) struct HeldWatch(SharedWatch);

impl HeldWatch {
    fn close(&self) {
        let _inside = runtime::enter();
        self.0.close();
    }
}

impl Drop for HeldWatch {
    fn drop(&mut self) {
        self.close();
    }
}

/// Makes a watch; what else is wrong with its arguments is its first update.
#[napi(
    ts_args_type = "client: ClientHandle, userId: unknown, jobId: unknown, options: object",
    ts_return_type = "Made<WatchHandle>"
)]
pub(crate) fn watch_job_status(
    client: &External<Client>,
    user_id: Arg,
    job_id: Arg,
    options: Object,
) -> Made<External<HeldWatch>> {
    Made(guard(|| {
        let call = client.watch_job_status(user_id.id("user_id")?, job_id.id("job_id")?);
        let watch = SharedWatch::new(relayed!(waited!(call, &options), &options).stream());
        Ok(External::new(HeldWatch(watch)))
    }))
}

/// Starts to wait for the next update and returns its number in the bridge's batches; the value is null after the last.
#[napi(ts_args_type = "bridge: BridgeHandle, watch: WatchHandle")]
pub(crate) fn watch_next(env: &Env, bridge: &External<Bridge>, watch: &External<HeldWatch>) -> u32 {
    bridge.start(env, watch.0.next())
}

/// Ends a watch and drops its request; what waits for its next update gets null.
#[napi(ts_args_type = "watch: WatchHandle", catch_unwind)]
pub(crate) fn close_watch(watch: &External<HeldWatch>) {
    watch.close();
}

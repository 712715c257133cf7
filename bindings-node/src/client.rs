//! Clients, and the verb that is called most.
#![allow(clippy::too_many_arguments, reason = "reading an object's properties would cost more than the rest of a call")]

use napi::Env;
use napi::bindgen_prelude::{External, Object};
use napi_derive::napi;
use smileid_jobs::config::{
    CONNECT_TIMEOUT, GET_TIMEOUT, MAX_CONNECTIONS, MAX_RESPONSE_BYTES, MAX_RETRIES, REQUEST_TIMEOUT,
};
use smileid_jobs::panic::guard;
use smileid_jobs::{Client, ClientBuilder, Result, user_agent};

use crate::args::Arg;
use crate::bridge::Bridge;
use crate::error::{ErrorData, Made};
use crate::options::option;

/// Makes a client of the public constructor's options; `fromEnv` fills what is missing from the environment.
#[napi(ts_args_type = "options: object, fromEnv: boolean", ts_return_type = "Made<ClientHandle>")]
pub(crate) fn create_client(options: Object, from_env: bool) -> Made<External<Client>> {
    Made(guard(|| build(&options, from_env).map(External::new)))
}

fn build(options: &Object, from_env: bool) -> Result<Client> {
    let option = |name: &str| option(options, name);
    let mut builder = ClientBuilder::empty().user_agent(user_agent!("node"));
    if let Some(partner_id) = option("partnerId")?.optional_text("partner_id")? {
        builder = builder.partner_id(partner_id);
    }
    if let Some(api_key) = option("apiKey")?.optional_text("api_key")? {
        builder = builder.api_key(api_key);
    }
    if let Some(environment) = environment(option("environment")?)? {
        builder = builder.environment(environment.as_str());
    }
    if let Some(base_url) = option("baseUrl")?.optional_text("base_url")? {
        builder = builder.base_url(base_url);
    }
    if let Some(timeout) = option("requestTimeoutMs")?.millis(&REQUEST_TIMEOUT)? {
        builder = builder.request_timeout(timeout);
    }
    if let Some(timeout) = option("connectTimeoutMs")?.millis(&CONNECT_TIMEOUT)? {
        builder = builder.connect_timeout(timeout);
    }
    if let Some(count) = option("maxRetries")?.count(&MAX_RETRIES)? {
        builder = builder.max_retries(count);
    }
    if let Some(count) = option("maxConnections")?.count(&MAX_CONNECTIONS)? {
        builder = builder.max_connections(count);
    }
    if let Some(bytes) = option("maxResponseBytes")?.count(&MAX_RESPONSE_BYTES)? {
        builder = builder.max_response_bytes(bytes);
    }
    if let Some(path) = option("caBundle")?.optional_text("ca_bundle")? {
        builder = builder.ca_bundle(path);
    }
    if let Some(wanted) = option("bundledRoots")?.flag("bundled_roots")? {
        builder = builder.bundled_roots(wanted);
    }
    if let Some(wanted) = option("trustEnv")?.flag("trust_env")? {
        builder = builder.trust_env(wanted);
    }
    if let Some(proxy) = option("proxy")?.optional_text("proxy")? {
        builder = builder.proxy(proxy);
    }
    if from_env { builder.or_env().build() } else { builder.build() }
}

/// The official SDKs write their servers as numbers.
fn environment(value: Arg) -> Result<Option<String>> {
    match value {
        Arg::Number(number) => Ok(Some(number.to_string())),
        other => other.optional_text("environment"),
    }
}

/// Ends the client's running calls and refuses new ones.
#[napi(ts_args_type = "client: ClientHandle")]
pub(crate) fn close_client(client: &External<Client>) {
    client.close();
}

/// Makes running waits for a job ask now.
#[napi(ts_args_type = "client: ClientHandle, userId: unknown, jobId: unknown")]
pub(crate) fn notify(client: &External<Client>, user_id: Arg, job_id: Arg) -> Option<ErrorData> {
    let notified = guard(|| {
        client.notify(&user_id.id("user_id")?, &job_id.id("job_id")?);
        Ok(())
    });
    notified.err().as_ref().map(ErrorData::from)
}

/// Starts one query without options, which most are, and returns its number in the bridge's batches.
#[napi(ts_args_type = "bridge: BridgeHandle, client: ClientHandle, userId: unknown, jobId: unknown")]
pub(crate) fn get_job_status_plainly(
    env: &Env,
    bridge: &External<Bridge>,
    client: &External<Client>,
    user_id: Arg,
    job_id: Arg,
) -> u32 {
    bridge.ask(env, guard(|| Ok(client.get_job_status(user_id.id("user_id")?, job_id.id("job_id")?))))
}

/// Starts one query and returns its number in the bridge's batches.
#[napi(
    ts_args_type = "bridge: BridgeHandle, client: ClientHandle, userId: unknown, jobId: unknown, returnHistory: unknown, returnImageLinks: unknown, returnJobStatus: unknown, callbackUrl: unknown, timeoutMs: unknown"
)]
pub(crate) fn get_job_status(
    env: &Env,
    bridge: &External<Bridge>,
    client: &External<Client>,
    user_id: Arg,
    job_id: Arg,
    return_history: Arg,
    return_image_links: Arg,
    return_job_status: Arg,
    callback_url: Arg,
    timeout_ms: Arg,
) -> u32 {
    let call = guard(|| {
        let mut call = client.get_job_status(user_id.id("user_id")?, job_id.id("job_id")?);
        if let Some(wanted) = return_history.flag("return_history")? {
            call = call.return_history(wanted);
        }
        if let Some(wanted) = return_image_links.flag("return_image_links")? {
            call = call.return_image_links(wanted);
        }
        if let Some(wanted) = return_job_status.flag("return_job_status")? {
            call = call.return_job_status(wanted);
        }
        if let Some(url) = callback_url.nullable_text("callback_url")? {
            call = call.callback_url(url);
        }
        if let Some(timeout) = timeout_ms.timeout(&GET_TIMEOUT)? {
            call = call.timeout(timeout);
        }
        Ok(call)
    });
    bridge.ask(env, call)
}

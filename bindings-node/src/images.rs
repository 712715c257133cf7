//! Images and callbacks.

use napi::Env;
use napi::bindgen_prelude::{Buffer, External, Object};
use napi_derive::napi;
use smileid_jobs::config::{DOWNLOAD_TIMEOUT, MAX_AGE};
use smileid_jobs::panic::guard;
use smileid_jobs::{Client, JobStatus, Naming};

use crate::args::Arg;
use crate::asked::{given, option};
use crate::bridge::Bridge;
use crate::error::ErrorData;

/// A callback's typed view as JSON text, or why there is none.
#[napi(object, object_from_js = false)]
pub(crate) struct Verified {
    pub ok: Option<String>,
    pub err: Option<ErrorData>,
}

/// Starts a download and returns its number in the bridge's batches.
#[napi(
    ts_args_type = "bridge: BridgeHandle, client: ClientHandle, status: StatusHandle, hosts: string[] | null, options: object"
)]
pub(crate) fn download_images(
    env: &Env,
    bridge: &External<Bridge>,
    client: &External<Client>,
    status: &External<JobStatus>,
    hosts: Option<Vec<String>>,
    options: Object,
) -> u32 {
    let call = guard(|| {
        Ok(given!(client.download_images(status);
            directory: option(&options, "directory")?.or_null().optional_text("directory")?,
            overwrite: option(&options, "overwrite")?.flag("overwrite")?,
            allowed_hosts: hosts,
            refresh: option(&options, "refresh")?.flag("refresh")?,
            timeout: option(&options, "timeoutMs")?.timeout(&DOWNLOAD_TIMEOUT)?,
        ))
    });
    bridge.start(env, async move { call?.await })
}

/// Checks a callback's body.
#[napi(ts_args_type = "client: ClientHandle, body: Buffer, maxAgeMs: unknown")]
pub(crate) fn verify_callback(client: &External<Client>, body: Buffer, max_age_ms: Arg) -> Verified {
    let verified = guard(|| {
        let max_age = max_age_ms.timeout(&MAX_AGE)?.flatten();
        Ok(client.verify_callback(&body, max_age)?.to_json(Naming::Camel))
    });
    match verified {
        Ok(view) => Verified { ok: Some(view), err: None },
        Err(error) => Verified { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

//! Downloads of the images that a status links to.

use napi::Env;
use napi::bindgen_prelude::{External, Object};
use napi_derive::napi;
use smileid_jobs::Client;
use smileid_jobs::config::DOWNLOAD_TIMEOUT;
use smileid_jobs::panic::guard;

use crate::bridge::Bridge;
use crate::options::option;
use crate::status_handle::Held;

/// Starts a download and returns its number in the bridge's batches.
#[napi(
    ts_args_type = "bridge: BridgeHandle, client: ClientHandle, status: StatusHandle, options: object, hosts: string[] | null"
)]
pub(crate) fn download_images(
    env: &Env,
    bridge: &External<Bridge>,
    client: &External<Client>,
    Held(status): Held,
    options: Object,
    hosts: Option<Vec<String>>,
) -> u32 {
    let call = guard(|| {
        let mut call = client.download_images(&status);
        if let Some(directory) = option(&options, "directory")?.nullable_text("directory")? {
            call = call.directory(directory);
        }
        if let Some(wanted) = option(&options, "overwrite")?.flag("overwrite")? {
            call = call.overwrite(wanted);
        }
        if let Some(hosts) = hosts {
            call = call.allowed_hosts(hosts);
        }
        if let Some(wanted) = option(&options, "refresh")?.flag("refresh")? {
            call = call.refresh(wanted);
        }
        if let Some(timeout) = option(&options, "timeoutMs")?.timeout(&DOWNLOAD_TIMEOUT)? {
            call = call.timeout(timeout);
        }
        Ok(call)
    });
    bridge.start(env, async move { call?.await })
}

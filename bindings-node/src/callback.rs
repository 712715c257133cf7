//! Reading and checking callbacks, without I/O.

use napi::bindgen_prelude::External;
use napi_derive::napi;
use smileid_jobs::config::MAX_AGE;
use smileid_jobs::panic::guard;
use smileid_jobs::{Client, Naming};

use crate::args::Arg;
use crate::error::Made;

/// Reads a callback's body into its whole typed view as JSON text, and checks its signature and, where a limit is given,
/// its age.
#[napi(ts_args_type = "client: ClientHandle, body: Uint8Array, maxAgeMs: unknown", ts_return_type = "Made<string>")]
pub(crate) fn verify_callback(client: &External<Client>, body: &[u8], max_age_ms: Arg) -> Made<String> {
    Made(guard(|| {
        let max_age = max_age_ms.timeout(&MAX_AGE)?.flatten();
        Ok(client.verify_callback(body, max_age)?.to_json(Naming::Camel))
    }))
}

//! Reading and checking callbacks, without I/O.

use napi::bindgen_prelude::External;
use napi_derive::napi;
use smileid_jobs::config::MAX_AGE;
use smileid_jobs::panic::guard;
use smileid_jobs::{Client, Naming};

use crate::args::Arg;
use crate::error::ErrorData;

/// A verified callback's whole typed view as JSON text, or why it is none.
#[napi(object, object_from_js = false)]
pub(crate) struct VerifiedCallback {
    pub ok: Option<String>,
    pub err: Option<ErrorData>,
}

/// Reads a callback's body and checks its signature and, where a limit is given, its age.
#[napi(ts_args_type = "client: ClientHandle, body: Uint8Array, maxAgeMs: unknown")]
pub(crate) fn verify_callback(client: &External<Client>, body: &[u8], max_age_ms: Arg) -> VerifiedCallback {
    let verified = guard(|| {
        let max_age = max_age_ms.timeout(&MAX_AGE)?.flatten();
        Ok(client.verify_callback(body, max_age)?.to_json(Naming::Camel))
    });
    match verified {
        Ok(view) => VerifiedCallback { ok: Some(view), err: None },
        Err(error) => VerifiedCallback { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

//! Signing and checking without a server.

use napi::bindgen_prelude::External;
use napi_derive::napi;
use smileid_jobs::panic::guard;
use smileid_jobs::{Result, Signature, SignedTimestamp};

use crate::args::Arg;
use crate::error::ErrorData;

/// What was made, or why not.
#[napi(object, object_from_js = false)]
pub(crate) struct MadeSignature {
    #[napi(ts_type = "SignatureHandle")]
    pub ok: Option<External<Signature>>,
    pub err: Option<ErrorData>,
}

/// A timestamp with its signature.
#[napi(object, object_from_js = false)]
pub(crate) struct Pair {
    pub timestamp: String,
    pub signature: String,
}

/// A signed timestamp, or why there is none.
#[napi(object, object_from_js = false)]
pub(crate) struct Signed {
    pub ok: Option<Pair>,
    pub err: Option<ErrorData>,
}

/// Whether a pair belongs together, or why that could not be asked.
#[napi(object, object_from_js = false)]
pub(crate) struct Confirmed {
    pub ok: Option<bool>,
    pub err: Option<ErrorData>,
}

/// Takes a partner's id and key.
#[napi(ts_args_type = "partnerId: unknown, apiKey: unknown")]
pub(crate) fn create_signature(partner_id: Arg, api_key: Arg) -> MadeSignature {
    let made = guard(|| Signature::new(&partner_id.text("partner_id")?, api_key.text("api_key")?));
    match made {
        Ok(signature) => MadeSignature { ok: Some(External::new(signature)), err: None },
        Err(error) => MadeSignature { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

/// Signs a timestamp's text, or the present time if there is none.
#[napi(ts_args_type = "signature: SignatureHandle, timestamp: unknown")]
pub(crate) fn generate_signature(signature: &External<Signature>, timestamp: Arg) -> Signed {
    let signed = guard(|| Ok(signature.generate_signature(timestamp.optional_text("timestamp")?.as_deref())));
    match signed {
        Ok(SignedTimestamp { timestamp, signature, .. }) => Signed { ok: Some(Pair { timestamp, signature }), err: None },
        Err(error) => Signed { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

/// Whether a signature belongs to a timestamp's text.
#[napi(ts_args_type = "handle: SignatureHandle, timestamp: unknown, signature: unknown")]
pub(crate) fn confirm_signature(handle: &External<Signature>, timestamp: Arg, signature: Arg) -> Confirmed {
    let confirmed: Result<bool> =
        guard(|| Ok(handle.confirm_signature(&timestamp.text("timestamp")?, &signature.text("signature")?)));
    match confirmed {
        Ok(confirmed) => Confirmed { ok: Some(confirmed), err: None },
        Err(error) => Confirmed { ok: None, err: Some(ErrorData::from(&error)) },
    }
}

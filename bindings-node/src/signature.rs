//! Signing and checking without a server.

use napi::bindgen_prelude::External;
use napi_derive::napi;
use smileid_jobs::Signature;
use smileid_jobs::panic::guard;

use crate::args::Arg;
use crate::error::Made;

/// A timestamp with its signature.
#[napi(object, object_from_js = false)]
pub(crate) struct Pair {
    pub timestamp: String,
    pub signature: String,
}

/// Takes a partner's id and key.
#[napi(ts_args_type = "partnerId: unknown, apiKey: unknown", ts_return_type = "Made<SignatureHandle>")]
pub(crate) fn create_signature(partner_id: Arg, api_key: Arg) -> Made<External<Signature>> {
    Made(guard(|| Signature::new(&partner_id.text("partner_id")?, api_key.text("api_key")?).map(External::new)))
}

/// Signs a timestamp's text, or the present time if there is none.
#[napi(ts_args_type = "signature: SignatureHandle, timestamp: unknown", ts_return_type = "Made<Pair>")]
pub(crate) fn generate_signature(signature: &External<Signature>, timestamp: Arg) -> Made<Pair> {
    Made(guard(|| {
        let signed = signature.generate_signature(timestamp.optional_text("timestamp")?.as_deref());
        Ok(Pair { timestamp: signed.timestamp, signature: signed.signature })
    }))
}

/// Whether a signature belongs to a timestamp's text.
#[napi(
    ts_args_type = "handle: SignatureHandle, timestamp: unknown, signature: unknown",
    ts_return_type = "Made<boolean>"
)]
pub(crate) fn confirm_signature(handle: &External<Signature>, timestamp: Arg, signature: Arg) -> Made<bool> {
    Made(guard(|| Ok(handle.confirm_signature(&timestamp.text("timestamp")?, &signature.text("signature")?))))
}

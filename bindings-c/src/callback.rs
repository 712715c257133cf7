//! A callback whose signature was checked.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;
use std::slice;
use std::sync::OnceLock;

use smileid_core::{Callback as CoreCallback, Error as CoreError, Naming};

use crate::client::Client;
use crate::code::SMILEID_UNSET;
use crate::error::Error;
use crate::ffi::{bytes, free, hand_out, truth, value};
use crate::options::limit;
use crate::result::JobResult;
use crate::text::Text;
use crate::verbs::known;

/// A callback of Smile ID's whose signature was verified. The signature does not cover the body: it proves that the
/// sender knew a pair of yours, not what they say about the job. Ask for the status before you act on it.
///
/// Immutable, and safe to use from any number of threads at the same time. What its getters return is borrowed from it
/// and valid until it is freed; NULL or SMILEID_UNSET is "absent", and what they return for NULL.
pub struct Callback {
    callback: CoreCallback,
    texts: Texts,
    result: OnceLock<Option<JobResult>>,
}

#[derive(Default)]
struct Texts {
    user_id: Text,
    job_id: Text,
    code: Text,
    message: Text,
    kyc_receipt: Text,
    kyb_receipt: Text,
    json: Text,
}

/// Reads a callback's body and checks its signature; nothing is sent. Works after smileid_client_close too.
///
/// client: borrowed. body: borrowed; length bytes as they came, before any parser. max_age_ms: 0 to 30 days, or
/// SMILEID_NO_LIMIT to take callbacks of any age; a timestamp further than that in the future is refused too. callback:
/// receives the callback, which the caller owns and frees with smileid_callback_free; NULL on failure. error: receives
/// the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number:
/// SMILEID_ERROR_SIGNATURE_MISMATCH, SMILEID_ERROR_LEGACY_SIGNATURE, SMILEID_ERROR_CALLBACK_EXPIRED,
/// SMILEID_ERROR_INVALID_RESPONSE, SMILEID_ERROR_RESPONSE_TOO_LARGE for a body over max_response_bytes, or
/// SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_verify_callback(
    client: Option<&Client>,
    body: *const u8,
    length: usize,
    max_age_ms: u64,
    callback: Option<&mut MaybeUninit<Option<Box<Callback>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(callback, "callback", error, || {
        let client = known(client)?;
        if body.is_null() {
            return Err(CoreError::invalid_argument("body", "expected the bytes of the request's body"));
        }
        // SAFETY: not NULL, and the header asks for `length` bytes that live as long as the call.
        let body = unsafe { slice::from_raw_parts(body, length) };
        let callback = client.0.with(|client| client.verify_callback(body, limit(max_age_ms)))?;
        Ok(Callback { callback, texts: Texts::default(), result: OnceLock::new() })
    })
}

/// Always 0: the signature does not cover the body.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_body_authenticated(callback: Option<&Callback>) -> i32 {
    value(0, || callback.map_or(0, |callback| i32::from(callback.callback.body_authenticated())))
}

/// The user it is about, as it says itself.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_user_id(callback: Option<&Callback>) -> *const c_char {
    text(callback, |callback| callback.texts.user_id.get(|| callback.callback.user_id()))
}

/// The job it is about, as it says itself.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_job_id(callback: Option<&Callback>) -> *const c_char {
    text(callback, |callback| callback.texts.job_id.get(|| callback.callback.job_id()))
}

/// Whether the job is finished, where the callback has that flag: 1, 0 or SMILEID_UNSET.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_job_complete(callback: Option<&Callback>) -> i32 {
    value(SMILEID_UNSET, || truth(callback.and_then(|callback| callback.callback.job_complete())))
}

/// Whether the finished job succeeded, where the callback has that flag: 1, 0 or SMILEID_UNSET.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_job_success(callback: Option<&Callback>) -> i32 {
    value(SMILEID_UNSET, || truth(callback.and_then(|callback| callback.callback.job_success())))
}

/// The code of the status, such as "2302", where the callback has the shape of one. Not the verdict: that is
/// smileid_result_result_code.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_code(callback: Option<&Callback>) -> *const c_char {
    text(callback, |callback| callback.texts.code.get(|| callback.callback.code()))
}

/// What stands in the callback's result when it is a text, such as "No zip file received".
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_message(callback: Option<&Callback>) -> *const c_char {
    text(callback, |callback| callback.texts.message.get(|| callback.callback.message()))
}

/// The result, borrowed from the callback; NULL when it has none.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_result(callback: Option<&Callback>) -> Option<&JobResult> {
    value(None, || {
        let callback = callback?;
        callback.result.get_or_init(|| JobResult::of_status(callback.callback.status())).as_ref()
    })
}

/// The link to the KYC receipt (a PDF behind the portal's login).
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_kyc_receipt(callback: Option<&Callback>) -> *const c_char {
    text(callback, |callback| callback.texts.kyc_receipt.get(|| callback.callback.kyc_receipt()))
}

/// The link to the KYB receipt.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_kyb_receipt(callback: Option<&Callback>) -> *const c_char {
    text(callback, |callback| callback.texts.kyb_receipt.get(|| callback.callback.kyb_receipt()))
}

/// The callback's body, byte for byte; not NUL-terminated. It holds the signature and personal data: do not log it.
///
/// length: receives the number of bytes; may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_raw(
    callback: Option<&Callback>,
    length: Option<&mut MaybeUninit<usize>>,
) -> *const u8 {
    bytes(callback, |callback| Some(&callback.callback.raw()[..]), length)
}

/// The whole typed view as JSON text, with everything that has no getter: history, image links, pair, further keys. It
/// holds the signature and personal data: do not log it. Made when first asked for.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_json(callback: Option<&Callback>) -> *const c_char {
    text(callback, |callback| callback.texts.json.get(|| Some(callback.callback.to_json(Naming::Snake))))
}

/// Frees a callback and all that was borrowed from it. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_callback_free(callback: Option<Box<Callback>>) {
    free(callback);
}

fn text(callback: Option<&Callback>, read: impl FnOnce(&Callback) -> *const c_char) -> *const c_char {
    value(ptr::null(), || callback.map_or(ptr::null(), read))
}

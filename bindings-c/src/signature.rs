//! Signing and checking timestamps.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use smileid_core::{Result, Signature, SignedTimestamp};

use crate::error::Error;
use crate::ffi::{entry, free, hand_out, value};
use crate::text::{self, Text};

/// A timestamp with its signature: while it is fresh, as secret as the key.
///
/// Immutable, and safe to use from any number of threads at the same time.
pub struct Signed {
    signed: SignedTimestamp,
    timestamp: Text,
    signature: Text,
}

/// Signs a timestamp's text as it is, or the present time in UTC with three fraction digits and "Z".
///
/// partner_id: 1 to 64 printable ASCII characters. api_key: 1 to 4096 bytes of UTF-8. timestamp: NULL is now. All are
/// borrowed for the call. signed: receives the pair, which the caller owns and frees with smileid_signed_free; NULL
/// on failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or
/// SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_sign(
    partner_id: *const c_char,
    api_key: *const c_char,
    timestamp: *const c_char,
    signed: Option<&mut MaybeUninit<Option<Box<Signed>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(signed, "signed", error, || {
        // SAFETY: the header asks for NULL or a NUL-terminated text that lives as long as the call.
        let timestamp = unsafe { text::optional(timestamp, "timestamp") }?;
        let signed = keyed(partner_id, api_key)?.generate_signature(timestamp);
        Ok(Signed { signed, timestamp: Text::default(), signature: Text::default() })
    })
}

/// Whether a signature belongs to a timestamp's text, in constant time. It does not prove a body: see the README.
///
/// partner_id, api_key: as for smileid_sign. timestamp, signature: borrowed. confirmed: receives 1 or 0; 0 on
/// failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK, also when the
/// signature is wrong, or SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_confirm_signature(
    partner_id: *const c_char,
    api_key: *const c_char,
    timestamp: *const c_char,
    signature: *const c_char,
    confirmed: Option<&mut MaybeUninit<i32>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    let mut answer = 0;
    let given = confirmed.is_some();
    let code = entry(error, || {
        if !given {
            return Err(smileid_core::Error::invalid_argument(
                "confirmed",
                "expected a pointer to store the answer in",
            ));
        }
        let keyed = keyed(partner_id, api_key)?;
        // SAFETY: the header asks for NUL-terminated texts that live as long as the call.
        let timestamp = unsafe { text::required(timestamp, "timestamp") }?;
        // SAFETY: as above.
        let signature = unsafe { text::required(signature, "signature") }?;
        answer = i32::from(keyed.confirm_signature(timestamp, signature));
        Ok(())
    });
    if let Some(confirmed) = confirmed {
        confirmed.write(answer);
    }
    code
}

fn keyed(partner_id: *const c_char, api_key: *const c_char) -> Result<Signature> {
    // SAFETY: the header asks for NUL-terminated texts that live as long as the call.
    let partner_id = unsafe { text::required(partner_id, "partner_id") }?;
    // SAFETY: as above.
    let api_key = unsafe { text::required(api_key, "api_key") }?;
    Signature::new(partner_id, api_key)
}

/// The text that was signed, borrowed from the pair; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_signed_timestamp(signed: Option<&Signed>) -> *const c_char {
    value(ptr::null(), || signed.map_or(ptr::null(), |signed| signed.timestamp.get(|| Some(&signed.signed.timestamp))))
}

/// Its signature in base64, borrowed from the pair; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_signed_signature(signed: Option<&Signed>) -> *const c_char {
    value(ptr::null(), || signed.map_or(ptr::null(), |signed| signed.signature.get(|| Some(&signed.signed.signature))))
}

/// Frees a pair. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_signed_free(signed: Option<Box<Signed>>) {
    free(signed);
}

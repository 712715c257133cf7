//! The cancel token.

use smileid_core::Result;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::ffi::{free, hand_out, value};
use std::mem::MaybeUninit;

/// Ends calls from another thread. One token may be given to any number of calls, and stays cancelled.
///
/// Safe to use from any thread at the same time, but not from a signal handler. Belongs to the process that made it:
/// after fork(), make a new one.
pub struct CancelToken(pub(crate) CancellationToken);

/// Makes a cancel token.
///
/// token: receives the token, which the caller owns and frees with smileid_cancel_token_free; NULL on failure.
/// error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_cancel_token_new(
    token: Option<&mut MaybeUninit<Option<Box<CancelToken>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(token, "token", error, || -> Result<_> { Ok(CancelToken(CancellationToken::new())) })
}

/// Ends the calls that were given the token with SMILEID_ERROR_CANCELLED, within milliseconds; their requests are
/// dropped. A call that is made with a cancelled token sends nothing. Returns at once; a second time does nothing.
///
/// token: borrowed; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_cancel_token_cancel(token: Option<&CancelToken>) {
    value((), || token.into_iter().for_each(|token| token.0.cancel()));
}

/// Whether the token was cancelled: 1 or 0; 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_cancel_token_is_cancelled(token: Option<&CancelToken>) -> i32 {
    value(0, || token.map_or(0, |token| i32::from(token.0.is_cancelled())))
}

/// Frees a token without cancelling it. NULL does nothing. No call may be using it any more.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_cancel_token_free(token: Option<Box<CancelToken>>) {
    free(token);
}

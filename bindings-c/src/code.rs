//! The error numbers, as constants of the header.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::OnceLock;

use smileid_core::ErrorCode;

use crate::ffi;

/// What a getter returns for a number or a flag that is absent.
pub const SMILEID_UNSET: i32 = -1;

/// Success.
pub const SMILEID_OK: i32 = 0;
/// An argument is outside of its limits; nothing was sent.
pub const SMILEID_ERROR_INVALID_ARGUMENT: i32 = 1001;
/// The client was closed before or during the call.
pub const SMILEID_ERROR_CLIENT_CLOSED: i32 = 1002;
/// A poll token is for another question, another key or another version, or was changed.
pub const SMILEID_ERROR_TOKEN_MISMATCH: i32 = 1003;
/// A file of yours could not be read or written.
pub const SMILEID_ERROR_IO: i32 = 1004;
/// No connection: the name was not found, or the server refused or could not be reached.
pub const SMILEID_ERROR_CONNECT: i32 = 2001;
/// The TLS handshake failed, for example because the certificate is not trusted.
pub const SMILEID_ERROR_TLS: i32 = 2002;
/// Time ran out; smileid_error_phase says where.
pub const SMILEID_ERROR_TIMEOUT: i32 = 2003;
/// The connection broke before the whole answer had arrived.
pub const SMILEID_ERROR_NETWORK: i32 = 2004;
/// Smile ID refused the credentials or the request's signature.
pub const SMILEID_ERROR_AUTHENTICATION: i32 = 3001;
/// Smile ID, or the server of an image, asked to slow down (HTTP 429).
pub const SMILEID_ERROR_RATE_LIMITED: i32 = 3002;
/// Smile ID refused the request (another 4xx, or an error in place of a status).
pub const SMILEID_ERROR_REJECTED: i32 = 3003;
/// The server failed (5xx).
pub const SMILEID_ERROR_SERVER: i32 = 3004;
/// The answer is not a job status.
pub const SMILEID_ERROR_INVALID_RESPONSE: i32 = 4001;
/// The answer, or the body of a callback, is larger than max_response_bytes.
pub const SMILEID_ERROR_RESPONSE_TOO_LARGE: i32 = 4002;
/// The answer's signature is wrong, missing or malformed.
pub const SMILEID_ERROR_SIGNATURE_MISMATCH: i32 = 4003;
/// The answer carries the old unkeyed hash, which proves nothing.
pub const SMILEID_ERROR_LEGACY_SIGNATURE: i32 = 4004;
/// The answer is about another user or job than the one asked for.
pub const SMILEID_ERROR_RESPONSE_MISMATCH: i32 = 4005;
/// A callback is older than max_age_ms or further than that in the future, or its age cannot be told.
pub const SMILEID_ERROR_CALLBACK_EXPIRED: i32 = 4006;
/// An image link is no longer valid; ask for new ones.
pub const SMILEID_ERROR_IMAGE_LINK_EXPIRED: i32 = 4101;
/// An image was refused because of its host, its type or its size.
pub const SMILEID_ERROR_IMAGE_REFUSED: i32 = 4102;
/// The wait ended before the job did; smileid_error_reason says why.
pub const SMILEID_ERROR_JOB_INCOMPLETE: i32 = 5001;
/// The call was cancelled through its token.
pub const SMILEID_ERROR_CANCELLED: i32 = 5002;
/// A bug in this library; please report it.
pub const SMILEID_ERROR_INTERNAL: i32 = 9001;

macro_rules! same_as_core {
    ($($constant:ident = $code:ident,)+) => {
        const _: () = {
            $(assert!($constant == ErrorCode::$code as i32);)+
            assert!(ErrorCode::ALL.len() == [$($constant),+].len());
        };
    };
}

// cbindgen reads literals only; the core's table is the one that counts.
same_as_core! {
    SMILEID_ERROR_INVALID_ARGUMENT = InvalidArgument,
    SMILEID_ERROR_CLIENT_CLOSED = ClientClosed,
    SMILEID_ERROR_TOKEN_MISMATCH = TokenMismatch,
    SMILEID_ERROR_IO = Io,
    SMILEID_ERROR_CONNECT = Connect,
    SMILEID_ERROR_TLS = Tls,
    SMILEID_ERROR_TIMEOUT = Timeout,
    SMILEID_ERROR_NETWORK = Network,
    SMILEID_ERROR_AUTHENTICATION = Authentication,
    SMILEID_ERROR_RATE_LIMITED = RateLimited,
    SMILEID_ERROR_REJECTED = Rejected,
    SMILEID_ERROR_SERVER = Server,
    SMILEID_ERROR_INVALID_RESPONSE = InvalidResponse,
    SMILEID_ERROR_RESPONSE_TOO_LARGE = ResponseTooLarge,
    SMILEID_ERROR_SIGNATURE_MISMATCH = SignatureMismatch,
    SMILEID_ERROR_LEGACY_SIGNATURE = LegacySignature,
    SMILEID_ERROR_RESPONSE_MISMATCH = ResponseMismatch,
    SMILEID_ERROR_CALLBACK_EXPIRED = CallbackExpired,
    SMILEID_ERROR_IMAGE_LINK_EXPIRED = ImageLinkExpired,
    SMILEID_ERROR_IMAGE_REFUSED = ImageRefused,
    SMILEID_ERROR_JOB_INCOMPLETE = JobIncomplete,
    SMILEID_ERROR_CANCELLED = Cancelled,
    SMILEID_ERROR_INTERNAL = Internal,
}

/// The stable text of an error number, such as "timeout" for 2003 and "ok" for 0.
///
/// Returns a static string, or NULL for a number that this version does not know. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_code_name(code: i32) -> *const c_char {
    static NAMES: OnceLock<Vec<(i32, CString)>> = OnceLock::new();
    ffi::value(ptr::null(), || {
        let names = NAMES.get_or_init(|| {
            let known = ErrorCode::ALL.iter().map(|code| (*code as i32, crate::text::c_string(code.as_str())));
            std::iter::once((SMILEID_OK, c"ok".to_owned())).chain(known).collect()
        });
        names.iter().find(|(number, _)| *number == code).map_or(ptr::null(), |(_, name)| name.as_ptr())
    })
}

//! A job's status: the envelope's flags at once, everything else when somebody looks.

use std::cell::RefCell;

use napi::bindgen_prelude::{BufferSlice, ToNapiValue};
use napi::{Env, sys};
use napi_derive::napi;
use smileid_jobs::{Forms, JobStatus, Naming, Part};

use crate::status_handle::Held;

/// A status on its way to JavaScript.
#[napi(object, object_from_js = false)]
pub(crate) struct StatusData {
    #[napi(ts_type = "StatusHandle")]
    pub handle: Held,
    pub user_id: String,
    pub job_id: String,
    /// See [`flags`].
    pub flags: i32,
    pub code: Option<String>,
}

impl From<JobStatus> for StatusData {
    fn from(status: JobStatus) -> Self {
        Self {
            user_id: status.user_id().to_owned(),
            job_id: status.job_id().to_owned(),
            flags: flags(&status),
            code: status.code().map(str::to_owned),
            handle: Held(status),
        }
    }
}

/// Bit 0: complete. Bits 1 and 2: 0 without a success flag, 1 not successful, 2 successful. Bit 3: there may be history.
pub(crate) fn flags(status: &JobStatus) -> i32 {
    let success = match status.job_success() {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    };
    i32::from(status.job_complete()) | success << 1 | i32::from(status.has_history()) << 3
}

/// JSON text that the core has made of ASCII alone, which the engine takes as it is.
pub(crate) struct Json(String);

impl ToNapiValue for Json {
    unsafe fn to_napi_value(env: sys::napi_env, Self(text): Self) -> napi::Result<sys::napi_value> {
        if !text.is_ascii() {
            // SAFETY: the caller vouches for env.
            return unsafe { String::to_napi_value(env, text) };
        }
        let mut value = std::ptr::null_mut();
        // SAFETY: the caller vouches for env; the text is as long as it says, and is copied.
        let made = unsafe {
            sys::napi_create_string_latin1(env, text.as_ptr().cast(), text.len().cast_signed(), &raw mut value)
        };
        napi::check_status!(made)?;
        Ok(value)
    }
}

/// Flags with a code of four digits above them, counted from 1; any other code beside them. Such a text need not be made
/// again for each status.
pub(crate) fn flags_and_code(status: &JobStatus) -> (i32, Option<String>) {
    let flags = flags(status);
    match status.code() {
        Some(code) if code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number = code.bytes().fold(0, |number, digit| 10 * number + i32::from(digit - b'0'));
            (flags | (number + 1) << 4, None)
        }
        code => (flags, code.map(str::to_owned)),
    }
}

thread_local! {
    /// What results looked like that were read on this thread, by whatever copies of the package are loaded there.
    static FORMS: RefCell<Forms> = RefCell::default();
}

/// The result as the reader of results takes it, made by the core: JSON text of it, or of its form's number and values.
#[napi(ts_args_type = "status: StatusHandle", ts_return_type = "string", catch_unwind)]
pub(crate) fn status_result(Held(status): Held) -> Json {
    Json(FORMS.with_borrow_mut(|forms| status.part(Part::Result).to_sparse_text(forms)))
}

/// The form of a result that was just handed over, as JSON text.
#[napi(catch_unwind)]
pub(crate) fn result_form(number: i64) -> napi::Result<String> {
    let told = FORMS.with_borrow(|forms| forms.told(number).map(str::to_owned));
    told.ok_or_else(|| napi::Error::from_reason("internal error"))
}

/// The history, as JSON text.
#[napi(ts_args_type = "status: StatusHandle", ts_return_type = "string", catch_unwind)]
pub(crate) fn status_history(Held(status): Held) -> Json {
    Json(status.part(Part::History).to_sparse_json())
}

/// What is neither of these and no flag, as JSON text, made by the core.
#[napi(ts_args_type = "status: StatusHandle", ts_return_type = "string", catch_unwind)]
pub(crate) fn status_rest(Held(status): Held) -> Json {
    Json(status.part(Part::Rest).to_json(Naming::Camel))
}

/// Whether both are the same answer about the same job, byte for byte.
#[napi(ts_args_type = "status: StatusHandle, other: StatusHandle", catch_unwind)]
pub(crate) fn status_equals(Held(status): Held, Held(other): Held) -> bool {
    status == other
}

/// A copy of the body.
#[napi(ts_args_type = "status: StatusHandle", catch_unwind)]
pub(crate) fn status_raw<'env>(env: &'env Env, Held(status): Held) -> napi::Result<BufferSlice<'env>> {
    BufferSlice::copy_from(env, status.raw())
}

//! Text in and out: NUL-terminated UTF-8 on the C side.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::OnceLock;

use serde_json::Value;
use smileid_core::Error;

/// Borrows a C string that may be `NULL`; text that is no UTF-8 is refused by the argument's name.
///
/// # Safety
/// `pointer` is `NULL` or a NUL-terminated string that outlives `'a`.
pub(crate) unsafe fn optional<'a>(pointer: *const c_char, argument: &'static str) -> Result<Option<&'a str>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller promises the rest.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| not_utf8(argument))
}

/// Borrows a C string that must be there.
///
/// # Safety
/// As [`optional`].
pub(crate) unsafe fn required<'a>(pointer: *const c_char, argument: &'static str) -> Result<&'a str, Error> {
    // SAFETY: promised by the caller.
    unsafe { optional(pointer, argument) }?.ok_or_else(|| not_utf8(argument))
}

fn not_utf8(argument: &'static str) -> Error {
    Error::invalid_argument(argument, "expected text in UTF-8")
}

/// A text of a handle as C reads it: made when first asked for, kept as long as the handle.
#[derive(Default)]
pub(crate) struct Text(OnceLock<Option<CString>>);

impl Text {
    /// The text that `value` gives, or `NULL`.
    pub(crate) fn get<S: AsRef<str>>(&self, value: impl FnOnce() -> Option<S>) -> *const c_char {
        let made = self.0.get_or_init(|| value().map(|value| c_string(value.as_ref())));
        made.as_ref().map_or(ptr::null(), |text| text.as_ptr())
    }
}

/// A text with U+0000 in it stands as its JSON text: cut at the NUL, it would read as something else.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(Value::from(text).to_string()).unwrap_or_default())
}

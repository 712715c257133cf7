//! The edge: the panic guard around every entry, and out parameters.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Duration;

use smileid_core::Error as CoreError;
use smileid_core::panic::guard;

use crate::code::{SMILEID_OK, SMILEID_UNSET};
use crate::error::Error;

/// What C knows as `type **`: uninitialised or not, it is written and never read.
pub(crate) type Out<'a, T> = Option<&'a mut MaybeUninit<Option<Box<T>>>>;

/// Runs an entry that hands out a new object or an error, and returns the error's number.
pub(crate) fn hand_out<T>(
    out: Out<'_, T>,
    name: &'static str,
    error: Out<'_, Error>,
    body: impl FnOnce() -> Result<T, CoreError>,
) -> i32 {
    hand_out_next(out, name, error, || body().map(Some))
}

/// Runs an entry that hands out the next object of a stream, `NULL` at its end, or an error.
pub(crate) fn hand_out_next<T>(
    out: Out<'_, T>,
    name: &'static str,
    error: Out<'_, Error>,
    body: impl FnOnce() -> Result<Option<T>, CoreError>,
) -> i32 {
    match out {
        Some(out) => {
            out.write(None);
            entry(error, || {
                out.write(body()?.map(Box::new));
                Ok(())
            })
        }
        None => entry(error, || Err(CoreError::invalid_argument(name, "expected a pointer to store the result in"))),
    }
}

/// Runs an entry that can fail, and returns the error's number.
pub(crate) fn entry(error: Out<'_, Error>, body: impl FnOnce() -> Result<(), CoreError>) -> i32 {
    let failure = guard(body).err();
    let code = failure.as_ref().map_or(SMILEID_OK, |failure| failure.code() as i32);
    if let Some(error) = error {
        error.write(failure.map(|failure| Box::new(Error::new(failure))));
    }
    code
}

/// Runs an entry that cannot fail but for a bug of ours; then it returns `fallback`.
pub(crate) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fallback)
}

/// Frees what C owned; `NULL` is nothing.
pub(crate) fn free<T>(owned: Option<Box<T>>) {
    value((), || drop(owned));
}

/// Three-valued truth.
pub(crate) fn truth(flag: Option<bool>) -> i32 {
    flag.map_or(SMILEID_UNSET, i32::from)
}

/// A duration that may be absent.
pub(crate) fn millis(duration: Option<Duration>) -> i64 {
    duration.map_or(i64::from(SMILEID_UNSET), |duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// Hands out borrowed bytes with their number.
pub(crate) fn bytes<T>(
    of: Option<&T>,
    read: impl FnOnce(&T) -> Option<&[u8]>,
    length: Option<&mut MaybeUninit<usize>>,
) -> *const u8 {
    let found = value(None, || of.and_then(read));
    if let Some(length) = length {
        length.write(found.map_or(0, <[u8]>::len));
    }
    found.map_or(ptr::null(), <[u8]>::as_ptr)
}

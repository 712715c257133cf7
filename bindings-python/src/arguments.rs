//! Host values to the core's types. Limits and refusals are the core's own.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString};
use smileid_jobs::config::{CountArgument, DurationArgument, refuse_rate};
use smileid_jobs::credentials::refuse_id;
use smileid_jobs::{Error, Result};

pub(crate) type Any<'py> = Bound<'py, PyAny>;

/// Text, if it is a `str` that UTF-8 can hold.
fn text(value: &Any<'_>) -> Option<String> {
    value.cast::<PyString>().ok().and_then(|text| text.to_cow().ok().map(Cow::into_owned))
}

/// A user or job id.
pub(crate) fn id(name: &'static str, value: &Any<'_>) -> Result<String> {
    text(value).ok_or_else(|| refuse_id(name))
}

/// Any other text; its content is checked by the core.
pub(crate) fn string(name: &'static str, value: &Any<'_>) -> Result<String> {
    text(value).ok_or_else(|| Error::invalid_argument(name, "expected text that UTF-8 can hold"))
}

/// Text that may be left out as `None`.
pub(crate) fn optional(name: &'static str, value: &Any<'_>) -> Result<Option<String>> {
    if value.is_none() { Ok(None) } else { string(name, value).map(Some) }
}

/// The official SDKs' servers come as text or as a whole number.
pub(crate) fn environment(value: &Any<'_>) -> Result<Option<String>> {
    match whole(value) {
        Some(number) => Ok(Some(number.to_string())),
        None => optional("environment", value),
    }
}

/// A `bool`, and nothing that merely counts as one.
pub(crate) fn flag(name: &'static str, value: &Any<'_>) -> Result<bool> {
    match value.cast::<PyBool>() {
        Ok(flag) => Ok(flag.is_true()),
        Err(_) => Err(Error::invalid_argument(name, "expected True or False")),
    }
}

/// Seconds; `None` asks for no limit, where there may be none.
pub(crate) fn seconds(argument: &DurationArgument, value: &Any<'_>) -> Result<Option<Duration>> {
    if value.is_none() {
        return if argument.unlimited { Ok(None) } else { Err(argument.refuse()) };
    }
    // A bool is an int in Python, and an int may be too large for a float.
    let is_number = value.is_instance_of::<PyFloat>() || is_int(value);
    let seconds: f64 = is_number.then(|| value.extract().ok()).flatten().ok_or_else(|| argument.refuse())?;
    argument.from_seconds(seconds).map(Some)
}

/// Seconds where there is always a limit.
pub(crate) fn limited(argument: &DurationArgument, value: &Any<'_>) -> Result<Duration> {
    seconds(argument, value)?.ok_or_else(|| argument.refuse())
}

/// A whole number: an `int`, or a float without a fraction.
pub(crate) fn count(argument: &CountArgument, value: &Any<'_>) -> Result<u64> {
    if let Ok(float) = value.cast::<PyFloat>() {
        return argument.from_f64(float.value());
    }
    whole(value)
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| argument.refuse())
        .and_then(|number| argument.check(number))
}

/// A whole number that may be left out as `None`, where the core has no default either.
pub(crate) fn optional_count(argument: &CountArgument, value: &Any<'_>) -> Result<Option<u64>> {
    if value.is_none() && argument.default.is_none() { Ok(None) } else { count(argument, value).map(Some) }
}

/// Requests a second; `None` asks for no limit. Its range is checked by the core.
pub(crate) fn rate(value: &Any<'_>) -> Result<Option<f64>> {
    if value.is_none() {
        return Ok(None);
    }
    let is_number = value.is_instance_of::<PyFloat>() || is_int(value);
    is_number.then(|| value.extract().ok()).flatten().map(Some).ok_or_else(refuse_rate)
}

/// A path that may be left out as `None`.
pub(crate) fn path(name: &'static str, value: &Any<'_>) -> Result<Option<PathBuf>> {
    if value.is_none() {
        return Ok(None);
    }
    value.extract().map(Some).map_err(|_| Error::invalid_argument(name, "expected a path"))
}

/// A list of texts that may be left out as `None`.
pub(crate) fn texts(name: &'static str, value: &Any<'_>) -> Result<Option<Vec<String>>> {
    if value.is_none() {
        return Ok(None);
    }
    let refuse = || Error::invalid_argument(name, "expected an iterable of texts");
    let list = value.cast::<PyList>().map_err(|_| refuse())?;
    list.iter().map(|item| text(&item).ok_or_else(refuse)).collect::<Result<_>>().map(Some)
}

/// A body: text or bytes. Those are borrowed: nobody can change a `bytes`, and `value` keeps it.
pub(crate) fn body<'a>(name: &'static str, value: &'a Any<'_>) -> Result<Cow<'a, [u8]>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Cow::Borrowed(bytes.as_bytes()));
    }
    let refuse = || Error::invalid_argument(name, "expected bytes, or text that UTF-8 can hold");
    text(value).map(|text| Cow::Owned(text.into_bytes())).ok_or_else(refuse)
}

fn whole(value: &Any<'_>) -> Option<i64> {
    if is_int(value) { value.extract().ok() } else { None }
}

fn is_int(value: &Any<'_>) -> bool {
    value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
}

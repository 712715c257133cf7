//! Arguments as JavaScript passed them. Which values are right is the core's to say; here they only get a Rust type.

use std::time::Duration;

use napi::bindgen_prelude::{FromNapiValue, TypeName, Utf16String, ValidateNapiValue};
use napi::{ValueType, sys};
use smileid_jobs::config::{CountArgument, DurationArgument, check_rate, refuse_rate};
use smileid_jobs::{Error, Result, credentials};

/// A JavaScript value of any type.
pub(crate) enum Arg {
    /// `undefined`: not given.
    Absent,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// Everything else, text with a lone surrogate included: it has no UTF-8.
    Other,
}

impl Arg {
    /// A user or job id, whose limits the core checks.
    pub(crate) fn id(self, name: &'static str) -> Result<String> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(credentials::refuse_id(name)),
        }
    }

    /// A text that must be given.
    pub(crate) fn text(self, name: &'static str) -> Result<String> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(Error::invalid_argument(name, "expected text")),
        }
    }

    /// A text that may be left out.
    pub(crate) fn optional_text(self, name: &'static str) -> Result<Option<String>> {
        if matches!(self, Self::Absent) { Ok(None) } else { self.text(name).map(Some) }
    }

    pub(crate) fn flag(self, name: &'static str) -> Result<Option<bool>> {
        match self {
            Self::Absent => Ok(None),
            Self::Bool(flag) => Ok(Some(flag)),
            _ => Err(Error::invalid_argument(name, "expected true or false")),
        }
    }

    pub(crate) fn count(self, argument: &CountArgument) -> Result<Option<u64>> {
        match self {
            Self::Absent => Ok(None),
            Self::Number(number) => argument.from_f64(number).map(Some),
            _ => Err(argument.refuse()),
        }
    }

    /// A text that may be left out or `null`.
    pub(crate) fn nullable_text(self, name: &'static str) -> Result<Option<String>> {
        if matches!(self, Self::Null) { Ok(None) } else { self.optional_text(name) }
    }

    /// A count, or `null` for no limit where that is the default.
    pub(crate) fn limit(self, argument: &CountArgument) -> Result<Option<Option<u64>>> {
        match self {
            Self::Null if argument.default.is_none() => Ok(Some(None)),
            other => Ok(other.count(argument)?.map(Some)),
        }
    }

    /// Requests a second, or `null` for no limit.
    pub(crate) fn rate(self) -> Result<Option<f64>> {
        match self {
            Self::Absent | Self::Null => Ok(None),
            Self::Number(rate) => check_rate(rate).map(Some),
            _ => Err(refuse_rate()),
        }
    }

    /// Milliseconds that may not be unlimited.
    pub(crate) fn millis(self, argument: &DurationArgument) -> Result<Option<Duration>> {
        match self {
            Self::Absent => Ok(None),
            Self::Number(number) => argument.from_millis(number).map(Some),
            _ => Err(argument.refuse()),
        }
    }

    /// Milliseconds, or `null` for no limit.
    pub(crate) fn timeout(self, argument: &DurationArgument) -> Result<Option<Option<Duration>>> {
        match self {
            Self::Null if argument.unlimited => Ok(Some(None)),
            other => Ok(other.millis(argument)?.map(Some)),
        }
    }
}

impl TypeName for Arg {
    fn type_name() -> &'static str {
        "unknown"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl ValidateNapiValue for Arg {
    unsafe fn validate(_: sys::napi_env, _: sys::napi_value) -> napi::Result<sys::napi_value> {
        // Any value will do, and null says that nothing is to be thrown.
        Ok(std::ptr::null_mut())
    }
}

impl FromNapiValue for Arg {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let mut kind = 0;
        // SAFETY: the caller vouches for env and value; kind outlives the call.
        napi::check_status!(unsafe { sys::napi_typeof(env, value, &raw mut kind) })?;
        // SAFETY: as above; each conversion is the one for the type just found.
        unsafe {
            Ok(match ValueType::from(kind) {
                ValueType::Undefined => Self::Absent,
                ValueType::Null => Self::Null,
                ValueType::Boolean => Self::Bool(bool::from_napi_value(env, value)?),
                ValueType::Number => Self::Number(f64::from_napi_value(env, value)?),
                ValueType::String => text(env, value)?.map_or(Self::Other, Self::Text),
                _ => Self::Other,
            })
        }
    }
}

/// A string's UTF-8; none if it has a lone surrogate, which Node-API would quietly replace.
///
/// # Safety
/// `value` is a string of `env`.
unsafe fn text(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Option<String>> {
    // SAFETY: the caller's promise.
    let text = unsafe { String::from_napi_value(env, value)? };
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(Some(text));
    }
    // SAFETY: the caller's promise.
    let units = unsafe { Utf16String::from_napi_value(env, value)? };
    Ok(String::from_utf16(&units).ok())
}

//! Errors as plain objects; the TypeScript layer makes instances of real classes of them.

use std::time::Duration;

use napi::bindgen_prelude::{Buffer, Object, ToNapiValue};
use napi::{Env, sys};
use napi_derive::napi;
use smileid_jobs::config::DURATIONS;
use smileid_jobs::{Cause, Error, Naming, Result};

use crate::status::StatusData;

/// Why a call failed.
#[napi(object, object_from_js = false)]
pub(crate) struct ErrorData {
    pub number: i32,
    pub message: String,
    pub argument: Option<String>,
    pub phase: Option<String>,
    pub reason: Option<String>,
    pub http_status: Option<u32>,
    pub api_code: Option<String>,
    pub retry_after_ms: Option<f64>,
    pub user_id: Option<String>,
    pub job_id: Option<String>,
    pub attempts: Option<u32>,
    pub elapsed_ms: Option<f64>,
    pub is_transient: bool,
    pub last_status: Option<StatusData>,
    #[napi(ts_type = "ErrorData")]
    pub last_error: Option<Nested>,
    pub raw: Option<Buffer>,
    pub cause: Option<CauseData>,
}

/// What lies under an error.
#[napi(object, object_from_js = false)]
pub(crate) struct CauseData {
    pub message: String,
    pub category: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// What was made, or why not: `{ok}` or `{err}`.
pub(crate) struct Made<T>(pub(crate) Result<T>);

impl<T: ToNapiValue> ToNapiValue for Made<T> {
    unsafe fn to_napi_value(env: sys::napi_env, made: Self) -> napi::Result<sys::napi_value> {
        let mut object = Object::new(&Env::from_raw(env))?;
        match made.0 {
            Ok(made) => object.set("ok", made)?,
            Err(error) => object.set("err", ErrorData::from(&error))?,
        }
        // SAFETY: the caller vouches for env.
        unsafe { Object::to_napi_value(env, object) }
    }
}

/// An error inside another one.
pub(crate) struct Nested(Box<ErrorData>);

impl ToNapiValue for Nested {
    unsafe fn to_napi_value(env: sys::napi_env, nested: Self) -> napi::Result<sys::napi_value> {
        // SAFETY: the caller vouches for env.
        unsafe { ErrorData::to_napi_value(env, *nested.0) }
    }
}

impl From<&Error> for ErrorData {
    fn from(error: &Error) -> Self {
        Self {
            number: error.code() as i32,
            message: error.message_naming(spelt),
            argument: error.argument().map(str::to_owned),
            phase: error.phase().map(|phase| phase.as_str().to_owned()),
            reason: error.reason().map(|reason| reason.as_str().to_owned()),
            http_status: error.http_status().map(u32::from),
            api_code: error.api_code().map(str::to_owned),
            retry_after_ms: error.retry_after().map(millis),
            user_id: error.user_id().map(str::to_owned),
            job_id: error.job_id().map(str::to_owned),
            attempts: error.attempts(),
            elapsed_ms: error.elapsed().map(millis),
            is_transient: error.is_transient(),
            last_status: error.last_status().map(|status| StatusData::from(status.clone())),
            last_error: error.last_error().map(|error| Nested(Box::new(Self::from(error)))),
            raw: error.raw().map(|raw| Buffer::from(raw.to_vec())),
            cause: error.cause().map(CauseData::from),
        }
    }
}

impl From<&Cause> for CauseData {
    fn from(cause: &Cause) -> Self {
        let message = cause.to_string();
        match cause {
            Cause::Json { category, line, column } => {
                let small = |place: &usize| u32::try_from(*place).ok();
                Self { message, category: Some((*category).to_owned()), line: small(line), column: small(column) }
            }
            _ => Self { message, category: None, line: None, column: None },
        }
    }
}

/// An argument's name as it stands in TypeScript: `initial_delay` is `initialDelayMs`.
fn spelt(argument: &'static str) -> String {
    let mut name = Naming::Camel.spell(argument);
    if DURATIONS.iter().any(|duration| duration.name == argument) {
        name.push_str("Ms");
    }
    name
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

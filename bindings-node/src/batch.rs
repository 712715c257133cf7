//! What is finished, on its way to JavaScript: the arguments of the settling function.

use std::cell::RefCell;
use std::rc::Rc;

use napi::bindgen_prelude::{JsValuesTupleIntoVec, Null, ToNapiValue};
use napi::{Env, sys};
use smileid_jobs::events::Event;

use crate::bridge::{Calls, Finished, number_of};
use crate::completed::Completed;
use crate::error::ErrorData;
use crate::events::EventData;
use crate::status;
use crate::status_handle::Held;

/// What stands in place of a call's number with an event.
const EVENT: u32 = 0;
/// What stands in place of flags with an error, and with a value that is no status.
const FAILED: i32 = -1;
const VALUE: i32 = -2;

/// What is finished, on the environment's thread, about to become JavaScript's.
pub(crate) struct Batch {
    pub(crate) finished: Vec<Finished>,
    pub(crate) events: Vec<Event>,
    pub(crate) calls: Rc<RefCell<Calls>>,
}

/// More values than these are handed over in an array: an engine has room for some ten thousands of arguments.
const MOST_ARGUMENTS: usize = 1024;

/// The settling function's arguments. They need no array, whose elements are the dearer way of the two.
impl JsValuesTupleIntoVec for Batch {
    fn into_vec(self, env: sys::napi_env) -> napi::Result<Vec<sys::napi_value>> {
        let Self { finished, events, calls } = self;
        let mut values = Values { env, values: Vec::with_capacity(4 * (finished.len() + events.len())) };
        let env = Env::from_raw(env);
        // Made once, and only a handle each time after that.
        let nothing = values.make(Null)?;
        for event in events {
            let EventData { level, message, fields } = EventData::from(event);
            values.push(EVENT)?;
            values.push(level)?;
            values.push(message)?;
            values.push(fields)?;
        }
        for Finished { call, result } in finished {
            if calls.borrow_mut().end(&env, call).is_none() {
                continue;
            }
            values.push(number_of(call))?;
            match result {
                Ok(Completed::Status(status)) => {
                    let (flags, code) = status::flags_and_code(&status);
                    values.push(flags)?;
                    values.push(Held(status))?;
                    match code {
                        Some(code) => values.push(code)?,
                        None => values.values.push(nothing),
                    }
                }
                Ok(Completed::Value(value)) => {
                    values.push(VALUE)?;
                    values.push(value)?;
                    values.values.push(nothing);
                }
                Err(error) => {
                    values.push(FAILED)?;
                    values.push(ErrorData::from(&error))?;
                    values.values.push(nothing);
                }
            }
        }
        values.into_arguments()
    }
}

struct Values {
    env: sys::napi_env,
    values: Vec<sys::napi_value>,
}

impl Values {
    fn make(&self, value: impl ToNapiValue) -> napi::Result<sys::napi_value> {
        // SAFETY: the environment that asked for its arguments, on its own thread.
        unsafe { ToNapiValue::to_napi_value(self.env, value) }
    }

    fn push(&mut self, value: impl ToNapiValue) -> napi::Result<()> {
        let value = self.make(value)?;
        self.values.push(value);
        Ok(())
    }

    fn into_arguments(self) -> napi::Result<Vec<sys::napi_value>> {
        if self.values.len() <= MOST_ARGUMENTS {
            return Ok(self.values);
        }
        let mut array = std::ptr::null_mut();
        // SAFETY: as above; the array is as long as what is put into it.
        unsafe {
            napi::check_status!(sys::napi_create_array_with_length(self.env, self.values.len(), &raw mut array))?;
            for (at, value) in (0..).zip(self.values) {
                napi::check_status!(sys::napi_set_element(self.env, array, at, value))?;
            }
        }
        Ok(vec![array])
    }
}

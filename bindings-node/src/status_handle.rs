//! Statuses that JavaScript holds: by numbers, in a table of their thread.
//!
//! There is one per query, and napi's `External` has a box for each, a table of all of them under a lock and a call to the
//! collector for the memory of each. A number that is no status' is refused, whoever made the handle it came in.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, ToNapiValue, TypeName, ValidateNapiValue};
use napi::{Error, Status, ValueType, check_status, sys};
use smileid_jobs::JobStatus;
use smileid_jobs::slab::{Slab, Slot};

/// What a status has besides its body, roughly: what was read on arrival.
const READ_BYTES: usize = 1024;

/// How far the collector's idea of our memory may be from ours.
const MOST_UNTOLD_BYTES: i64 = 64 << 10;

/// An engine takes 47 bits for a pointer: an index, and so much of what tells a place's statuses apart.
const SERIALS: u64 = (1 << 15) - 1;

thread_local! {
    static HELD: RefCell<Slab<JobStatus>> = RefCell::default();
    static UNTOLD_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// A status on its way to JavaScript, which frees it when the handle is collected; or from there.
pub(crate) struct Held(pub(crate) JobStatus);

/// Never null, which is what nothing looks like. Where pointers have 32 bits, it is the index alone.
fn number(slot: Slot) -> usize {
    (((slot.number() >> 32 & SERIALS) << 32 | u64::from(slot.index())) + 1) as usize
}

/// The slot of a number, if there is a status in it.
fn slot(held: &Slab<JobStatus>, asked: usize) -> Option<Slot> {
    // What is cut off is the place's serial.
    let index = asked.checked_sub(1)? as u32;
    held.at(index).map(|(slot, _)| slot).filter(|slot| number(*slot) == asked)
}

fn bytes(status: &JobStatus) -> i64 {
    i64::try_from(status.raw().len() + READ_BYTES).unwrap_or(i64::MAX)
}

/// Tells the collector how much memory handles stand for, once it is worth a call.
fn tell(env: sys::napi_env, bytes: i64) {
    let untold = UNTOLD_BYTES.get().saturating_add(bytes);
    UNTOLD_BYTES.set(untold);
    if untold.abs() >= MOST_UNTOLD_BYTES {
        // First, for the call may collect.
        UNTOLD_BYTES.set(0);
        let mut told = 0;
        // SAFETY: the callers' env, on its own thread.
        unsafe { sys::napi_adjust_external_memory(env, untold, &raw mut told) };
    }
}

/// Takes a status out of the table, which must not be borrowed when it is dropped.
fn take(number: usize) -> Option<JobStatus> {
    HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        let slot = slot(&held, number)?;
        held.remove(slot)
    })
    .ok()?
}

extern "C" fn collected(env: sys::napi_env, number: *mut c_void, _: *mut c_void) {
    if let Some(status) = take(number.addr()) {
        tell(env, -bytes(&status));
    }
}

impl TypeName for Held {
    fn type_name() -> &'static str {
        "StatusHandle"
    }

    fn value_type() -> ValueType {
        ValueType::External
    }
}

impl ValidateNapiValue for Held {}

impl ToNapiValue for Held {
    unsafe fn to_napi_value(env: sys::napi_env, Self(status): Self) -> napi::Result<sys::napi_value> {
        let bytes = bytes(&status);
        let number = HELD.with_borrow_mut(|held| number(held.add(status)));
        let mut value = ptr::null_mut();
        let data = ptr::without_provenance_mut(number);
        // SAFETY: the caller vouches for env; the data is never looked behind, and the finalizer takes it for the number it is.
        let made = unsafe { sys::napi_create_external(env, data, Some(collected), ptr::null_mut(), &raw mut value) };
        if let Err(error) = check_status!(made) {
            drop(take(number));
            return Err(error);
        }
        tell(env, bytes);
        Ok(value)
    }
}

impl FromNapiValue for Held {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let mut data = ptr::null_mut();
        // SAFETY: the caller vouches for both. Another's handle gives another's data, which is not looked behind either.
        let found = unsafe { sys::napi_get_value_external(env, value, &raw mut data) };
        check_status!(found, "expected a status")?;
        let number = data.addr();
        let status = HELD.with_borrow(|held| slot(held, number).and_then(|slot| held.get(slot)).cloned());
        status.map(Self).ok_or_else(|| Error::new(Status::InvalidArg, "expected a status"))
    }
}

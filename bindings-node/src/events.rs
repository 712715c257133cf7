//! The core's events on their way to the environments that listen.
//!
//! Each of them gets the events of the whole process: what is shared (the runtime, the core's own log) has no owner.
//! While nobody listens, the core makes no events and this costs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{Either3, External};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use smileid_jobs::Naming;
use smileid_jobs::events::{Event, Value, listen as listen_to_core};

use crate::bridge::{Bridge, Queue, Wake};

/// Everything: who listens picks by `level`.
const ALL: u8 = 5;
const WARNING: u8 = 2;

/// An environment whose channel has subscribers.
struct Listener {
    queue: Arc<Queue>,
    wake: Arc<Wake>,
}

static LISTENERS: Mutex<Vec<Listener>> = Mutex::new(Vec::new());

fn listeners() -> MutexGuard<'static, Vec<Listener>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts or stops to hand events to this environment.
#[napi(ts_args_type = "bridge: BridgeHandle, wanted: boolean", catch_unwind)]
pub(crate) fn listen(bridge: &External<Bridge>, wanted: bool) {
    forget(&bridge.queue);
    if wanted {
        let (queue, wake) = (Arc::clone(&bridge.queue), Arc::clone(&bridge.wake));
        listeners().push(Listener { queue, wake });
        listen_to_core(ALL, forward);
    }
}

/// Hands no more events to this environment.
pub(crate) fn forget(queue: &Arc<Queue>) {
    let mut listeners = listeners();
    let before = listeners.len();
    listeners.retain(|listener| !Arc::ptr_eq(&listener.queue, queue));
    if before > 0 && listeners.is_empty() {
        listen_to_core(0, forward);
    }
}

/// Called on any thread that is inside the library.
fn forward(event: Event) {
    for Listener { queue, wake } in listeners().iter() {
        if queue.push_event(event.clone()) {
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Says how many events an environment was too busy for.
pub(crate) fn lost(count: u64) -> Event {
    Event { level: WARNING, message: "events were dropped".to_owned(), fields: vec![("count", Value::Whole(count))] }
}

/// An event as JavaScript gets it.
pub(crate) struct EventData {
    pub level: i32,
    pub message: String,
    pub fields: HashMap<String, Either3<bool, f64, String>>,
}

impl From<Event> for EventData {
    fn from(event: Event) -> Self {
        let fields = event.fields.into_iter().map(|(name, value)| {
            let value = match value {
                Value::Bool(flag) => Either3::A(flag),
                // Counts and milliseconds: far below where a number stops to be exact.
                Value::Whole(number) => Either3::B(number as f64),
                Value::Text(text) => Either3::C(text),
            };
            (Naming::Camel.spell(name), value)
        });
        Self { level: event.level.into(), message: event.message, fields: fields.collect() }
    }
}

//! The way back to JavaScript: one queue and one wake-up per Node environment.
//!
//! Runtime threads put what is finished into the queue and wake the environment's thread once per batch; that thread
//! empties the queue and hands the whole batch to one JavaScript function. The wake-up keeps the process alive only
//! while a call is running, and a call that JavaScript has given up is taken out at once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{External, Function, ToNapiValue, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, sys};
use napi_derive::napi;
use smileid_jobs::Result;
use smileid_jobs::panic::guard_future;
use tokio::task::AbortHandle;

use crate::done::{AgainData, Done, ImageData, JobData, UpdateData};
use crate::error::ErrorData;
use crate::{runtime, status};

/// Woken without a value: what there is to say stands in the queue.
type Wake = ThreadsafeFunction<(), Unknown<'static>, Batch, napi::Status, false, true>;

/// One environment's bridge. Lives on that environment's thread.
pub(crate) struct Bridge {
    queue: Arc<Queue>,
    wake: Arc<Wake>,
    calls: Rc<RefCell<Calls>>,
}

/// What runtime threads and the environment's thread share.
#[derive(Default)]
struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    finished: Vec<Finished>,
    /// Whether a wake-up is on its way already.
    woken: bool,
    /// Set when the environment ends: nobody will look any more.
    closed: bool,
}

struct Finished {
    call: u32,
    result: Result<Done>,
}

/// The calls that JavaScript waits for. Only the environment's thread comes here.
struct Calls {
    running: HashMap<u32, AbortHandle>,
    last: u32,
    /// The wake-up, once it is made: it keeps the process alive while calls are running.
    wake: Option<sys::napi_threadsafe_function>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is finished; true if the environment must be woken for it.
    fn push(&self, finished: Finished) -> bool {
        let mut waiting = self.lock();
        if waiting.closed {
            return false;
        }
        waiting.finished.push(finished);
        !mem::replace(&mut waiting.woken, true)
    }

    fn take(&self) -> Vec<Finished> {
        let mut waiting = self.lock();
        waiting.woken = false;
        mem::take(&mut waiting.finished)
    }
}

impl Calls {
    fn begin(&mut self, env: &Env) -> u32 {
        if let (true, Some(wake)) = (self.running.is_empty(), self.wake) {
            // SAFETY: on the environment's thread, while the bridge that owns the function lives.
            let _ = unsafe { sys::napi_ref_threadsafe_function(env.raw(), wake) };
        }
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.last
    }

    fn end(&mut self, env: &Env, call: u32) -> Option<AbortHandle> {
        let handle = self.running.remove(&call);
        if let (true, Some(wake)) = (self.running.is_empty(), self.wake) {
            // SAFETY: as above. Doing it twice is harmless: Node keeps a flag, not a count.
            let _ = unsafe { sys::napi_unref_threadsafe_function(env.raw(), wake) };
        }
        handle
    }
}

/// Makes the environment's bridge. `settle` is called with batches: for each call its number, its flags (-1 for an
/// error, -2 for another value than a status), its handle, error or value, and its code.
#[napi(ts_args_type = "settle: (batch: unknown[]) => void", ts_return_type = "BridgeHandle")]
pub(crate) fn create_bridge(env: &Env, settle: Function<Batch, Unknown<'static>>) -> napi::Result<External<Bridge>> {
    let queue = Arc::new(Queue::default());
    let calls = Rc::new(RefCell::new(Calls { running: HashMap::new(), last: 0, wake: None }));
    let (batches, waiting) = (Arc::clone(&queue), Rc::clone(&calls));
    let wake = settle
        .build_threadsafe_function::<()>()
        .callee_handled::<false>()
        .weak::<true>()
        .build_callback(move |_| Ok(Batch { finished: batches.take(), calls: Rc::clone(&waiting) }))?;
    calls.borrow_mut().wake = Some(wake.raw());
    let (closing, waiting) = (Arc::clone(&queue), Rc::clone(&calls));
    // Added after the wake-up, so it runs before Node takes that apart.
    env.add_env_cleanup_hook((), move |()| {
        closing.lock().closed = true;
        let mut calls = waiting.borrow_mut();
        calls.wake = None;
        calls.running.drain().for_each(|(_, call)| call.abort());
    })?;
    Ok(External::new(Bridge { queue, wake: Arc::new(wake), calls }))
}

/// Drops a running call and its request; nothing is reported for it any more.
#[napi(ts_args_type = "bridge: BridgeHandle, call: number")]
pub(crate) fn cancel(env: &Env, bridge: &External<Bridge>, call: u32) {
    if let Some(running) = bridge.calls.borrow_mut().end(env, call) {
        running.abort();
    }
}

impl Bridge {
    /// Runs a call on the runtime; its end will be reported under the number returned, which is never 0.
    pub(crate) fn start<F, T>(&self, env: &Env, call: F) -> u32
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: Into<Done>,
    {
        let mut calls = self.calls.borrow_mut();
        let number = calls.begin(env);
        let (queue, wake) = (Arc::clone(&self.queue), Arc::clone(&self.wake));
        let report = move |result| {
            if queue.push(Finished { call: number, result }) {
                wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }
        };
        let report_failure = report.clone();
        match runtime::spawn(async move { report(guard_future(call).await.map(Into::into)) }) {
            Ok(running) => {
                calls.running.insert(number, running);
            }
            Err(error) => report_failure(Err(error)),
        }
        number
    }
}

/// What is finished, on the environment's thread, about to become an array.
pub(crate) struct Batch {
    finished: Vec<Finished>,
    calls: Rc<RefCell<Calls>>,
}

impl ToNapiValue for Batch {
    unsafe fn to_napi_value(env: sys::napi_env, batch: Self) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(env);
        let mut array = env.create_array(0)?;
        for Finished { call, result } in batch.finished {
            batch.calls.borrow_mut().end(&env, call);
            array.insert(call)?;
            match result {
                Ok(Done::Status(status)) => {
                    array.insert(status::flags(&status))?;
                    let code = status.code().map(str::to_owned);
                    array.insert(status::handle(status))?;
                    array.insert(code)?;
                }
                Ok(other) => {
                    array.insert(-2)?;
                    match other {
                        Done::Status(_) | Done::Update(None) | Done::Job(None) => array.insert(())?,
                        Done::Again { after, token } => {
                            array.insert(AgainData { after_ms: crate::done::millis(after), token })?;
                        }
                        Done::Update(Some(update)) => array.insert(UpdateData::from(*update))?,
                        Done::Job(Some(outcome)) => array.insert(JobData::from(*outcome))?,
                        Done::Images(images) => {
                            array.insert(images.into_iter().map(ImageData::from).collect::<Vec<_>>())?;
                        }
                    }
                    array.insert(())?;
                }
                Err(error) => {
                    array.insert(-1)?;
                    array.insert(ErrorData::from(&error))?;
                    array.insert(())?;
                }
            }
        }
        // SAFETY: the caller vouches for env.
        unsafe { ToNapiValue::to_napi_value(env.raw(), array) }
    }
}

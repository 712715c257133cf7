//! The client: settings in, calls out, waiting without the interpreter.

use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use smileid_jobs::blocking::{PendingCall, ProcessClient};
use smileid_jobs::config::{
    CONNECT_TIMEOUT, GET_TIMEOUT, INITIAL_DELAY, MAX_CONNECTIONS, MAX_DELAY, MAX_RESPONSE_BYTES, MAX_RETRIES,
    POLL_TIMEOUT, REQUEST_TIMEOUT, RETRY_COUNT,
};
use smileid_jobs::panic::guard;
use smileid_jobs::{ClientBuilder, Error, GetJobStatus, JobStatus, PollJobStatus, Result, user_agent};

use crate::arguments::{Any, count, environment, flag, id, limited, optional, seconds, string};
use crate::bridge::{Bridge, Call, Outcome};
use crate::exit::{Return, is_ending, outside};
use crate::failure::{Failure, entry};

/// How long the main thread waits before it looks for signals again.
const SLICE: Duration = Duration::from_millis(50);

/// A client of this process and its forks.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Client(ProcessClient);

/// The settings of a client, as Python gave them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Settings<'py> {
    partner_id: Any<'py>,
    api_key: Any<'py>,
    environment: Any<'py>,
    base_url: Any<'py>,
    request_timeout: Any<'py>,
    connect_timeout: Any<'py>,
    max_retries: Any<'py>,
    max_connections: Any<'py>,
    max_response_bytes: Any<'py>,
    ca_bundle: Any<'py>,
    bundled_roots: Any<'py>,
    trust_env: Any<'py>,
    proxy: Any<'py>,
}

impl Settings<'_> {
    fn builder(&self, from_env: bool) -> Result<ClientBuilder> {
        let mut builder = ClientBuilder::empty().user_agent(user_agent!("python"));
        if !(from_env && self.partner_id.is_none()) {
            builder = builder.partner_id(string("partner_id", &self.partner_id)?);
        }
        if !(from_env && self.api_key.is_none()) {
            builder = builder.api_key(string("api_key", &self.api_key)?);
        }
        if let Some(environment) = environment(&self.environment)? {
            builder = builder.environment(environment.as_str());
        }
        if let Some(base_url) = optional("base_url", &self.base_url)? {
            builder = builder.base_url(base_url);
        }
        if let Some(proxy) = optional("proxy", &self.proxy)? {
            builder = builder.proxy(proxy);
        }
        if !self.ca_bundle.is_none() {
            let path: PathBuf = self
                .ca_bundle
                .extract()
                .map_err(|_| Error::invalid_argument("ca_bundle", "expected the path of a PEM file"))?;
            builder = builder.ca_bundle(path);
        }
        let builder = builder
            .request_timeout(limited(&REQUEST_TIMEOUT, &self.request_timeout)?)
            .connect_timeout(limited(&CONNECT_TIMEOUT, &self.connect_timeout)?)
            .max_retries(count(&MAX_RETRIES, &self.max_retries)?)
            .max_connections(count(&MAX_CONNECTIONS, &self.max_connections)?)
            .max_response_bytes(count(&MAX_RESPONSE_BYTES, &self.max_response_bytes)?)
            .bundled_roots(flag("bundled_roots", &self.bundled_roots)?)
            .trust_env(flag("trust_env", &self.trust_env)?);
        Ok(if from_env { builder.or_env() } else { builder })
    }
}

/// `user_id, job_id, return_history, return_image_links, timeout`
type GetArguments<'py> = (Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>);
/// `user_id, job_id, return_history, return_image_links, timeout, retry_count, initial_delay, max_delay`, and whether
/// `max_delay` was given.
type PollArguments<'py> = (Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, bool);

/// Where a call's end is waited for.
#[derive(FromPyObject)]
enum Waiting<'py> {
    /// On an event loop.
    Bridge(Bound<'py, Bridge>),
    /// Here, on a thread that signal handlers run on or not.
    Here(bool),
}

#[pymethods]
impl Client {
    /// A client, or why not.
    #[staticmethod]
    fn make<'py>(py: Python<'py>, settings: Settings<'py>, from_env: bool) -> PyResult<Any<'py>> {
        entry(py, || Ok(Self(ProcessClient::new(settings.builder(from_env)?)?)))
    }

    /// One query: its `Status` or `Failure`, or with a bridge its `Call`.
    fn get_job_status<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: GetArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let (user_id, job_id, return_history, return_image_links, timeout) = arguments;
        let checked = guard(|| {
            let ids = (id("user_id", &user_id)?, id("job_id", &job_id)?);
            let flags = (flag("return_history", &return_history)?, flag("return_image_links", &return_image_links)?);
            Ok((ids, flags, seconds(&GET_TIMEOUT, &timeout)?))
        });
        let prepare = checked.map(|((user_id, job_id), (history, links), timeout)| {
            move |client: &smileid_jobs::Client| -> GetJobStatus {
                let call = client.get_job_status(user_id.as_str(), job_id.as_str());
                call.return_history(history).return_image_links(links).timeout(timeout)
            }
        });
        self.run(py, &waiting, prepare)
    }

    /// A poll: its `Status` or `Failure`, or with a bridge its `Call`.
    fn poll_job_status<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: PollArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let (
            user_id,
            job_id,
            return_history,
            return_image_links,
            timeout,
            retry_count,
            initial_delay,
            max_delay,
            capped,
        ) = arguments;
        let checked = guard(|| {
            let ids = (id("user_id", &user_id)?, id("job_id", &job_id)?);
            let flags = (flag("return_history", &return_history)?, flag("return_image_links", &return_image_links)?);
            let max_delay = if capped { Some(limited(&MAX_DELAY, &max_delay)?) } else { None };
            let delays = (limited(&INITIAL_DELAY, &initial_delay)?, max_delay);
            Ok((ids, flags, delays, count(&RETRY_COUNT, &retry_count)?, seconds(&POLL_TIMEOUT, &timeout)?))
        });
        let prepare =
            checked.map(|((user_id, job_id), (history, links), (initial_delay, max_delay), retries, timeout)| {
                move |client: &smileid_jobs::Client| -> PollJobStatus {
                    let call = client.poll_job_status(user_id.as_str(), job_id.as_str());
                    let call = call.return_history(history).return_image_links(links).timeout(timeout);
                    let call = call.retry_count(retries).initial_delay(initial_delay);
                    // A cap that was not given gives way to a longer initial delay.
                    match max_delay {
                        Some(max_delay) => call.max_delay(max_delay),
                        None => call,
                    }
                }
            });
        self.run(py, &waiting, prepare)
    }

    /// Ends running calls and refuses new ones.
    fn close(&self) {
        self.0.close();
    }

    /// Whether it was closed.
    #[getter]
    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// The partner id, which is no secret.
    #[getter]
    fn partner_id(&self) -> &str {
        self.0.partner_id()
    }

    /// The server's origin.
    #[getter]
    fn server(&self) -> &str {
        self.0.server()
    }
}

impl Client {
    fn run<'py, F, P>(&self, py: Python<'py>, waiting: &Waiting<'py>, prepare: Result<P>) -> PyResult<Any<'py>>
    where
        F: IntoFuture<Output = Result<JobStatus>>,
        F::IntoFuture: Send + 'static,
        P: Fn(&smileid_jobs::Client) -> F,
    {
        if is_ending() {
            self.0.close();
        }
        let prepare = match prepare {
            Ok(prepare) => prepare,
            Err(error) => return Ok(Bound::new(py, Failure(error))?.into_any()),
        };
        match waiting {
            Waiting::Bridge(bridge) => entry(py, || start(self.0.call(&prepare)?, bridge.get())),
            Waiting::Here(interruptible) => {
                // The guard must see the whole way back to Python.
                let waited = guard(|| Ok(wait(py, *interruptible, || self.0.call(&prepare))));
                let (result, _return) = waited.unwrap_or_else(|error| Ok((Err(error), None)))?;
                Outcome::from(result).into_pyobject(py)
            }
        }
    }
}

fn start(call: PendingCall<JobStatus>, bridge: &Bridge) -> Result<Call> {
    let queue = Arc::clone(bridge.queue());
    let token = queue.next_token();
    let handle = call.spawn(move |result| queue.complete(token, result))?;
    Ok(Call { token, handle, pid: process::id() })
}

type Waited = (Result<JobStatus>, Option<Return>);

/// Waits for a call on this thread. An exception out of a signal handler drops the call and its request.
fn wait(py: Python<'_>, interruptible: bool, call: impl Fn() -> Result<PendingCall<JobStatus>>) -> PyResult<Waited> {
    let mut pending = match call() {
        Ok(pending) => pending,
        Err(error) => return Ok((Err(error), None)),
    };
    if !interruptible {
        let (result, back) = outside(py, || pending.wait());
        return Ok((result, Some(back)));
    }
    let pid = process::id();
    loop {
        let (result, back) = outside(py, || pending.wait_for(SLICE));
        if let Some(result) = result {
            return Ok((result, Some(back)));
        }
        py.check_signals()?;
        if process::id() != pid {
            // The handler has forked, and this is the child: the call under way is the parent's.
            std::mem::forget(pending);
            return wait(py, interruptible, call);
        }
    }
}

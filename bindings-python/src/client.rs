//! The client: settings in, calls out, waiting without the interpreter.

use std::path::PathBuf;
use std::process;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyTuple};
use smileid_jobs::blocking::{PendingCall, ProcessClient};
use smileid_jobs::clock::BoxFuture;
use smileid_jobs::config::{
    CONNECT_TIMEOUT, GET_TIMEOUT, MAX_AGE, MAX_CONNECTIONS, MAX_RESPONSE_BYTES, MAX_RETRIES, POLL_TIMEOUT,
    REQUEST_TIMEOUT, RETRY_COUNT, WAIT_RETRY_COUNT, WAIT_TIMEOUT,
};
use smileid_jobs::panic::guard;
use smileid_jobs::{ClientBuilder, Driven, Error, Result, user_agent};

use crate::answer::{Answer, callback_object, to_outcome};
use crate::arguments::{Any, body, count, environment, flag, id, limited, optional, seconds, string};
use crate::bridge::Bridge;
use crate::exit::{Return, is_ending, outside, stay_away};
use crate::failure::{Failure, entry};
use crate::streams::{Many, Watch};
use crate::verb_arguments::{Download, DownloadArguments, ManyArguments, Poll, PollArguments};

/// How long the main thread waits before it looks for signals again.
const SLICE: Duration = Duration::from_millis(50);

/// Up to how many bytes of a callback are read with the interpreter held: that takes a fraction of a millisecond, and to
/// come back to it takes 5 ms where another thread computes.
const SCANNED_INSIDE: usize = 64 * 1024;

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

/// `user_id, job_id, return_history, return_image_links, timeout, return_job_status, callback_url`
type GetArguments<'py> = (Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>, Any<'py>);

/// Where a call's end is waited for.
pub(crate) enum Waiting<'py> {
    /// By a future of an event loop.
    Bridge(Bound<'py, Bridge>, Any<'py>),
    /// Here, on a thread that signal handlers run on or not.
    Here(bool),
}

// Not derived: what tries one and then the other makes an error of what is no error, in every call.
impl<'py> FromPyObject<'_, 'py> for Waiting<'py> {
    type Error = PyErr;

    fn extract(told: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match told.cast::<PyBool>() {
            Ok(interruptible) => Ok(Self::Here(interruptible.is_true())),
            Err(_) => {
                let told = told.cast::<PyTuple>()?;
                Ok(Self::Bridge(told.get_borrowed_item(0)?.cast::<Bridge>()?.to_owned(), told.get_item(1)?))
            }
        }
    }
}

#[pymethods]
impl Client {
    /// A client, or why not.
    #[staticmethod]
    fn make<'py>(py: Python<'py>, settings: Settings<'py>, from_env: bool) -> PyResult<Any<'py>> {
        entry(py, || Ok(Self(ProcessClient::new(settings.builder(from_env)?)?)))
    }

    /// One query: its `Status` or `Failure`, or on an event loop its call id.
    fn get_job_status<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: GetArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let (user_id, job_id, return_history, return_image_links, timeout, return_job_status, callback_url) = arguments;
        let checked = guard(|| {
            let ids = (id("user_id", &user_id)?, id("job_id", &job_id)?);
            let flags = (flag("return_history", &return_history)?, flag("return_image_links", &return_image_links)?);
            let relay = (flag("return_job_status", &return_job_status)?, optional("callback_url", &callback_url)?);
            Ok((ids, flags, relay, seconds(&GET_TIMEOUT, &timeout)?))
        });
        self.ask(py, &waiting, checked, |((user_id, job_id), (history, links), (in_sync, url), timeout), client| {
            let call = client.get_job_status(user_id.as_str(), job_id.as_str()).return_job_status(*in_sync);
            let call = call.return_history(*history).return_image_links(*links).timeout(*timeout);
            match url {
                Some(url) => call.callback_url(url.as_str()),
                None => call,
            }
        })
    }

    /// A poll: its `Status` or `Failure`, or on an event loop its call id.
    fn poll_job_status<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: PollArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let checked = guard(|| arguments.check(&POLL_TIMEOUT, &RETRY_COUNT));
        self.ask(py, &waiting, checked, |told, client| {
            told.apply(client.poll_job_status(told.user_id.as_str(), told.job_id.as_str()))
        })
    }

    /// A wait: its `Status` or `Failure`, or on an event loop its call id.
    fn wait_until_complete<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: PollArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let checked = guard(|| arguments.check(&WAIT_TIMEOUT, &WAIT_RETRY_COUNT));
        let make = |told: &Poll, client: &smileid_jobs::Client| {
            let call = client.wait_until_complete(told.user_id.as_str(), told.job_id.as_str());
            told.apply(call).token(told.token.clone())
        };
        match &waiting {
            Waiting::Bridge(bridge, future) => {
                let _return = stay_away(py);
                self.mind_the_end();
                entry(py, || {
                    let told = checked?;
                    let start = |call_id, queue| self.0.start_wait(|client| make(&told, client), queue, call_id);
                    bridge.get().begin(future, start)
                })
            }
            Waiting::Here(_) => self.ask(py, &waiting, checked, make),
        }
    }

    /// One step of a wait: its status, pause and token or its `Failure`, or on an event loop its call id.
    fn poll_step<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: PollArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let checked = guard(|| arguments.check(&WAIT_TIMEOUT, &WAIT_RETRY_COUNT));
        self.ask(py, &waiting, checked, |told, client| {
            let call = client.poll_step(told.user_id.as_str(), told.job_id.as_str());
            told.apply(call).token(told.token.clone())
        })
    }

    /// A `Watch`, or why not.
    fn watch_job_status<'py>(&self, py: Python<'py>, arguments: PollArguments<'py>) -> PyResult<Any<'py>> {
        self.mind_the_end();
        entry(py, || {
            let told = arguments.check(&WAIT_TIMEOUT, &WAIT_RETRY_COUNT)?;
            let watch =
                self.0.watch(|client| told.apply(client.watch_job_status(told.user_id.as_str(), told.job_id.as_str())));
            watch.map(Watch)
        })
    }

    /// A `Many`, or why not.
    fn poll_many<'py>(&self, py: Python<'py>, arguments: ManyArguments<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let told = arguments.check()?;
            // A closed client would still start one, and a runtime with it.
            if is_ending() {
                return Err(Error::closed());
            }
            self.0.poll_many(|client| told.apply(client.poll_many())).map(Many)
        })
    }

    /// Images in memory or in files: a list or a `Failure`, or on an event loop its call id.
    fn download_images<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: DownloadArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let checked = guard(|| arguments.check());
        self.ask(py, &waiting, checked, Download::apply)
    }

    /// Wakes running waits for a job, here and not in other processes; `None` or a `Failure`.
    fn notify<'py>(&self, py: Python<'py>, user_id: Any<'py>, job_id: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let (user_id, job_id) = (id("user_id", &user_id)?, id("job_id", &job_id)?);
            self.0.with(|client| {
                client.notify(&user_id, &job_id);
                Ok(None::<bool>)
            })
        })
    }

    /// What a callback holds by its attributes' names, and its extras as JSON text; or a `Failure`.
    fn verify_callback<'py>(&self, py: Python<'py>, content: Any<'py>, max_age: Any<'py>) -> PyResult<Any<'py>> {
        let checked = guard(|| {
            let (content, max_age) = (body("body", &content)?, seconds(&MAX_AGE, &max_age)?);
            let read = || self.0.with(|client| client.verify_callback(&content, max_age));
            // The thread that ends the interpreter must not stay away from it.
            Ok(if content.len() > SCANNED_INSIDE && !is_ending() {
                let (callback, back) = outside(py, read);
                (callback, Some(back))
            } else {
                (read(), None)
            })
        });
        let (callback, _return) = checked.unwrap_or_else(|error| (Err(error), None));
        match callback {
            Ok(callback) => callback_object(py, &callback),
            Err(error) => Ok(Bound::new(py, Failure(error))?.into_any()),
        }
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
    /// After the `atexit` hook nothing may start.
    fn mind_the_end(&self) {
        if is_ending() {
            self.0.close();
        }
    }

    /// Makes a call out of what was checked, and once more in a child that a signal handler has forked.
    fn ask<'py, C, F, T>(
        &self,
        py: Python<'py>,
        waiting: &Waiting<'py>,
        checked: Result<C>,
        make: impl Fn(&C, &smileid_jobs::Client) -> F,
    ) -> PyResult<Any<'py>>
    where
        F: Driven<Output = Result<T>, IntoFuture = BoxFuture<'static, Result<T>>>,
        T: Into<Answer> + Send + 'static,
    {
        self.mind_the_end();
        match checked {
            Ok(checked) => run(py, waiting, || self.0.call(|client| make(&checked, client))),
            Err(error) => Ok(Bound::new(py, Failure(error))?.into_any()),
        }
    }
}

/// Waits for a call here, or starts it on a bridge.
pub(crate) fn run<'py, T: Into<Answer> + Send + 'static>(
    py: Python<'py>,
    waiting: &Waiting<'py>,
    call: impl Fn() -> Result<PendingCall<T>>,
) -> PyResult<Any<'py>> {
    match waiting {
        Waiting::Bridge(bridge, future) => {
            let _return = stay_away(py);
            entry(py, || bridge.get().start(future, call()?))
        }
        Waiting::Here(interruptible) => {
            // The guard must see the whole way back to Python.
            let waited = guard(|| Ok(wait(py, *interruptible, call)));
            let (result, _return) = waited.unwrap_or_else(|error| Ok((Err(error), None)))?;
            to_outcome(py, result.map(Into::into))
        }
    }
}

type Waited<T> = (Result<T>, Option<Return>);

/// Waits for a call on this thread. An exception out of a signal handler drops the call and its request.
fn wait<T: Send + 'static>(
    py: Python<'_>,
    interruptible: bool,
    call: impl Fn() -> Result<PendingCall<T>>,
) -> PyResult<Waited<T>> {
    let mut pending = match call() {
        Ok(pending) => pending,
        Err(error) => return Ok((Err(error), None)),
    };
    if !interruptible {
        let (result, back) = outside(py, || pending.wait());
        return Ok((result, Some(back)));
    }
    loop {
        let (result, back) = outside(py, || pending.wait_for(SLICE));
        if let Some(result) = result {
            return Ok((result, Some(back)));
        }
        let pid = process::id();
        let checked = py.check_signals();
        if process::id() != pid {
            // A handler has forked, and this is the child: the call under way is the parent's, whatever the handler raises.
            std::mem::forget(pending);
            checked?;
            return wait(py, interruptible, call);
        }
        checked?;
    }
}

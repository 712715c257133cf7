//! The client: settings in, calls out.

use pyo3::prelude::*;
use smileid_jobs::blocking::ProcessClient;
use smileid_jobs::config::{
    BURST, CONNECT_TIMEOUT, DOWNLOAD_TIMEOUT, MAX_AGE, MAX_CONNECTIONS, MAX_RESPONSE_BYTES, MAX_RETRIES, MAX_WAITING,
    POLL_TIMEOUT, REQUEST_TIMEOUT, RETRY_COUNT, WAIT_RETRY_COUNT, WAIT_TIMEOUT,
};
use smileid_jobs::panic::guard;
use smileid_jobs::{ClientBuilder, Error, Result, user_agent};

use crate::arguments::{
    Any, bytes, count, environment, flag, id, limited, optional, path, rate, seconds, string, texts,
};
use crate::asked::{Again, Asked, GetArguments, PollArguments, again, asking, asking_again, polling};
use crate::callback::Callback;
use crate::exit::is_ending;
use crate::failure::{Failure, entry};
use crate::outcome::Outcome;
use crate::status::Status;
use crate::streams::{Many, Watch};
use crate::waiting::{Waiting, answer};

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
        if let Some(path) = path("ca_bundle", "expected the path of a PEM file", &self.ca_bundle)? {
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

/// The options of `poll_many`, as Python gave them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ManyOptions<'py> {
    return_history: Any<'py>,
    return_image_links: Any<'py>,
    timeout: Any<'py>,
    retry_count: Any<'py>,
    initial_delay: Any<'py>,
    max_delay: Any<'py>,
    capped: bool,
    max_waiting: Any<'py>,
    rate_limit: Any<'py>,
    burst: Any<'py>,
}

/// The options of `download_images`, as Python gave them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct DownloadOptions<'py> {
    directory: Any<'py>,
    overwrite: Any<'py>,
    allowed_hosts: Any<'py>,
    refresh: Any<'py>,
    timeout: Any<'py>,
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
        self.run(py, &waiting, Asked::get(&arguments), |client, asked| {
            asking!(client.get_job_status(asked.user_id.as_str(), asked.job_id.as_str()), asked)
        })
    }

    /// A poll: its `Status` or `Failure`, or with a bridge its `Call`.
    fn poll_job_status<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: PollArguments<'py>,
    ) -> PyResult<Any<'py>> {
        let asked = polling(&arguments, &POLL_TIMEOUT, &RETRY_COUNT);
        self.run(py, &waiting, asked, |client, (asked, again)| {
            let poll = asking!(client.poll_job_status(asked.user_id.as_str(), asked.job_id.as_str()), asked);
            asking_again!(poll, *again)
        })
    }

    /// A wait: its `Status` or `Failure`, or with a bridge its `Call`.
    fn wait_until_complete<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: PollArguments<'py>,
        token: Any<'py>,
    ) -> PyResult<Any<'py>> {
        self.run(py, &waiting, with_token(&arguments, &token), |client, (asked, again, token)| {
            let wait = asking!(client.wait_until_complete(asked.user_id.as_str(), asked.job_id.as_str()), asked);
            asking_again!(wait, *again).token(token.clone())
        })
    }

    /// One step of a wait: `(Status, None, None)`, `(None, after, token)` or `Failure`, or with a bridge its `Call`.
    fn poll_step<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        arguments: PollArguments<'py>,
        token: Any<'py>,
    ) -> PyResult<Any<'py>> {
        self.run(py, &waiting, with_token(&arguments, &token), |client, (asked, again, token)| {
            let step = asking!(client.poll_step(asked.user_id.as_str(), asked.job_id.as_str()), asked);
            asking_again!(step, *again).token(token.clone())
        })
    }

    /// A `Watch`, or why not.
    fn watch_job_status<'py>(&self, py: Python<'py>, arguments: PollArguments<'py>) -> PyResult<Any<'py>> {
        self.close_if_ending();
        entry(py, || {
            let (asked, again) = polling(&arguments, &WAIT_TIMEOUT, &WAIT_RETRY_COUNT)?;
            let watch = self.0.watch(|client| {
                let ids = (asked.user_id.as_str(), asked.job_id.as_str());
                let watch = asking!(client.watch_job_status(ids.0, ids.1), &asked);
                asking_again!(watch, again)
            })?;
            Ok(Watch(watch))
        })
    }

    /// A `Many`, or why not.
    fn poll_many<'py>(&self, py: Python<'py>, options: ManyOptions<'py>) -> PyResult<Any<'py>> {
        self.close_if_ending();
        entry(py, || {
            let (capped, retries) = (options.capped, &WAIT_RETRY_COUNT);
            let again = again(&options.retry_count, &options.initial_delay, &options.max_delay, capped, retries)?;
            let history = flag("return_history", &options.return_history)?;
            let links = flag("return_image_links", &options.return_image_links)?;
            let timeout = seconds(&WAIT_TIMEOUT, &options.timeout)?;
            let max_waiting = count(&MAX_WAITING, &options.max_waiting)?;
            let (rate_limit, burst) = (rate(&options.rate_limit)?, count(&BURST, &options.burst)?);
            let many = self.0.poll_many(|client| {
                let many = client.poll_many().return_history(history).return_image_links(links).timeout(timeout);
                asking_again!(many, again).max_waiting(max_waiting).rate_limit(rate_limit).burst(burst)
            })?;
            Ok(Many(many))
        })
    }

    /// The images of a status: a list of `(key, content_type, data, path)` or `Failure`, or with a bridge its `Call`.
    fn download_images<'py>(
        &self,
        py: Python<'py>,
        waiting: Waiting<'py>,
        status: Any<'py>,
        options: DownloadOptions<'py>,
    ) -> PyResult<Any<'py>> {
        let checked = guard(|| {
            let status =
                status.cast::<Status>().map_err(|_| Error::invalid_argument("status", "expected a JobStatus"))?;
            let directory = path("directory", "expected the path of a directory", &options.directory)?;
            let hosts = texts("allowed_hosts", &options.allowed_hosts)?;
            let flags = (flag("overwrite", &options.overwrite)?, flag("refresh", &options.refresh)?);
            Ok((status.get().0.clone(), directory, hosts, flags, seconds(&DOWNLOAD_TIMEOUT, &options.timeout)?))
        });
        self.run(py, &waiting, checked, |client, (status, directory, hosts, (overwrite, refresh), timeout)| {
            let mut call = client.download_images(status).overwrite(*overwrite).refresh(*refresh).timeout(*timeout);
            if let Some(directory) = directory {
                call = call.directory(directory);
            }
            match hosts {
                Some(hosts) => call.allowed_hosts(hosts.iter().map(String::as_str)),
                None => call,
            }
        })
    }

    /// A checked `Callback`, or why not.
    fn verify_callback<'py>(&self, py: Python<'py>, body: Any<'py>, max_age: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let body = bytes("body", &body)?;
            let max_age = seconds(&MAX_AGE, &max_age)?;
            self.0.with(|client| client.verify_callback(&body, max_age)).map(Callback)
        })
    }

    /// Makes waits for this job ask now.
    fn notify<'py>(&self, py: Python<'py>, user_id: Any<'py>, job_id: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let (user_id, job_id) = (id("user_id", &user_id)?, id("job_id", &job_id)?);
            self.0.with(|client| {
                client.notify(&user_id, &job_id);
                // `()` would be an empty tuple.
                Ok(None::<bool>)
            })
        })
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
    fn close_if_ending(&self) {
        if is_ending() {
            self.0.close();
        }
    }

    fn run<'py, A, T, F>(
        &self,
        py: Python<'py>,
        waiting: &Waiting<'py>,
        asked: Result<A>,
        prepare: impl Fn(&smileid_jobs::Client, &A) -> F,
    ) -> PyResult<Any<'py>>
    where
        T: Into<Outcome> + Send + 'static,
        F: IntoFuture<Output = Result<T>>,
        F::IntoFuture: Send + 'static,
    {
        self.close_if_ending();
        match asked {
            Ok(asked) => answer(py, waiting, || self.0.call(|client| prepare(client, &asked))),
            Err(error) => Ok(Bound::new(py, Failure(error))?.into_any()),
        }
    }
}

/// What a wait or a step of it is asked.
fn with_token(arguments: &PollArguments<'_>, token: &Any<'_>) -> Result<(Asked, Again, Option<String>)> {
    let (asked, again) = polling(arguments, &WAIT_TIMEOUT, &WAIT_RETRY_COUNT)?;
    Ok((asked, again, guard(|| optional("token", token))?))
}

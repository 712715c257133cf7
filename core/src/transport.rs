//! How one signed body reaches the server and its answer comes back; the rest of the crate sees the trait only.
//!
//! Most programs have no proxy. Their requests go out on connections of this crate's own pool (`direct`), which is
//! hyper and rustls with nothing in between; those that a proxy is meant for go through reqwest (`proxied`), which is
//! built on the same two. Both keep the same promises: no retry, no redirect, bounded bodies, gzip, limits, the same
//! TLS settings.

mod body;
mod connection;
mod connection_waker;
mod direct;
mod environment;
mod failure;
mod per_driver;
mod pool;
mod proxied;
mod resolver;
mod silence;
mod stream;
mod target;
mod timekeeper;

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use rustls::client::danger::ServerCertVerifier;
use url::Url;

use self::direct::Connections;
use self::environment::Environment;
use self::proxied::Proxied;
use self::target::{Direct, Headers, Route, Target};
use crate::clock::BoxFuture;
use crate::code::ErrorCode;
use crate::config::is_loopback;
use crate::driver;
use crate::error::{Error, Phase, Result};
use crate::tls::Trust;

/// One request: a JSON body to post, or nothing to get.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    target: Arc<Target>,
    body: Option<Bytes>,
    max_response_bytes: usize,
    limit: Limit,
}

/// How long an exchange may take, for a transport that enforces it itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) duration: Duration,
    /// Whether it is what is left of the call's time, and not the request's own limit.
    pub(crate) is_overall: bool,
}

impl Limit {
    pub(crate) fn exceeded(self, phase: Phase) -> Error {
        let error = Error::timeout(phase);
        if self.is_overall { Error::timeout(Phase::Overall).with_last_error(Some(error)) } else { error }
    }
}

impl HttpRequest {
    pub(crate) fn new(url: Url, max_response_bytes: usize) -> Self {
        let limit = Limit { duration: Duration::MAX, is_overall: false };
        Self { target: Arc::new(Target { url, route: OnceLock::new() }), body: None, max_response_bytes, limit }
    }

    pub(crate) fn with_body(&self, body: Bytes) -> Self {
        Self { target: Arc::clone(&self.target), body: Some(body), ..*self }
    }

    pub(crate) fn within(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.target.url
    }

    /// What is posted.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header's text.
    pub retry_after: Option<String>,
    /// The `Date` header's text.
    pub date: Option<String>,
    /// The body after content decoding.
    pub body: Bytes,
    /// Whether the body has a content encoding that nobody asked for, and is as it came.
    pub has_other_encoding: bool,
}

/// How far a request has come, for the error when time runs out.
#[derive(Debug, Default)]
pub struct Progress(AtomicU16);

impl Progress {
    /// The headers have arrived, with this status.
    pub fn body_began(&self, status: u16) {
        self.0.store(status, Ordering::Relaxed);
    }

    /// The error if time runs out now.
    pub(crate) fn late(&self, limit: Limit) -> Error {
        match self.0.load(Ordering::Relaxed) {
            0 => limit.exceeded(Phase::Response),
            status => limit.exceeded(Phase::Body).with_http_status(status),
        }
    }
}

/// Sends one request once. No retry, no redirect; dropping the future drops the request.
pub trait Transport: Send + Sync + 'static {
    /// Posts the body, or gets where there is none.
    fn send<'a>(&'a self, request: HttpRequest, progress: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>>;

    /// Whether a thread without a tokio runtime may send it, too.
    fn is_direct(&self, request: &HttpRequest) -> bool {
        let _ = request;
        false
    }

    /// Whether any request may go through a proxy.
    fn may_use_proxy(&self) -> bool {
        false
    }

    /// Whether it enforces a request's limit itself, by the machine's clock.
    fn keeps_time(&self) -> bool {
        false
    }

    /// What it read of the machine when it was made.
    #[doc(hidden)]
    fn settled(&self) -> Option<Settled> {
        None
    }

    /// Closes what is open and not in use. Nothing is sent any more.
    fn close(&self) {}
}

/// What a client reads of the machine when it is made. A forked child may stand in another directory, under another
/// root or have another environment, and goes on with this.
#[doc(hidden)]
#[derive(Clone)]
pub struct Settled {
    pub(crate) verifier: Option<Arc<dyn ServerCertVerifier>>,
    environment: Option<Arc<Environment>>,
}

/// What a transport needs to know.
pub(crate) struct TransportOptions {
    pub(crate) trust: Trust,
    pub(crate) trust_env: bool,
    pub(crate) proxy: Option<Url>,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_connections: usize,
    pub(crate) user_agent: &'static str,
    /// In place of what the machine says now.
    pub(crate) settled: Option<Settled>,
    /// Whether all requests go the way of those through a proxy, to measure what it costs.
    pub(crate) only_reqwest: bool,
}

/// The transport of real clients.
pub(crate) struct HttpTransport {
    options: TransportOptions,
    environment: Option<Arc<Environment>>,
    may_use_proxy: bool,
    connections: Connections,
    proxied: Proxied,
}

impl HttpTransport {
    /// Finds out at once whether the settings are wrong and whom to trust for `url`.
    pub(crate) fn new(options: TransportOptions, url: &Url) -> Result<Self> {
        let environment = match &options.settled {
            Some(settled) => settled.environment.clone(),
            None => options.trust_env.then(|| Arc::new(Environment::read())),
        };
        // One that was given replaces the environment's.
        let environment = if options.proxy.is_some() { None } else { environment };
        let connections = Connections::new(options.trust.clone(), options.connect_timeout, options.max_connections);
        let may_use_proxy =
            options.only_reqwest || options.proxy.is_some() || environment.as_deref().is_some_and(Environment::has_any);
        let proxied = Proxied::new(environment.clone());
        let transport = Self { options, environment, may_use_proxy, connections, proxied };
        // Plain HTTP needs nobody to trust, and must work on a machine without CA files. But a wrong bundle is refused
        // where it was given, even if this server needs none.
        let needs_trust = url.scheme() != "http" || transport.options.trust.ca_bundle.is_some();
        if needs_trust {
            transport.connections.tls()?;
        }
        if transport.has_proxy(url) {
            transport.environment.as_ref().map_or(Ok(()), |environment| environment.check(url))?;
            transport.proxied.prepare(&transport.options, &transport.connections)?;
        }
        Ok(transport)
    }

    fn route<'a>(&self, target: &'a Target) -> &'a Route {
        target.route.get_or_init(|| match Direct::new(&target.url, self.options.user_agent) {
            Some(direct) if !self.options.only_reqwest && !self.has_proxy(&target.url) => {
                Route::Direct(Box::new(direct))
            }
            _ => Route::Proxied(Box::new(Headers::new(&target.url, self.options.user_agent))),
        })
    }

    fn has_proxy(&self, url: &Url) -> bool {
        if is_loopback(url) {
            return false;
        }
        self.options.proxy.is_some() || self.environment.as_ref().is_some_and(|environment| environment.intercepts(url))
    }
}

/// How long the body of a refusal, which explains it, is waited for.
const EXPLANATION: Duration = Duration::from_secs(2);

impl Transport for HttpTransport {
    fn send<'a>(&'a self, request: HttpRequest, progress: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>> {
        let limit = request.limit;
        let exchange = match self.route(&request.target) {
            Route::Direct(_) => self.connections.exchange(request, progress),
            Route::Proxied(_) => return self.proxied.exchange(&self.options, &self.connections, request, progress),
        };
        if timekeeper::is_kept() { exchange } else { Box::pin(limited(exchange, limit, progress)) }
    }

    fn keeps_time(&self) -> bool {
        true
    }

    fn may_use_proxy(&self) -> bool {
        self.may_use_proxy
    }

    fn settled(&self) -> Option<Settled> {
        Some(Settled { verifier: self.connections.verifier(), environment: self.environment.clone() })
    }

    fn is_direct(&self, request: &HttpRequest) -> bool {
        matches!(self.route(&request.target), Route::Direct(_))
    }

    fn close(&self) {
        self.connections.close();
        self.proxied.close();
    }
}

/// The body of a refusal, which stays one even if its body does not arrive. Not waited for until the request's limit,
/// whose error would say that there was no answer.
async fn explanation<T>(body: impl Future<Output = Result<T>>, left: Duration) -> Option<T> {
    tokio::select! {
        biased;
        body = body => body.ok(),
        () = driver::sleep(EXPLANATION.min(left / 2)) => None,
    }
}

/// An exchange with a timer of its own.
async fn limited(
    exchange: impl Future<Output = Result<HttpResponse>>,
    limit: Limit,
    progress: &Progress,
) -> Result<HttpResponse> {
    tokio::select! {
        biased;
        response = exchange => response,
        () = driver::sleep(limit.duration) => Err(progress.late(limit)),
    }
}

pub(crate) fn too_large() -> Error {
    Error::new(ErrorCode::ResponseTooLarge, "the answer is larger than max_response_bytes")
}

//! Requests through a proxy, by reqwest: which proxy serves which URL, tunnels, and proxies' own credentials are its field.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use http::header::{CONTENT_ENCODING, DATE, HeaderName, RETRY_AFTER};
use url::Url;

use super::alarm::{Alarm, Late};
use super::body::{Collected, decode, is_gzip};
use super::direct::Connections;
use super::failure::{Failure, classify, describe};
use super::per_home::PerHome;
use super::target::method_for;
use super::timekeeper::{self, Timekeeper};
use super::{HttpRequest, HttpResponse, Limit, Progress, TransportOptions, limited};
use crate::clock::BoxFuture;
use crate::driver;
use crate::error::{Error, Result};

/// Connections that were left alone for this long are looked at before they are used: the proxy may have closed one, and a
/// runtime that only callers drive has not seen it.
const IDLE: Duration = Duration::from_millis(200);

/// A client of reqwest's per runtime.
pub(super) struct Proxied {
    /// `None` once it was closed.
    senders: RwLock<Option<PerHome<Arc<Sender>>>>,
    /// Made with the transport, so that the environment's proxies are read when the settings are; the first runtime's.
    unused: Mutex<Option<reqwest::Client>>,
}

/// What sends a runtime's requests.
struct Sender {
    client: reqwest::Client,
    used_at: Mutex<Instant>,
    /// Where there are timekeepers.
    timekeeper: Option<Timekeeper>,
    /// Those of requests that have ended.
    alarms: Mutex<Vec<Arc<Alarm>>>,
}

impl Proxied {
    pub(super) fn new() -> Self {
        Self { senders: RwLock::new(Some(PerHome::default())), unused: Mutex::default() }
    }

    /// Makes the first client now.
    pub(super) fn prepare(&self, options: &TransportOptions, connections: &Connections) -> Result<()> {
        let made = make(options, connections.tls()?)?;
        *self.unused.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(())
    }

    /// Closes what nobody uses; what is used is closed after it.
    pub(super) fn close(&self) {
        let senders = self.senders.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(senders);
    }

    fn sender(&self, options: &TransportOptions, connections: &Connections) -> Result<Arc<Sender>> {
        let senders = self.senders.read().unwrap_or_else(PoisonError::into_inner);
        senders.as_ref().ok_or_else(Error::closed)?.get(|| {
            let unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner).take();
            let client = unused.map_or_else(|| make(options, connections.tls()?), Ok)?;
            let timekeeper = timekeeper::is_here().then(Timekeeper::start).transpose();
            let timekeeper = timekeeper.map_err(|error| classify(&error, Failure::Connect))?;
            Ok(Arc::new(Sender { client, used_at: Mutex::new(Instant::now()), timekeeper, alarms: Mutex::default() }))
        })
    }

    /// Sends a request, whose limit is kept.
    pub(super) fn exchange<'a>(
        &'a self,
        options: &'a TransportOptions,
        connections: &'a Connections,
        request: HttpRequest,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<HttpResponse>> {
        Box::pin(async move {
            let sender = self.sender(options, connections)?;
            let (now, limit) = (Instant::now(), request.limit);
            if sender.was_idle(now) {
                driver::catch_up().await;
            }
            let exchange = pin!(sender.exchange(request, progress));
            match &sender.timekeeper {
                Some(timekeeper) => sender.exchange_within(limit, now, timekeeper, exchange, progress).await,
                None => limited(exchange, limit, progress).await,
            }
        })
    }
}

impl Sender {
    fn was_idle(&self, now: Instant) -> bool {
        let mut used_at = self.used_at.lock().unwrap_or_else(PoisonError::into_inner);
        now.saturating_duration_since(std::mem::replace(&mut *used_at, now)) >= IDLE
    }

    fn alarms(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Alarm>>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends an exchange at its time.
    async fn exchange_within(
        &self,
        limit: Limit,
        began_at: Instant,
        timekeeper: &Timekeeper,
        mut exchange: Pin<&mut impl Future<Output = Result<HttpResponse>>>,
        progress: &Progress,
    ) -> Result<HttpResponse> {
        /// Leaves the alarm to another request, also where this one is given up.
        struct Leave<'a>(&'a Sender, Option<Arc<Alarm>>);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                if let Some(alarm) = self.1.take() {
                    alarm.rest();
                    self.0.alarms().push(alarm);
                }
            }
        }
        let left = self.alarms().pop();
        let alarm = left.unwrap_or_else(|| {
            // Of no connection: reqwest's are its own.
            let alarm = Arc::new(Alarm::new(Weak::new()));
            timekeeper.watch(&alarm);
            alarm
        });
        alarm.rise();
        timekeeper.limit(&alarm, began_at, limit.duration);
        let leave = Leave(self, Some(alarm));
        let ended = match &leave.1 {
            Some(alarm) => poll_fn(|context| alarm.poll(context.waker(), || exchange.as_mut().poll(context))).await,
            None => Err(Late),
        };
        ended.unwrap_or_else(|Late| Err(limit.exceeded(progress.phase())))
    }

    /// The arguments of an `async fn` would be in its future twice.
    fn exchange<'a>(
        &'a self,
        request: HttpRequest,
        progress: &'a Progress,
    ) -> impl Future<Output = Result<HttpResponse>> + 'a {
        let HttpRequest { target, body, max_response_bytes, .. } = request;
        let mut sent = reqwest::Request::new(method_for(body.as_ref()), target.url.clone());
        if let Some(headers) = target.proxied() {
            *sent.headers_mut() = headers.of(body.as_ref());
        }
        *sent.body_mut() = body.map(Into::into);
        let answer = self.client.execute(sent);
        async move {
            let mut response = answer.await.map_err(failed)?;
            progress.body_began();
            let status = response.status().as_u16();
            let text = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
            let retry_after = text(RETRY_AFTER).map(str::to_owned);
            let date = if status < 400 { None } else { text(DATE).map(str::to_owned) };
            let is_gzip = is_gzip(response.headers().get(CONTENT_ENCODING));
            let body = match read(&mut response, is_gzip, max_response_bytes).await {
                Ok(body) => body,
                // A refusal stays one, even if its explanation does not arrive.
                Err(_) if !(200..300).contains(&status) => bytes::Bytes::new(),
                Err(error) => return Err(error.with_http_status(status)),
            };
            Ok(HttpResponse { status, retry_after, date, body })
        }
    }
}

fn make(options: &TransportOptions, tls: &rustls::ClientConfig) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .http1_only()
        .tcp_nodelay(true)
        .referer(false)
        // Both would send a signature again that was made for an earlier moment.
        .redirect(reqwest::redirect::Policy::none())
        // What never retries copies each request all the same, unless there is no number of retries either.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .connect_timeout(options.connect_timeout)
        // A pool that looks for idle connections has a timer, and with one every wait for a socket costs more. As without a
        // proxy, those that nobody asks for stay until the other side closes them.
        .pool_idle_timeout(None)
        .pool_max_idle_per_host(options.max_connections);
    if let Some(proxy) = &options.proxy {
        builder = builder.no_proxy().proxy(proxy_of(proxy)?);
    } else if !options.trust_env {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| Error::internal().with_cause(describe(&error.without_url())))
}

/// Every URL's proxy.
fn proxy_of(url: &Url) -> Result<reqwest::Proxy> {
    reqwest::Proxy::all(url.clone()).map_err(|_| Error::invalid_argument("proxy", "expected the URL of an HTTP proxy"))
}

async fn read(response: &mut reqwest::Response, is_gzip: bool, most_bytes: usize) -> Result<bytes::Bytes> {
    let declared = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut collected = Collected::new(declared, most_bytes)?;
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        collected.add(chunk)?;
    }
    let body = collected.finish();
    if is_gzip { decode(&body, most_bytes) } else { Ok(body) }
}

fn failed(error: reqwest::Error) -> Error {
    let failure = if error.is_connect() { Failure::Connect } else { Failure::Exchange };
    classify(&error.without_url(), failure)
}

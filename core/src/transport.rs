//! How one signed body reaches the server and its answer comes back; the rest of the crate sees the trait only.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use tokio::runtime;
use url::Url;

use crate::clock::BoxFuture;
use crate::code::ErrorCode;
use crate::config::is_loopback;
use crate::error::{Cause, Error, Phase, Result};
use crate::tls::Trust;

/// One request: a JSON body to post, or nothing to get.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    url: Url,
    body: Option<Bytes>,
    max_response_bytes: usize,
}

impl HttpRequest {
    pub(crate) fn new(url: Url, max_response_bytes: usize) -> Self {
        Self { url, body: None, max_response_bytes }
    }

    pub(crate) fn with_body(&self, body: Bytes) -> Self {
        Self { url: self.url.clone(), body: Some(body), max_response_bytes: self.max_response_bytes }
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
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
}

/// How far a request has come, for the error when time runs out.
#[derive(Debug, Default)]
pub struct Progress(AtomicU8);

impl Progress {
    /// The headers have arrived.
    pub fn body_began(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    pub(crate) fn phase(&self) -> Phase {
        if self.0.load(Ordering::Relaxed) == 0 { Phase::Response } else { Phase::Body }
    }
}

/// Sends one request once. No retry, no redirect; dropping the future drops the request.
pub trait Transport: Send + Sync + 'static {
    /// Posts the body, or gets where there is none.
    fn send<'a>(&'a self, request: HttpRequest, progress: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>>;
}

/// What a transport needs to know.
pub(crate) struct TransportOptions {
    pub(crate) trust: Trust,
    pub(crate) trust_env: bool,
    pub(crate) proxy: Option<Url>,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_connections: usize,
    pub(crate) user_agent: &'static str,
}

/// The transport over reqwest: one pool for this machine, one for all others, each made when it is needed.
pub(crate) struct ReqwestTransport {
    options: TransportOptions,
    plain_loopback: Pools,
    loopback: Pools,
    remote: Pools,
    headers: HeaderMap,
    /// Made once: reading the platform's certificates takes milliseconds, and sessions can be resumed on any pool.
    tls: OnceLock<rustls::ClientConfig>,
}

/// How many runtimes may have a pool at a time; those of runtimes that are gone must not pile up.
const MOST_POOLS: usize = 8;

/// A pool per tokio runtime: a connection is driven by the runtime it was opened on, and is of no use on another.
#[derive(Default)]
struct Pools {
    /// Made to check the settings, and not used yet.
    unused: Mutex<Option<reqwest::Client>>,
    first: OnceLock<(Option<runtime::Id>, reqwest::Client)>,
    others: Mutex<VecDeque<(Option<runtime::Id>, reqwest::Client)>>,
}

impl Pools {
    fn get(&self, make: impl FnOnce() -> Result<reqwest::Client>) -> Result<reqwest::Client> {
        let make = || {
            let unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner).take();
            unused.map_or_else(make, Ok)
        };
        let own = runtime::Handle::try_current().ok().map(|handle| handle.id());
        match self.first.get() {
            None => {
                let made = make()?;
                let (first, client) = self.first.get_or_init(|| (own, made.clone()));
                Ok(if *first == own { client.clone() } else { made })
            }
            Some((first, client)) if *first == own => Ok(client.clone()),
            Some(_) => {
                let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((_, client)) = others.iter().find(|(id, _)| *id == own) {
                    return Ok(client.clone());
                }
                let client = make()?;
                others.truncate(MOST_POOLS - 1);
                others.push_front((own, client.clone()));
                Ok(client)
            }
        }
    }
}

impl ReqwestTransport {
    /// Makes the pool for `url`, so that wrong settings are found at once.
    pub(crate) fn new(options: TransportOptions, url: &Url) -> Result<Self> {
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(options.user_agent));
        let (plain_loopback, loopback, remote, tls) = Default::default();
        let transport = Self { options, plain_loopback, loopback, remote, headers, tls };
        let unused = transport.make(url)?;
        *transport.pools(url).unused.lock().unwrap_or_else(PoisonError::into_inner) = Some(unused);
        if transport.options.trust.ca_bundle.is_some() {
            // A wrong bundle is found where it was given, even if this server needs none.
            transport.tls()?;
        }
        Ok(transport)
    }

    fn pools(&self, url: &Url) -> &Pools {
        match (url.scheme(), is_loopback(url)) {
            ("http", true) => &self.plain_loopback,
            (_, true) => &self.loopback,
            (_, false) => &self.remote,
        }
    }

    fn make(&self, url: &Url) -> Result<reqwest::Client> {
        // Without TLS there is nothing to trust, and a machine without CA files must do.
        let tls = if url.scheme() == "http" { self.options.trust.nobody()? } else { self.tls()? };
        self.pool(tls, is_loopback(url))
    }

    fn tls(&self) -> Result<rustls::ClientConfig> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let tls = self.options.trust.client_config()?;
        Ok(self.tls.get_or_init(|| tls).clone())
    }

    fn pool(&self, tls: rustls::ClientConfig, is_loopback: bool) -> Result<reqwest::Client> {
        let options = &self.options;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .tcp_nodelay(true)
            .referer(false)
            // Both would send a signature again that was made for an earlier moment.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect_timeout)
            .pool_max_idle_per_host(options.max_connections);
        if is_loopback || (!options.trust_env && options.proxy.is_none()) {
            builder = builder.no_proxy();
        } else if let Some(proxy) = &options.proxy {
            let proxy = reqwest::Proxy::all(proxy.clone())
                .map_err(|_| Error::invalid_argument("proxy", "expected the URL of an HTTP proxy"))?;
            builder = builder.no_proxy().proxy(proxy);
        }
        builder.build().map_err(|error| Error::internal().with_cause(describe(error)))
    }

    async fn exchange(&self, request: HttpRequest, progress: &Progress) -> Result<HttpResponse> {
        let client = self.pools(&request.url).get(|| self.make(&request.url))?;
        let method = if request.body.is_some() { reqwest::Method::POST } else { reqwest::Method::GET };
        let mut sent = reqwest::Request::new(method, request.url);
        match request.body {
            Some(body) => {
                sent.headers_mut().clone_from(&self.headers);
                *sent.body_mut() = Some(body.into());
            }
            None => drop(sent.headers_mut().insert(USER_AGENT, HeaderValue::from_static(self.options.user_agent))),
        }
        let mut response = client.execute(sent).await.map_err(classify)?;
        progress.body_began();
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, date) = (header(RETRY_AFTER), if status < 400 { None } else { header(DATE) });
        let body = match read(&mut response, request.max_response_bytes).await {
            Ok(body) => body,
            // A refusal stays one, even if its explanation does not arrive.
            Err(_) if !(200..300).contains(&status) => Bytes::new(),
            Err(error) => return Err(error.with_http_status(status)),
        };
        Ok(HttpResponse { status, retry_after, date, body })
    }
}

/// Bodies below this are copied out of the connection's read buffer, whose first size is 8 KiB.
const SHORT_BODY: usize = 8192;

async fn read(response: &mut reqwest::Response, max_response_bytes: usize) -> Result<Bytes> {
    // The length a server declares is a hint: memory grows with what arrives.
    let declared = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if declared > max_response_bytes {
        return Err(too_large());
    }
    let Some(first) = response.chunk().await.map_err(classify)? else { return Ok(Bytes::new()) };
    if first.len() > max_response_bytes {
        return Err(too_large());
    }
    let Some(second) = response.chunk().await.map_err(classify)? else {
        // A short answer would keep the whole read buffer of its connection for as long as somebody keeps the status.
        return Ok(if first.len() < SHORT_BODY { Bytes::copy_from_slice(&first) } else { first });
    };
    let mut body = BytesMut::with_capacity(declared.clamp(first.len() + second.len(), 1 << 20));
    body.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > max_response_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await.map_err(classify)?;
    }
    Ok(body.freeze())
}

impl Transport for ReqwestTransport {
    fn send<'a>(&'a self, request: HttpRequest, progress: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>> {
        Box::pin(self.exchange(request, progress))
    }
}

pub(crate) fn too_large() -> Error {
    Error::new(ErrorCode::ResponseTooLarge, "the answer is larger than max_response_bytes")
}

fn classify(error: reqwest::Error) -> Error {
    let tls = chain(&error).any(is_tls);
    let (timeout, connect, decode) =
        (error.is_timeout(), error.is_connect(), error.is_decode() && !chain(&error).any(is_transport));
    let error_of = |code, message| Error::new(code, message);
    let ours = if tls {
        error_of(ErrorCode::Tls, "the TLS handshake failed; check the certificate, ca_bundle and the clock")
    } else if timeout {
        // Only connecting has a timeout inside reqwest; everything else is bounded from outside.
        Error::timeout(Phase::Connect)
    } else if connect {
        error_of(ErrorCode::Connect, "the server could not be connected to; check the network and the base URL")
    } else if decode {
        error_of(ErrorCode::InvalidResponse, "the answer's content encoding is broken")
    } else {
        error_of(ErrorCode::Network, "the connection broke before the whole answer had arrived")
    };
    ours.with_cause(describe(error))
}

/// The chain of messages without the URL, which could be private.
fn describe(error: reqwest::Error) -> Cause {
    let error = error.without_url();
    let description = chain(&error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Cause::Http { description }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    // An I/O error hides what it wraps from `source`, and one can wrap another.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner))
}

/// Whether the connection itself broke, which reqwest also reports while decoding.
fn is_transport(error: &(dyn StdError + 'static)) -> bool {
    use std::io::ErrorKind;
    error.downcast_ref::<std::io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
        )
    }) || error.to_string().contains("connection closed")
}

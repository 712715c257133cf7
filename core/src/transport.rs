//! How one signed body reaches the server and its answer comes back; the rest of the crate sees the trait only.

use std::error::Error as StdError;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use url::Url;

use crate::clock::BoxFuture;
use crate::code::ErrorCode;
use crate::config::Endpoint;
use crate::error::{Cause, Error, Phase, Result};
use crate::tls::Trust;

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header's text.
    pub retry_after: Option<String>,
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

/// Sends one body once. No retry, no redirect; dropping the future drops the request.
pub trait Transport: Send + Sync + 'static {
    /// Posts a JSON body to the job-status endpoint.
    fn post<'a>(&'a self, body: Bytes, progress: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>>;
}

/// What a transport needs to know.
pub(crate) struct TransportOptions {
    pub(crate) endpoint: Endpoint,
    pub(crate) trust: Trust,
    pub(crate) trust_env: bool,
    pub(crate) proxy: Option<Url>,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_connections: usize,
    pub(crate) max_response_bytes: usize,
    pub(crate) user_agent: &'static str,
}

/// The transport over reqwest.
pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    max_response_bytes: usize,
}

impl ReqwestTransport {
    pub(crate) fn new(options: TransportOptions) -> Result<Self> {
        let Endpoint { url, loopback } = options.endpoint;
        // Without TLS there is nothing to trust, and a machine without CA files must do. A bundle is read all the same,
        // so that a wrong one is found where it was given.
        let plain = url.scheme() == "http" && options.trust.ca_bundle.is_none();
        let tls = if plain { options.trust.nobody()? } else { options.trust.client_config()? };
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
        if loopback || (!options.trust_env && options.proxy.is_none()) {
            builder = builder.no_proxy();
        } else if let Some(proxy) = options.proxy {
            let proxy = reqwest::Proxy::all(proxy)
                .map_err(|_| Error::invalid_argument("proxy", "expected the URL of an HTTP proxy"))?;
            builder = builder.no_proxy().proxy(proxy);
        }
        let client = builder.build().map_err(|error| Error::internal().with_cause(describe(error)))?;
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(options.user_agent));
        Ok(Self { client, url, headers, max_response_bytes: options.max_response_bytes })
    }

    async fn exchange(&self, body: Bytes, progress: &Progress) -> Result<HttpResponse> {
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let mut response = request.send().await.map_err(classify)?;
        progress.body_began();
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = match self.read(&mut response).await {
            Ok(body) => body,
            // A refusal stays one, even if its explanation does not arrive.
            Err(_) if !(200..300).contains(&status) => Bytes::new(),
            Err(error) => return Err(error.with_http_status(status)),
        };
        Ok(HttpResponse { status, retry_after, body })
    }

    async fn read(&self, response: &mut reqwest::Response) -> Result<Bytes> {
        // The length a server declares is a hint: memory grows with what arrives.
        let declared = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if declared > self.max_response_bytes {
            return Err(too_large());
        }
        let Some(first) = response.chunk().await.map_err(classify)? else { return Ok(Bytes::new()) };
        if first.len() > self.max_response_bytes {
            return Err(too_large());
        }
        let Some(second) = response.chunk().await.map_err(classify)? else { return Ok(first) };
        let mut body = BytesMut::with_capacity(declared.clamp(first.len() + second.len(), 1 << 20));
        body.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if body.len() + chunk.len() > self.max_response_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
            next = response.chunk().await.map_err(classify)?;
        }
        Ok(body.freeze())
    }
}

impl Transport for ReqwestTransport {
    fn post<'a>(&'a self, body: Bytes, progress: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>> {
        Box::pin(self.exchange(body, progress))
    }
}

fn too_large() -> Error {
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

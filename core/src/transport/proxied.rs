//! Requests through a proxy, by reqwest: which proxy serves which URL, tunnels, and proxies' own credentials are its field.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use url::Url;

use super::body::Collected;
use super::failure::{Failure, classify, describe};
use super::per_home::PerHome;
use super::{HttpRequest, HttpResponse, Progress, TransportOptions};
use crate::driver;
use crate::error::{Error, Result};

/// Connections that were left alone for this long are looked at before they are used: the proxy may have closed one, and a
/// runtime that only callers drive has not seen it.
const IDLE: Duration = Duration::from_millis(200);

/// A client of reqwest's per runtime.
pub(super) struct Proxied {
    /// `None` once it was closed.
    clients: RwLock<Option<PerHome<reqwest::Client>>>,
    /// Made with the transport, so that the environment's proxies are read when the settings are; the first runtime's.
    unused: Mutex<Option<reqwest::Client>>,
    headers: HeaderMap,
    used_at: Mutex<Instant>,
}

impl Proxied {
    pub(super) fn new(user_agent: &'static str) -> Self {
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(user_agent));
        Self {
            clients: RwLock::new(Some(PerHome::default())),
            unused: Mutex::default(),
            headers,
            used_at: Mutex::new(Instant::now()),
        }
    }

    /// Makes the first client now.
    pub(super) fn prepare(&self, options: &TransportOptions, tls: &rustls::ClientConfig) -> Result<()> {
        let made = make(options, tls)?;
        *self.unused.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(())
    }

    /// Closes what nobody uses; what is used is closed after it.
    pub(super) fn close(&self) {
        let clients = self.clients.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(clients);
    }

    fn client(&self, options: &TransportOptions, tls: &rustls::ClientConfig) -> Result<reqwest::Client> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.as_ref().ok_or_else(Error::closed)?.get(|| {
            let unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner).take();
            unused.map_or_else(|| make(options, tls), Ok)
        })
    }

    fn was_idle(&self) -> bool {
        let mut used_at = self.used_at.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *used_at, Instant::now()).elapsed() >= IDLE
    }

    pub(super) async fn exchange(
        &self,
        options: &TransportOptions,
        tls: &rustls::ClientConfig,
        request: HttpRequest,
        progress: &Progress,
    ) -> Result<HttpResponse> {
        let client = self.client(options, tls)?;
        if self.was_idle() {
            driver::catch_up().await;
        }
        let method = if request.body.is_some() { reqwest::Method::POST } else { reqwest::Method::GET };
        let mut sent = reqwest::Request::new(method, request.target.url.clone());
        match request.body {
            Some(body) => {
                sent.headers_mut().clone_from(&self.headers);
                *sent.body_mut() = Some(body.into());
            }
            None => drop(sent.headers_mut().insert(USER_AGENT, HeaderValue::from_static(options.user_agent))),
        }
        let mut response = client.execute(sent).await.map_err(failed)?;
        progress.body_began();
        let status = response.status().as_u16();
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, date) = (text(RETRY_AFTER), if status < 400 { None } else { text(DATE) });
        let body = match read(&mut response, request.max_response_bytes).await {
            Ok(body) => body,
            // A refusal stays one, even if its explanation does not arrive.
            Err(_) if !(200..300).contains(&status) => bytes::Bytes::new(),
            Err(error) => return Err(error.with_http_status(status)),
        };
        Ok(HttpResponse { status, retry_after, date, body })
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
        .retry(reqwest::retry::never())
        .connect_timeout(options.connect_timeout)
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

async fn read(response: &mut reqwest::Response, most_bytes: usize) -> Result<bytes::Bytes> {
    let declared = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut collected = Collected::new(declared, most_bytes)?;
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        collected.add(chunk)?;
    }
    Ok(collected.finish())
}

fn failed(error: reqwest::Error) -> Error {
    let failure = if error.is_connect() {
        Failure::Connect
    } else if error.is_decode() {
        Failure::Decode
    } else {
        Failure::Exchange
    };
    classify(&error.without_url(), failure)
}

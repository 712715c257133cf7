//! Requests through a proxy, by reqwest: it knows which proxy serves which URL, tunnels, and proxies' own credentials.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::TryFutureExt;
use url::Url;

use super::body::{Collected, Head, decode};
use super::connection::MOST_AGE;
use super::direct::Connections;
use super::environment::Environment;
use super::failure::{Failure, classify, describe};
use super::per_driver::PerDriver;
use super::resolver::no_thread;
use super::silence::Silence;
use super::target::method_for;
use super::{HttpRequest, HttpResponse, Progress, TransportOptions, explanation, limited};
use crate::clock::BoxFuture;
use crate::driver;
use crate::error::{Error, Phase, Result};

/// Connections idle for longer are checked before they are used: the proxy may have closed one, and a runtime that only
/// callers drive has not seen it.
const IDLE: Duration = Duration::from_millis(200);

/// A client of reqwest's per runtime.
pub(super) struct Proxied {
    /// `None` once it was closed.
    clients: RwLock<Option<Clients>>,
    /// For the first runtime. Made with the transport, so that what is wrong with the settings shows then.
    unused: Mutex<Option<reqwest::Client>>,
    used_at: Mutex<Instant>,
    environment: Option<Arc<Environment>>,
}

/// All that hold connections. reqwest closes a client's idle ones with it, and none before.
struct Clients {
    since: Instant,
    of_drivers: PerDriver<reqwest::Client>,
}

impl Clients {
    fn new() -> Self {
        Self { since: Instant::now(), of_drivers: PerDriver::default() }
    }
}

impl Proxied {
    pub(super) fn new(environment: Option<Arc<Environment>>) -> Self {
        let (clients, used_at) = (RwLock::new(Some(Clients::new())), Mutex::new(Instant::now()));
        Self { clients, unused: Mutex::default(), used_at, environment }
    }

    /// Makes the first client now.
    pub(super) fn prepare(&self, options: &TransportOptions, connections: &Connections) -> Result<()> {
        let made = make(options, self.environment.as_deref(), connections)?;
        *self.unused.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(())
    }

    /// Closes idle connections; those in use are closed after it.
    pub(super) fn close(&self) {
        let clients = self.clients.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(clients);
    }

    /// Closes the idle connections of clients that were made before a moment; those in use are closed after it.
    fn leave(&self, before: Instant) {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        let old = clients.as_mut().filter(|clients| clients.since < before);
        let left = old.map(|clients| std::mem::replace(clients, Clients::new()));
        drop(clients);
        drop(left);
    }

    fn client(&self, options: &TransportOptions, connections: &Connections) -> Result<reqwest::Client> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.as_ref().ok_or_else(Error::closed)?.of_drivers.get(|| {
            let unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner).take();
            unused.map_or_else(|| make(options, self.environment.as_deref(), connections), Ok)
        })
    }

    fn are_old(&self, now: Instant) -> bool {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.as_ref().is_some_and(|clients| now.saturating_duration_since(clients.since) >= MOST_AGE)
    }

    fn was_idle(&self) -> bool {
        let now = Instant::now();
        let mut used_at = self.used_at.lock().unwrap_or_else(PoisonError::into_inner);
        now.saturating_duration_since(std::mem::replace(&mut *used_at, now)) >= IDLE
    }

    /// Sends a request, which has a timer of its own: reqwest's pool has one anyway, for connections that nobody uses.
    pub(super) fn exchange<'a>(
        &'a self,
        options: &'a TransportOptions,
        connections: &'a Connections,
        request: HttpRequest,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<HttpResponse>> {
        let limit = request.limit;
        let exchange = async move {
            let now = Instant::now();
            if self.are_old(now) {
                self.leave(now);
            }
            let client = self.client(options, connections)?;
            if self.was_idle() {
                driver::catch_up().await;
            }
            // All idle ones: reqwest does not tell whether the request is on one that was.
            let silence = Silence::new(now, Some(|| self.leave(now)));
            send(&client, request, progress, silence)?.await
        };
        // reqwest does not tell whether it has connected when a limit ends that is shorter than that of connecting: the
        // remark stands in both places.
        Box::pin(limited(exchange, limit, progress).map_err(|error| match error.phase() {
            Some(Phase::Connect | Phase::Response) => error.with_remark("requests go through a proxy"),
            _ => error,
        }))
    }
}

/// No `async fn`, whose arguments would be in its future twice.
fn send(
    client: &reqwest::Client,
    request: HttpRequest,
    progress: &Progress,
    mut silence: Silence<impl FnOnce()>,
) -> Result<impl Future<Output = Result<HttpResponse>>> {
    let HttpRequest { target, body, max_response_bytes, limit } = request;
    let began_at = Instant::now();
    let headers = target.proxied().ok_or_else(Error::internal)?.of(body.as_ref());
    let mut sent = reqwest::Request::new(method_for(body.as_ref()), target.url.clone());
    *sent.headers_mut() = headers;
    *sent.body_mut() = body.map(Into::into);
    let answer = client.execute(sent);
    Ok(async move {
        let answered = answer.await;
        silence.end();
        let mut response = answered.map_err(failed)?;
        let head = Head::of(response.status(), response.headers());
        progress.body_began(head.status);
        let body = read(&mut response, head.is_gzip, max_response_bytes);
        let body = if head.is_success() {
            body.await.map_err(|error| error.with_http_status(head.status))?
        } else {
            explanation(body, limit.duration.saturating_sub(began_at.elapsed())).await.unwrap_or_default()
        };
        Ok(head.with(body))
    })
}

fn make(
    options: &TransportOptions,
    environment: Option<&Environment>,
    connections: &Connections,
) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(rustls::ClientConfig::clone(connections.tls()?))
        .dns_resolver(connections.resolver())
        .http1_only()
        .tcp_nodelay(true)
        .referer(false)
        // This crate decodes bodies itself, whichever features of reqwest a program enables.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // Redirects and retries would send a signature again that was made for an earlier moment.
        .redirect(reqwest::redirect::Policy::none())
        // Without this maximum, even `never` copies each request.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .connect_timeout(options.connect_timeout)
        .pool_max_idle_per_host(options.max_connections);
    if let Some(proxy) = &options.proxy {
        builder = builder.no_proxy().proxy(proxy_of(proxy)?);
    } else if !options.trust_env {
        builder = builder.no_proxy();
    } else if let Some(proxy) = environment.map_or(Ok(None), Environment::proxy)? {
        // Which requests it is not meant for was decided before they came here.
        builder = builder.no_proxy().proxy(proxy);
    }
    builder.build().map_err(|error| Error::internal().with_cause(describe(&error.without_url())))
}

/// The proxy of every URL.
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
    let error = error.without_url();
    no_thread(&error).unwrap_or_else(|| classify(&error, failure))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::tls::Trust;
    use crate::transport::{HttpTransport, Limit, Transport};

    #[tokio::test]
    async fn connections_that_are_too_old_are_left() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&accepted);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                    }
                });
            }
        });
        let options = TransportOptions {
            trust: Trust { ca_bundle: None, bundled_roots: true, verifier: None },
            trust_env: false,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            max_connections: 9,
            user_agent: "agent",
            settled: None,
            only_reqwest: true,
        };
        let transport = HttpTransport::new(options, &url).unwrap();
        let limit = Limit { duration: Duration::from_secs(10), is_overall: false };
        let ask = async || {
            let request = HttpRequest::new(url.clone(), 100).within(limit);
            assert_eq!(transport.send(request, &Progress::default()).await.unwrap().status, 200);
            accepted.load(Ordering::SeqCst)
        };
        assert_eq!([ask().await, ask().await], [1, 1]);
        let since = Instant::now().checked_sub(MOST_AGE).unwrap();
        transport.proxied.clients.write().unwrap().as_mut().unwrap().since = since;
        assert_eq!([ask().await, ask().await], [2, 2]);
    }
}

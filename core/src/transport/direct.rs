//! Requests on connections of our own: hyper's HTTP/1.1, hyper-util's way to a socket, rustls.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use tokio_rustls::TlsConnector;

use super::body::{Collected, Head, decode};
use super::connection::Connection;
use super::connection_waker::Late;
use super::failure::{Failure, classify};
use super::per_driver::PerDriver;
use super::pool::{Pool, Taken};
use super::resolver::{Connector, Resolver};
use super::silence::Silence;
use super::stream::Stream;
use super::target::Direct;
use super::timekeeper;
use super::{HttpRequest, HttpResponse, Limit, Progress, explanation};
use crate::clock::BoxFuture;
use crate::driver;
use crate::error::{Error, Phase, Result};
use crate::tls::Trust;

/// Keeps a connection from being forgotten on the way, and finds out if it was.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// So many parts of a body are taken before everybody else has a turn: one read can hold many thousands of them.
const PARTS_AT_A_TIME: usize = 128;

/// Opens connections, and asks on them.
pub(super) struct Connections {
    tcp: Connector,
    resolver: Resolver,
    trust: Trust,
    /// Made once: reading the platform's certificates takes milliseconds.
    tls: OnceLock<(Arc<ClientConfig>, Arc<dyn ServerCertVerifier>)>,
    timeout: Duration,
    most_idle: usize,
    pools: PerDriver<Arc<Pool>>,
}

impl Connections {
    pub(super) fn new(trust: Trust, timeout: Duration, most_idle: usize) -> Self {
        let resolver = Resolver::default();
        let mut tcp = Connector::new_with_resolver(resolver.clone());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        tcp.set_connect_timeout(Some(timeout));
        Self { tcp, resolver, trust, tls: OnceLock::new(), timeout, most_idle, pools: PerDriver::default() }
    }

    /// Whom to trust.
    pub(super) fn tls(&self) -> Result<&Arc<ClientConfig>> {
        if let Some((tls, _)) = self.tls.get() {
            return Ok(tls);
        }
        let (mut tls, verifier) = self.trust.client_config()?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(&self.tls.get_or_init(|| (Arc::new(tls), verifier)).0)
    }

    /// Who looks names up.
    pub(super) fn resolver(&self) -> Resolver {
        self.resolver.clone()
    }

    /// What checks certificates, once it was made.
    pub(super) fn verifier(&self) -> Option<Arc<dyn ServerCertVerifier>> {
        self.tls.get().map(|(_, verifier)| Arc::clone(verifier))
    }

    /// Closes idle connections.
    pub(super) fn close(&self) {
        self.pools.each(|pool| pool.close());
    }

    /// Sends a request to the server, without a proxy. Its limit is kept where [`timekeeper::is_kept`]. No `async fn`,
    /// whose arguments would be in its future twice.
    pub(super) fn exchange<'a>(
        &'a self,
        mut request: HttpRequest,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<HttpResponse>> {
        Box::pin(async move {
            let direct = request.target.direct().ok_or_else(Error::internal)?;
            let pool = self.pools.get(|| Ok(Arc::new(Pool::new(self.most_idle))))?;
            let (mut connection, response, began_at) =
                self.ask(direct, &pool, &mut request.body, request.limit).await?;
            let head = Head::of(response.status(), response.headers());
            progress.body_began(head.status);
            // The headers go with it: they are slices of the connection's read buffer, which it can use again once
            // nobody holds one.
            let body = response.into_body();
            let most_bytes = request.max_response_bytes;
            let body = if head.is_success() {
                let body = read(&mut connection, body, head.is_gzip, most_bytes).await;
                let body = body.and_then(|body| body.ok_or_else(|| request.limit.exceeded(Phase::Body)));
                Some(body.map_err(|error| error.with_http_status(head.status))?)
            } else {
                let body = read(&mut connection, body, head.is_gzip, most_bytes);
                let left = request.limit.duration.saturating_sub(began_at.elapsed());
                Box::pin(explanation(body, left)).await.flatten()
            };
            // A server that is taken out of service answers with these until its clients have left.
            if body.is_some() && !matches!(head.status, 502..=504) {
                pool.put(connection);
            }
            Ok(head.with(body.unwrap_or_default()))
        })
    }

    /// Sends a request on an idle connection, or on a new one. One that the server had closed before anything was
    /// written is passed over: nothing was asked on it. Also returns when it began.
    async fn ask(
        &self,
        direct: &Direct,
        pool: &Arc<Pool>,
        body: &mut Option<Bytes>,
        limit: Limit,
    ) -> Result<(Box<Connection>, Response<Incoming>, Instant)> {
        if pool.is_shared() {
            driver::go_last().await;
        }
        let (now, mut has_looked) = (Instant::now(), false);
        let mut unsent = None::<Box<Request<_>>>;
        loop {
            let (mut connection, is_new) = match pool.take(&direct.origin, now, has_looked) {
                Taken::Open(connection) => (connection, false),
                Taken::Unseen => {
                    driver::look().await;
                    has_looked = true;
                    continue;
                }
                Taken::Nothing => (self.connect(direct, pool, now, limit).await?, true),
            };
            connection.limit(now, limit.duration);
            // What a new one does says nothing about those that are idle.
            let mut silence = Silence::new(now, (!is_new).then_some(|| pool.leave(&direct.origin, now)));
            // Made no earlier, and boxed if it is to be sent again: it is large, and most waits come before.
            let request = unsent.take().map_or_else(|| direct.request(body.take()), |request| *request);
            let mut answer = pin!(connection.send(request));
            let answered = connection.answer(answer.as_mut()).await;
            if answered.is_ok() {
                silence.end();
            }
            match answered {
                Ok(Ok(response)) => return Ok((connection, response, now)),
                Ok(Err(mut error)) => match error.take_message() {
                    Some(message) if !is_new => unsent = Some(Box::new(message)),
                    _ => return Err(classify(error.error(), Failure::Exchange)),
                },
                Err(Late) => return Err(limit.exceeded(Phase::Response)),
            }
        }
    }

    /// Rare and large, so it is kept out of the future of `ask`.
    #[cold]
    fn connect<'a>(
        &'a self,
        direct: &'a Direct,
        pool: &'a Arc<Pool>,
        began_at: Instant,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Box<Connection>>> {
        Box::pin(async move {
            let left = limit.duration.saturating_sub(began_at.elapsed());
            let (timeout, error) = if left < self.timeout {
                (left, limit.exceeded(Phase::Connect))
            } else {
                (self.timeout, Error::timeout(Phase::Connect))
            };
            tokio::select! {
                biased;
                connected = self.open(direct, pool) => connected,
                () = driver::sleep(timeout) => Err(error),
            }
        })
    }

    async fn open(&self, direct: &Direct, pool: &Arc<Pool>) -> Result<Box<Connection>> {
        let (origin, weak) = (Arc::clone(&direct.origin), Arc::downgrade(pool));
        let stream = Stream::open(&self.tcp, direct.server.clone()).await?;
        let timekeeper = timekeeper::is_here().then(|| pool.timekeeper()).transpose();
        let timekeeper = timekeeper.map_err(|error| classify(&error, Failure::Connect))?;
        let connection = match &origin.tls_name {
            None => Connection::open(TokioIo::new(stream), origin, weak, timekeeper).await,
            Some(name) => {
                let name = name.clone();
                let tls = TlsConnector::from(Arc::clone(self.tls()?)).connect(name, stream).await;
                let tls = tls.map_err(|error| classify(&error, Failure::Connect))?;
                Connection::open(TokioIo::new(tls), origin, weak, timekeeper).await
            }
        };
        connection.map_err(|error| classify(&error, Failure::Connect))
    }
}

/// `None` when the time is up.
async fn read(
    connection: &mut Connection,
    mut body: Incoming,
    is_gzip: bool,
    most_bytes: usize,
) -> Result<Option<Bytes>> {
    // The length a server declares is a hint: memory grows with what arrives.
    let declared = body.size_hint().exact().and_then(|length| length.try_into().ok()).unwrap_or(0);
    let mut collected = Collected::new(declared, most_bytes)?;
    for part in 1.. {
        if body.is_end_stream() {
            break;
        }
        if part % PARTS_AT_A_TIME == 0 && connection.give_way().await.is_err() {
            return Ok(None);
        }
        let frame = match connection.frame(&mut body).await {
            Ok(Some(frame)) => frame.map_err(|error| classify(&error, Failure::Exchange))?,
            Ok(None) => break,
            Err(Late) => return Ok(None),
        };
        if let Ok(chunk) = frame.into_data() {
            collected.add(chunk)?;
        }
    }
    let body = collected.finish();
    if is_gzip { decode(&body, most_bytes).map(Some) } else { Ok(Some(body)) }
}

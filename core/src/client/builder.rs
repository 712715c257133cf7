//! The settings of a client.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Client, Inner};
use crate::clock::{Clock, SystemClock};
use crate::config::{
    self, BUNDLED_ROOTS, CONNECT_TIMEOUT, Environment, MAX_CONNECTIONS, MAX_RESPONSE_BYTES, MAX_RETRIES,
    REQUEST_TIMEOUT, TRUST_ENV,
};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::poll::connections::Connections;
use crate::poll::drive::Engine;
use crate::poll::parked::Parked;
use crate::poll::wake::Wakes;
use crate::signature::Signature;
use crate::tls::Trust;
use crate::transport::{HttpRequest, HttpTransport, Settled, Transport, TransportOptions};

/// The settings of a [`Client`]. Values are checked by [`build`](Self::build). `Debug` never shows the key.
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    partner_id: Option<String>,
    api_key: Option<SecretString>,
    environment: Option<Result<Environment>>,
    base_url: Option<String>,
    /// Whether these two are the environment's, which gives way.
    is_server_from_env: bool,
    connect_timeout: Option<Duration>,
    request_timeout: Option<Duration>,
    max_retries: u64,
    max_connections: u64,
    max_response_bytes: u64,
    ca_bundle: Option<PathBuf>,
    bundled_roots: bool,
    trust_env: bool,
    proxy: Option<String>,
    user_agent: &'static str,
    settled: Option<Settled>,
    transport: Option<Arc<dyn Transport>>,
    only_reqwest: bool,
    clock: Option<Arc<dyn Clock>>,
}

/// The `User-Agent` of a face of the library.
#[doc(hidden)]
#[macro_export]
macro_rules! user_agent {
    ($face:literal) => {
        concat!("smileid-jobs/", env!("CARGO_PKG_VERSION"), " (", $face, ")")
    };
}

impl ClientBuilder {
    /// Settings with nothing required given yet, for bindings whose users may leave all to the environment.
    #[doc(hidden)]
    pub fn empty() -> Self {
        Self {
            partner_id: None,
            api_key: None,
            environment: None,
            base_url: None,
            is_server_from_env: false,
            connect_timeout: CONNECT_TIMEOUT.default,
            request_timeout: REQUEST_TIMEOUT.default,
            max_retries: MAX_RETRIES.default.unwrap_or_default(),
            max_connections: MAX_CONNECTIONS.default.unwrap_or_default(),
            max_response_bytes: MAX_RESPONSE_BYTES.default.unwrap_or_default(),
            ca_bundle: None,
            bundled_roots: BUNDLED_ROOTS.default,
            trust_env: TRUST_ENV.default,
            proxy: None,
            user_agent: user_agent!("rust"),
            settled: None,
            transport: None,
            only_reqwest: false,
            clock: None,
        }
    }

    /// Takes what `SMILEID_PARTNER_ID`, `SMILEID_API_KEY`, `SMILEID_ENVIRONMENT` and `SMILEID_BASE_URL` say; later
    /// settings win.
    pub fn from_env() -> Self {
        Self::empty().or_env()
    }

    /// Takes what the environment says for everything not set yet.
    #[doc(hidden)]
    pub fn or_env(mut self) -> Self {
        let read = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        self.partner_id = self.partner_id.or_else(|| read("SMILEID_PARTNER_ID"));
        self.api_key = self.api_key.or_else(|| read("SMILEID_API_KEY").map(SecretString::from));
        if self.environment.is_none() && self.base_url.is_none() {
            self.environment = read("SMILEID_ENVIRONMENT").map(|text| text.parse());
            self.base_url = read("SMILEID_BASE_URL");
            self.is_server_from_env = true;
        }
        self
    }

    /// A server that is set replaces the environment's, however that was named.
    fn without_server_from_env(mut self) -> Self {
        if std::mem::take(&mut self.is_server_from_env) {
            (self.environment, self.base_url) = (None, None);
        }
        self
    }

    /// Goes on with what a client has read of the machine that was made of these same settings.
    #[cfg(feature = "blocking")]
    pub(crate) fn settled_as(self, client: &Client) -> Self {
        Self { settled: client.engine().transport.settled(), ..self }
    }

    /// The partner id as the portal shows it, zeros kept: 1 to 64 printable ASCII characters.
    pub fn partner_id(mut self, partner_id: impl Into<String>) -> Self {
        self.partner_id = Some(partner_id.into());
        self
    }

    /// The API key as text: 1 to 4096 bytes. Kept in memory that is wiped.
    pub fn api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(SecretString::from(api_key.into()));
        self
    }

    /// [`Environment::Sandbox`] or [`Environment::Production`], or the texts `sandbox`, `production`, `0` and `1`.
    /// In place of a base URL: [`build`](Self::build) refuses both.
    pub fn environment<E>(self, environment: E) -> Self
    where
        E: TryInto<Environment>,
        E::Error: Into<Error>,
    {
        let environment = Some(environment.try_into().map_err(Into::into));
        Self { environment, ..self.without_server_from_env() }
    }

    /// The server's root in place of an environment: https, or plain http on localhost. `/v1/job_status` is appended.
    pub fn base_url(self, base_url: impl Into<String>) -> Self {
        Self { base_url: Some(base_url.into()), ..self.without_server_from_env() }
    }

    /// The bound of making one connection: 0 to 30 days, default 5 s.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = Some(connect_timeout);
        self
    }

    /// The bound of one HTTP request, headers and body: 0 to 30 days, default 15 s.
    pub fn request_timeout(mut self, request_timeout: Duration) -> Self {
        self.request_timeout = Some(request_timeout);
        self
    }

    /// How often one attempt repeats a request after a transient failure: 0 to 100, default 2.
    pub fn max_retries(mut self, max_retries: u64) -> Self {
        self.max_retries = max_retries;
        self
    }

    /// How many requests may be in flight, over all calls: 1 to 1024, default 64. Others queue fairly. An eighth of them,
    /// and one at least, is not for `poll_many`, so that jobs that stall keep no single call waiting.
    pub fn max_connections(mut self, max_connections: u64) -> Self {
        self.max_connections = max_connections;
        self
    }

    /// The largest body that is read, in bytes after content decoding: up to 1 GiB, default 32 MiB.
    pub fn max_response_bytes(mut self, max_response_bytes: u64) -> Self {
        self.max_response_bytes = max_response_bytes;
        self
    }

    /// A PEM file of the certificates to trust, in place of the platform's store.
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// Whether bundled roots stand in where the platform has none. Default true.
    pub fn bundled_roots(mut self, bundled_roots: bool) -> Self {
        self.bundled_roots = bundled_roots;
        self
    }

    /// Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count. Default true. Loopback hosts never go
    /// through a proxy. A variable that counts for the server and is not the URL of an HTTP proxy is refused, not passed
    /// over; white space around it does not matter.
    pub fn trust_env(mut self, trust_env: bool) -> Self {
        self.trust_env = trust_env;
        self
    }

    /// An HTTP proxy's URL, in place of the environment's.
    pub fn proxy(mut self, proxy: impl Into<String>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }

    #[doc(hidden)]
    pub fn user_agent(mut self, user_agent: &'static str) -> Self {
        self.user_agent = user_agent;
        self
    }

    #[cfg(any(test, feature = "testing"))]
    #[doc(hidden)]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    #[cfg(any(test, feature = "testing"))]
    #[doc(hidden)]
    pub fn only_reqwest(mut self) -> Self {
        self.only_reqwest = true;
        self
    }

    #[cfg(any(test, feature = "testing"))]
    #[doc(hidden)]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Checks the settings and makes the client. No connection is opened yet.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) names the setting that is missing or out of its limits.
    /// [`io`](crate::ErrorCode::Io): this machine's CA certificates cannot be read.
    pub fn build(self) -> Result<Client> {
        let missing = |name, expected| Error::invalid_argument(name, expected);
        let partner_id = self.partner_id.ok_or_else(|| {
            missing("partner_id", "expected a partner id; clients made from the environment read SMILEID_PARTNER_ID")
        })?;
        let api_key = self.api_key.ok_or_else(|| {
            missing("api_key", "expected an API key; clients made from the environment read SMILEID_API_KEY")
        })?;
        let credentials = Credentials::new(&partner_id, &api_key)?;
        let endpoint = match (self.environment, &self.base_url) {
            (Some(_), Some(_)) => {
                return Err(missing("environment", "expected either an environment or a base URL, not both"));
            }
            (None, None) => {
                return Err(missing("environment", "expected sandbox or production, or a base URL in its place"));
            }
            (Some(environment), None) => config::endpoint(environment?.base_url())?,
            (None, Some(base_url)) => config::endpoint(base_url)?,
        };
        let bounded = |value: Option<Duration>, argument: &config::DurationArgument| match value {
            Some(value) => argument.check(value),
            None => Err(argument.refuse()),
        };
        let connect_timeout = bounded(self.connect_timeout, &CONNECT_TIMEOUT)?;
        let request_timeout = bounded(self.request_timeout, &REQUEST_TIMEOUT)?;
        let max_retries = MAX_RETRIES.check(self.max_retries)?;
        // Both fit: their limits are far below any platform's usize.
        let max_connections = usize::try_from(MAX_CONNECTIONS.check(self.max_connections)?).unwrap_or(usize::MAX);
        let max_response_bytes =
            usize::try_from(MAX_RESPONSE_BYTES.check(self.max_response_bytes)?).unwrap_or(usize::MAX);
        let proxy = self.proxy.as_deref().map(parse_proxy).transpose()?;
        let signature = Signature::from_credentials(&credentials)?;
        let server = endpoint.origin().ascii_serialization();
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let verifier = self.settled.as_ref().and_then(|settled| settled.verifier.clone());
                let trust = Trust { ca_bundle: self.ca_bundle, bundled_roots: self.bundled_roots, verifier };
                let (trust_env, user_agent) = (self.trust_env, self.user_agent);
                let options = TransportOptions {
                    trust,
                    trust_env,
                    proxy,
                    connect_timeout,
                    max_connections,
                    user_agent,
                    settled: self.settled,
                    only_reqwest: self.only_reqwest,
                };
                Arc::new(HttpTransport::new(options, &endpoint)?)
            }
        };
        let engine = Engine {
            signature,
            endpoint: HttpRequest::new(endpoint, max_response_bytes),
            transport,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            connections: Connections::new(max_connections),
            closed: CancellationToken::new(),
            wakes: Wakes::default(),
            request_timeout,
            max_retries,
            max_response_bytes,
        };
        let waits = Arc::new(Parked::of_waits(request_timeout));
        engine.wakes.listen_all(&waits);
        Ok(Client(Arc::new(Inner { engine, waits, partner_id, server })))
    }
}

fn parse_proxy(proxy: &str) -> Result<Url> {
    let refuse = || Error::invalid_argument("proxy", "expected the http or https URL of a proxy");
    let url = Url::parse(proxy).map_err(|_| refuse())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(refuse()) }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("partner_id", &self.partner_id).finish_non_exhaustive()
    }
}

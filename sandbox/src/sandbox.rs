//! The handle on a running sandbox.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::log::{RequestRecord, Wanted};
use crate::server;
use crate::signing::Account;
use crate::state::State;
use crate::story::StoryError;

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is reachable from other machines, and nobody said it may be.
    #[error("{0} is not a loopback address; allow_remote must be set for others")]
    NotLoopback(IpAddr),
    /// A partner id or key that nothing could be signed with.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// The port is taken, or the machine refuses.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where it tried to listen.
        address: SocketAddr,
        /// What the machine said.
        source: io::Error,
    },
}

/// How a sandbox is set up.
#[derive(Clone)]
pub struct Builder {
    host: IpAddr,
    port: u16,
    allow_remote: bool,
    account: Account,
    max_age: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            allow_remote: false,
            account: Account { partner_id: "001".to_owned(), api_key: "apikey".to_owned() },
            max_age: Duration::from_secs(300),
        }
    }
}

impl Builder {
    /// The address to listen on; 127.0.0.1 by default.
    #[must_use]
    pub fn host(mut self, host: IpAddr) -> Self {
        self.host = host;
        self
    }

    /// The port to listen on; by default, and for 0, one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Lets other machines in: an address that is not loopback is refused without.
    #[must_use]
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.allow_remote = allow;
        self
    }

    /// The one partner that is known; `001` by default.
    #[must_use]
    pub fn partner_id(mut self, partner_id: impl Into<String>) -> Self {
        self.account.partner_id = partner_id.into();
        self
    }

    /// The key requests must be signed with and answers are; `apikey` by default.
    #[must_use]
    pub fn api_key(mut self, api_key: impl Into<String>) -> Self {
        self.account.api_key = api_key.into();
        self
    }

    /// How far a request's timestamp may lie from the present, before or after; 300 s by default.
    #[must_use]
    pub fn max_timestamp_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Starts the sandbox on a thread of its own, whatever runtime the caller is in.
    pub fn start(self) -> Result<Sandbox, SandboxError> {
        if !self.host.is_loopback() && !self.allow_remote {
            return Err(SandboxError::NotLoopback(self.host));
        }
        if self.account.partner_id.is_empty() {
            return Err(SandboxError::Empty("partner_id"));
        }
        if self.account.api_key.is_empty() {
            return Err(SandboxError::Empty("api_key"));
        }
        let address = SocketAddr::new(self.host, self.port);
        let refused = |source| SandboxError::Listen { address, source };
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("smileid-sandbox".to_owned())
            .spawn(move || self.serve(address, &ready, stopped))
            .map_err(refused)?;
        match started.recv() {
            Ok(Ok((url, state))) => Ok(Sandbox { url, state, stop: Some(stop), thread: Some(thread) }),
            Ok(Err(error)) => Err(refused(error)),
            Err(_) => Err(refused(io::Error::other("its thread ended at once"))),
        }
    }

    fn serve(
        self,
        address: SocketAddr,
        ready: &mpsc::Sender<io::Result<(String, Arc<State>)>>,
        stop: oneshot::Receiver<()>,
    ) -> thread::Result<()> {
        let listen = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let listener = runtime.block_on(TcpListener::bind(address))?;
            let url = server::url(listener.local_addr()?);
            Ok((runtime, listener, url))
        };
        let (runtime, listener, url) = match listen() {
            Ok(listening) => listening,
            Err(error) => {
                let _ = ready.send(Err(error));
                return Ok(());
            }
        };
        let state = Arc::new(State::new(self.account, self.max_age, url.clone()));
        let _ = ready.send(Ok((url, Arc::clone(&state))));
        let ended = runtime.block_on(server::run(listener, state, stop));
        // A body that is still being compressed must not hold up the end.
        runtime.shutdown_background();
        ended
    }
}

/// A local Smile ID, running until it is dropped.
pub struct Sandbox {
    url: String,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<thread::Result<()>>>,
}

impl Sandbox {
    /// Starts one with the defaults: a free port on 127.0.0.1, partner `001`, key `apikey`.
    pub fn start() -> Result<Self, SandboxError> {
        Self::builder().start()
    }

    /// A sandbox to be set up.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Scheme, address and port, without a path; `/v1/job_status` goes behind it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The partner it knows.
    pub fn partner_id(&self) -> &str {
        &self.state.account.partner_id
    }

    /// The key it checks and signs with.
    pub fn api_key(&self) -> &str {
        &self.state.account.api_key
    }

    /// Tells a job's story, as `POST /_sandbox/jobs` does.
    pub fn post_story(&self, json: &str) -> Result<(), StoryError> {
        self.state.post_story(json)
    }

    /// Every request for one job since its story was told, refused ones too, in order.
    pub fn requests(&self, user_id: &str, job_id: &str) -> Vec<RequestRecord> {
        self.state.records(&Wanted { user_id: Some(user_id), job_id: Some(job_id), path: None })
    }

    /// Every request that was not for the sandbox's own endpoints, in order.
    pub fn log(&self) -> Vec<RequestRecord> {
        self.state.records(&Wanted::default())
    }

    /// Forgets stories, counters and the log.
    pub fn reset(&self) {
        self.state.forget();
    }

    /// Whether it still serves; it does until a defect of its own stops it.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

/// Without the key, like everything that may be printed.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url)
            .field("partner_id", &self.partner_id())
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        // A test must not pass over a sandbox that broke down under it.
        if let Some(Err(payload) | Ok(Err(payload))) = ended
            && !thread::panicking()
        {
            resume_unwind(payload);
        }
    }
}

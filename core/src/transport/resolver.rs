//! Names are looked up on threads of their own: the system's lookup cannot be interrupted, and one that hangs keeps its
//! thread for as long as it likes.
//!
//! Tokio has a pool for such work, but that ends: a few dozen lookups that hang keep everything else waiting that is
//! blocking, and so does one name that is asked for again and again. And where the system gives no thread, tokio panics.
//! Here a name has one lookup at a time, whose result goes to all that wait for it, even if whoever began it has gone.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::{fmt, thread, vec};

use futures_util::FutureExt;
use futures_util::future::Shared;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::oneshot;
use tower_service::Service;

use crate::clock::BoxFuture;
use crate::error::Error;

/// Each has a thread: names that never get an answer, as links in answers may hold, must not use up all that there are.
const MOST_LOOKUPS: usize = 256;

/// Opens TCP connections to names.
pub(super) type Connector = HttpConnector<Resolver>;

type Addresses = vec::IntoIter<SocketAddr>;

/// A lookup, for all that wait for it.
type Lookup = Shared<oneshot::Receiver<Result<Addresses, Arc<io::Error>>>>;

/// Looks names up. One per transport: a forked child, which has none of its parent's threads, makes its own.
#[derive(Clone)]
pub(super) struct Resolver(Arc<Lookups>);

struct Lookups {
    look_up: fn(&str) -> io::Result<Addresses>,
    start_thread: fn(Box<dyn FnOnce() + Send>) -> io::Result<()>,
    under_way: Mutex<HashMap<Name, Lookup>>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new(|host| (host, 0).to_socket_addrs(), start_thread)
    }
}

impl Resolver {
    fn new(
        look_up: fn(&str) -> io::Result<Addresses>,
        start_thread: fn(Box<dyn FnOnce() + Send>) -> io::Result<()>,
    ) -> Self {
        Self(Arc::new(Lookups { look_up, start_thread, under_way: Mutex::default() }))
    }

    /// The lookup that is under way, or a new one.
    fn look_up(&self, name: Name) -> io::Result<Lookup> {
        let mut under_way = self.0.lock();
        if let Some(lookup) = under_way.get(&name) {
            return Ok(lookup.clone());
        }
        if under_way.len() >= MOST_LOOKUPS {
            return Err(io::Error::other("too many names are being looked up"));
        }
        let (tells, told) = oneshot::channel();
        let (lookups, looked_up) = (Arc::clone(&self.0), name.clone());
        let run = move || {
            let under_way = UnderWay { lookups: &lookups, name: &looked_up };
            let found = (lookups.look_up)(looked_up.as_str()).map_err(Arc::new);
            // First: who asks once this has ended begins another one.
            drop(under_way);
            let _ = tells.send(found);
        };
        (self.0.start_thread)(Box::new(run)).map_err(|error| io::Error::other(NoThread(error)))?;
        let lookup = told.shared();
        under_way.insert(name, lookup.clone());
        Ok(lookup)
    }
}

fn start_thread(run: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let run = || {
        #[cfg(feature = "background")]
        crate::background::leave_signals_to_others();
        run();
    };
    thread::Builder::new().name("smileid-jobs".to_owned()).spawn(run).map(drop)
}

impl Lookups {
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Lookup>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lookup until its end, even if that is a panic.
struct UnderWay<'a> {
    lookups: &'a Lookups,
    name: &'a Name,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.lookups.lock().remove(self.name);
    }
}

/// For requests through a proxy, whose name it looks up.
impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let found = name.as_str().parse().map(|name| self.clone().call(name));
        Box::pin(async move { Ok(Box::new(found?.await?) as reqwest::dns::Addrs) })
    }
}

impl Service<Name> for Resolver {
    type Response = Addresses;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Addresses>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup = self.look_up(name);
        Box::pin(async move {
            match lookup?.await {
                Ok(found) => found.map_err(|error| io::Error::new(error.kind(), error)),
                Err(panicked) => Err(io::Error::other(panicked)),
            }
        })
    }
}

/// The system gave no thread to look a name up on.
#[derive(Debug)]
struct NoThread(io::Error);

impl fmt::Display for NoThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for NoThread {}

/// The error for a connection that was not opened because there was no thread; `None` if that was not why.
pub(super) fn no_thread(error: &(dyn StdError + 'static)) -> Option<Error> {
    let mut chain = std::iter::successors(Some(error), |&error| error.source());
    let NoThread(error) = chain.find_map(|error| error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref())?;
    Some(Error::no_thread(error))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::code::ErrorCode;
    use crate::transport::stream::Stream;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    async fn find(resolver: &Resolver, text: &str) -> Result<Vec<SocketAddr>, String> {
        let found = tokio::time::timeout(PATIENCE, resolver.clone().call(name(text))).await.expect("it hangs");
        found.map(Iterator::collect).map_err(|error| error.to_string())
    }

    fn localhost() -> Addresses {
        vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))].into_iter()
    }

    #[tokio::test]
    async fn one_name_has_one_lookup_at_a_time_which_outlives_those_who_wait() {
        static BEGUN: AtomicUsize = AtomicUsize::new(0);
        static MAY_END: AtomicUsize = AtomicUsize::new(0);
        let look_up = |host: &str| {
            let number = BEGUN.fetch_add(1, Ordering::SeqCst) + 1;
            while host == "slow" && MAY_END.load(Ordering::SeqCst) < number {
                thread::sleep(Duration::from_millis(1));
            }
            Ok(localhost())
        };
        let resolver = Resolver::new(look_up, start_thread);
        for _ in 0..200 {
            let waited = tokio::time::timeout(Duration::from_micros(100), resolver.clone().call(name("slow"))).await;
            assert!(waited.is_err());
        }
        let waits = [(); 3].map(|()| {
            tokio::spawn({
                let resolver = resolver.clone();
                async move { find(&resolver, "slow").await }
            })
        });
        // It hangs alone.
        assert_eq!(find(&resolver, "fast").await.unwrap().len(), 1);
        assert_eq!(BEGUN.load(Ordering::SeqCst), 2);
        MAY_END.store(usize::MAX, Ordering::SeqCst);
        for waited in waits {
            assert_eq!(waited.await.unwrap().unwrap(), localhost().collect::<Vec<_>>());
        }
        assert_eq!(BEGUN.load(Ordering::SeqCst), 2);
        // Nothing is kept for longer than the lookup.
        assert!(resolver.0.lock().is_empty());
        find(&resolver, "slow").await.unwrap();
        assert_eq!(BEGUN.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn all_who_wait_are_told_of_a_failure_and_of_a_panic() {
        let resolver = Resolver::new(
            |host| match host {
                "panics" => panic!("a test's"),
                _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
            },
            start_thread,
        );
        for _ in 0..2 {
            let (first, second) = tokio::join!(find(&resolver, "nowhere"), find(&resolver, "nowhere"));
            assert_eq!([first.unwrap_err(), second.unwrap_err()], ["no such name"; 2]);
            find(&resolver, "panics").await.unwrap_err();
        }
        assert!(resolver.0.lock().is_empty());
    }

    #[tokio::test]
    async fn a_system_without_threads_is_an_error_of_its_own_and_no_address_needs_one() {
        let resolver = Resolver::new(|_| Ok(localhost()), |_| Err(io::Error::from(io::ErrorKind::WouldBlock)));
        let connector = Connector::new_with_resolver(resolver.clone());
        let open = async |server: &'static str| Stream::open(&connector, server.parse().unwrap()).await.err();
        for _ in 0..2 {
            let error = open("http://a.example").await.unwrap();
            assert_eq!(error.code(), ErrorCode::Internal);
            assert!(error.message().contains("raise this process's limits"), "{error}");
        }
        assert!(resolver.0.lock().is_empty());
        // Nobody listens there.
        for server in ["http://127.0.0.1:1", "http://[::1]:1"] {
            assert_eq!(open(server).await.unwrap().code(), ErrorCode::Connect);
        }
    }

    #[tokio::test]
    async fn the_systems_own_lookup_finds_this_machine() {
        let found = find(&Resolver::default(), "localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
    }
}

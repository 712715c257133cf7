//! A clock that runs only when everybody waits, and a server that is a list of answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use smileid_jobs::clock::{BoxFuture, Clock};
use smileid_jobs::transport::{HttpRequest, HttpResponse, Progress, Transport};
use smileid_jobs::{Client, ClientBuilder, Result, Signature};

pub const KEY: &str = "apikey";
pub const START_MS: i64 = 1_790_000_000_000;

/// Virtual time. Of all sleeps that are waited for, the one that ends first moves it forward, at once.
#[derive(Default)]
pub struct FakeClock {
    now: Mutex<Duration>,
    /// Whom to wake of those who sleep, by when they get up and which sleep it is.
    asleep: Mutex<BTreeMap<(Duration, usize), Waker>>,
    /// How often somebody has fallen asleep or got up.
    changes: AtomicUsize,
    looks: AtomicUsize,
    chance: Mutex<f64>,
    /// What is added to each chance to make the next one.
    chance_step: f64,
    stands_still: AtomicBool,
}

impl FakeClock {
    pub fn new(chance: f64) -> Arc<Self> {
        Arc::new(Self { chance: Mutex::new(chance), ..Self::default() })
    }

    /// One whose chances are spread evenly, in an order that looks like none.
    pub fn with_many_chances() -> Arc<Self> {
        Arc::new(Self { chance_step: 0.618_033_988_749_895, ..Self::default() })
    }

    pub fn freeze(&self) {
        self.stands_still.store(true, Ordering::SeqCst);
    }

    pub fn go_on(&self) {
        self.stands_still.store(false, Ordering::SeqCst);
        if let Some((_, waker)) = self.asleep.lock().unwrap().first_key_value() {
            waker.wake_by_ref();
        }
    }

    /// How often it was looked at.
    pub fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }

    pub fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
    }
}

/// A shared handle, because the client wants to own its clock.
pub struct ClockHandle(pub Arc<FakeClock>);

impl Clock for ClockHandle {
    fn now(&self) -> Duration {
        self.0.looks.fetch_add(1, Ordering::SeqCst);
        *self.0.now.lock().unwrap()
    }

    fn wall_ms(&self) -> i64 {
        START_MS + i64::try_from(self.now().as_millis()).unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let number = self.0.changes.fetch_add(1, Ordering::SeqCst);
        Box::pin(Sleep { clock: Arc::clone(&self.0), key: (self.now() + duration, number), seen: (None, 0) })
    }

    fn chance(&self) -> f64 {
        let mut chance = self.0.chance.lock().unwrap();
        let next = *chance + self.0.chance_step;
        std::mem::replace(&mut *chance, if self.0.chance_step == 0.0 { next } else { next.fract() })
    }
}

struct Sleep {
    clock: Arc<FakeClock>,
    key: (Duration, usize),
    /// The changes when it was asked last, and how often they were the same.
    seen: (Option<usize>, u32),
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut asleep = self.clock.asleep.lock().unwrap();
        if asleep.insert(self.key, context.waker().clone()).is_none() {
            self.clock.changes.fetch_add(1, Ordering::SeqCst);
        }
        if self.clock.stands_still.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        if let Some((first, waker)) = asleep.first_key_value()
            && *first != self.key
        {
            waker.wake_by_ref();
            return Poll::Pending;
        }
        drop(asleep);
        // Let everything that is ready happen first, as real time would. A set of futures polls one that wakes itself a
        // second time before it lets others have their turn.
        let changes = Some(self.clock.changes.load(Ordering::SeqCst));
        self.seen = if self.seen.0 == changes { (changes, self.seen.1 + 1) } else { (changes, 0) };
        if self.seen.1 < 3 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut now = self.clock.now.lock().unwrap();
        *now = (*now).max(self.key.0);
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut asleep = self.clock.asleep.lock().unwrap();
        asleep.remove(&self.key);
        self.clock.changes.fetch_add(1, Ordering::SeqCst);
        if let Some((_, waker)) = asleep.first_key_value() {
            waker.wake_by_ref();
        }
    }
}

/// What the fake server does with one request.
#[derive(Clone)]
pub enum Answer {
    Http { status: u16, retry_after: Option<&'static str>, body: Value },
    Text(u16, &'static str),
    Bytes(u16, &'static [u8]),
    Signed(Value),
    SignedWait(Value, &'static str),
    NeverAnswers,
    NeverEnds,
}

pub fn pending() -> Answer {
    Answer::Signed(json!({ "job_complete": false, "job_success": false, "code": "2302" }))
}

pub fn complete() -> Answer {
    Answer::Signed(
        json!({ "job_complete": true, "job_success": true, "code": "2302", "result": { "ResultCode": "0810" } }),
    )
}

pub fn status(status: u16) -> Answer {
    Answer::Http { status, retry_after: None, body: json!({ "error": "no", "code": "2098" }) }
}

pub fn wait(status: u16, retry_after: &'static str) -> Answer {
    Answer::Http { status, retry_after: Some(retry_after), body: json!({}) }
}

/// One request as it arrived.
#[derive(Clone)]
pub struct Seen {
    pub at: Duration,
    pub url: String,
    pub body: Value,
}

/// A server in memory: the n-th request gets the n-th answer, the last one repeats.
pub struct FakeServer {
    clock: Arc<FakeClock>,
    answers: Mutex<VecDeque<Answer>>,
    by_request: Option<fn(&Seen) -> Answer>,
    seen: Mutex<Vec<Seen>>,
    open: Arc<AtomicUsize>,
    most_at_once: AtomicUsize,
}

/// Counts a request as open until it is answered or dropped.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl FakeServer {
    pub fn new(clock: &Arc<FakeClock>, answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::idle(Arc::clone(clock)) })
    }

    fn idle(clock: Arc<FakeClock>) -> Self {
        let (answers, seen, open) = (Mutex::default(), Mutex::default(), Arc::default());
        Self { clock, answers, by_request: None, seen, open, most_at_once: AtomicUsize::new(0) }
    }

    /// A server that decides by the request.
    pub fn deciding(clock: &Arc<FakeClock>, by_request: fn(&Seen) -> Answer) -> Arc<Self> {
        let (clock, by_request) = (Arc::clone(clock), Some(by_request));
        Arc::new(Self { by_request, ..Self::idle(clock) })
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests are neither answered nor dropped.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// How many there were of these at most.
    pub fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// When the requests arrived, in milliseconds.
    pub fn times(&self) -> Vec<u128> {
        self.seen().iter().map(|seen| seen.at.as_millis()).collect()
    }
}

/// A shared handle, because the client wants to own its transport.
pub struct ServerHandle(pub Arc<FakeServer>);

impl Transport for ServerHandle {
    fn send<'a>(&'a self, request: HttpRequest, progress: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>> {
        let at = *self.0.clock.now.lock().unwrap();
        let body = request.body().map(|body| serde_json::from_slice(body).unwrap()).unwrap_or_default();
        let seen = Seen { at, url: request.url().to_string(), body };
        self.0.seen.lock().unwrap().push(seen.clone());
        let answer = match self.0.by_request {
            Some(decide) => decide(&seen),
            None => {
                let mut answers = self.0.answers.lock().unwrap();
                if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }.expect("an answer")
            }
        };
        let open = Open::new(&self.0.open);
        self.0.most_at_once.fetch_max(self.0.open(), Ordering::SeqCst);
        Box::pin(async move {
            let _open = open;
            let (status, retry_after, body): (u16, Option<&str>, Vec<u8>) = match answer {
                Answer::Http { status, retry_after, body } => (status, retry_after, body.to_string().into()),
                Answer::Text(status, body) => (status, None, body.into()),
                Answer::Bytes(status, body) => (status, None, body.to_vec()),
                Answer::Signed(body) => (200, None, signed(body).into()),
                Answer::SignedWait(body, retry_after) => (200, Some(retry_after), signed(body).into()),
                Answer::NeverAnswers => std::future::pending().await,
                Answer::NeverEnds => {
                    progress.body_began(200);
                    std::future::pending().await
                }
            };
            let (retry_after, body) = (retry_after.map(str::to_owned), body.into());
            Ok(HttpResponse { status, retry_after, date: None, body, has_other_encoding: false })
        })
    }
}

pub fn signed(mut body: Value) -> String {
    let pair = Signature::new("001", KEY).unwrap().generate_signature(Some("2026-11-23T05:43:57.273Z"));
    body["timestamp"] = pair.timestamp.into();
    body["signature"] = pair.signature.into();
    body.to_string()
}

pub fn builder(clock: &Arc<FakeClock>, server: &Arc<FakeServer>) -> ClientBuilder {
    Client::builder("001", KEY)
        .base_url("http://127.0.0.1:1")
        .clock(Arc::new(ClockHandle(Arc::clone(clock))))
        .transport(Arc::new(ServerHandle(Arc::clone(server))))
}

/// A client over a fake server; every jitter is at its ceiling.
pub fn client(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<FakeServer>, Arc<FakeClock>) {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, answers);
    (builder(&clock, &server).build().unwrap(), server, clock)
}

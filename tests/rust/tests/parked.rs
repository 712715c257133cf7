//! Waits as bindings start them, which are no futures while they sleep: the same waits, under a clock of our own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use smileid_jobs::{Client, Error, ErrorCode, JobStatus, Result, StartedWait, WaitObserver, WaitUntilComplete};
use support::{Answer, FakeClock, FakeServer, Seen, builder, complete, pending, status, wait};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

const S: Duration = Duration::from_secs(1);

type End = (u64, Result<JobStatus>);

/// Hands on the ends that it is told.
struct Ends(mpsc::UnboundedSender<End>);

impl WaitObserver for Ends {
    fn ended(self: Arc<Self>, call_id: u64, result: Result<JobStatus>) {
        assert!(call_id != 13, "a host that panics");
        self.0.send((call_id, result)).unwrap();
    }
}

struct Host {
    observer: Arc<Ends>,
    ended: mpsc::UnboundedReceiver<End>,
}

impl Host {
    fn new() -> Self {
        let (ends, ended) = mpsc::unbounded_channel();
        Self { observer: Arc::new(Ends(ends)), ended }
    }

    fn try_start(&self, wait: WaitUntilComplete, call_id: u64) -> Result<StartedWait> {
        assert!(wait.is_plain());
        wait.start_on(&Handle::current(), Arc::<Ends>::clone(&self.observer), call_id)
    }

    fn start(&self, wait: WaitUntilComplete, call_id: u64) -> StartedWait {
        self.try_start(wait, call_id).unwrap()
    }

    async fn end(&mut self) -> End {
        tokio::time::timeout(Duration::from_secs(20), self.ended.recv()).await.expect("it ends").unwrap()
    }
}

/// A client whose clock stands still.
fn still(connections: u64, decide: fn(&Seen) -> Answer) -> (Client, Arc<FakeServer>, Arc<FakeClock>) {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::deciding(&clock, decide);
    clock.freeze();
    (builder(&clock, &server).max_connections(connections).build().unwrap(), server, clock)
}

fn job_of(seen: &Seen) -> &str {
    seen.body["job_id"].as_str().unwrap()
}

fn asked(server: &FakeServer, job: &str) -> usize {
    server.seen().iter().filter(|seen| job_of(seen) == job).count()
}

/// Lets everything happen that can.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < patience);
        tokio::task::yield_now().await;
    }
}

/// What a wait is told besides its job.
type Tell = fn(WaitUntilComplete) -> WaitUntilComplete;
/// What a caller sees of an error.
type Told = (ErrorCode, Option<&'static str>, Option<u32>, Option<Duration>, Option<bool>, Option<ErrorCode>, bool);

fn told(result: &Result<JobStatus>) -> std::result::Result<bool, Told> {
    result.as_ref().map(JobStatus::job_complete).map_err(|error| {
        let last_status = error.last_status().map(JobStatus::job_complete);
        let has_ids = error.user_id() == Some("u") && error.job_id() == Some("j");
        let last_error = error.last_error().map(Error::code);
        let reason = error.reason().map(smileid_jobs::IncompleteReason::as_str);
        (error.code(), reason, error.attempts(), error.elapsed(), last_status, last_error, has_ids)
    })
}

#[tokio::test]
async fn it_is_the_same_wait() {
    let stories: [(&str, Vec<Answer>, Tell); 12] = [
        ("defaults", vec![pending()], |wait| wait),
        ("complete", vec![pending(), pending(), complete()], |wait| wait.max_delay(3 * S)),
        ("retries", vec![status(503), status(503), status(503), pending(), complete()], |wait| wait),
        ("refused", vec![pending(), status(401)], |wait| wait),
        ("failure", vec![pending(), status(502)], |wait| wait.timeout(4 * S)),
        ("zero", vec![pending()], |wait| wait.timeout(Duration::ZERO)),
        ("attempts", vec![pending()], |wait| wait.timeout(None).retry_count(9)),
        ("no answer", vec![pending(), Answer::NeverAnswers], |wait| wait.timeout(10 * S)),
        ("no end", vec![pending(), status(404), Answer::NeverEnds], |wait| wait.timeout(10 * S)),
        ("wish", vec![wait(429, "40")], |wait| wait.timeout(30 * S)),
        ("kept wish", vec![wait(429, "7"), complete()], |wait| wait),
        ("refused options", vec![complete()], |wait| wait.initial_delay(Duration::ZERO)),
    ];
    for (name, answers, tell) in stories {
        let (client, server, _) = support::client(answers.clone());
        let expected = tell(client.wait_until_complete("u", "j")).await;
        let (client, parked_server, _) = support::client(answers);
        let mut host = Host::new();
        let result = match host.try_start(tell(client.wait_until_complete("u", "j")), 1) {
            Ok(_) => host.end().await.1,
            Err(error) => Err(error),
        };
        assert_eq!(told(&result), told(&expected), "{name}");
        assert_eq!(parked_server.times(), server.times(), "{name}");
    }
}

/// As in a process that is suspended for longer than the bound.
#[tokio::test]
async fn a_wait_that_sleeps_past_its_bound_asks_once_more_and_ends_with_the_answer() {
    let incomplete = |elapsed, last_error| {
        Err((ErrorCode::JobIncomplete, Some("deadline"), Some(2), Some(elapsed), Some(false), last_error, true))
    };
    let stories = [
        (complete(), Ok(true)),
        (pending(), incomplete(45 * S, None)),
        (status(503), incomplete(45 * S, Some(ErrorCode::Server))),
        // The query has as long as any other of the wait.
        (Answer::NeverAnswers, incomplete(55 * S, Some(ErrorCode::Timeout))),
    ];
    for (answer, expected) in stories {
        for is_parked in [false, true] {
            let (client, server, clock) = support::client([pending(), answer.clone()]);
            clock.freeze();
            let mut host = Host::new();
            let wait = || client.wait_until_complete("u", "j").timeout(10 * S);
            let lone = (!is_parked).then(|| tokio::spawn(wait().into_future()));
            let _started = is_parked.then(|| host.start(wait(), 1));
            until(|| server.seen().len() == 1 && server.open() == 0).await;
            settle().await;
            clock.advance(45 * S);
            clock.go_on();
            let result = match lone {
                Some(lone) => lone.await.unwrap(),
                None => host.end().await.1,
            };
            assert_eq!(told(&result), expected, "parked: {is_parked}");
            assert_eq!(server.times(), [0, 45_000], "parked: {is_parked}");
        }
    }
}

#[tokio::test]
async fn refused_arguments_and_closed_clients_start_nothing() {
    let (client, server, _) = support::client([complete()]);
    let mut host = Host::new();
    let refused = |wait| host.try_start(wait, 1).unwrap_err();
    assert_eq!(refused(client.wait_until_complete("", "j")).argument(), Some("user_id"));
    assert_eq!(refused(client.wait_until_complete("u", "\n")).argument(), Some("job_id"));
    assert_eq!(refused(client.wait_until_complete("u", "testing-panic")).code(), ErrorCode::Internal);
    client.close();
    let closed = refused(client.wait_until_complete("u", "j"));
    assert_eq!((closed.code(), closed.attempts()), (ErrorCode::ClientClosed, Some(1)));
    settle().await;
    assert!(server.seen().is_empty() && host.ended.try_recv().is_err());
}

#[tokio::test]
async fn a_notify_wakes_all_waits_for_a_job_and_no_other() {
    let (client, server, _) = still(64, |_| pending());
    let mut host = Host::new();
    let mut waits: Vec<StartedWait> = (0..5).map(|n| host.start(client.wait_until_complete("u", "same"), n)).collect();
    waits.push(host.start(client.wait_until_complete("u", "other"), 5));
    until(|| server.seen().len() == 6).await;
    settle().await;
    waits[3].abort();
    client.notify("u", "same");
    client.notify("u", "nobody's");
    until(|| server.seen().len() == 10).await;
    settle().await;
    assert_eq!((asked(&server, "same"), asked(&server, "other")), (9, 1));
    client.close();
    let mut ended = Vec::new();
    for _ in 0..5 {
        ended.push(host.end().await.0);
    }
    ended.sort_unstable();
    assert_eq!(ended, [0, 1, 2, 4, 5], "a wait that was given up has no end");
}

thread_local! {
    static NOTIFIER: std::cell::RefCell<Option<Client>> = const { std::cell::RefCell::new(None) };
}

#[tokio::test]
async fn a_notify_during_a_query_is_kept() {
    let (client, server, _) = still(64, |_| match NOTIFIER.take() {
        Some(notifier) => {
            notifier.notify("u", "j");
            pending()
        }
        None => complete(),
    });
    NOTIFIER.set(Some(client.clone()));
    let mut host = Host::new();
    host.start(client.wait_until_complete("u", "j").timeout(None), 1);
    assert!(host.end().await.1.is_ok());
    assert_eq!(server.times(), [0, 0]);
}

#[tokio::test]
async fn a_wait_is_given_up_asleep_in_flight_and_in_the_queue() {
    let (client, server, _) = still(1, |seen| if job_of(seen) == "asleep" { pending() } else { Answer::NeverAnswers });
    let mut host = Host::new();
    let start = |job: &str, call_id| host.start(client.wait_until_complete("u", job).timeout(None), call_id);
    let asleep = start("asleep", 0);
    until(|| server.seen().len() == 1 && server.open() == 0).await;
    let in_flight = start("in flight", 1);
    until(|| server.open() == 1).await;
    let (queued, next) = (start("queued", 2), start("next", 3));
    settle().await;
    assert_eq!(server.seen().len(), 2);
    asleep.abort();
    queued.abort();
    settle().await;
    assert_eq!(server.open(), 1);
    in_flight.abort();
    in_flight.abort();
    until(|| asked(&server, "next") == 1).await;
    assert_eq!((server.open(), server.seen().len(), asked(&server, "queued")), (1, 3, 0));
    next.abort();
    until(|| server.open() == 0).await;
    settle().await;
    assert!(host.ended.try_recv().is_err());
}

#[tokio::test]
async fn a_bound_that_passes_in_the_queue_ends_the_wait() {
    let (client, server, clock) = still(1, |_| Answer::NeverAnswers);
    let mut host = Host::new();
    host.start(client.wait_until_complete("u", "stalled").timeout(None), 0);
    until(|| server.open() == 1).await;
    host.start(client.wait_until_complete("u", "j").timeout(10 * S), 1);
    host.start(client.wait_until_complete("u", "patient").timeout(11 * S), 2);
    host.start(client.wait_until_complete("u", "once").timeout(Duration::ZERO), 3);
    settle().await;
    clock.advance(10 * S);
    // Timers stand still with this clock: something else must make the driver look.
    host.start(client.wait_until_complete("u", "late"), 4);
    let (call_id, result) = host.end().await;
    assert_eq!(call_id, 1);
    let error = result.unwrap_err();
    let last = error.last_error().unwrap();
    assert_eq!(last.phase(), Some(smileid_jobs::Phase::Queue));
    let timeout = Some(ErrorCode::Timeout);
    let expected = (ErrorCode::JobIncomplete, Some("deadline"), Some(1), Some(10 * S), None, timeout, true);
    assert_eq!(told(&Err(error)), Err(expected));
    settle().await;
    assert!(host.ended.try_recv().is_err());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn thousands_are_few_at_a_time_and_end_with_the_client() {
    const WAITS: u64 = 5000;
    let (client, server, _) = still(5, |_| pending());
    let mut host = Host::new();
    for call_id in 0..WAITS {
        let call_id = if call_id == 13 { WAITS } else { call_id };
        host.start(client.wait_until_complete("u", call_id.to_string()), call_id);
    }
    let most = std::cell::Cell::new(0);
    until(|| {
        most.set(most.get().max(server.open()));
        server.seen().len() == WAITS as usize
    })
    .await;
    assert!(most.get() <= 5);
    settle().await;
    let closing = Instant::now();
    client.close();
    let mut ended = std::collections::HashSet::new();
    while ended.len() < WAITS as usize {
        let (call_id, result) = host.end().await;
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.attempts()), (ErrorCode::ClientClosed, Some(1)));
        assert!(!error.last_status().unwrap().job_complete());
        assert!(ended.insert(call_id), "each ends once");
    }
    assert!(closing.elapsed() < 2 * S);
    assert!(host.try_start(client.wait_until_complete("u", "j"), 1).is_err());
}

#[tokio::test]
async fn an_attempt_that_sleeps_keeps_nobody_waiting() {
    let (client, server, _) = still(1, |seen| if job_of(seen) == "failing" { status(503) } else { complete() });
    let mut host = Host::new();
    for call_id in 0..3 {
        host.start(client.wait_until_complete("u", "failing").timeout(None), call_id);
        until(|| asked(&server, "failing") as u64 == call_id + 1).await;
    }
    host.start(client.wait_until_complete("u", "j"), 7);
    let (call_id, result) = host.end().await;
    assert!(call_id == 7 && result.unwrap().job_complete());
}

#[tokio::test]
async fn a_host_that_panics_harms_no_other() {
    let (client, _, _) = support::client([complete()]);
    let mut host = Host::new();
    for call_id in [13, 1, 13, 2] {
        host.start(client.wait_until_complete("u", "j"), call_id);
    }
    assert_eq!((host.end().await.0, host.end().await.0), (1, 2));
    host.start(client.wait_until_complete("u", "j"), 3);
    assert_eq!(host.end().await.0, 3);
}

#[tokio::test]
async fn what_is_asked_may_differ_from_wait_to_wait() {
    let (client, server, _) = still(64, |_| complete());
    let mut host = Host::new();
    for call_id in 0..6 {
        let wait = client.wait_until_complete("u", "j").return_history(call_id % 2 == 0);
        host.start(wait.return_image_links(call_id == 3), call_id);
        host.end().await.1.unwrap();
    }
    let asked: Vec<(bool, bool)> = server
        .seen()
        .iter()
        .map(|seen| (seen.body["history"].as_bool().unwrap(), seen.body["image_links"].as_bool().unwrap()))
        .collect();
    assert_eq!(asked, [(true, false), (false, false), (true, false), (false, true), (true, false), (false, false)]);
}

#[tokio::test]
async fn nothing_holds_a_client_without_waits() {
    let (client, server, _) = still(64, |_| pending());
    let host = Host::new();
    for call_id in 0..3 {
        let wait = host.start(client.wait_until_complete("u", "j"), call_id);
        until(|| server.seen().len() as u64 == call_id + 1).await;
        settle().await;
        wait.abort();
    }
    drop(client);
    until(|| Arc::strong_count(&server) == 1).await;
    assert_eq!(Arc::strong_count(&host.observer), 1);
}

#[test]
fn a_runtime_that_ends_leaves_no_wait_without_an_end() {
    let (client, server, _) = still(1, |_| Answer::NeverAnswers);
    let mut host = Host::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        for call_id in 0..3 {
            host.start(client.wait_until_complete("u", "j"), call_id);
        }
        until(|| server.open() == 1).await;
    });
    drop(runtime);
    for _ in 0..3 {
        let error = host.ended.blocking_recv().unwrap().1.unwrap_err();
        assert_eq!((error.code(), error.attempts()), (ErrorCode::ClientClosed, Some(1)));
    }
    assert_eq!(server.open(), 0);
}

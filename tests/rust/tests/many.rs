//! Many jobs at once, under a clock of our own: no test here sleeps.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use smileid_jobs::{Client, ErrorCode, IncompleteReason, JobOutcome, Phase};
use support::{Answer, FakeClock, FakeServer, Seen, builder, complete, pending, status, wait};

fn many(decide: fn(&Seen) -> Answer) -> (Client, Arc<FakeServer>) {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::deciding(&clock, decide);
    (builder(&clock, &server).max_retries(0).build().unwrap(), server)
}

fn job_of(seen: &Seen) -> String {
    seen.body["job_id"].as_str().unwrap().to_owned()
}

fn jobs(names: impl IntoIterator<Item = impl ToString>) -> Vec<(String, String)> {
    names.into_iter().map(|name| ("u".to_owned(), name.to_string())).collect()
}

async fn all<I: Iterator<Item = (String, String)> + Unpin>(
    mut stream: smileid_jobs::PollManyStream<I>,
) -> Vec<JobOutcome> {
    let mut outcomes = Vec::new();
    while let Some(outcome) = stream.next().await {
        outcomes.push(outcome.unwrap());
    }
    outcomes
}

#[tokio::test]
async fn outcomes_come_in_completion_order_and_failures_stop_nobody() {
    let (client, server) = many(|seen| match (job_of(seen).as_str(), seen.at.as_secs()) {
        ("slow", 0..6) => pending(),
        ("denied", _) => status(403),
        ("never", _) => pending(),
        _ => complete(),
    });
    let outcomes =
        all(client.poll_many().timeout(Duration::from_secs(20)).stream(jobs(["slow", "never", "denied", "fast", ""])))
            .await;
    let ended: Vec<(&str, Option<ErrorCode>)> = outcomes
        .iter()
        .map(|outcome| (outcome.job_id.as_str(), outcome.result.as_ref().err().map(|error| error.code())))
        .collect();
    assert_eq!(
        ended,
        [
            ("", Some(ErrorCode::InvalidArgument)),
            ("denied", Some(ErrorCode::Authentication)),
            ("fast", None),
            ("slow", None),
            ("never", Some(ErrorCode::JobIncomplete)),
        ]
    );
    let never = outcomes.last().unwrap().result.clone().unwrap_err();
    assert_eq!((never.attempts(), never.elapsed()), (Some(5), Some(Duration::from_secs(19))));
    assert!(!never.last_status().unwrap().job_complete());
    assert_eq!(never.job_id(), Some("never"));
    assert_eq!(server.seen().iter().filter(|seen| job_of(seen) == "never").count(), 5);
}

#[tokio::test]
async fn equal_jobs_are_asked_once_and_all_get_the_outcome() {
    let (client, server) = many(|_| complete());
    let outcomes = all(client.poll_many().stream(jobs(["a", "b", "a", "a"]))).await;
    let mut counts: HashMap<String, usize> = HashMap::new();
    outcomes.iter().for_each(|outcome| *counts.entry(outcome.job_id.clone()).or_default() += 1);
    assert_eq!((counts["a"], counts["b"], server.seen().len()), (3, 1, 2));
}

#[tokio::test]
async fn an_endless_input_is_read_only_as_far_as_there_is_room() {
    let (client, _) = many(|_| complete());
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    let endless = (0..).map(move |number: u64| {
        counted.fetch_add(1, Ordering::SeqCst);
        ("u".to_owned(), number.to_string())
    });
    let mut stream = client.poll_many().max_waiting(10).stream(endless);
    for taken in 1..=500 {
        stream.next().await.unwrap().unwrap();
        assert!(read.load(Ordering::SeqCst) <= 10 + taken);
    }
    let progress = stream.progress();
    assert_eq!((progress.complete, progress.failed), (500, 0));
    assert!(progress.waiting <= 10);
}

/// Reading a job takes 0.3 ms.
#[tokio::test]
async fn a_slow_input_keeps_neither_the_first_query_nor_others_waiting() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [complete()]);
    let client = builder(&clock, &server).build().unwrap();
    let (at_once, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (reading, most) = (Arc::clone(&at_once), Arc::clone(&most_at_once));
    let other = tokio::spawn(async move {
        loop {
            at_once.store(0, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    });
    let input = jobs(0..2000).into_iter().inspect(move |_| {
        clock.advance(Duration::from_micros(300));
        most.fetch_max(reading.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    });
    let outcomes = all(client.poll_many().stream(input)).await;
    other.abort();
    assert!(outcomes.len() == 2000 && outcomes.iter().all(|outcome| outcome.result.is_ok()));
    let first = server.seen()[0].at;
    assert!(first <= Duration::from_millis(2), "{first:?}");
    let most = most_at_once.load(Ordering::SeqCst);
    assert!(most <= 20, "{most} jobs were read before another task had its turn");
}

/// The server has told all of them the same at the same moment.
#[tokio::test]
async fn those_who_were_asked_to_wait_do_not_come_back_at_once() {
    // Inside the attempt, and as the next poll.
    for (header, floor) in [("3", 3), ("10", 10)] {
        let clock = FakeClock::with_many_chances();
        let decide = if floor == 3 {
            |seen: &Seen| if seen.at.is_zero() { wait(429, "3") } else { complete() }
        } else {
            |seen: &Seen| if seen.at.is_zero() { wait(429, "10") } else { complete() }
        };
        let server = FakeServer::deciding(&clock, decide);
        let client = builder(&clock, &server).build().unwrap();
        let outcomes = all(client.poll_many().stream(jobs(0..1000))).await;
        assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
        let back: Vec<u128> = server.times().into_iter().filter(|at| *at > 0).collect();
        let (first, last) = (back.iter().min().unwrap(), back.iter().max().unwrap());
        assert!(back.len() == 1000 && *first >= floor * 1000 && *last <= floor * 2000, "{header}: {first} to {last}");
        let mut bins: HashMap<u128, usize> = HashMap::new();
        back.iter().for_each(|at| *bins.entry(at / 100).or_default() += 1);
        let most = bins.values().max().unwrap();
        assert!(*most <= 2 * 1000 / (10 * floor as usize), "{header}: {most} within 100 ms");
    }
}

#[tokio::test]
async fn a_rate_limit_counts_http_requests_retries_included() {
    let clock = FakeClock::new(1.0);
    let server =
        FakeServer::deciding(&clock, |seen| if seen.at < Duration::from_secs(2) { status(503) } else { complete() });
    let client = builder(&clock, &server).max_retries(2).build().unwrap();
    let outcomes = all(client.poll_many().rate_limit(10.0).burst(3).stream(jobs(0..40))).await;
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{outcomes:?}");
    let times: Vec<f64> = server.seen().iter().map(|seen| seen.at.as_secs_f64()).collect();
    assert!(times.len() > 40);
    for (first, from) in times.iter().enumerate() {
        for (last, to) in times.iter().enumerate().skip(first) {
            assert!((last - first + 1) as f64 <= 3.0 + 10.0 * (to - from) + 1e-6, "{from} to {to}");
        }
    }
}

#[tokio::test]
async fn a_bound_that_ends_in_the_queue_for_a_later_token_sends_nothing() {
    let (client, server) = many(|_| pending());
    let started = client.poll_many().rate_limit(1.0).timeout(Duration::from_secs(10));
    let outcomes = all(started.stream(jobs(0..40))).await;
    let late = |outcome: &JobOutcome| {
        let error = outcome.result.clone().unwrap_err();
        assert_eq!(error.code(), ErrorCode::JobIncomplete);
        error.elapsed().unwrap() > Duration::from_secs(10)
    };
    assert_eq!(outcomes.iter().filter(|outcome| late(outcome)).count(), 0);
    let last = server.seen().iter().map(|seen| seen.at).max().unwrap();
    assert!(server.seen().len() <= last.as_secs() as usize + 1);
}

/// Each job is complete when it is asked about again, and there are more of them than there are tokens in their bounds.
#[tokio::test]
async fn a_queue_longer_than_the_bound_keeps_no_job_from_its_last_query() {
    for (rate, count, timeout) in [(10.0, 400, 10), (100.0, 3000, 10), (1.0, 40, 20)] {
        let (client, server) = many(|_| pending());
        let asked = client.poll_many().rate_limit(rate).timeout(Duration::from_secs(timeout));
        let outcomes = all(asked.stream(jobs(0..count))).await;
        let mut times: HashMap<String, Vec<Duration>> = HashMap::new();
        server.seen().iter().for_each(|seen| times.entry(job_of(seen)).or_default().push(seen.at));
        let margin = Duration::from_secs_f64(1.0_f64.max(2.0 / rate));
        let is_kept =
            |times: &&Vec<Duration>| times[times.len() - 1] - times[0] >= Duration::from_secs(timeout) - margin;
        assert_eq!((outcomes.len(), times.len()), (count, count));
        let kept = times.values().filter(is_kept).count();
        assert_eq!(kept, count, "{rate}/s: {kept} jobs were asked about shortly before their bound was over");
    }
}

#[tokio::test]
async fn attempts_that_sleep_between_their_requests_keep_no_job_waiting() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::deciding(&clock, |seen| if job_of(seen) == "good" { complete() } else { wait(503, "5") });
    let client = builder(&clock, &server).max_retries(2).max_connections(4).build().unwrap();
    clock.freeze();
    let names = (0..100).map(|number| number.to_string()).chain(["good".to_owned()]);
    let mut stream = client.poll_many().stream(jobs(names).into_iter());
    tokio::select! {
        outcome = stream.next() => assert_eq!(outcome.unwrap().unwrap().job_id, "good"),
        () = async { for _ in 0..2000 { tokio::task::yield_now().await; } } => panic!("no connection is in use"),
    }
}

#[tokio::test]
async fn connections_that_nobody_uses_are_no_reason_to_run_in_circles() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [wait(503, "5")]);
    let client = builder(&clock, &server).max_retries(2).max_connections(2).build().unwrap();
    clock.freeze();
    // Ten sleep between their requests and one waits for its token; the others have to queue.
    let mut stream = client.poll_many().rate_limit(1.0).burst(10).stream(jobs(0..30));
    let turns = async || {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = stream.next() => panic!("{outcome:?}"),
        () = async {
            turns().await;
            let looks = clock.looks();
            turns().await;
            assert_eq!(clock.looks(), looks, "the driver has nothing to do");
        } => {}
    }
    assert_eq!(server.seen().len(), 10);
}

#[tokio::test]
async fn a_bound_that_ends_in_the_queue_is_no_lack_of_attempts() {
    let (client, _) = many(|_| pending());
    let asked = client.poll_many().rate_limit(0.2).retry_count(1).timeout(Duration::from_secs(3));
    let outcomes = all(asked.stream(jobs(0..5))).await;
    let reasons = outcomes.iter().map(|outcome| outcome.result.as_ref().unwrap_err().reason());
    assert_eq!(reasons.collect::<Vec<_>>(), [Some(IncompleteReason::Deadline); 5]);
}

#[tokio::test]
async fn a_rate_limit_is_used_up_while_work_waits() {
    let (client, server) = many(|_| complete());
    all(client.poll_many().rate_limit(10.0).burst(3).stream(jobs(0..203))).await;
    let used = 200.0 / 10.0 / server.seen().last().unwrap().at.as_secs_f64();
    assert!((0.98..=1.0001).contains(&used), "{used}");
}

#[tokio::test]
async fn no_more_than_the_connections_for_many_are_in_flight() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [Answer::NeverAnswers]);
    let client = builder(&clock, &server).max_connections(5).build().unwrap();
    clock.freeze();
    let mut stream = client.poll_many().stream(jobs(0..100));
    tokio::select! {
        outcome = stream.next() => panic!("{outcome:?}"),
        () = async { for _ in 0..200 { tokio::task::yield_now().await; } } => {}
    }
    assert_eq!(server.seen().len(), 4, "the fifth is for single calls");
}

#[tokio::test]
async fn jobs_that_stall_keep_no_single_call_waiting_nor_single_calls_them() {
    let clock = FakeClock::new(1.0);
    let stalls = |seen: &Seen| if job_of(seen) == "good" { complete() } else { Answer::NeverAnswers };
    let server = FakeServer::deciding(&clock, stalls);
    let client = builder(&clock, &server).max_connections(16).build().unwrap();
    clock.freeze();
    let stalled: Vec<_> =
        (0..2).map(|_| tokio::spawn(all(client.poll_many().stream(jobs(0..100).into_iter())))).collect();
    let until = async |open| {
        for _ in 0..10_000 {
            if server.open() == open {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{} and not {open} requests are open", server.open());
    };
    until(14).await;
    for _ in 0..20 {
        assert!(client.get_job_status("u", "good").await.unwrap().job_complete());
    }
    assert_eq!(server.seen().len(), 34, "both have 14 together");
    stalled.iter().for_each(|stalled| stalled.abort());
    until(0).await;
    // Single calls may have all of them, and each that ends leaves its place to whoever waits longest.
    let mut single: Vec<_> =
        (0..16).map(|n| tokio::spawn(client.get_job_status("u", n.to_string()).into_future())).collect();
    until(16).await;
    let many = tokio::spawn(all(client.poll_many().stream(jobs(["good"]).into_iter())));
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    single.extend((16..20).map(|n| tokio::spawn(client.get_job_status("u", n.to_string()).into_future())));
    tokio::task::yield_now().await;
    single[0].abort();
    assert!(many.await.unwrap()[0].result.is_ok());
    single.iter().for_each(|single| single.abort());
}

/// As in a process that is suspended for longer than all bounds.
#[tokio::test]
async fn jobs_that_sleep_past_their_bounds_are_asked_about_once_more() {
    const S: Duration = Duration::from_secs(1);
    let late = |seen: &Seen| match (seen.at < 5 * S, job_of(seen).starts_with("stalled")) {
        (true, _) => pending(),
        (false, true) => Answer::NeverAnswers,
        (false, false) => complete(),
    };
    for (name, count) in [("good", 300), ("stalled", 6)] {
        let clock = FakeClock::new(1.0);
        let server = FakeServer::deciding(&clock, late);
        let client = builder(&clock, &server).max_connections(4).build().unwrap();
        clock.freeze();
        let many = client.poll_many().timeout(10 * S);
        let many = tokio::spawn(all(many.stream(jobs((0..count).map(|n| format!("{name} {n}"))).into_iter())));
        while server.seen().len() < count || server.open() > 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(30 * S);
        clock.go_on();
        let outcomes = many.await.unwrap();
        assert_eq!(outcomes.len(), count);
        if name == "good" {
            let failed = outcomes.iter().find(|outcome| outcome.result.is_err());
            assert!(failed.is_none() && server.seen().len() == 2 * count, "{failed:?}");
            continue;
        }
        // Even then they end, and say what they ended in: a request, or the queue for one.
        let mut ended_in = [0; 2];
        for outcome in &outcomes {
            let error = outcome.result.as_ref().unwrap_err();
            assert_eq!((error.reason(), error.attempts()), (Some(IncompleteReason::Deadline), Some(2)));
            assert_eq!(error.elapsed(), Some(40 * S));
            ended_in[usize::from(error.last_error().unwrap().phase() == Some(Phase::Queue))] += 1;
        }
        assert_eq!(ended_in, [3, 3]);
    }
}

#[tokio::test]
async fn a_notify_reaches_a_job_among_many() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [pending()]);
    let client = builder(&clock, &server).build().unwrap();
    clock.freeze();
    let notifier = client.clone();
    let seen = Arc::clone(&server);
    let mut stream = client.poll_many().stream(jobs(["a", "b"]));
    tokio::select! {
        outcome = stream.next() => panic!("{outcome:?}"),
        () = async {
            while seen.seen().len() < 2 { tokio::task::yield_now().await; }
            for _ in 0..20 { tokio::task::yield_now().await; }
            notifier.notify("u", "b");
            while seen.seen().len() < 3 { tokio::task::yield_now().await; }
        } => {}
    }
    assert_eq!(server.seen().last().map(job_of), Some("b".to_owned()));
}

#[tokio::test]
async fn a_closed_client_gives_every_job_its_outcome() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [pending()]);
    let client = builder(&clock, &server).build().unwrap();
    clock.freeze();
    let closer = client.clone();
    let seen = Arc::clone(&server);
    let mut stream = client.poll_many().stream(jobs(0..10));
    let closing = async {
        while seen.seen().len() < 10 {
            tokio::task::yield_now().await;
        }
        closer.close();
        std::future::pending::<()>().await;
    };
    let collecting = async {
        let mut ended = 0;
        while let Some(outcome) = stream.next().await {
            assert_eq!(outcome.unwrap().result.unwrap_err().code(), ErrorCode::ClientClosed);
            ended += 1;
        }
        ended
    };
    let ended = tokio::select! { ended = collecting => ended, () = closing => 0 };
    assert_eq!(ended, 10);
}

#[tokio::test]
async fn jobs_read_after_a_close_have_an_outcome_too() {
    let (client, server) = many(|_| pending());
    let closer = client.clone();
    let mut read = 0;
    let input = jobs(0..25).into_iter().inspect(move |_| {
        read += 1;
        if read == 11 {
            closer.close();
        }
    });
    let outcomes =
        tokio::time::timeout(Duration::from_secs(5), all(client.poll_many().max_waiting(10).stream(input))).await;
    let outcomes = outcomes.expect("every job has an outcome");
    assert_eq!(outcomes.len(), 25);
    assert!(outcomes.iter().skip(1).all(|outcome| outcome.result.is_err()));
    assert!(server.seen().len() < 100);
}

#[tokio::test]
async fn bad_options_are_the_streams_first_and_only_item() {
    let (client, server) = many(|_| complete());
    for (many, argument) in [
        (client.poll_many().max_waiting(0), "max_waiting"),
        (client.poll_many().rate_limit(0.0), "rate_limit"),
        (client.poll_many().rate_limit(f64::NAN), "rate_limit"),
        (client.poll_many().burst(0), "burst"),
        (client.poll_many().timeout(Duration::from_secs(86_400 * 31)), "timeout"),
    ] {
        let mut stream = many.stream(jobs(["a"]));
        assert_eq!(stream.next().await.unwrap().unwrap_err().argument(), Some(argument));
        assert!(stream.next().await.is_none());
    }
    assert!(server.seen().is_empty());
}

#[test]
fn a_runtime_that_ends_ends_the_jobs_that_it_asked_about() {
    let (client, _) = many(|_| pending());
    let mut stream = client.poll_many().timeout(None).stream(jobs(["a", "b"]));
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let first = runtime();
    let waited = first.block_on(async { tokio::time::timeout(Duration::from_millis(50), stream.next()).await.ok() });
    assert!(waited.is_none());
    drop(first);
    let ended = runtime().block_on(async {
        let ended = async { [stream.next().await, stream.next().await, stream.next().await] };
        tokio::time::timeout(Duration::from_secs(20), ended).await.expect("an end")
    });
    let codes = ended.map(|outcome| outcome.map(|outcome| outcome.unwrap().result.unwrap_err().code()));
    assert_eq!(codes, [Some(ErrorCode::ClientClosed), Some(ErrorCode::ClientClosed), None]);
}

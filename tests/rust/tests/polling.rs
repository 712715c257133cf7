//! When requests go out and what ends a call, under a clock of our own: no test here sleeps.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use smileid_jobs::{Client, Error, ErrorCode, JobStatus, Phase, Result};
use support::{Answer, FakeClock, FakeServer, builder, client, complete, pending, status, wait};

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);

fn code(result: smileid_jobs::Result<smileid_jobs::JobStatus>) -> (ErrorCode, Error) {
    let error = result.unwrap_err();
    (error.code(), error)
}

#[tokio::test]
async fn three_retries_are_four_requests_at_0_2_6_and_14_seconds() {
    let (client, server, _) = client([pending()]);
    let status = client.poll_job_status("u", "j").await.unwrap();
    assert!(!status.job_complete());
    assert_eq!(server.times(), [0, 2000, 6000, 14_000]);
}

#[tokio::test]
async fn every_request_is_signed_for_its_own_moment() {
    let (client, server, _) = client([status(503), status(503), pending(), status(502), complete()]);
    client.poll_job_status("u", "j").await.unwrap();
    let seen = server.seen();
    let pairs: HashSet<String> = seen.iter().map(|seen| seen.body["signature"].to_string()).collect();
    assert_eq!((seen.len(), pairs.len()), (5, 5));
    assert!(seen.iter().all(|seen| seen.body["timestamp"].as_str().unwrap().len() == 24));
}

#[tokio::test]
async fn pairs_differ_even_while_the_clock_stands_still() {
    let clock = FakeClock::new(0.0);
    let server = FakeServer::new(&clock, [status(503)]);
    let client = builder(&clock, &server).max_retries(20).build().unwrap();
    let (code, _) = code(client.get_job_status("u", "j").await);
    assert_eq!(code, ErrorCode::Server);
    let pairs: HashSet<String> = server.seen().iter().map(|seen| seen.body["timestamp"].to_string()).collect();
    assert_eq!((server.seen().len(), pairs.len()), (21, 21));
}

#[tokio::test]
async fn a_transient_failure_is_repeated_with_doubling_waits() {
    let (client, server, _) = client([status(503), status(500), complete()]);
    assert!(client.get_job_status("u", "j").await.unwrap().job_complete());
    assert_eq!(server.times(), [0, 250, 750]);
}

#[tokio::test]
async fn a_failure_that_survives_its_retries_spends_the_attempt_only() {
    let (client, server, _) = client([status(503), status(503), status(503), complete()]);
    assert!(client.poll_job_status("u", "j").await.unwrap().job_complete());
    assert_eq!(server.times(), [0, 250, 750, 2750]);
}

#[tokio::test]
async fn the_last_attempts_failure_is_raised_with_what_was_seen() {
    let (client, _, _) = client([pending(), status(504)]);
    let (code, error) = code(client.poll_job_status("u", "j").retry_count(1).await);
    assert_eq!(code, ErrorCode::Server);
    assert_eq!((error.http_status(), error.attempts()), (Some(504), Some(2)));
    assert_eq!((error.user_id(), error.job_id()), (Some("u"), Some("j")));
    assert!(!error.last_status().unwrap().job_complete());
    assert_eq!(error.elapsed(), Some(2750 * MS));
}

#[tokio::test]
async fn permanent_failures_stop_at_once() {
    for (answer, expected) in [
        (status(400), ErrorCode::Rejected),
        (status(401), ErrorCode::Authentication),
        (status(501), ErrorCode::Server),
        (
            Answer::Signed(
                serde_json::json!({ "job_complete": true, "result": { "PartnerParams": { "job_id": "k" } } }),
            ),
            ErrorCode::ResponseMismatch,
        ),
        (Answer::Text(200, "{\"job_complete\":true}"), ErrorCode::SignatureMismatch),
    ] {
        let (client, server, _) = client([answer]);
        assert_eq!(code(client.poll_job_status("u", "j").await).0, expected);
        assert_eq!(server.times(), [0], "{expected}");
    }
}

#[tokio::test]
async fn nonsense_is_asked_for_once_more() {
    let (client, server, _) = client([Answer::Text(200, "<html>")]);
    let (code, error) = code(client.get_job_status("u", "j").await);
    assert_eq!((code, server.times().len()), (ErrorCode::InvalidResponse, 2));
    assert_eq!(error.raw().map(|raw| raw.as_ref()), Some(&b"<html>"[..]));
}

/// When the requests of a call came, in milliseconds, with jitter of none and of all that there may be.
async fn times<F, C>(answers: &[Answer], call: F) -> [Vec<u128>; 2]
where
    F: Fn(Client) -> C,
    C: IntoFuture<Output = Result<JobStatus>>,
{
    let [mut least, mut most] = [0.0, 1.0].map(|chance| {
        let clock = FakeClock::new(chance);
        let server = FakeServer::new(&clock, answers.to_vec());
        (builder(&clock, &server).build().unwrap(), server)
    });
    for (client, _) in [&mut least, &mut most] {
        call(client.clone()).await.unwrap();
    }
    [least, most].map(|(_, server)| server.times())
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for_inside_the_attempt() {
    let times = times(&[wait(429, "5"), complete()], |client| client.get_job_status("u", "j")).await;
    assert_eq!(times, [[0, 5000], [0, 10_000]]);
    // The own backoff is what jitter is at least.
    let answers = [wait(429, "1"), wait(429, "1"), wait(429, "1"), wait(429, "1"), complete()];
    let retried = |client: Client| client.get_job_status("u", "j");
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, answers);
    retried(builder(&clock, &server).max_retries(4).build().unwrap()).await.unwrap();
    assert_eq!(server.times(), [0, 2000, 4000, 6000, 9000]);
}

#[tokio::test]
async fn a_long_retry_after_delays_the_next_poll_and_is_capped() {
    for (header, [least, most]) in [
        ("6", [6000, 12_000]),
        ("3600", [60_000, 120_000]),
        ("99999999999999999999", [60_000, 120_000]),
        ("-3", [2000, 750 + 2000]),
    ] {
        let answers = [wait(503, header), wait(503, header), wait(503, header), complete()];
        let times = times(&answers, |client| client.poll_job_status("u", "j")).await;
        let next = if header == "-3" { 3 } else { 1 };
        assert_eq!(times.map(|times| times[next]), [least, most], "{header}");
    }
}

#[tokio::test]
async fn jitter_leaves_time_for_the_query_that_the_server_asked_to_come_later() {
    // Half of what is left is for the request.
    let answers = [wait(429, "5"), complete()];
    let asked = times(&answers, |client| client.get_job_status("u", "j").timeout(7 * S)).await;
    assert_eq!(asked, [[0, 5000], [0, 6000]]);
    // The last query starts a second before the end, or when the server allows.
    let answers = [wait(429, "7"), complete()];
    for (timeout, last) in [(12 * S, 11_000), (8 * S, 7000), (7500 * MS, 7000)] {
        let polled = times(&answers, |client| client.poll_job_status("u", "j").timeout(timeout)).await;
        let waited = times(&answers, |client| client.wait_until_complete("u", "j").timeout(timeout)).await;
        assert_eq!((polled, waited), ([vec![0, 7000], vec![0, last]], [vec![0, 7000], vec![0, last]]));
    }
}

#[tokio::test]
async fn a_retry_after_beyond_the_bound_stops_at_once() {
    let (client, server, _) = client([wait(429, "30")]);
    let (code, error) = code(client.poll_job_status("u", "j").timeout(20 * S).await);
    assert_eq!((code, error.retry_after()), (ErrorCode::RateLimited, Some(30 * S)));
    assert_eq!((server.times(), error.elapsed()), (vec![0], Some(Duration::ZERO)));
}

#[tokio::test]
async fn a_pending_answer_may_ask_to_wait_too() {
    let not_ready = Answer::SignedWait(serde_json::json!({ "job_complete": false }), "7");
    let times = times(&[not_ready, complete()], |client| client.poll_job_status("u", "j")).await;
    assert_eq!(times, [[0, 7000], [0, 14_000]]);
}

#[tokio::test]
async fn one_request_is_bounded_before_and_inside_its_body() {
    for (answer, phase) in [(Answer::NeverAnswers, Phase::Response), (Answer::NeverEnds, Phase::Body)] {
        let clock = FakeClock::new(1.0);
        let server = FakeServer::new(&clock, [answer]);
        let client = builder(&clock, &server).max_retries(0).build().unwrap();
        let (code, error) = code(client.get_job_status("u", "j").await);
        assert_eq!((code, error.phase(), error.elapsed()), (ErrorCode::Timeout, Some(phase), Some(15 * S)));
    }
}

#[tokio::test]
async fn the_bound_covers_requests_and_sleeps() {
    let (client, server, _) = client([Answer::NeverAnswers]);
    let (code, error) = code(client.get_job_status("u", "j").timeout(20 * S).await);
    assert_eq!((code, error.phase(), error.elapsed()), (ErrorCode::Timeout, Some(Phase::Overall), Some(20 * S)));
    assert_eq!(server.times(), [0, 15_250]);
}

#[tokio::test]
async fn a_poll_whose_next_query_is_beyond_the_bound_ends_without_sleeping() {
    let (client, server, _) = client([pending()]);
    let (code, error) = code(client.poll_job_status("u", "j").timeout(5 * S).await);
    assert_eq!((code, error.phase()), (ErrorCode::Timeout, Some(Phase::Overall)));
    assert_eq!(server.times(), [0, 2000]);
    assert_eq!(error.attempts(), Some(2));
    assert!(error.last_status().is_some());
}

#[tokio::test]
async fn a_call_that_sleeps_too_long_before_a_retry_ends_with_what_it_has() {
    let (client, server, clock) = client([status(503), complete()]);
    clock.freeze();
    let call = tokio::spawn(client.get_job_status("u", "j").timeout(10 * S).into_future());
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    // As in a process that is suspended.
    clock.advance(20 * S);
    clock.go_on();
    let (code, error) = code(call.await.unwrap());
    assert_eq!((code, error.attempts(), server.seen().len()), (ErrorCode::Server, Some(1), 1));
}

#[tokio::test]
async fn a_timeout_of_zero_is_one_request() {
    let (client, server, _) = client([pending(), complete()]);
    assert!(!client.poll_job_status("u", "j").timeout(Duration::ZERO).await.unwrap().job_complete());
    assert!(client.get_job_status("u", "j").timeout(Duration::ZERO).await.unwrap().job_complete());
    assert_eq!(server.times(), [0, 0]);
    let (client, server, _) = support::client([status(503)]);
    assert_eq!(code(client.get_job_status("u", "j").timeout(Duration::ZERO).await).0, ErrorCode::Server);
    assert_eq!(server.times(), [0]);
}

#[tokio::test]
async fn close_ends_sleeps_and_requests_and_refuses_new_calls() {
    for answer in [pending(), Answer::NeverAnswers] {
        let (client, server, clock) = client([answer]);
        clock.freeze();
        let call = tokio::spawn(client.poll_job_status("u", "j").into_future());
        while server.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        client.close();
        let (code, error) = code(call.await.unwrap());
        assert_eq!((code, error.attempts()), (ErrorCode::ClientClosed, Some(1)));
        assert_eq!(self::code(client.get_job_status("u", "j").await).0, ErrorCode::ClientClosed);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn images_queue_for_connections_no_longer_than_they_may() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [Answer::NeverAnswers]);
    let client = builder(&clock, &server).max_connections(1).build().unwrap();
    let links = json!({ "job_complete": true, "image_links": { "selfie_image": "https://images.example.com/1.jpg" } });
    let status = JobStatus::from_verified("u", "j", support::signed(links).into()).unwrap();
    clock.freeze();
    let first = tokio::spawn(client.get_job_status("u", "j").into_future());
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    clock.go_on();
    let images = client.download_images(&status).timeout(Duration::from_secs(5)).into_future();
    let error = tokio::time::timeout(Duration::from_secs(20), images).await.expect("an end").unwrap_err();
    assert_eq!((error.code(), error.phase()), (ErrorCode::Timeout, Some(Phase::Queue)));
    assert!(!first.is_finished());
    first.abort();
}

#[tokio::test]
async fn the_queue_for_connections_is_bounded_by_the_call() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [Answer::NeverAnswers]);
    let client = builder(&clock, &server).max_connections(1).build().unwrap();
    clock.freeze();
    let first = tokio::spawn(client.get_job_status("u", "j").into_future());
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut second = tokio::spawn(client.get_job_status("u", "k").into_future());
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    assert_eq!(server.seen().len(), 1, "the second request waits for the first one's connection");
    first.abort();
    while server.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    second.abort();
    assert!((&mut second).await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn dropping_a_call_drops_its_request() {
    let (client, server, clock) = client([Answer::NeverAnswers, complete()]);
    clock.freeze();
    let call = tokio::spawn(client.get_job_status("u", "j").into_future());
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(client.get_job_status("u", "j").await.unwrap().job_complete());
}

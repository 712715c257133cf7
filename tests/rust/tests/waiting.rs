//! Waits, watches, steps and wake-ups, under a clock of our own: no test here sleeps.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod support;

use std::time::Duration;

use serde_json::json;
use smileid_jobs::{Error, ErrorCode, IncompleteReason, JobStatus, PollStep};
use support::{Answer, FakeClock, FakeServer, builder, client, complete, pending, status, wait};

const S: Duration = Duration::from_secs(1);

fn incomplete(result: smileid_jobs::Result<JobStatus>, reason: IncompleteReason) -> Error {
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.reason()), (ErrorCode::JobIncomplete, Some(reason)));
    error
}

#[tokio::test]
async fn the_last_query_starts_just_before_the_end() {
    let (client, server, _) = client([pending()]);
    let error = incomplete(client.wait_until_complete("u", "j").await, IncompleteReason::Deadline);
    // Every jitter is at its ceiling: 0, 2, 6, 14, 30 s, and the last one a second before the minute is over.
    assert_eq!(server.times(), [0, 2000, 6000, 14_000, 30_000, 59_000]);
    assert_eq!((error.attempts(), error.elapsed()), (Some(6), Some(59 * S)));
    assert!(!error.last_status().unwrap().job_complete());
    assert!(error.last_error().is_none());
}

#[tokio::test]
async fn a_wait_survives_what_passes_and_stops_at_what_does_not() {
    let (client, server, _) = client([status(503), status(503), status(503), pending(), complete()]);
    assert!(client.wait_until_complete("u", "j").await.unwrap().job_complete());
    assert_eq!(server.times(), [0, 250, 750, 2750, 6750]);
    let (client, server, _) = support::client([pending(), status(401)]);
    let error = client.wait_until_complete("u", "j").await.unwrap_err();
    assert_eq!((error.code(), server.times()), (ErrorCode::Authentication, vec![0, 2000]));
    assert!(error.last_status().is_some());
}

#[tokio::test]
async fn the_last_failure_is_carried_and_not_raised() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [pending(), status(502)]);
    let client = builder(&clock, &server).max_retries(0).build().unwrap();
    let error = incomplete(client.wait_until_complete("u", "j").timeout(4 * S).await, IncompleteReason::Deadline);
    assert_eq!(error.last_error().map(Error::code), Some(ErrorCode::Server));
    assert!(error.last_status().is_some());
    assert_eq!(server.times(), [0, 2000, 3000]);
}

#[tokio::test]
async fn zero_is_one_query_and_no_limit_is_none() {
    let (client, server, _) = client([pending()]);
    let error =
        incomplete(client.wait_until_complete("u", "j").timeout(Duration::ZERO).await, IncompleteReason::Attempts);
    assert_eq!((server.times().len(), error.last_status().is_some()), (1, true));
    let (client, server, _) = support::client([pending()]);
    let wait = client.wait_until_complete("u", "j").timeout(None).retry_count(9);
    incomplete(wait.await, IncompleteReason::Attempts);
    assert_eq!(server.times().last(), Some(&180_000));
}

#[tokio::test]
async fn a_stall_cannot_outlast_the_bound() {
    for answer in [Answer::NeverAnswers, Answer::NeverEnds] {
        let (client, _, _) = client([pending(), answer]);
        let error = incomplete(client.wait_until_complete("u", "j").timeout(10 * S).await, IncompleteReason::Deadline);
        assert_eq!(error.elapsed(), Some(10 * S));
    }
}

#[tokio::test]
async fn a_wish_beyond_the_deadline_ends_the_wait_at_once() {
    let (client, server, _) = client([wait(429, "40")]);
    let error = incomplete(
        client.wait_until_complete("u", "j").timeout(30 * S).await,
        IncompleteReason::RetryAfterBeyondDeadline,
    );
    assert_eq!((server.times(), error.elapsed()), (vec![0], Some(Duration::ZERO)));
    assert_eq!(error.last_error().and_then(Error::retry_after), Some(40 * S));
}

#[tokio::test]
async fn updates_arrive_with_their_answers_and_say_what_changed() {
    let provisional = Answer::Signed(json!({ "job_complete": false, "result": { "ResultCode": "0814" } }));
    let (client, server, _) = client([pending(), pending(), status(508), provisional, complete()]);
    let mut watch = client.watch_job_status("u", "j").stream();
    let first = watch.next().await.unwrap().unwrap();
    assert_eq!((first.attempt, first.changed, first.next_delay), (1, true, Some(2 * S)));
    assert_eq!(server.times().len(), 1, "the next query waits for the next update to be asked for");
    let second = watch.next().await.unwrap().unwrap();
    assert_eq!((second.attempt, second.changed, second.elapsed), (2, false, 2 * S));
    let error = watch.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::Server, "508 is not transient");
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_watch_ends_with_the_complete_status() {
    let provisional = Answer::Signed(json!({ "job_complete": false, "result": { "ResultCode": "0814" } }));
    let (client, _, _) = client([pending(), status(503), provisional, complete()]);
    let mut watch = client.watch_job_status("u", "j").stream();
    let mut seen = Vec::new();
    while let Some(update) = watch.next().await {
        let update = update.unwrap();
        seen.push((update.attempt, update.changed, update.status.job_complete(), update.next_delay.is_some()));
    }
    assert_eq!(seen, [(1, true, false, true), (2, true, false, true), (3, true, true, false)]);
}

#[tokio::test]
async fn a_watch_that_runs_out_of_time_hands_out_its_last_answer_and_says_so() {
    let (client, server, _) = client([pending()]);
    let mut watch = client.watch_job_status("u", "j").timeout(5 * S).stream();
    for has_next in [true, true, false] {
        assert_eq!(watch.next().await.unwrap().unwrap().next_delay.is_some(), has_next);
    }
    assert_eq!(server.times(), [0, 2000, 4000]);
    let error = incomplete(watch.next().await.unwrap().map(|update| update.status), IncompleteReason::Deadline);
    assert_eq!((error.attempts(), error.last_status().is_some()), (Some(3), true));
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_watch_that_fails_still_knows_the_last_status() {
    let (client, _, _) = client([pending(), status(401)]);
    let mut watch = client.watch_job_status("u", "j").stream();
    assert!(watch.next().await.unwrap().is_ok());
    let error = watch.next().await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.last_status().is_some()), (ErrorCode::Authentication, true));
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn bad_options_of_a_stream_are_its_only_item() {
    let (client, server, _) = client([pending()]);
    let mut watch = client.watch_job_status("", "j").stream();
    assert_eq!(watch.next().await.unwrap().unwrap_err().argument(), Some("user_id"));
    assert!(watch.next().await.is_none());
    assert!(server.times().is_empty());
}

#[tokio::test]
async fn a_notify_wakes_the_wait_for_that_job_only() {
    let (client, server, clock) = client([pending(), complete()]);
    client.notify("u", "j");
    clock.freeze();
    let waiting = tokio::spawn(client.wait_until_complete("u", "j").into_future());
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        client.notify("u", "other");
        tokio::task::yield_now().await;
    }
    assert_eq!(server.seen().len(), 1, "a notify before the wait, or for another job, does nothing");
    client.notify("u", "j");
    assert!(waiting.await.unwrap().unwrap().job_complete());
    assert_eq!(server.times(), [0, 0]);
}

#[tokio::test]
async fn steps_are_a_wait_in_pieces() {
    let (client, server, clock) = client([pending(), status(503), status(503), status(503), pending(), complete()]);
    let mut token = None;
    let mut steps = 0;
    let status = loop {
        steps += 1;
        match client.poll_step("u", "j").token(token.take()).await.unwrap() {
            PollStep::Finished(status) => break status,
            PollStep::Again { after, token: next } => {
                assert!(next.len() <= 128);
                clock.advance(after);
                token = Some(next);
            }
            _ => unreachable!(),
        }
    };
    assert!(status.job_complete());
    assert_eq!((steps, server.times()), (4, vec![0, 2000, 2250, 2750, 6750, 14_750]));
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_wait_longer() {
    let (first, _, clock) = client([pending()]);
    clock.advance(3600 * S);
    let PollStep::Again { token, .. } = first.poll_step("u", "j").timeout(20 * S).await.unwrap() else {
        unreachable!()
    };
    // An hour earlier, by the wall clock.
    let (second, server, clock) = client([pending()]);
    let PollStep::Again { token, after } = second.poll_step("u", "j").token(token).await.unwrap() else {
        unreachable!()
    };
    clock.advance(after);
    // The whole of the wait is left, and the next step knows it.
    assert!(matches!(second.poll_step("u", "j").token(token.clone()).await, Ok(PollStep::Again { .. })));
    let error = second.wait_until_complete("u", "j").token(token).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::JobIncomplete);
    assert!(server.times().last().unwrap() <= &20_000, "{:?}", server.times());
}

#[tokio::test]
async fn a_step_after_the_deadline_asks_once_more_and_then_gives_up() {
    let (client, server, clock) = client([pending()]);
    let PollStep::Again { token, .. } = client.poll_step("u", "j").timeout(20 * S).await.unwrap() else {
        unreachable!()
    };
    clock.advance(3600 * S);
    let error = client.poll_step("u", "j").token(token).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (ErrorCode::JobIncomplete, Some(IncompleteReason::Deadline)));
    assert_eq!((error.attempts(), error.elapsed()), (Some(2), Some(3600 * S)));
    assert_eq!(server.times().len(), 2);
}

#[tokio::test]
async fn a_wait_goes_on_from_a_token() {
    // Its bound is the token's, whatever this one says.
    for timeout in [60 * S, Duration::ZERO] {
        let (client, server, clock) = client([pending()]);
        let PollStep::Again { token, after } = client.poll_step("u", "j").timeout(20 * S).await.unwrap() else {
            unreachable!()
        };
        clock.advance(after);
        let wait = client.wait_until_complete("u", "j").token(token).timeout(timeout);
        let error = incomplete(wait.await, IncompleteReason::Deadline);
        assert_eq!(server.times(), [0, 2000, 6000, 14_000, 19_000]);
        assert_eq!((error.attempts(), error.elapsed()), (Some(5), Some(19 * S)));
    }
}

#[tokio::test]
async fn the_last_query_is_where_the_first_step_put_it() {
    let (client, server, clock) = client([pending()]);
    let step = client.poll_step("u", "j").timeout(S).initial_delay(S / 10).max_delay(S / 10);
    let PollStep::Again { token, after } = step.await.unwrap() else { unreachable!() };
    clock.advance(after);
    let wait = client.wait_until_complete("u", "j").initial_delay(S / 10).max_delay(S / 10).token(token);
    incomplete(wait.await, IncompleteReason::Deadline);
    assert_eq!(server.times(), [0, 100, 200, 300, 400, 500]);
}

#[tokio::test]
async fn a_token_is_for_one_question_only() {
    let (client, server, _) = client([pending()]);
    let PollStep::Again { token, .. } = client.poll_step("u", "j").await.unwrap() else { unreachable!() };
    let refused = [
        client.poll_step("u", "k").token(token.clone()),
        client.poll_step("v", "j").token(token.clone()),
        client.poll_step("u", "j").return_history(true).token(token.clone()),
        client.poll_step("u", "j").initial_delay(S).token(token.clone()),
        client.poll_step("u", "j").token(format!("{token}A")),
    ];
    for call in refused {
        assert_eq!(call.await.unwrap_err().code(), ErrorCode::TokenMismatch);
    }
    assert_eq!(server.times().len(), 1);
}

#[tokio::test]
async fn return_job_status_polls_with_the_default_delays() {
    let (client, server, _) = client([pending(), pending(), complete()]);
    assert!(client.get_job_status("u", "j").return_job_status(true).await.unwrap().job_complete());
    assert_eq!(server.times(), [0, 2000, 6000]);
    let (client, server, _) = support::client([pending()]);
    assert!(!client.get_job_status("u", "j").return_job_status(true).await.unwrap().job_complete());
    assert_eq!(server.times(), [0, 2000, 6000, 14_000]);
}

#[tokio::test]
async fn a_closed_client_ends_every_kind_of_wait() {
    let (client, server, clock) = client([pending()]);
    clock.freeze();
    let waiting = tokio::spawn(client.wait_until_complete("u", "j").into_future());
    let watched = client.clone();
    let watching = tokio::spawn(async move {
        let mut watch = watched.watch_job_status("u", "k").stream();
        let _ = watch.next().await;
        watch.next().await
    });
    while server.seen().len() < 2 {
        tokio::task::yield_now().await;
    }
    client.close();
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), ErrorCode::ClientClosed);
    assert_eq!(watching.await.unwrap().unwrap().unwrap_err().code(), ErrorCode::ClientClosed);
}

#[tokio::test]
async fn a_finished_result_is_delivered_and_returned_whatever_happens() {
    for (answers, delivered, attempts, http_status) in [
        (vec![complete(), Answer::Text(204, "")], true, 1, Some(204)),
        (vec![complete(), Answer::Text(500, ""), Answer::Text(200, "")], true, 2, Some(200)),
        (vec![complete(), Answer::Text(500, "")], false, 2, Some(500)),
        (vec![complete(), Answer::Text(302, "")], false, 1, Some(302)),
        (vec![complete(), Answer::Text(404, "")], false, 1, Some(404)),
        (vec![complete(), Answer::NeverAnswers], false, 1, None),
    ] {
        let clock = FakeClock::new(1.0);
        let server = FakeServer::new(&clock, answers);
        let client = builder(&clock, &server).build().unwrap();
        let status =
            client.wait_until_complete("u", "j").callback_url("https://receiver.example/hook?a=1").await.unwrap();
        let delivery = status.callback_delivery().unwrap();
        assert_eq!((delivery.delivered, delivery.attempts, delivery.http_status), (delivered, attempts, http_status));
        let sent = server.seen().remove(1);
        assert_eq!(sent.url, "https://receiver.example/hook?a=1");
        assert_eq!(sent.body["ResultCode"], "0810");
        assert_eq!(sent.body["signature"], status.signature());
        assert!(client.verify_callback(sent.body.to_string().as_bytes(), None).is_ok());
    }
}

#[tokio::test]
async fn deliveries_share_the_connections_that_there_are() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::deciding(&clock, |seen| match seen.url.contains("receiver") {
        true => Answer::NeverAnswers,
        false => complete(),
    });
    let client = builder(&clock, &server).max_connections(2).build().unwrap();
    let calls = (0..6).map(|job| client.get_job_status("u", format!("{job}")).callback_url("https://receiver.example"));
    let running: Vec<_> = calls.map(|call| tokio::spawn(call.into_future())).collect();
    for call in running {
        let status = call.await.unwrap().unwrap();
        assert!(!status.callback_delivery().unwrap().delivered);
    }
    assert!(server.most_at_once() <= 2, "{}", server.most_at_once());
}

#[tokio::test]
async fn only_a_complete_status_is_delivered_and_only_to_a_safe_url() {
    let (client, server, _) = client([pending()]);
    let status = client.get_job_status("u", "j").callback_url("https://receiver.example").await.unwrap();
    assert_eq!((status.callback_delivery(), server.times().len()), (None, 1));
    for url in [
        "http://receiver.example",
        "https://u:p@receiver.example",
        "ftp://x.example",
        "nonsense",
        "https://x.example/#f",
    ] {
        let error = client.get_job_status("u", "j").callback_url(url).await.unwrap_err();
        assert_eq!(error.argument(), Some("callback_url"), "{url}");
    }
    assert_eq!(server.times().len(), 1);
}

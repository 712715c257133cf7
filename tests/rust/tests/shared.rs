//! Watches by a handle, as bindings hold them: what dropping a `next` before its end does, under a clock of our own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod support;

use std::sync::Arc;

use smileid_jobs::shared::SharedWatch;
use smileid_jobs::{Result, StatusUpdate};
use support::{Answer, FakeServer, client, complete, pending};

/// A watch whose clock stands still: nothing runs out of time while it waits.
fn watch(answers: impl IntoIterator<Item = Answer>) -> (SharedWatch, Arc<FakeServer>) {
    let (client, server, clock) = client(answers);
    clock.freeze();
    (SharedWatch::new(client.watch_job_status("u", "j").stream()), server)
}

type Running = tokio::task::JoinHandle<Result<Option<StatusUpdate>>>;

/// Starts a `next` and comes back when the server has seen that many requests.
async fn until_asked(watch: &SharedWatch, server: &FakeServer, requests: usize) -> Running {
    let next = tokio::spawn(watch.next());
    while server.seen().len() < requests {
        tokio::task::yield_now().await;
    }
    next
}

/// Drops a running `next`, as a cancelled call does.
async fn drop_it(next: Running) {
    next.abort();
    assert!(next.await.unwrap_err().is_cancelled());
}

/// What a task came to that must need nothing but its turn.
async fn at_once(task: Running) -> Option<StatusUpdate> {
    for _ in 0..1000 {
        if task.is_finished() {
            return task.await.unwrap().unwrap();
        }
        tokio::task::yield_now().await;
    }
    unreachable!("it still waits")
}

async fn is_over(watch: &SharedWatch) -> bool {
    at_once(tokio::spawn(watch.next())).await.is_none()
}

#[tokio::test]
async fn dropping_next_ends_the_watch_and_its_request() {
    let (watch, server) = watch([Answer::NeverAnswers, complete()]);
    let next = until_asked(&watch, &server, 1).await;
    assert_eq!(server.open(), 1);
    drop_it(next).await;
    assert_eq!(server.open(), 0, "its request is dropped with it, not with the handle");
    assert!(is_over(&watch).await);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn dropping_next_between_two_queries_ends_the_watch() {
    let (client, server, clock) = client([pending(), complete()]);
    clock.freeze();
    let watch = SharedWatch::new(client.watch_job_status("u", "j").stream());
    assert_eq!(watch.next().await.unwrap().unwrap().attempt, 1);
    let next = tokio::spawn(watch.next());
    tokio::task::yield_now().await;
    assert!(!next.is_finished());
    drop_it(next).await;
    // A watch that went on would ask now.
    client.notify("u", "j");
    assert!(is_over(&watch).await);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn whoever_waits_behind_a_dropped_next_is_told_the_end() {
    let (watch, server) = watch([Answer::NeverAnswers, complete()]);
    let first = until_asked(&watch, &server, 1).await;
    let second = tokio::spawn(watch.next());
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    drop_it(first).await;
    assert!(at_once(second).await.is_none());
    assert_eq!((server.seen().len(), server.open()), (1, 0));
}

#[tokio::test]
async fn a_next_that_never_had_its_turn_ends_nothing() {
    let (watch, server) = watch([Answer::NeverAnswers, complete()]);
    drop(watch.next());
    let first = until_asked(&watch, &server, 1).await;
    let second = tokio::spawn(watch.next());
    tokio::task::yield_now().await;
    drop_it(second).await;
    assert_eq!(server.open(), 1, "the one whose turn it is goes on");
    drop_it(first).await;
    assert_eq!(server.open(), 0);
}

#[tokio::test]
async fn a_next_that_ended_by_itself_is_not_the_end() {
    let (client, server, _) = client([pending(), complete()]);
    let watch = SharedWatch::new(client.watch_job_status("u", "j").stream());
    for is_complete in [false, true] {
        assert_eq!(watch.next().await.unwrap().unwrap().status.job_complete(), is_complete);
    }
    assert!(watch.next().await.unwrap().is_none());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn closing_ends_the_next_that_waits_and_its_request() {
    let (watch, server) = watch([Answer::NeverAnswers, complete()]);
    let next = until_asked(&watch, &server, 1).await;
    watch.close();
    assert!(at_once(next).await.is_none());
    assert_eq!(server.open(), 0);
    assert!(is_over(&watch).await);
}

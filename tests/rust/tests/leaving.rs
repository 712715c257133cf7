//! When open connections are given up though the server has not closed them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/wire.rs"]
#[allow(unreachable_pub, dead_code, reason = "each test file uses a part of it")]
mod wire;

use std::io::{Read, Write};
use std::sync::Barrier;
#[cfg(unix)]
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::Duration;

#[cfg(unix)]
use smileid_jobs::background::Running;
#[cfg(unix)]
use smileid_jobs::blocking::{ProcessClient, event_loop};
use smileid_jobs::{Client, JobStatus, Result};
#[cfg(unix)]
use smileid_jobs::{ErrorCode, Phase};
use wire::{Wire, answer, answer_all, complete, request};

/// How many connections there are when the server falls silent.
const MANY: usize = 6;

/// How long a request waits then.
const LIMIT: Duration = Duration::from_millis(700);

async fn ask(client: &Client) -> Result<JobStatus> {
    client.get_job_status("u", "j").await
}

/// Answers the first requests on so many connections when all of them are there, and then nothing on these any more, as
/// a server that hangs behind a load balancer.
fn falls_silent() -> Wire {
    let all_are_there = Barrier::new(MANY);
    Wire::start(move |mut stream, number| {
        if number > MANY {
            return answer_all(&mut stream);
        }
        request(&mut stream).unwrap();
        all_are_there.wait();
        stream.write_all(&answer("", complete().as_bytes())).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

async fn open_all(client: &Client) {
    let asked = [(); MANY].map(|()| {
        let client = client.clone();
        tokio::spawn(async move { ask(&client).await })
    });
    for asked in asked {
        asked.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_silent_server_costs_one_request_its_time_and_not_one_per_connection() {
    for is_direct in [true, false] {
        let server = falls_silent();
        let client = server.client().request_timeout(LIMIT).max_retries(1);
        let client = if is_direct { client } else { client.only_reqwest() }.build().unwrap();
        open_all(&client).await;
        assert_eq!(server.accepted(), MANY);
        assert!(ask(&client).await.unwrap().job_complete());
        assert_eq!(server.accepted(), MANY + 1);
        // The new one is kept.
        assert!(ask(&client).await.unwrap().job_complete());
        assert_eq!(server.accepted(), MANY + 1);
    }
}

#[tokio::test]
async fn so_does_one_whose_caller_gives_up_first() {
    for is_direct in [true, false] {
        let server = falls_silent();
        let client = server.client().max_retries(0);
        let client = if is_direct { client } else { client.only_reqwest() }.build().unwrap();
        open_all(&client).await;
        tokio::time::timeout(LIMIT, ask(&client)).await.expect_err("it is not answered");
        assert!(ask(&client).await.unwrap().job_complete());
        assert_eq!(server.accepted(), MANY + 1);
    }
}

#[cfg(unix)]
#[test]
fn so_does_one_that_an_event_loop_drives() {
    let (server, event_loop) = (falls_silent(), event_loop().unwrap());
    let client = ProcessClient::new(server.client().request_timeout(LIMIT).max_retries(0)).unwrap();
    let start = || {
        let (tells, told) = mpsc::channel();
        let call = client.call(|client| client.get_job_status("u", "j")).unwrap();
        (call.start_in(&event_loop, move |ended| drop(tells.send(ended))).unwrap(), told)
    };
    let end = |(_running, told): (Running, Receiver<Result<JobStatus>>)| {
        loop {
            event_loop.turn();
            match told.try_recv() {
                Err(TryRecvError::Empty) => std::thread::sleep(Duration::from_millis(1)),
                ended => return ended.unwrap(),
            }
        }
    };
    for started in [(); MANY].map(|()| start()) {
        end(started).unwrap();
    }
    let error = end(start()).unwrap_err();
    assert_eq!((error.code(), error.phase()), (ErrorCode::Timeout, Some(Phase::Response)));
    assert!(end(start()).unwrap().job_complete());
    assert_eq!(server.accepted(), MANY + 1);
}

#[tokio::test]
async fn a_server_that_is_taken_out_of_service_is_left_and_one_that_refuses_is_not() {
    for (status, is_left) in [(400, false), (429, false), (500, false), (502, true), (503, true), (504, true)] {
        let head = format!("HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\n{{}}");
        let server = Wire::start(move |mut stream, _| {
            while request(&mut stream).is_some() {
                stream.write_all(head.as_bytes()).unwrap();
            }
        });
        let client = server.client().max_retries(0).build().unwrap();
        for asked in 1..=3 {
            assert_eq!(ask(&client).await.unwrap_err().http_status(), Some(status));
            assert_eq!(server.accepted(), if is_left { asked } else { 1 }, "{status}");
        }
    }
}

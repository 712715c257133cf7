//! When connections are opened, used again and closed, and what is made of broken ones.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/wire.rs"]
#[allow(unreachable_pub, reason = "each test file uses a part of it")]
mod wire;

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use smileid_jobs::blocking::ProcessClient;
use smileid_jobs::{Client, ClientBuilder, Error, ErrorCode, JobStatus, Phase, Result, Signature};
use wire::{KEY, PARTNER_ID, Wire, answer, answer_all, answer_one, complete, request};

const PATIENCE: Duration = Duration::from_secs(10);

/// A client as most have it, and one that sends everything as it does through a proxy.
fn both_ways(server: &Wire) -> [ClientBuilder; 2] {
    [server.client(), server.client().only_reqwest()]
}

async fn ask(client: &Client) -> Result<JobStatus> {
    client.get_job_status("u", "j").await
}

#[tokio::test]
async fn one_connection_serves_one_query_after_another() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    for (client, accepted) in both_ways(&server).into_iter().zip(1..) {
        let client = client.build().unwrap();
        for _ in 0..20 {
            assert!(ask(&client).await.unwrap().job_complete());
        }
        assert_eq!(server.accepted(), accepted);
    }
}

/// Answers as a job's id says: never, with a head alone, or late by so many ms.
fn answer_as_asked(mut stream: TcpStream) {
    while let Some(asked) = request(&mut stream) {
        let job = asked.split(r#""job_id":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        match job.parse() {
            Ok(ms) => std::thread::sleep(Duration::from_millis(ms)),
            Err(_) if job == "head" => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{").unwrap(),
            Err(_) => continue,
        }
        if job != "head" {
            stream.write_all(&answer("", complete().as_bytes())).unwrap();
        }
    }
}

#[tokio::test]
async fn each_request_ends_at_its_own_limit_and_leaves_the_others_alone() {
    let server = Wire::start(|stream, _| answer_as_asked(stream));
    for client in both_ways(&server) {
        let limit = Duration::from_millis(600);
        let client = client.max_retries(0).request_timeout(limit).build().unwrap();
        let ask = async |job: &str| {
            let began_at = Instant::now();
            let error = client.get_job_status("u", job).await.err();
            (error.map(|error| (error.code(), error.phase())), began_at.elapsed())
        };
        // The second round is asked with what the first has left.
        for _ in 0..2 {
            let (never, head, late, at_once) = tokio::join!(ask("never"), ask("head"), ask("150"), ask("0"));
            for ((error, took), phase) in [(never, Phase::Response), (head, Phase::Body)] {
                assert_eq!(error, Some((ErrorCode::Timeout, Some(phase))));
                assert!(limit <= took && took < limit * 10, "{took:?}");
            }
            assert_eq!((late.0, at_once.0), (None, None));
            // In all longer than the limit, and no request of them.
            for _ in 0..5 {
                assert_eq!(ask("150").await.0, None);
            }
        }
    }
}

#[tokio::test]
async fn a_job_that_queues_for_its_first_token_has_all_of_its_time_afterwards() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let client = server.client().build().unwrap();
    // 64 of them queue at a time: each for twice as long as it may take.
    let many = client.poll_many().rate_limit(40.0).timeout(Duration::from_millis(800));
    let mut outcomes = many.stream((0..100).map(|job| ("u", job.to_string())));
    while let Some(outcome) = outcomes.next().await {
        outcome.unwrap().result.unwrap();
    }
    assert_eq!(outcomes.progress().complete, 100);
}

#[tokio::test]
async fn a_refusal_is_one_though_its_explanation_stalls() {
    let server = Wire::start(|mut stream, _| {
        while request(&mut stream).is_some() {
            // Late, as an answer over a network is.
            std::thread::sleep(Duration::from_millis(600));
            stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 90\r\n\r\n{").unwrap();
        }
    });
    for client in both_ways(&server) {
        let client = client.max_retries(0).request_timeout(Duration::from_secs(1)).build().unwrap();
        let error = ask(&client).await.unwrap_err();
        assert_eq!((error.code(), error.http_status()), (ErrorCode::Authentication, Some(401)));
    }
}

#[tokio::test]
async fn a_receiver_that_says_yes_and_breaks_off_has_taken_a_callback() {
    let server = Wire::start(|mut stream, _| {
        while let Some(asked) = request(&mut stream) {
            if asked.starts_with("POST /hook") {
                return stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{").unwrap();
            }
            stream.write_all(&answer("", complete().as_bytes())).unwrap();
        }
    });
    for client in both_ways(&server) {
        let client = client.build().unwrap();
        let hook = format!("http://127.0.0.1:{}/hook", server.port);
        let status = client.get_job_status("u", "j").callback_url(hook).await.unwrap();
        let delivery = status.callback_delivery().unwrap();
        assert_eq!((delivery.delivered, delivery.attempts, delivery.error), (true, 1, None));
        assert_eq!(delivery.http_status, Some(200));
    }
}

#[tokio::test]
async fn a_receiver_that_says_yes_and_stalls_is_not_told_twice() {
    let server = Wire::start(|mut stream, _| {
        while let Some(asked) = request(&mut stream) {
            if asked.starts_with("POST /hook") {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{").unwrap();
            } else {
                stream.write_all(&answer("", complete().as_bytes())).unwrap();
            }
        }
    });
    for client in both_ways(&server) {
        let client = client.request_timeout(Duration::from_millis(400)).build().unwrap();
        let hook = format!("http://127.0.0.1:{}/hook", server.port);
        let status = client.get_job_status("u", "j").callback_url(hook).await.unwrap();
        let delivery = status.callback_delivery().unwrap();
        assert_eq!((delivery.delivered, delivery.attempts, delivery.http_status), (true, 1, Some(200)));
    }
}

#[tokio::test]
async fn a_query_is_polled_when_its_answer_comes_and_not_for_nothing() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let client = server.client().build().unwrap();
    ask(&client).await.unwrap();
    let asked = async {
        for _ in 0..50 {
            ask(&client).await.unwrap();
        }
    };
    let (mut asked, mut polls) = (pin!(asked), 0);
    poll_fn(|context| {
        polls += 1;
        asked.as_mut().poll(context)
    })
    .await;
    // Once to begin and once per answer; one or the other may come in two parts.
    assert!(polls <= 60, "{polls}");
}

#[tokio::test]
async fn no_more_connections_stay_open_than_queries_may_run() {
    let (closes, closed) = mpsc::channel();
    let server = Wire::start(move |mut stream, _| {
        answer_all(&mut stream);
        closes.send(()).unwrap();
    });
    let client = server.client().max_connections(3).build().unwrap();
    let asked = (0..50).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { ask(&client).await.unwrap() })
    });
    for asked in asked.collect::<Vec<_>>() {
        asked.await.unwrap();
    }
    assert!(server.accepted() <= 3, "{}", server.accepted());
    client.close();
    for _ in 0..server.accepted() {
        closed.recv_timeout(PATIENCE).expect("closing the client closes what is idle");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_the_server_closes_is_closed_here_too_and_not_used_again() {
    let (closes, closed) = mpsc::channel();
    let server = Wire::start(move |stream, _| answer_one(stream, &closes));
    for (client, before) in both_ways(&server).into_iter().zip([0, 3]) {
        // A retry would hide a query that was lost on a dead connection.
        let client = client.max_retries(0).build().unwrap();
        for number in 1..=3 {
            assert!(ask(&client).await.unwrap().job_complete());
            assert!(closed.recv_timeout(PATIENCE).expect("it is closed while it is idle"));
            assert_eq!(server.accepted(), before + number);
        }
    }
}

#[tokio::test]
async fn a_connection_is_left_when_the_server_says_so_or_says_too_much() {
    let server = Wire::start(|mut stream, number| {
        while request(&mut stream).is_some() {
            let (headers, after) =
                if number == 1 { ("Connection: close\r\n", "") } else { ("", "HTTP/1.1 200 OK\r\n") };
            let mut bytes = answer(headers, complete().as_bytes());
            bytes.extend_from_slice(after.as_bytes());
            stream.write_all(&bytes).unwrap();
        }
    });
    let client = server.client().max_retries(0).build().unwrap();
    for number in 1..=3 {
        assert!(ask(&client).await.unwrap().job_complete());
        assert_eq!(server.accepted(), number);
    }
}

#[tokio::test]
async fn a_dropped_query_closes_its_connection_at_once() {
    let (tells, told) = mpsc::channel();
    let server = Wire::start(move |mut stream, _| {
        let asked = request(&mut stream).is_some();
        // Half an answer, so that the body is being read.
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").unwrap();
        tells.send(asked).unwrap();
        tells.send(stream.read(&mut [0]).map_or(true, |length| length == 0)).unwrap();
    });
    let told = Arc::new(Mutex::new(told));
    for client in both_ways(&server) {
        let client = client.build().unwrap();
        let asked = tokio::spawn(async move { ask(&client).await });
        let told = Arc::clone(&told);
        assert!(
            tokio::task::spawn_blocking(move || {
                let told = told.lock().unwrap();
                assert!(told.recv_timeout(PATIENCE).unwrap());
                asked.abort();
                told.recv_timeout(PATIENCE).expect("the server sees the end")
            })
            .await
            .unwrap()
        );
    }
}

#[tokio::test]
async fn a_client_may_move_to_another_runtime() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let client = server.client().build().unwrap();
    assert!(ask(&client).await.unwrap().job_complete());
    let elsewhere = client.clone();
    std::thread::spawn(move || {
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            assert!(runtime.block_on(ask(&elsewhere)).unwrap().job_complete());
        }
    })
    .join()
    .unwrap();
    assert!(ask(&client).await.unwrap().job_complete());
    assert_eq!(server.accepted(), 3, "one per runtime");
}

/// Asks both ways whoever answers with these bytes, and ends the connection.
async fn errors_of(bytes: Vec<u8>) -> [Error; 2] {
    let server = Wire::start(move |mut stream, _| {
        request(&mut stream).unwrap();
        stream.write_all(&bytes).unwrap();
    });
    let [direct, proxied] = both_ways(&server).map(|client| client.max_retries(0).build().unwrap());
    [ask(&direct).await.unwrap_err(), ask(&proxied).await.unwrap_err()]
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_network_error() {
    let whole = answer("", complete().as_bytes());
    for bytes in [
        b"".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Le".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\"".to_vec(),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        for error in errors_of(bytes).await {
            assert_eq!(error.code(), ErrorCode::Network, "{shown}");
        }
    }
}

#[tokio::test]
async fn what_does_not_speak_http_is_said_to_be_so() {
    let chunked = |chunks: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    for text in [
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        "\u{15}\u{3}\u{3}\0\u{2}\u{2}(".to_owned(),
        "<html>HTTP/0.9</html>\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "HTTP/1.1 twohundred\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{".to_owned(),
        "HTTP/1.1 200 OK\r\nno header\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101)),
        format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(1 << 20)),
        chunked("zz\r\n"),
        chunked("fffffffffffffffff\r\n"),
        chunked("1\r\n{}\r\n0\r\n\r\n"),
    ] {
        let shown = text.chars().take(80).collect::<String>();
        for error in errors_of(text.into_bytes()).await {
            assert_eq!(error.code(), ErrorCode::InvalidResponse, "{shown}: {error:?}");
            assert!(error.message().contains("HTTP/1.1") && error.cause().is_some(), "{shown}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_first_does_not_speak_http() {
    let greet = |mut stream: TcpStream, _| {
        stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
        let _ = request(&mut stream);
    };
    let server = Wire::start(greet);
    for (client, accepted) in both_ways(&server).into_iter().zip([2, 4]) {
        let error = ask(&client.max_retries(5).build().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidResponse, "{error:?}");
        assert!(error.message().contains("HTTP/1.1"), "{error:?}");
        assert_eq!(server.accepted(), accepted, "repeated once");
    }
}

#[tokio::test]
async fn bodies_arrive_in_pieces_and_after_interim_answers() {
    let server = Wire::start(|mut stream, _| {
        while let Some(asked) = request(&mut stream) {
            assert!(asked.contains("\r\naccept-encoding: gzip\r\n"), "{asked}");
            let complete = complete();
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n").unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
            for piece in complete.as_bytes().chunks(7) {
                stream.write_all(&[format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()).unwrap();
                stream.flush().unwrap();
            }
            stream.write_all(b"0\r\nTrailer: yes\r\n\r\n").unwrap();
        }
    });
    for (client, accepted) in both_ways(&server).into_iter().zip(1..) {
        let client = client.max_retries(0).build().unwrap();
        for _ in 0..3 {
            assert!(ask(&client).await.unwrap().job_complete());
        }
        assert_eq!(server.accepted(), accepted);
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn gzip_is_undone_bounded_and_checked() {
    let bomb = gzip(&[b' '; 4 << 20]);
    assert!(bomb.len() < 1 << 16);
    let zipped = gzip(complete().as_bytes());
    let with_junk = [&zipped, b"junk".as_slice()].concat();
    for (encoding, body, failure) in [
        ("gzip", zipped.clone(), None),
        ("X-GZIP", zipped.clone(), None),
        ("gzip", bomb, Some((ErrorCode::ResponseTooLarge, "max_response_bytes"))),
        ("gzip", complete().into_bytes(), Some((ErrorCode::InvalidResponse, "content encoding is broken"))),
        ("gzip", zipped[..40].to_vec(), Some((ErrorCode::InvalidResponse, "content encoding is broken"))),
        ("gzip", with_junk, Some((ErrorCode::InvalidResponse, "content encoding is broken"))),
        ("br", zipped, Some((ErrorCode::InvalidResponse, "not asked for (Content-Encoding)"))),
        // Names what is none, as object stores do.
        ("utf-8", complete().into_bytes(), None),
    ] {
        let server = Wire::start(move |mut stream, _| {
            while request(&mut stream).is_some() {
                stream.write_all(&answer(&format!("Content-Encoding: {encoding}\r\n"), &body)).unwrap();
            }
        });
        for client in both_ways(&server) {
            let client = client.max_retries(0).max_response_bytes(1 << 16).build().unwrap();
            match (ask(&client).await, failure) {
                (Ok(_), None) => {}
                (Err(error), Some((code, text))) => {
                    assert_eq!(error.code(), code, "{encoding}: {error:?}");
                    assert!(error.message().contains(text), "{encoding}: {error:?}");
                    assert_eq!(error.http_status(), Some(200));
                }
                (outcome, _) => panic!("{encoding}: {outcome:?}"),
            }
        }
    }
}

/// Answers each job's number, and after the first answer one that nobody asked for.
fn one_answer_too_many() -> Wire {
    Wire::start(|mut stream, number| {
        let signature = Signature::new(PARTNER_ID, KEY).unwrap();
        let numbered = |code: &str| {
            let pair = signature.generate_signature(None);
            let (timestamp, signature) = (pair.timestamp, pair.signature);
            format!(r#"{{"timestamp":"{timestamp}","signature":"{signature}","job_complete":true,"code":"{code}"}}"#)
        };
        while let Some(asked) = request(&mut stream) {
            let code = asked.split("job-").nth(1).unwrap().split('"').next().unwrap();
            stream.write_all(&answer("", numbered(code).as_bytes())).unwrap();
            if number == 1 && code == "1" {
                std::thread::sleep(Duration::from_millis(5));
                stream.write_all(&answer("", numbered("999").as_bytes())).unwrap();
            }
        }
    })
}

fn pause_between_queries() {
    std::thread::sleep(Duration::from_millis(30));
}

#[test]
fn an_answer_that_nobody_asked_for_is_nobodys_where_only_calls_drive_the_sockets() {
    let wanted = ["1", "2", "3", "4"];
    let code = |status: Result<JobStatus>| status.unwrap().code().unwrap().to_owned();

    let server = one_answer_too_many();
    let client = ProcessClient::new(server.client().max_retries(0)).unwrap();
    let seen = wanted.map(|n| {
        let status = client.call(|client| client.get_job_status("u", format!("job-{n}"))).unwrap().wait();
        pause_between_queries();
        code(status)
    });
    assert_eq!(seen, wanted);

    let server = one_answer_too_many();
    let client = server.client().max_retries(0).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = wanted.map(|n| {
        let status = runtime.block_on(async { client.get_job_status("u", format!("job-{n}")).await });
        pause_between_queries();
        code(status)
    });
    assert_eq!(seen, wanted);
}

#[test]
fn a_connection_that_was_closed_while_nobody_drove_it_is_not_asked_on() {
    let server = Wire::start(|mut stream, _| {
        request(&mut stream).unwrap();
        stream.write_all(&answer("", complete().as_bytes())).unwrap();
    });
    let client = server.client().max_retries(0).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..4 {
        assert!(runtime.block_on(ask(&client)).unwrap().job_complete());
        pause_between_queries();
    }
}

#[test]
fn connections_end_with_their_runtime() {
    for workers in [0, 2] {
        let (closes, closed) = mpsc::channel();
        let server = Wire::start(move |mut stream, _| {
            answer_all(&mut stream);
            closes.send(()).unwrap();
        });
        let client = server.client().build().unwrap();
        for _ in 0..12 {
            let mut builder = match workers {
                0 => tokio::runtime::Builder::new_current_thread(),
                _ => tokio::runtime::Builder::new_multi_thread(),
            };
            let runtime = builder.worker_threads(workers.max(1)).enable_all().build().unwrap();
            assert!(runtime.block_on(ask(&client)).unwrap().job_complete());
        }
        for _ in 0..12 {
            closed.recv_timeout(PATIENCE).expect("the client lives on, its connections do not");
        }
    }
}

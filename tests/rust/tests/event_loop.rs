//! Queries that an event loop's own thread drives, as those of asyncio and Node do.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

#[path = "support/wire.rs"]
#[allow(unreachable_pub, reason = "each test file uses a part of it")]
mod wire;

#[path = "support/certified.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod certified;

use std::future::poll_fn;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use certified::{Bundle, certificate, server_config};
use mio::unix::SourceFd;
use mio::{Events, Interest, Token};
use rustls::{ServerConnection, StreamOwned};
use smileid_jobs::background::Running;
use smileid_jobs::blocking::{ProcessClient, event_loop};
use smileid_jobs::driver::event_loop::EventLoop;
use smileid_jobs::{Client, ClientBuilder, Error, ErrorCode, JobStatus, Phase, Result};
use wire::{KEY, PARTNER_ID, Wire, answer, answer_all, answer_one, complete, request};

const PATIENCE: Duration = Duration::from_secs(20);

type Answered = Receiver<Result<JobStatus>>;

/// A host's loop: it does nothing but to watch the one descriptor.
struct Host {
    event_loop: Arc<EventLoop>,
    poll: mio::Poll,
    turns: usize,
}

impl Host {
    fn new() -> Self {
        let (event_loop, poll) = (event_loop().unwrap(), mio::Poll::new().unwrap());
        poll.registry().register(&mut SourceFd(&event_loop.fd()), Token(0), Interest::READABLE).unwrap();
        Self { event_loop, poll, turns: 0 }
    }

    fn start(&self, client: &ProcessClient, job_id: &str) -> (Running, Answered) {
        let (tells, told) = mpsc::channel();
        let call = client.call(|client| client.get_job_status("u", job_id)).unwrap();
        assert!(call.runs_on_event_loop());
        let running = call.start_in(&self.event_loop, move |result| drop(tells.send(result))).unwrap();
        (running, told)
    }

    /// Watches for a while, or until there is something to do, and does it.
    fn turn(&mut self, most: Duration) {
        let mut events = Events::with_capacity(1);
        self.poll.poll(&mut events, Some(most)).unwrap();
        if !events.is_empty() {
            self.turns += 1;
            self.event_loop.turn();
        }
    }

    fn until<T>(&mut self, mut ends: impl FnMut() -> Option<T>) -> T {
        let patience = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = ends() {
                return end;
            }
            assert!(Instant::now() < patience, "nothing has happened");
            self.turn(Duration::from_millis(20));
        }
    }

    fn end(&mut self, answered: &Answered) -> Result<JobStatus> {
        self.until(|| match answered.try_recv() {
            Err(TryRecvError::Empty) => None,
            ended => Some(ended.expect("it was dropped without an end")),
        })
    }

    fn ask(&mut self, client: &ProcessClient) -> Result<JobStatus> {
        let (_, answered) = self.start(client, "j");
        self.end(&answered)
    }
}

fn process_client(builder: ClientBuilder) -> ProcessClient {
    ProcessClient::new(builder).unwrap()
}

/// A server that answers nothing, and tells of a request and of its connection's end.
fn silent() -> (Wire, Receiver<bool>) {
    let (tells, told) = mpsc::channel();
    let server = Wire::start(move |mut stream, _| {
        tells.send(request(&mut stream).is_some()).unwrap();
        tells.send(stream.read(&mut [0]).map_or(true, |length| length == 0)).unwrap();
    });
    (server, told)
}

fn failed(ended: Result<JobStatus>) -> Error {
    ended.expect_err("it should have failed")
}

#[test]
fn one_connection_serves_one_query_after_another() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let (client, mut host) = (process_client(server.client()), Host::new());
    for _ in 0..20 {
        assert!(host.ask(&client).unwrap().job_complete());
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn hundreds_at_once_are_all_answered() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let (client, mut host) = (process_client(server.client().max_connections(300)), Host::new());
    for _ in 0..3 {
        let asked: Vec<_> = (0..600).map(|_| host.start(&client, "j")).collect();
        for (_, answered) in &asked {
            assert!(host.end(answered).unwrap().job_complete());
        }
    }
    assert!(server.accepted() <= 300, "{}", server.accepted());
}

#[test]
fn bodies_arrive_in_pieces_and_larger_than_what_is_read_at_once() {
    let padding = "x".repeat(1 << 20);
    let server = Wire::start(move |mut stream, _| {
        while request(&mut stream).is_some() {
            let body = complete().replacen('{', &format!(r#"{{"padding":"{padding}","#), 1);
            let bytes = answer("", body.as_bytes());
            let (first, rest) = bytes.split_at(100);
            stream.write_all(first).unwrap();
            std::thread::sleep(Duration::from_millis(5));
            stream.write_all(rest).unwrap();
        }
    });
    let client = process_client(server.client().max_retries(0).max_response_bytes(2 << 20));
    let mut host = Host::new();
    for _ in 0..3 {
        assert!(host.ask(&client).unwrap().raw().len() > 1 << 20);
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn tls_works_too() {
    let made = certificate(&["localhost"]);
    let bundle = Bundle::new("event-loop", &made.cert.pem());
    let config = server_config(&made, &[]);
    let server = Wire::start(move |stream, _| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        answer_all(&mut StreamOwned::new(connection, stream));
    });
    let builder = Client::builder(PARTNER_ID, KEY).base_url(format!("https://localhost:{}", server.port));
    let (client, mut host) = (process_client(builder.ca_bundle(&bundle.0).max_retries(0)), Host::new());
    for _ in 0..5 {
        assert!(host.ask(&client).unwrap().job_complete());
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn time_runs_out_whatever_is_waited_for() {
    let limit = Duration::from_millis(80);
    for (half, phase) in [("", Phase::Response), ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Phase::Body)] {
        let server = Wire::start(move |mut stream, _| {
            request(&mut stream).unwrap();
            stream.write_all(half.as_bytes()).unwrap();
            let _ = stream.read(&mut [0]);
        });
        let client = process_client(server.client().request_timeout(limit).max_retries(0));
        let patient = process_client(server.client().max_retries(0));
        let mut host = Host::new();
        // Its deadline comes first, but the other one's is set first.
        let (_, waits) = host.start(&patient, "j");
        let before = Instant::now();
        let error = failed(host.ask(&client));
        assert_eq!((error.code(), error.phase()), (ErrorCode::Timeout, Some(phase)));
        assert!((limit..limit * 10).contains(&before.elapsed()), "{:?}", before.elapsed());
        assert!(waits.try_recv().is_err());
    }
}

#[test]
fn time_runs_out_while_something_else_is_started() {
    let (tells, told) = mpsc::channel();
    let server = Wire::start(move |mut stream, _| {
        tells.send(request(&mut stream).is_some()).unwrap();
        let _ = stream.read(&mut [0]);
    });
    let client = process_client(server.client().request_timeout(Duration::from_millis(100)).max_retries(0));
    let mut host = Host::new();
    let (_, answered) = host.start(&client, "j");
    assert!(host.until(|| told.try_recv().ok()));
    // Until there is nothing left that the loop would look at anyway.
    host.turn(Duration::from_millis(20));
    host.event_loop.start(async { std::thread::sleep(Duration::from_millis(200)) });
    assert_eq!(failed(host.end(&answered)).code(), ErrorCode::Timeout);
}

#[test]
fn a_retry_waits_for_its_time() {
    let server = Wire::start(|mut stream, number| {
        request(&mut stream).unwrap();
        match number {
            1 => stream.write_all(b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap(),
            _ => stream.write_all(&answer("", complete().as_bytes())).unwrap(),
        }
    });
    let (client, mut host) = (process_client(server.client()), Host::new());
    assert!(host.ask(&client).unwrap().job_complete());
    assert_eq!(server.accepted(), 2);
}

#[test]
fn where_nobody_listens_there_is_no_connection() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let builder = Client::builder(PARTNER_ID, KEY).base_url(format!("http://127.0.0.1:{port}")).max_retries(0);
    assert_eq!(failed(Host::new().ask(&process_client(builder))).code(), ErrorCode::Connect);
}

#[test]
fn an_aborted_query_closes_its_connection_and_says_nothing() {
    let (server, told) = silent();
    let (client, mut host) = (process_client(server.client()), Host::new());
    let (running, answered) = host.start(&client, "j");
    assert!(host.until(|| told.try_recv().ok()));
    running.abort();
    assert!(told.recv_timeout(PATIENCE).expect("the server sees the end"));
    assert_eq!(answered.try_recv().unwrap_err(), TryRecvError::Disconnected);
    running.abort();
}

#[test]
fn closing_the_client_ends_queries_from_another_thread() {
    let (server, _told) = silent();
    let (client, mut host) = (Arc::new(process_client(server.client())), Host::new());
    let (_, answered) = host.start(&client, "j");
    let closes = Arc::clone(&client);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        closes.close();
    });
    assert_eq!(failed(host.end(&answered)).code(), ErrorCode::ClientClosed);
}

#[test]
fn a_connection_that_the_server_closes_is_closed_here_too_and_not_used_again() {
    let (closes, closed) = mpsc::channel();
    let server = Wire::start(move |stream, _| answer_one(stream, &closes));
    let (client, mut host) = (process_client(server.client().max_retries(0)), Host::new());
    for number in 1..=3 {
        assert!(host.ask(&client).unwrap().job_complete());
        // Nobody asks meanwhile: the end alone must do.
        assert!(host.until(|| closed.try_recv().ok()));
        assert_eq!(server.accepted(), number);
    }
}

#[test]
fn an_answer_that_nobody_asked_for_is_nobodys() {
    let server = Wire::start(|mut stream, number| {
        while request(&mut stream).is_some() {
            stream.write_all(&answer("", complete().as_bytes())).unwrap();
            if number == 1 {
                std::thread::sleep(Duration::from_millis(5));
                stream.write_all(&answer("", complete().replace("2302", "9999").as_bytes())).unwrap();
            }
        }
    });
    let (client, mut host) = (process_client(server.client().max_retries(0)), Host::new());
    for _ in 0..4 {
        assert_eq!(host.ask(&client).unwrap().code(), Some("2302"));
        // The loop is busy with something else.
        std::thread::sleep(Duration::from_millis(30));
    }
    assert_eq!(server.accepted(), 2);
}

#[test]
fn each_loop_has_its_own_connections_and_ends_with_them() {
    let (closes, closed) = mpsc::channel();
    let server = Wire::start(move |mut stream, _| {
        answer_all(&mut stream);
        closes.send(()).unwrap();
    });
    let client = process_client(server.client());
    for number in 1..=12 {
        let mut host = Host::new();
        for _ in 0..2 {
            assert!(host.ask(&client).unwrap().job_complete());
        }
        assert_eq!(server.accepted(), number);
        drop(host);
        closed.recv_timeout(PATIENCE).expect("the client lives on, the loop's connection does not");
    }
}

#[test]
fn many_loops_at_once_keep_their_connections() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let client = process_client(server.client());
    let mut hosts: Vec<Host> = (0..20).map(|_| Host::new()).collect();
    for _ in 0..3 {
        for host in &mut hosts {
            assert!(host.ask(&client).unwrap().job_complete());
        }
    }
    assert_eq!(server.accepted(), hosts.len());
}

#[test]
fn a_loop_that_ends_drops_what_it_was_asked() {
    let (server, told) = silent();
    let (client, mut host) = (process_client(server.client()), Host::new());
    let (running, answered) = host.start(&client, "j");
    assert!(host.until(|| told.try_recv().ok()));
    drop((host, running));
    assert!(told.recv_timeout(PATIENCE).expect("the server sees the end"));
    // The library's thread may be the last to hold the loop, and still be dropping what was asked.
    assert_eq!(answered.recv_timeout(PATIENCE).unwrap_err(), RecvTimeoutError::Disconnected);
}

#[test]
fn what_wakes_itself_for_ever_does_not_keep_the_loop() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let (client, mut host) = (process_client(server.client()), Host::new());
    let polled = Arc::new(Mutex::new(0_u64));
    let polls = Arc::clone(&polled);
    let restless = host.event_loop.start(poll_fn(move |context| {
        *polls.lock().unwrap() += 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }));
    assert!(host.ask(&client).unwrap().job_complete());
    assert!(*polled.lock().unwrap() > 1);
    host.event_loop.abort(restless);
    host.turn(Duration::from_millis(50));
    let turns = host.turns;
    host.turn(Duration::from_millis(50));
    assert_eq!(host.turns, turns, "with nothing to do there is no turn");
}

#[test]
fn what_starts_and_aborts_others_while_it_is_polled_finds_the_loop_in_order() {
    let host = Host::new();
    let (tells, told) = mpsc::channel();
    let event_loop = Arc::clone(&host.event_loop);
    host.event_loop.start(async move {
        let inner = tells.clone();
        let aborted = event_loop.start(std::future::pending());
        event_loop.start(async move { inner.send("inner").unwrap() });
        event_loop.abort(aborted);
        tells.send("outer").unwrap();
    });
    assert_eq!([told.recv().unwrap(), told.recv().unwrap()], ["outer", "inner"]);
    assert!(told.recv().is_err(), "nothing is left that could send");
}

#[test]
fn a_host_is_told_every_few_tasks_and_what_it_starts_then_goes_on_before_the_next_few() {
    let host = Host::new();
    let keeper = host.event_loop.start(std::future::pending());
    let (ended, late) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let count = |counter: &Arc<Mutex<usize>>| {
        let counter = Arc::clone(counter);
        async move { *counter.lock().unwrap() += 1 }
    };
    for _ in 0..30 {
        host.event_loop.start(count(&ended));
    }
    assert_eq!(*ended.lock().unwrap(), 0, "beside another one nothing is polled at once");
    let mut told = Vec::new();
    host.event_loop.turn_telling(|| {
        told.push(std::mem::take(&mut *ended.lock().unwrap()));
        host.event_loop.start(count(&late));
        ControlFlow::Continue(true)
    });
    assert_eq!(told.iter().sum::<usize>(), 30);
    assert!(told.iter().all(|&few| few < 10), "{told:?}");
    assert_eq!(*late.lock().unwrap(), told.len());
    for _ in 0..30 {
        host.event_loop.start(count(&ended));
    }
    host.event_loop.turn_telling(|| ControlFlow::Break(()));
    assert!(*ended.lock().unwrap() < 10, "nothing is polled after a break");
    host.event_loop.abort(keeper);
}

#[test]
fn what_a_task_wakes_as_it_ends_is_not_its_successor() {
    let host = Host::new();
    let keeper = host.event_loop.start(std::future::pending());
    host.event_loop.start(poll_fn(|context| {
        context.waker().wake_by_ref();
        Poll::Ready(())
    }));
    host.event_loop.turn();
    let polled = Arc::new(Mutex::new(0));
    let polls = Arc::clone(&polled);
    let successor = host.event_loop.start(poll_fn(move |_| {
        *polls.lock().unwrap() += 1;
        Poll::<()>::Pending
    }));
    (0..3).for_each(|_| host.event_loop.turn());
    assert_eq!(*polled.lock().unwrap(), 1);
    [keeper, successor].into_iter().for_each(|slot| host.event_loop.abort(slot));
}

#[test]
fn what_takes_the_place_of_one_that_gives_itself_up_is_polled() {
    let host = Host::new();
    let keeper = host.event_loop.start(std::future::pending());
    for ends in [Poll::Ready(()), Poll::Pending] {
        let (event_loop, own) = (Arc::clone(&host.event_loop), Arc::new(Mutex::new(None)));
        let (slot, (tells, told)) = (Arc::clone(&own), mpsc::channel());
        let first = host.event_loop.start(poll_fn(move |_| {
            event_loop.abort(slot.lock().unwrap().take().unwrap());
            let tells = tells.clone();
            let second = event_loop.start(async move { tells.send("second").unwrap() });
            *slot.lock().unwrap() = Some(second);
            ends
        }));
        *own.lock().unwrap() = Some(first);
        host.event_loop.turn();
        host.event_loop.turn();
        assert_eq!(own.lock().unwrap().unwrap().index(), first.index());
        assert_eq!(told.try_recv(), Ok("second"));
    }
    host.event_loop.abort(keeper);
}

#[test]
fn only_a_lone_query_is_driven_by_a_loop() {
    let server = Wire::start(|mut stream, _| answer_all(&mut stream));
    let client = process_client(server.client());
    assert!(client.call(|client| client.get_job_status("u", "j")).unwrap().runs_on_event_loop());
    let polls = client.call(|client| client.get_job_status("u", "j").return_job_status(true)).unwrap();
    let relays = client.call(|client| client.get_job_status("u", "j").callback_url("https://a.example")).unwrap();
    let proxied =
        process_client(Client::builder(PARTNER_ID, KEY).base_url("https://a.example").proxy("http://127.0.0.1:9"));
    let proxied = proxied.call(|client| client.get_job_status("u", "j")).unwrap();
    let host = Host::new();
    for call in [polls, relays, proxied] {
        assert!(!call.runs_on_event_loop());
        let refused = call.start_in(&host.event_loop, |_| panic!("it was not started")).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Internal);
    }
}

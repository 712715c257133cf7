//! How late polls are sent: a clock that passes everything on and notes when jobs come due and when queries start.
//!
//! `poll_many` asks the job that is due first. So the next query is the one that came due first, and the clock need not
//! know which job it is about. That this holds is checked against what the server saw.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smileid_jobs::Client;
use smileid_jobs::clock::{BoxFuture, Clock, SystemClock};
use smileid_jobs_bench::{API_KEY, Failure, PARTNER_ID, Window, ids, percentiles};

/// Jitter is the upper half of a delay: this is 2 s on average.
const DELAY: Duration = Duration::from_micros(2_666_667);
/// A query's own bound; nothing else sleeps this long, so it tells when a query starts.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(14_321);
const WINDOW: Duration = Duration::from_secs(6);

#[derive(Default)]
struct Notes {
    now: Duration,
    /// Queries that started, first ones included.
    started: usize,
    first: usize,
    due: BinaryHeap<Reverse<Duration>>,
    /// Since the window was opened.
    late_ms: Option<Vec<f64>>,
}

struct Noting(Mutex<Notes>);

impl Noting {
    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Noting {
    fn now(&self) -> Duration {
        let now = SystemClock.now();
        self.notes().now = now;
        now
    }

    fn wall_ms(&self) -> i64 {
        SystemClock.wall_ms()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration == REQUEST_TIMEOUT {
            let mut notes = self.notes();
            notes.started += 1;
            if notes.started > notes.first {
                let due = notes.due.pop();
                let now = SystemClock.now();
                if let (Some(Reverse(due)), Some(late_ms)) = (due, &mut notes.late_ms) {
                    late_ms.push(now.saturating_sub(due).as_secs_f64() * 1000.0);
                }
            }
        }
        SystemClock.sleep(duration)
    }

    /// Asked for once when a `poll_many` is made, and then whenever a job is put back to wait, right after the time.
    fn chance(&self) -> f64 {
        let chance = SystemClock.chance();
        let mut notes = self.notes();
        if notes.started > 0 {
            let due = notes.now + DELAY / 2 + (DELAY / 2).mul_f64(chance);
            notes.due.push(Reverse(due));
        }
        chance
    }
}

pub(crate) async fn run(url: &str, jobs: usize) -> Result<(), Failure> {
    let clock = Arc::new(Noting(Mutex::new(Notes { first: jobs, ..Notes::default() })));
    let client = Client::builder(PARTNER_ID, API_KEY)
        .base_url(format!("{url}/small"))
        .request_timeout(REQUEST_TIMEOUT)
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .build()?;
    let many = client.poll_many().timeout(None).initial_delay(DELAY).max_delay(DELAY).max_waiting(jobs as u64);
    let mut stream = many.stream((0..jobs).map(ids));
    // First answers, and the herd that they make.
    let settled = tokio::time::timeout(2 * DELAY, stream.next()).await;
    clock.notes().late_ms = Some(Vec::new());
    let window = Window::open();
    let waited = tokio::time::timeout(WINDOW, stream.next()).await;
    let (cpu_percent, seconds) = (window.cpu_percent(), window.seconds());
    if settled.is_ok() || waited.is_ok() {
        return Err("no job of this server ever ends".into());
    }
    let (late_ms, overdue, started) = {
        let mut notes = clock.notes();
        let now = SystemClock.now();
        let overdue = notes.due.iter().filter(|Reverse(due)| *due + Duration::from_millis(100) < now).count();
        (notes.late_ms.take().unwrap_or_default(), overdue, notes.started)
    };
    let (sent, mean) = (late_ms.len(), late_ms.iter().sum::<f64>() / late_ms.len() as f64);
    let (p50, p99) = percentiles(late_ms);
    let rate = sent as f64 / seconds;
    println!(
        r#"{{"started": {started}, "sent_per_s": {rate:.0}, "overdue": {overdue}, "mean_late_ms": {mean:.3}, "late_ms": [{p50:.3}, {p99:.3}], "cpu_percent": {cpu_percent:.2}}}"#
    );
    Ok(())
}

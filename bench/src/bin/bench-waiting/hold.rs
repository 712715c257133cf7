//! Waits while others look: `go`, `heap` and `stop` on the standard input say what is next.

use std::time::{Duration, Instant};

use smileid_jobs_bench::{Counting, Failure, ids};
use tokio::sync::mpsc;

pub(crate) async fn run(url: &str, jobs: usize, delay: Duration) -> Result<(), Failure> {
    let client = crate::client(url, "small")?;
    // Connections and everything else that does not grow with the jobs.
    let mut warm = client.poll_many().timeout(Duration::ZERO).stream((0..256).map(ids));
    while warm.next().await.is_some() {}
    drop(warm);
    // On a thread of its own: what waits must not be woken by us.
    let (lines, mut told) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    println!("ready");
    told.recv().await;
    let before = Counting::heap();
    let many = client.poll_many().timeout(None).initial_delay(delay).max_delay(delay).max_waiting(jobs as u64);
    let mut stream = many.stream((0..jobs).map(ids));
    loop {
        tokio::select! {
            outcome = stream.next() => return Err(format!("no job of this server ever ends: {outcome:?}").into()),
            line = told.recv() => match line.as_deref() {
                Some("heap") => println!(r#"{{"heap_bytes": {}}}"#, Counting::heap() - before),
                _ => break,
            },
        }
    }
    let half = before.midpoint(Counting::heap());
    let started = Instant::now();
    drop(stream);
    // The driver is dropped by the runtime, which this gives the chance to; connections that stay open keep buffers.
    while Counting::heap() > half && started.elapsed() < Duration::from_secs(5) {
        tokio::task::yield_now().await;
    }
    println!(r#"{{"cancel_all_ms": {:.2}}}"#, started.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}

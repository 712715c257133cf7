//! What waiting costs: `bench-waiting URL JOBS`, where URL is the bench server's root. Prints one JSON line.
//!
//! Heap per waiting job, memory, sockets and CPU of a `poll_many`; how long it takes to drop all of it; how late a wait
//! ends against a server that never answers; and how much of a rate limit is used.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use smileid_jobs::{Client, ErrorCode};
use smileid_jobs_bench::{API_KEY, PARTNER_ID, cpu_us, peak_rss_kib};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Counts what is on the heap.
struct Counting;

static HEAP: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system allocator's; this only adds up sizes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HEAP.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HEAP.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, jobs] = arguments.as_slice() else { return Err("expected URL JOBS".into()) };
    let jobs: usize = jobs.parse()?;
    let client = |path: &str| Client::builder(PARTNER_ID, API_KEY).base_url(format!("{url}/{path}")).build();
    let many = waiting(&client("small")?, jobs).await?;
    let (late_p50, late_p99) = lateness(&client("small-60000")?).await?;
    let rate = rate_used(&client("small")?).await?;
    println!(
        r#"{{"jobs": {jobs}, {many}, "wait_ends_late_ms_p50": {late_p50:.2}, "wait_ends_late_ms_p99": {late_p99:.2}, "rate_limit_used": {rate:.4}}}"#
    );
    Ok(())
}

async fn waiting(client: &Client, jobs: usize) -> Result<String, Failure> {
    // Connections and everything else that does not grow with the jobs.
    let mut warm = client.poll_many().timeout(Duration::ZERO).stream((0..256).map(ids));
    while warm.next().await.is_some() {}
    drop(warm);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (heap, rss) = (HEAP.load(Ordering::Relaxed), rss_kib()?);
    let every = Duration::from_secs(2);
    let many = client.poll_many().timeout(None).initial_delay(every).max_delay(every).max_waiting(jobs as u64);
    let mut stream = many.stream((0..jobs).map(ids));
    // All have had their first answer and wait for the next one.
    let settled = tokio::time::timeout(Duration::from_secs(6), stream.next()).await;
    assert!(settled.is_err(), "no job of this server ever ends");
    let cpu = cpu_us();
    let mut heaps = Vec::new();
    for _ in 0..50 {
        let _ = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
        heaps.push(HEAP.load(Ordering::Relaxed));
    }
    let cpu_percent = (cpu_us() - cpu) / 5e6 * 100.0;
    heaps.sort_unstable();
    let per_job = (heaps[heaps.len() / 2] as f64 - heap as f64) / jobs as f64;
    let (rss_mib, sockets) = ((rss_kib()? - rss) as f64 / 1024.0, sockets()?);
    let started = Instant::now();
    drop(stream);
    // The driver is dropped by the runtime, which this gives the chance to; connections that stay open keep buffers.
    let half = heap.midpoint(heaps[heaps.len() / 2]);
    while HEAP.load(Ordering::Relaxed) > half && started.elapsed() < Duration::from_secs(5) {
        tokio::task::yield_now().await;
    }
    let cancel_ms = started.elapsed().as_secs_f64() * 1000.0;
    Ok(format!(
        r#""heap_bytes_per_job": {per_job:.0}, "rss_growth_mib": {rss_mib:.1}, "peak_rss_kib": {}, "sockets": {sockets}, "cpu_percent": {cpu_percent:.1}, "cancel_all_ms": {cancel_ms:.1}"#,
        peak_rss_kib()
    ))
}

/// Ids as long as UUIDs.
fn ids(n: usize) -> (String, String) {
    (format!("5f0b1f6e-54a3-4c5e-9c1b-{n:012}"), format!("a3d1c9de-7b42-4f0a-8f6d-{n:012}"))
}

async fn lateness(client: &Client) -> Result<(f64, f64), Failure> {
    let timeout = Duration::from_millis(100);
    let mut late = Vec::new();
    for round in 0..20 {
        let waits = (0..10).map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let started = Instant::now();
                let error = client.wait_until_complete(format!("u{round}"), format!("j{n}")).timeout(timeout).await;
                assert_eq!(error.map(|_| ()).map_err(|error| error.code()), Err(ErrorCode::JobIncomplete));
                started.elapsed().saturating_sub(timeout).as_secs_f64() * 1000.0
            })
        });
        for wait in waits.collect::<Vec<_>>() {
            late.push(wait.await?);
        }
    }
    late.sort_by(f64::total_cmp);
    Ok((late[late.len() / 2], late[late.len() * 99 / 100]))
}

async fn rate_used(client: &Client) -> Result<f64, Failure> {
    let (rate, jobs) = (500.0, 1500);
    let mut stream = client.poll_many().timeout(Duration::ZERO).rate_limit(rate).stream((0..jobs).map(ids));
    let started = Instant::now();
    while stream.next().await.is_some() {}
    Ok((jobs as f64 - 1.0) / rate / started.elapsed().as_secs_f64())
}

fn rss_kib() -> Result<i64, Failure> {
    let pages: i64 = std::fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).ok_or("no statm")?.parse()?;
    Ok(pages * 4)
}

fn sockets() -> Result<usize, Failure> {
    let links = std::fs::read_dir("/proc/self/fd")?.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    Ok(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count())
}

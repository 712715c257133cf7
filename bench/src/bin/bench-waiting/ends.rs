//! How late a wait ends against a server that does not answer in time or stalls in mid-body, and how much of a rate limit is used.

use std::time::{Duration, Instant};

use smileid_jobs::{Client, ErrorCode};
use smileid_jobs_bench::{Failure, ids, percentiles};

pub(crate) async fn run(url: &str) -> Result<(), Failure> {
    let (p50, p99) = percentiles(lateness(&crate::client(url, "small-60000")?).await?);
    let (stalled_p50, stalled_p99) = percentiles(lateness(&crate::client(url, "complete-stalled")?).await?);
    let used = rate_used(&crate::client(url, "small")?).await?;
    println!(
        r#"{{"wait_ends_late_ms": [{p50:.3}, {p99:.3}], "stalled_ends_late_ms": [{stalled_p50:.3}, {stalled_p99:.3}], "rate_limit_used": {used:.4}}}"#
    );
    Ok(())
}

async fn lateness(client: &Client) -> Result<Vec<f64>, Failure> {
    let timeout = Duration::from_millis(100);
    let mut late = Vec::new();
    for round in 0..20 {
        let waits = (0..10).map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let started = Instant::now();
                let error = client.wait_until_complete(format!("u{round}"), format!("j{n}")).timeout(timeout).await;
                let code = error.map(|_| ()).map_err(|error| error.code());
                (code, started.elapsed().saturating_sub(timeout).as_secs_f64() * 1000.0)
            })
        });
        for wait in waits.collect::<Vec<_>>() {
            let (code, late_ms) = wait.await?;
            if code != Err(ErrorCode::JobIncomplete) {
                return Err("this server never answers in time".into());
            }
            late.push(late_ms);
        }
    }
    Ok(late)
}

async fn rate_used(client: &Client) -> Result<f64, Failure> {
    let (rate, jobs) = (500.0, 1500);
    let mut stream = client.poll_many().timeout(Duration::ZERO).rate_limit(rate).stream((0..jobs).map(ids));
    let started = Instant::now();
    while stream.next().await.is_some() {}
    Ok((f64::from(jobs as u32) - 1.0) / rate / started.elapsed().as_secs_f64())
}

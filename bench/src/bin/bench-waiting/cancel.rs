//! How soon a wait that was aborted is gone, its request included.

use std::time::{Duration, Instant};

use smileid_jobs::Client;
use smileid_jobs_bench::{Failure, percentiles};

const ROUNDS: usize = 300;

pub(crate) async fn run(url: &str) -> Result<(), Failure> {
    let mut told = Vec::new();
    for (name, path) in [("in flight", "small-60000"), ("sleeping", "small")] {
        let (p50, p99) = percentiles(latencies(&crate::client(url, path)?).await?);
        told.push(format!(r#""{name}": [{p50:.4}, {p99:.4}]"#));
    }
    println!("{{{}}}", told.join(", "));
    Ok(())
}

async fn latencies(client: &Client) -> Result<Vec<f64>, Failure> {
    let mut latencies = Vec::new();
    for round in 0..ROUNDS {
        let wait = client.wait_until_complete("user", format!("job-{round}")).initial_delay(Duration::from_secs(20));
        let wait = tokio::spawn(wait.into_future());
        tokio::time::sleep(Duration::from_millis(10)).await;
        let started = Instant::now();
        wait.abort();
        let ended = wait.await;
        latencies.push(started.elapsed().as_secs_f64() * 1000.0);
        if !ended.is_err_and(|error| error.is_cancelled()) {
            return Err("the wait was over before it was cancelled".into());
        }
    }
    Ok(latencies)
}

//! What waiting costs in Rust: `bench-waiting SCENARIO URL [JOBS DELAY]`, where URL is the bench server's root.
//!
//! `hold`: a `poll_many` that waits while others look at the process. `due`: how late polls are sent. `cancel`: how soon one
//! wait is gone. `ends`: how late a wait ends, and how much of a rate limit is used.

mod cancel;
mod due;
mod ends;
mod hold;

use std::time::Duration;

use smileid_jobs::Client;
use smileid_jobs_bench::{API_KEY, Counting, Failure, PARTNER_ID};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (jobs, delay) = match arguments.as_slice() {
        [_, _, jobs, delay] => (jobs.parse()?, Duration::from_secs_f64(delay.parse()?)),
        _ => (0, Duration::ZERO),
    };
    match arguments.as_slice() {
        [scenario, url, ..] if scenario == "hold" => hold::run(url, jobs, delay).await,
        [scenario, url, ..] if scenario == "due" => due::run(url, jobs).await,
        [scenario, url, ..] if scenario == "cancel" => cancel::run(url).await,
        [scenario, url, ..] if scenario == "ends" => ends::run(url).await,
        _ => Err("expected SCENARIO URL [JOBS DELAY]".into()),
    }
}

fn client(url: &str, path: &str) -> Result<Client, Failure> {
    Ok(Client::builder(PARTNER_ID, API_KEY).base_url(format!("{url}/{path}")).build()?)
}

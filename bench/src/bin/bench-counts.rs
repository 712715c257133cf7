//! Allocations per query: `bench-counts (core|core-decoded) URL QUERIES`, one query after the other.

use smileid_jobs::Client;
use smileid_jobs_bench::{API_KEY, Counting, Failure, JOB_ID, PARTNER_ID, USER_ID, read_all};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WARM_UP: u64 = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, url, queries] = arguments.as_slice() else { return Err("expected SUBJECT URL QUERIES".into()) };
    let queries: u64 = queries.parse()?;
    let client = Client::builder(PARTNER_ID, API_KEY).base_url(url).build()?;
    let mut before = 0;
    for query in 0..WARM_UP + queries {
        if query == WARM_UP {
            before = Counting::allocations();
        }
        let status = client.get_job_status(USER_ID, JOB_ID).await?;
        if name == "core-decoded" {
            read_all(&status);
        }
    }
    println!("{:.3}", (Counting::allocations() - before) as f64 / queries as f64);
    Ok(())
}

//! Polls one job to its end and prints what came of it.

use smileid_jobs::{Client, ErrorCode};
use std::time::Duration;

#[tokio::main]
async fn main() -> smileid_jobs::Result<()> {
    // SMILEID_PARTNER_ID, SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL
    let client = Client::from_env()?;
    let poll = client
        .poll_job_status("user-1", "pending-2")
        .return_history(true)
        .return_image_links(true)
        .initial_delay(Duration::from_millis(200));
    match poll.await {
        Ok(status) if status.job_complete() => {
            let result = status.result().cloned().unwrap_or_default();
            let (code, text) = (result.result_code.unwrap_or_default(), result.result_text.unwrap_or_default());
            let liveness = status.image_links().map_or(0, |links| links.liveness_images.len());
            println!("succeeded: {} (code {code}, {text})", status.job_success() == Some(true));
            println!("history: {} results", status.history().len());
            println!("images: selfie and {liveness} liveness");
        }
        Ok(_) => println!("not ready yet; ask again later"),
        Err(error) if error.code() == ErrorCode::Authentication => println!("check key and environment: {error}"),
        Err(error) => return Err(error),
    }
    Ok(())
}

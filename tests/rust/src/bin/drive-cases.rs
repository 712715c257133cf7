//! Plays cases that `tests/rust/run_scenarios.py` sends as JSON lines, and answers each with its outcome.
//!
//! A line `interrupt` while a case runs interrupts it. Everything is traced to stderr, so that the harness can search it
//! for what must never stand there.

use serde_json::Value;
use smileid_jobs_tests::Play;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(std::io::stderr)
        .init();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let Some(play) = Play::read(&line) else { continue };
        let interrupted = CancellationToken::new();
        let running = play.run(interrupted.clone());
        tokio::pin!(running);
        let outcome: Value = loop {
            tokio::select! {
                outcome = &mut running => break outcome,
                line = lines.next_line() => match line? {
                    Some(line) if line == "interrupt" => interrupted.cancel(),
                    Some(_) => {}
                    None => return Ok(()),
                },
            }
        };
        stdout().write_all(format!("{outcome}\n").as_bytes()).await?;
        stdout().flush().await?;
    }
    Ok(())
}

//! What the parts of a query cost, in nanoseconds: the best of several rounds. Prints one JSON line.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use smileid_jobs::{JobStatus, Schedule, Signature};
use smileid_jobs_bench::{API_KEY, Failure, JOB_ID, PARTNER_ID, USER_ID, bodies, read_all};

const ROUNDS: u32 = 9;
const ROUND: Duration = Duration::from_millis(20);

fn main() -> Result<(), Failure> {
    let signature = Signature::new(PARTNER_ID, API_KEY)?;
    let signed = signature.generate_signature(None);
    let schedule = Schedule::new(None, None)?;
    let mut attempt = 0;
    let mut told = vec![
        ("sign".to_owned(), best(|| signature.generate_signature(Some(black_box(&signed.timestamp))))),
        ("verify".to_owned(), best(|| signature.confirm_signature(black_box(&signed.timestamp), &signed.signature))),
        (
            "schedule".to_owned(),
            best(|| {
                attempt = attempt % 8 + 1;
                schedule.delay(black_box(attempt))
            }),
        ),
    ];
    for (name, body) in bodies()? {
        let raw = Bytes::from(body);
        let read = || JobStatus::from_verified(USER_ID, JOB_ID, black_box(raw.clone()));
        read()?;
        told.push((format!("envelope, {name}"), best(read)));
        told.push((format!("envelope and full decode, {name}"), best(|| read().inspect(read_all))));
        told.push((format!("serde_json::Value, {name}"), best(|| serde_json::from_slice::<serde_json::Value>(&raw))));
    }
    let lines: Vec<String> = told.iter().map(|(name, ns)| format!(r#""{name}": {ns:.1}"#)).collect();
    println!("{{{}}}", lines.join(", "));
    Ok(())
}

/// Nanoseconds per call: the best round, because whatever else runs here only adds.
fn best<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut round = |calls: u32| {
        let started = Instant::now();
        for _ in 0..calls {
            black_box(work());
        }
        started.elapsed()
    };
    let mut calls = 1;
    while round(calls) < ROUND / 4 {
        calls *= 2;
    }
    let best = (0..ROUNDS).map(|_| round(calls * 4)).min().unwrap_or_default();
    best.as_secs_f64() * 1e9 / f64::from(calls * 4)
}

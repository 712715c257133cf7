//! What the bench programs share: whom they ask about, what they are answered, and what they print.

use std::hint::black_box;
use std::time::Instant;

use smileid_jobs::JobStatus;

mod bodies;
mod counting;

pub use bodies::bodies;
pub use counting::Counting;

/// The partner of all bench programs.
pub const PARTNER_ID: &str = "001";
/// Its key; it opens nothing.
pub const API_KEY: &str = "bench-key";
/// Everybody asks about this user.
pub const USER_ID: &str = "user-1";
/// Everybody asks about this job.
pub const JOB_ID: &str = "job-1";

/// What goes wrong in a bench program.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// CPU time of this process, user and system, in microseconds.
#[must_use]
pub fn cpu_us() -> f64 {
    // SAFETY: a plain struct of numbers, for which all zeros is a value; the call only writes it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let us = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
    us(usage.ru_utime) + us(usage.ru_stime)
}

/// Reads everything of the result and the history, as the peers do: what stays lazy has not been read.
pub fn read_all(status: &JobStatus) {
    for result in status.result().into_iter().chain(status.history()) {
        black_box((&result.smile_job_id, &result.result_code, &result.result_text, &result.result_type));
        black_box((&result.is_final_result, &result.is_machine_result, &result.confidence_value, &result.source));
        black_box((&result.json_version, &result.actions, &result.partner_params, &result.antifraud));
        black_box((&result.id_response, &result.timestamp, &result.signature, &result.fields));
    }
}

/// The median and the 99th percentile.
#[must_use]
pub fn percentiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |share: usize| values.get(values.len() * share / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

/// Ids as long as UUIDs.
#[must_use]
pub fn ids(n: usize) -> (String, String) {
    (format!("5f0b1f6e-54a3-4c5e-9c1b-{n:012}"), format!("a3d1c9de-7b42-4f0a-8f6d-{n:012}"))
}

/// Measures what lies between two moments.
#[derive(Debug)]
pub struct Window {
    started: Instant,
    cpu_us: f64,
}

impl Window {
    /// Begins now.
    #[must_use]
    pub fn open() -> Self {
        Self { started: Instant::now(), cpu_us: cpu_us() }
    }

    /// Seconds since it began.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// The share of a core that was used since it began, in percent.
    #[must_use]
    pub fn cpu_percent(&self) -> f64 {
        (cpu_us() - self.cpu_us) / self.seconds() / 1e4
    }

    /// The line that the kit reads: queries, seconds and CPU.
    #[must_use]
    pub fn line(&self, queries: u64) -> String {
        let (seconds, cpu) = (self.seconds(), cpu_us() - self.cpu_us);
        format!(r#"{{"n": {queries}, "seconds": {seconds:.6}, "cpu_us": {cpu:.1}}}"#)
    }
}

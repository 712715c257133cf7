//! What the bench programs share: whom they ask about, and what they print.

use std::time::Instant;

/// The partner of all bench programs.
pub const PARTNER_ID: &str = "001";
/// Its key; it opens nothing.
pub const API_KEY: &str = "bench-key";
/// Everybody asks about this user.
pub const USER_ID: &str = "user-1";
/// Everybody asks about this job.
pub const JOB_ID: &str = "job-1";

/// CPU time of this process, user and system, in microseconds.
#[must_use]
pub fn cpu_us() -> f64 {
    let usage = usage();
    let us = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
    us(usage.ru_utime) + us(usage.ru_stime)
}

/// The most memory this process has had, in KiB.
#[must_use]
pub fn peak_rss_kib() -> i64 {
    usage().ru_maxrss
}

fn usage() -> libc::rusage {
    // SAFETY: a plain struct of numbers, for which all zeros is a value; the call only writes it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    }
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

    /// The line that the kit reads: queries, seconds, CPU and memory.
    #[must_use]
    pub fn line(&self, queries: u64) -> String {
        let (seconds, cpu) = (self.seconds(), cpu_us() - self.cpu_us);
        format!(r#"{{"n": {queries}, "seconds": {seconds:.6}, "cpu_us": {cpu:.1}, "rss_kib": {}}}"#, peak_rss_kib())
    }
}

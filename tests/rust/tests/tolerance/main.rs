//! Whatever arrives, the answer is a status or a typed error, nothing of it is lost, and nothing panics.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod answers;
mod callbacks;
mod json;
mod links;
mod server;
mod tokens;

/// Fast, and without files of seeds: a failure prints what failed.
fn few(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}

//! A local Smile ID to develop and test against.
//!
//! It answers `POST {prefix}/v1/job_status` as a strict server would: the
//! signature, the timestamp's age and every field are checked by code of its
//! own, which shares nothing with the client it serves to test. What a job
//! answers comes from a *story* (posted to `/_sandbox/jobs` or given to
//! [`Sandbox::post_story`]) or from a magic job id such as `pending-3`; see
//! [`magic_job_ids`]. Answers can also break: stall, stop half way, reset the
//! connection, drip, or be far too large.
//!
//! ```
//! use smileid_jobs_sandbox::Sandbox;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start()?;
//! sandbox.post_story(
//!     r#"{"user_id": "u-1", "job_id": "j-1", "answers": [{"pending": true}, {"complete": "rejected"}]}"#,
//! )?;
//! println!("{} {}", sandbox.url(), sandbox.partner_id());
//! assert!(sandbox.requests("u-1", "j-1").is_empty());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod answer;
mod bodies;
mod check;
mod control;
mod http;
mod images;
mod log;
mod magic;
mod route;
mod sandbox;
mod server;
mod signing;
mod state;
mod story;
mod timestamp;

pub use bodies::built_in_bodies;
pub use log::RequestRecord;
pub use magic::magic_job_ids;
pub use sandbox::{Builder, Sandbox, SandboxError};
pub use story::StoryError;

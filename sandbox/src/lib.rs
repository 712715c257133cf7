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
//! # Stories
//!
//! `{"user_id", "job_id", "answers": [...]}`: the n-th request for the job gets
//! the n-th answer, the last one repeats, and telling a job anew starts it anew.
//! Every key of an answer is optional, and an unknown one is an error:
//!
//! | key | meaning |
//! |---|---|
//! | `pending` | `true`: not complete; the default below status 300 |
//! | `complete` | the name of a built-in final body: [`built_in_bodies`] |
//! | `body` | an object, sent as written behind `timestamp` and `signature`, or with its own |
//! | `body_text` | any text, sent as it is |
//! | `history`, `image_links` | in a built-in body: sent, or not, whatever the request asks |
//! | `sign` | `valid`, `wrong`, `other_key`, `missing`, `null`, `malformed`, `legacy`, `legacy_pipe` |
//! | `timestamp` | the text or number to sign in place of the present |
//! | `status`, `headers` | from 300, without content, `{error}` is sent, with `code` where one is known |
//! | `size` | grows the body to about that many bytes |
//! | `delay_ms`, `drip_ms` | before the answer; between its body's bytes |
//! | `chunked`, `gzip` | how the body travels |
//! | `truncate` | promises the whole body, sends half, closes |
//! | `reset` | resets the connection; with `truncate`, after half the body |
//! | `stall` | `headers` or `body` (half of it): never ends |
//!
//! `{{timestamp}}`, `{{signature}}`, `{{legacy_signature}}`, `{{user_id}}`,
//! `{{job_id}}` and `{{origin}}` in `body` and `body_text` are filled in, as
//! they stand inside JSON strings; `{{origin}}` in `headers` too.
//!
//! # Endpoints of its own
//!
//! `POST` and `DELETE /_sandbox/jobs` tell a story and forget everything;
//! `GET /_sandbox/requests`, filtered by `user_id`, `job_id` and `path` if given,
//! lists [`RequestRecord`]s as `{"count", "open", "requests"}`.
//!
//! # Beside the job status
//!
//! `GET /images/<name>.jpg` and `.png` are pictures, `POST /receive/<anything>`
//! takes a callback and keeps it in the log. A segment before the name says what
//! goes wrong: `status-403`, `flaky-500-1` (that status once, then fine), `moved`,
//! `page` (HTML), `huge` (over 16 MiB), `stall`, `stall-body`; `fine` is nothing.
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
mod log;
mod magic;
mod route;
mod sandbox;
mod server;
mod side;
mod signing;
mod state;
mod story;
mod timestamp;

pub use bodies::built_in_bodies;
pub use log::RequestRecord;
pub use magic::magic_job_ids;
pub use sandbox::{Builder, Sandbox, SandboxError};
pub use story::StoryError;

//! How did this Smile ID job end?
//!
//! `smileid-jobs` asks Smile ID's signed job-status endpoint (`POST /v1/job_status`), polls until a job is complete,
//! and hands back the result, the history, the image links and the ID data. It is unofficial and not affiliated with
//! Smile ID.
//!
//! ```no_run
//! # async fn example() -> smileid_jobs::Result<()> {
//! use smileid_jobs::{Client, Environment};
//!
//! let client = Client::builder("001", "api-key").environment(Environment::Sandbox).build()?;
//! let status = client.poll_job_status("user-1", "job-1").return_history(true).await?;
//! if status.job_complete() {
//!     let code = status.result().and_then(|result| result.result_code.as_deref());
//!     println!("approved: {:?}, code: {code:?}", status.job_success());
//! }
//! # Ok(()) }
//! ```
//!
//! # What people get wrong
//!
//! * **Complete is not approved.** `job_complete` says that the job is over, `job_success` and the result say how.
//! * **A signature is for one moment.** Every HTTP request here is signed anew, retries and polls included.
//! * **A signature does not prove a body.** It covers the timestamp and the partner id only. A wrong one is refused
//!   before anybody sees the content, but what makes the content trustworthy is TLS.
//! * **Asking again is not submitting again.** Nothing here submits a job.
//!
//! # Errors
//!
//! One [`Error`] with a stable [`ErrorCode`]. Messages are one line and hold no ids, keys or data.

#![forbid(unsafe_code)]
// In the libraries and not in the lint table, because examples and programs do print.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "background")]
#[doc(hidden)]
pub mod background;
#[cfg(feature = "blocking")]
#[doc(hidden)]
pub mod blocking;
mod callback;
mod callback_delivery;
mod client;
#[doc(hidden)]
pub mod clock;
mod code;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod credentials;
mod download;
#[doc(hidden)]
pub mod driver;
mod error;
#[cfg(feature = "events")]
#[doc(hidden)]
pub mod events;
#[doc(hidden)]
pub mod panic;
mod poll;
mod request;
mod response;
mod retry;
#[doc(hidden)]
pub mod shared;
mod signature;
#[doc(hidden)]
pub mod slab;
mod timestamp;
mod tls;
#[doc(hidden)]
pub mod transport;

pub use callback::Callback;
pub use callback_delivery::CallbackDelivery;
#[doc(hidden)]
pub use client::Driven;
pub use client::{
    Client, ClientBuilder, GetJobStatus, PollJobStatus, PollMany, PollStepCall, WaitUntilComplete, WatchJobStatus,
};
pub use code::{ErrorCode, Retried};
pub use config::Environment;
pub use download::{DownloadImages, Image, ImageType};
pub use error::{Cause, Error, IncompleteReason, Phase, Result};
#[doc(hidden)]
pub use poll::many::ManySession;
pub use poll::many::{JobOutcome, ManyProgress, PollManyStream};
#[doc(hidden)]
pub use poll::schedule::Schedule;
pub use poll::step::PollStep;
#[doc(hidden)]
pub use poll::waits::{StartedWait, WaitObserver};
pub use poll::watch::{StatusUpdate, Watch};
pub use response::{Antifraud, IdResponse, ImageLinks, JobResult, JobStatus, Naming, PartnerParams, SuspectUser};
#[doc(hidden)]
pub use response::{Forms, Host, Json, Known, Make, Named, Open, Part, PartOf, Reading, View};
pub use signature::{Signature, SignedTimestamp};

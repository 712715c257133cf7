//! The C library: `include/smileid_jobs.h` is written from this crate's public functions (`tools/write_header.rs`).
//!
//! One file per noun of the header. Who owns a pointer is a fact of its Rust type: a `Box` is owned by the caller and
//! freed by its `_free`, a reference is borrowed from the handle it was asked of, an `Option` may be `NULL`. Nothing
//! here decides anything about Smile ID; that is the core's.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "what a pointer must be is the header's contract with C")]

pub mod callback;
pub mod cancel;
pub mod client;
pub mod code;
pub mod download;
mod driven;
pub mod error;
pub mod event_loop;
mod ffi;
mod forks;
pub mod images;
pub mod log;
pub mod many;
pub mod options;
pub mod process;
pub mod query;
pub mod result;
pub mod signature;
mod sized;
pub mod status;
pub mod step;
mod text;
pub mod waiting;
pub mod watch;

// The header promises that these may be shared between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<callback::Callback>();
    shared::<cancel::CancelToken>();
    shared::<client::Client>();
    shared::<download::Images>();
    shared::<error::Error>();
    shared::<many::Many>();
    shared::<many::Outcome>();
    shared::<result::JobResult>();
    shared::<signature::Signed>();
    shared::<status::Status>();
    shared::<step::Step>();
    shared::<watch::Update>();
    shared::<watch::Watch>();
};

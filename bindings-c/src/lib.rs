//! The C library: `include/smileid_jobs.h` is written from this crate's public functions (`tools/write_header.rs`).
//!
//! Each public module is one subject of the header, its types and its functions; the private ones are what these are built on.
//! Who owns a pointer is a fact of its Rust type: a `Box` is owned by the caller and freed by its `_free`, a reference is
//! borrowed from the handle it was asked of, an `Option` may be `NULL`. Nothing here decides anything about Smile ID; that
//! is the core's.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "what a pointer must be is the header's contract with C")]

mod driven;
mod ffi;
mod pid;
mod sized;
mod text;

// The header has its functions in the order of these: empty lines keep rustfmt from sorting them by name.
pub mod callback;
pub mod cancel;
pub mod client;
pub mod code;

pub mod images;

pub mod error;
pub mod event_loop;
pub mod image_links;
pub mod log;
pub mod many;
pub mod options;
pub mod process;

pub mod verbs;

pub mod result;
pub mod signature;
pub mod status;
pub mod step;
pub mod wait_options;
pub mod watch;

// The header promises that these may be shared between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<callback::Callback>();
    shared::<cancel::CancelToken>();
    shared::<client::Client>();
    shared::<error::Error>();
    shared::<images::Images>();
    shared::<many::Many>();
    shared::<many::Outcome>();
    shared::<result::JobResult>();
    shared::<signature::Signed>();
    shared::<status::Status>();
    shared::<step::Step>();
    shared::<watch::Update>();
    shared::<watch::Watch>();
};

//! The native half of the npm package `smileid-jobs`: private, called by its TypeScript layer only.
//!
//! Three rules keep it small. Arguments arrive as whatever JavaScript passed and are judged by the core; nothing here
//! throws, everything settles to `{ok}` or `{err}`; and a runtime thread never enters JavaScript: what is finished goes
//! into one queue per Node environment, which that environment's own thread empties (see [`bridge`]). Queries do without
//! a runtime's thread (see [`hosted`]).

#![cfg_attr(
    test,
    allow(dead_code, unused_imports, reason = "napi exports nothing from a test build, which linters still look at")
)]

mod args;
mod batch;
mod bridge;
mod callback;
mod client;
mod completed;
mod error;
mod events;
#[cfg(unix)]
mod fd_watch;
#[cfg(unix)]
mod hosted;
mod images;
mod many;
mod options;
mod runtime;
mod signature;
mod status;
mod status_handle;
mod wait_verbs;

/// The version of this library.
#[napi_derive::napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

//! Errors of HTTP, TLS, proxies and the network as this crate's own.

mod proxy;
mod tls;

use std::error::Error as StdError;
use std::io;

use crate::code::ErrorCode;
use crate::error::{Cause, Error, Phase};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Connect,
    /// Of a body that came whole, as far as HTTP can tell.
    Decode,
    Exchange,
}

/// The error of this crate for one of HTTP, TLS or the network. Its text fits every server that is asked: Smile ID's,
/// that of an image, the receiver of a callback.
pub(super) fn classify(error: &(dyn StdError + 'static), failure: Failure) -> Error {
    let tls = chain(error).find_map(tls::find);
    let ours = match (failure, tls) {
        (Failure::Connect, _) => proxy::classify(error).unwrap_or_else(|| of_connecting(error, tls)),
        (Failure::Decode, _) => {
            Error::new(ErrorCode::InvalidResponse, "the answer's content encoding is broken (Content-Encoding)")
        }
        (Failure::Exchange, Some(tls)) => tls::after_the_handshake(tls),
        (Failure::Exchange, None) if chain(error).any(is_not_http) => {
            let message =
                "what answers there does not speak proper HTTP/1.1; check the address, its scheme and its port";
            Error::new(ErrorCode::InvalidResponse, message)
        }
        (Failure::Exchange, None) => {
            Error::new(ErrorCode::Network, "the connection broke before the whole answer had arrived")
        }
    };
    ours.with_cause(describe(error))
}

fn of_connecting(error: &(dyn StdError + 'static), tls: Option<&rustls::Error>) -> Error {
    match tls {
        Some(tls) if tls::is_passing(tls) => {
            Error::new(ErrorCode::Network, "the TLS handshake broke off, for a reason that may pass; the cause has it")
        }
        Some(tls) => Error::new(ErrorCode::Tls, tls::of_the_handshake(tls)),
        // Only connecting has a timeout in here; everything else is bounded from outside. A connection that the system
        // gives up later is broken.
        None if chain(error).any(is_timeout) => Error::timeout(Phase::Connect),
        None => {
            let message = "the server could not be connected to; check the network and the server's address";
            Error::new(ErrorCode::Connect, message)
        }
    }
}

/// The chain of messages. An error that names its URL must come without it.
pub(super) fn describe(error: &(dyn StdError + 'static)) -> Cause {
    let description = chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
    Cause::System { description }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        || error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout)
}

/// Whether what arrived can be no part of an HTTP/1.1 answer, however it would have gone on.
fn is_not_http(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        // Such as the greeting of a server that speaks first. hyper has no other name for it.
        return error.is_parse() || error.to_string() == "received unexpected message from connection";
    }
    // hyper's own, of chunks; the system's have a number.
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
            && error.raw_os_error().is_none()
    })
}

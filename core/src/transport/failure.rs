//! Errors of HTTP, TLS and the network as this crate's own.

use std::error::Error as StdError;

use crate::code::ErrorCode;
use crate::error::{Cause, Error, Phase};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Connect,
    Decode,
    Exchange,
}

/// The error of this crate for one of HTTP, TLS or the network.
pub(super) fn classify(error: &(dyn StdError + 'static), failure: Failure) -> Error {
    let error_of = |code, message| Error::new(code, message);
    let ours = if chain(error).any(is_tls) {
        error_of(ErrorCode::Tls, "the TLS handshake failed; check the certificate, ca_bundle and the clock")
    } else {
        match failure {
            // Only connecting has a timeout in here; everything else is bounded from outside. A connection that the
            // system gives up later is broken.
            Failure::Connect if chain(error).any(is_timeout) => Error::timeout(Phase::Connect),
            Failure::Connect => {
                error_of(ErrorCode::Connect, "the server could not be connected to; check the network and the base URL")
            }
            Failure::Decode if !chain(error).any(is_early_end) => {
                error_of(ErrorCode::InvalidResponse, "the answer's content encoding is broken")
            }
            Failure::Decode | Failure::Exchange => {
                error_of(ErrorCode::Network, "the connection broke before the whole answer had arrived")
            }
        }
    };
    ours.with_cause(describe(error))
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

fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    // An I/O error hides what it wraps from `source`, and one can wrap another.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner))
}

fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
        || error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout)
}

/// Whether the encoded body ended too early, whoever cut it off.
fn is_early_end(error: &(dyn StdError + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
}

//! What went wrong between this machine, a proxy and the server behind it.

use std::error::Error as StdError;

use super::{chain, is_timeout, tls};
use crate::code::ErrorCode;
use crate::error::{Error, Phase};

/// The error for a tunnel that a proxy did not make; `None` if there was no proxy, or if it is not to blame.
///
/// hyper-util does not export the type of these errors, and of the proxy's answer they keep no more than this: only
/// their texts tell them apart.
pub(super) fn classify(error: &(dyn StdError + 'static)) -> Option<Error> {
    let text = chain(error).find_map(|error| Some(error.to_string().strip_prefix("tunnel error: ")?.to_owned()))?;
    Some(match text.as_str() {
        "proxy authorization required" => Error::invalid_argument(
            "proxy",
            "the proxy wants a user name and password, or refused those in its URL (HTTP 407); correct them",
        ),
        "failed to create underlying connection" if chain(error).filter_map(tls::find).any(tls::is_passing) => {
            Error::new(
                ErrorCode::Network,
                "the TLS handshake with the proxy broke off, for a reason that may pass; the cause has it",
            )
        }
        "failed to create underlying connection" if chain(error).find_map(tls::find).is_some() => Error::new(
            ErrorCode::Tls,
            "the TLS handshake with the proxy failed; check the proxy's URL (scheme, port) and its certificate",
        ),
        _ if chain(error).any(is_timeout) => Error::timeout(Phase::Connect),
        "failed to create underlying connection" => {
            Error::new(ErrorCode::Connect, "the proxy could not be connected to; check the network and the proxy's URL")
        }
        "unexpected end of file" | "io error establishing tunnel" => Error::new(
            ErrorCode::Connect,
            "the proxy broke the connection off before it connected to the server; check the proxy's URL",
        ),
        "unsuccessful" | "proxy response headers too long" => Error::new(
            ErrorCode::Connect,
            "the proxy refused to connect to the server, or is no HTTP proxy; check its URL and what it allows",
        ),
        _ => return None,
    })
}

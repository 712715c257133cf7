//! What the errors of TLS mean to whoever can do something about them.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError, PeerIncompatible};

use crate::code::ErrorCode;
use crate::error::Error;

/// The error of TLS that this is or wraps. An I/O error hides what it wraps from `source`, and one can wrap another.
pub(super) fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a TlsError> {
    let wrapped = || error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.downcast_ref().or_else(|| find(wrapped()?))
}

/// In TLS 1.3 a server looks at the client's certificate when the client has its handshake behind it. Everything else
/// is a record that was spoilt on its way, or a server that gives up.
pub(super) fn after_the_handshake(error: &TlsError) -> Error {
    match error {
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            Error::new(ErrorCode::Tls, of_the_handshake(error))
        }
        _ => Error::new(ErrorCode::Network, "the TLS connection broke before the whole answer had arrived"),
    }
}

/// Whether a handshake failed for what the next one need not meet: the server has a fault of its own, as a load balancer
/// has during a deployment, or a record was spoilt on its way.
pub(super) fn is_passing(error: &TlsError) -> bool {
    use AlertDescription::{BadRecordMac, DecryptError, InternalError};
    matches!(error, TlsError::AlertReceived(InternalError | BadRecordMac | DecryptError) | TlsError::DecryptError)
}

pub(super) fn of_the_handshake(error: &TlsError) -> &'static str {
    match error {
        TlsError::InvalidCertificate(error) => of_the_certificate(error),
        TlsError::InvalidMessage(_) => "what answers there does not speak TLS; check the scheme and port",
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the server speaks neither TLS 1.2 nor TLS 1.3, and older versions are not safe; update the server",
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server asks for a client certificate, which is not supported; check the address"
        }
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server refused the TLS handshake; it may want a client certificate or old ciphers (not supported)"
        }
        TlsError::AlertReceived(AlertDescription::UnrecognisedName) => {
            "the server does not know the name that it was asked for (TLS); check the address"
        }
        TlsError::AlertReceived(AlertDescription::NoApplicationProtocol) | TlsError::NoApplicationProtocol => {
            "the server does not speak HTTP/1.1 over TLS; check the address"
        }
        TlsError::AlertReceived(_) => "the server broke off the TLS handshake; the cause has its reason",
        _ => "the TLS handshake failed; the cause says why",
    }
}

fn of_the_certificate(error: &CertificateError) -> &'static str {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext, Revoked,
        UnknownIssuer,
    };
    match error {
        Expired | ExpiredContext { .. } => {
            "the server's certificate has expired; check this machine's clock, or let the certificate be renewed"
        }
        NotValidYet | NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; check this machine's clock"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "the server's certificate is for another name than the one asked for; check the address"
        }
        UnknownIssuer => {
            "the server's certificate has an issuer that is not trusted here; if it is yours, give it as ca_bundle"
        }
        Revoked => "the server's certificate was revoked; do not trust the server",
        _ => "the server's certificate is not acceptable; the cause says why",
    }
}

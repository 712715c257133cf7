//! Signs timestamps and verifies signed ones; no I/O.
//!
//! The scheme, from the official SDKs and Smile ID's signature page: HMAC-SHA256 with the API key's text as key, over
//! the timestamp's text, the partner id and `sid_request`, in standard base64. It covers nothing else: not the user,
//! not the job and not the body.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;

use crate::clock::{Clock, SystemClock};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::timestamp::format_ms;

const PURPOSE: &[u8] = b"sid_request";

/// 32 bytes in base64.
pub(crate) const SIGNATURE_TEXT_BYTES: usize = 44;

/// Makes and checks Smile ID's signatures for one partner.
///
/// `Send + Sync`, cheap to clone. `Debug` shows the partner id only.
///
/// ```
/// let signature = smileid_jobs::Signature::new("001", "apikey")?;
/// let signed = signature.generate_signature(Some("2023-03-09T21:35:00.279Z"));
/// assert_eq!(signed.signature, "bBAIXcEbOvPTLKG0kynBoNXFMaR+aplfbQXVSMveS38=");
/// assert!(signature.confirm_signature(&signed.timestamp, &signed.signature));
/// # Ok::<(), smileid_jobs::Error>(())
/// ```
#[derive(Clone)]
pub struct Signature {
    partner_id: String,
    // Keyed once: setting the key up costs more than signing.
    keyed: Hmac<Sha256>,
}

/// A timestamp with its signature: while it is fresh, as secret as the key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedTimestamp {
    /// The text that was signed.
    pub timestamp: String,
    /// Standard base64 of 32 bytes.
    pub signature: String,
}

impl fmt::Debug for SignedTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedTimestamp").field("timestamp", &self.timestamp).finish_non_exhaustive()
    }
}

impl Signature {
    /// Takes a partner id (1 to 64 printable ASCII characters, leading zeros kept) and its API key (1 to 4096 bytes).
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) outside of those limits.
    pub fn new(partner_id: &str, api_key: impl Into<String>) -> Result<Self> {
        Self::from_credentials(&Credentials::new(partner_id, &SecretString::from(api_key.into()))?)
    }

    pub(crate) fn from_credentials(credentials: &Credentials) -> Result<Self> {
        // HMAC takes keys of any length, so this does not fail.
        let keyed = Hmac::new_from_slice(credentials.key_bytes()).map_err(|_| Error::internal())?;
        Ok(Self { partner_id: credentials.partner_id().to_owned(), keyed })
    }

    pub(crate) fn partner_id(&self) -> &str {
        &self.partner_id
    }

    /// Signs a timestamp's text as it is, or the present time in UTC with three fraction digits and `Z`.
    #[must_use]
    pub fn generate_signature(&self, timestamp: Option<&str>) -> SignedTimestamp {
        let timestamp = timestamp.map_or_else(|| format_ms(SystemClock.wall_ms()), str::to_owned);
        let signature = self.sign(&timestamp);
        SignedTimestamp { timestamp, signature }
    }

    /// Whether a signature belongs to a timestamp's text, in constant time. Malformed and old unkeyed ones do not.
    ///
    /// True proves that the sender knows the key or has seen the pair before. It does not prove a body: see the
    /// crate's documentation.
    #[must_use]
    pub fn confirm_signature(&self, timestamp: &str, signature: &str) -> bool {
        // Strict standard base64: exactly one text stands for each signature.
        let mut bytes = [0; SIGNATURE_TEXT_BYTES];
        match STANDARD.decode_slice(signature, &mut bytes) {
            Ok(count) => {
                let bytes = bytes.get(..count).unwrap_or_default();
                self.mac(timestamp.as_bytes()).verify_slice(bytes).is_ok()
            }
            // Longer than every signature, if it is base64 at all.
            Err(_) => false,
        }
    }

    pub(crate) fn sign(&self, timestamp: &str) -> String {
        STANDARD.encode(self.mac(timestamp.as_bytes()).finalize().into_bytes())
    }

    /// The same without an allocation.
    pub(crate) fn sign_text(&self, timestamp: &[u8]) -> [u8; SIGNATURE_TEXT_BYTES] {
        let mut text = [0; SIGNATURE_TEXT_BYTES];
        // It has room for exactly this.
        let _ = STANDARD.encode_slice(self.mac(timestamp).finalize().into_bytes(), &mut text);
        text
    }

    /// An HMAC over parts that cannot run into each other, for texts of our own. What Smile ID signs begins with a
    /// timestamp, so neither can stand for the other.
    pub(crate) fn mac_of_parts(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        for part in parts.iter().copied().chain([self.partner_id.as_bytes()]) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    fn mac(&self, timestamp: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(timestamp);
        mac.update(self.partner_id.as_bytes());
        mac.update(PURPOSE);
        mac
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature").field("partner_id", &self.partner_id).finish_non_exhaustive()
    }
}

/// Whether a signature has the shape of the scheme before 2022: a bare SHA-256 in hex, or `rsa|hash`. Anyone can
/// compute that hash, so it proves nothing.
pub(crate) fn is_legacy(signature: &str) -> bool {
    signature.contains('|') || (signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_base64_is_confirmed() {
        let signature = Signature::new("001", "apikey").unwrap();
        let signed = signature.generate_signature(Some("t"));
        assert!(signature.confirm_signature("t", &signed.signature));
        for wrong in [
            "",
            "=",
            &signed.signature[..43],
            &format!("{}\n", signed.signature),
            &signed.signature.replace('=', ""),
            &signed.signature.to_lowercase(),
        ] {
            assert!(!signature.confirm_signature("t", wrong), "{wrong:?}");
        }
        assert!(!signature.confirm_signature("u", &signed.signature));
    }

    #[test]
    fn legacy_shapes_are_told_from_malformed_ones() {
        assert!(is_legacy("6f3dec6d6fad3cfe36fb62b38a185de1cd53088291082d6f20fddbf5ea0e4a0f"));
        assert!(is_legacy("abc|6f3d"));
        assert!(!is_legacy("bBAIXcEbOvPTLKG0kynBoNXFMaR+aplfbQXVSMveS38="));
        assert!(!is_legacy(""));
    }

    #[test]
    fn nothing_secret_in_debug() {
        let signature = Signature::new("001", "CANARY-key").unwrap();
        let shown = format!("{signature:?} {:?}", signature.generate_signature(Some("t")));
        assert!(!shown.contains("CANARY") && !shown.contains(&signature.sign("t")), "{shown}");
    }
}

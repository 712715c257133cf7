//! Partner id and API key: checked, never shown, wiped when dropped.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::config::{MAX_API_KEY_BYTES, MAX_ID_BYTES, MAX_PARTNER_ID_BYTES};
use crate::error::{Error, Result};

/// Who asks: the partner id as the portal shows it, zeros kept, and its API key as text.
#[derive(Clone)]
pub(crate) struct Credentials {
    partner_id: String,
    api_key: SecretString,
}

impl Credentials {
    pub(crate) fn new(partner_id: &str, api_key: &SecretString) -> Result<Self> {
        let printable = partner_id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !(1..=MAX_PARTNER_ID_BYTES).contains(&partner_id.len()) || !printable {
            return Err(Error::invalid_argument("partner_id", "expected 1 to 64 printable ASCII characters"));
        }
        let key = api_key.expose_secret();
        if !(1..=MAX_API_KEY_BYTES).contains(&key.len()) || key.chars().any(char::is_control) {
            return Err(Error::invalid_argument(
                "api_key",
                "expected 1 to 4096 bytes of text without control characters",
            ));
        }
        Ok(Self { partner_id: partner_id.to_owned(), api_key: api_key.clone() })
    }

    pub(crate) fn partner_id(&self) -> &str {
        &self.partner_id
    }

    /// The key as it is used: the text's UTF-8 bytes, never base64-decoded.
    pub(crate) fn key_bytes(&self) -> &[u8] {
        self.api_key.expose_secret().as_bytes()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("partner_id", &self.partner_id).field("api_key", &"[redacted]").finish()
    }
}

/// Checks a user or job id: 1 to 256 bytes, no control characters, sent as it is.
pub(crate) fn check_id(argument: &'static str, id: &str) -> Result<()> {
    if (1..=MAX_ID_BYTES).contains(&id.len()) && !id.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(refuse_id(argument))
    }
}

/// The refusal of an id, for values that are not even text.
#[doc(hidden)]
#[must_use]
pub fn refuse_id(argument: &'static str) -> Error {
    Error::invalid_argument(argument, "expected text of 1 to 256 bytes of UTF-8 without control characters")
}

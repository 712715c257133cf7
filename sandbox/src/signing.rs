//! Smile ID's signatures, computed independently of the client under test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// Closes the signed text on every v1 request and answer.
const PURPOSE: &[u8] = b"sid_request";

/// The account this sandbox serves.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) partner_id: String,
    pub(crate) api_key: String,
}

impl Account {
    fn mac(&self, api_key: &[u8], timestamp: &str) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of every length; the library's type says otherwise.
        let mut mac = Hmac::<Sha256>::new_from_slice(api_key).ok()?;
        mac.update(timestamp.as_bytes());
        mac.update(self.partner_id.as_bytes());
        mac.update(PURPOSE);
        Some(mac)
    }

    fn sign_with(&self, api_key: &[u8], timestamp: &str) -> String {
        match self.mac(api_key, timestamp) {
            Some(mac) => STANDARD.encode(mac.finalize().into_bytes()),
            None => String::new(),
        }
    }

    /// The signature of `timestamp`, as base64 text.
    pub(crate) fn sign(&self, timestamp: &str) -> String {
        self.sign_with(self.api_key.as_bytes(), timestamp)
    }

    /// A well-formed signature under a key that is not this account's.
    pub(crate) fn sign_with_another_key(&self, timestamp: &str) -> String {
        let other = format!("{}-of-another-account", self.api_key);
        self.sign_with(other.as_bytes(), timestamp)
    }

    /// A well-formed signature of another timestamp.
    pub(crate) fn sign_wrongly(&self, timestamp: &str) -> String {
        self.sign(&format!("{timestamp}0"))
    }

    /// The unkeyed hash that predates HMAC: anyone can compute it.
    pub(crate) fn legacy_hash(&self, timestamp: &str) -> String {
        let partner = match self.partner_id.parse::<u64>() {
            Ok(number) => number.to_string(),
            Err(_) => self.partner_id.clone(),
        };
        let digest = Sha256::digest(format!("{partner}:{timestamp}").as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `signature` is the signature of `timestamp`; in constant time.
    pub(crate) fn verify(&self, timestamp: &str, signature: &str) -> bool {
        let Ok(given) = STANDARD.decode(signature) else {
            return false;
        };
        self.mac(self.api_key.as_bytes(), timestamp).is_some_and(|mac| mac.verify_slice(&given).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(partner_id: &str, api_key: &str) -> Account {
        Account { partner_id: partner_id.to_owned(), api_key: api_key.to_owned() }
    }

    #[test]
    fn published_signatures_are_reproduced() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../tests/signatures.json")).unwrap();
        let vectors = vectors.as_array().unwrap();
        assert!(vectors.len() >= 10);
        for vector in vectors {
            let text = |key: &str| vector[key].as_str().unwrap().to_owned();
            let account = account(&text("partner_id"), &text("api_key"));
            assert_eq!(account.sign(&text("timestamp")), text("signature"));
            assert!(account.verify(&text("timestamp"), &text("signature")));
            assert!(!account.verify(&text("timestamp"), &account.sign_wrongly(&text("timestamp"))));
            assert!(!account.verify(&text("timestamp"), &account.sign_with_another_key(&text("timestamp"))));
        }
    }

    #[test]
    fn legacy_hashes_drop_the_zeros_of_the_partner_id() {
        let hash = "6f3dec6d6fad3cfe36fb62b38a185de1cd53088291082d6f20fddbf5ea0e4a0f";
        assert_eq!(account("001", "k").legacy_hash("1678216434434"), hash);
        assert_eq!(account("1", "other").legacy_hash("1678216434434"), hash);
    }

    #[test]
    fn only_strict_base64_is_a_signature() {
        let account = account("001", "apikey");
        let signature = account.sign("t");
        for broken in
            ["", "not base64!", signature.trim_end_matches('='), &format!("{signature}\n"), &format!(" {signature}")]
        {
            assert!(!account.verify("t", broken), "{broken:?}");
        }
    }
}

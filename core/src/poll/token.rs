//! The token that carries a wait from one step to the next, through a task queue or a restart; pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::signature::Signature;

const VERSION: u8 = 1;
const PURPOSE: &str = "smileid-jobs poll token";
const MAC_BYTES: usize = 16;
const BYTES: usize = 1 + 4 + 8 + 8 + MAC_BYTES;
/// No deadline.
const NEVER: i64 = i64::MAX;

/// What a token says, in wall-clock time: it may be read on another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenState {
    pub(crate) attempts: u32,
    pub(crate) started_at_ms: i64,
    pub(crate) ends_at_ms: Option<i64>,
}

impl TokenState {
    /// Writes the state with a code over it and over everything that must stay the same: server, ids and options.
    pub(crate) fn write(self, signature: &Signature, same: &[impl AsRef<str>]) -> String {
        let mut bytes = self.head();
        let code = mac(signature, &bytes, same).finalize().into_bytes();
        bytes.extend(code.iter().take(MAC_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token that this partner's key wrote for the same question.
    pub(crate) fn read(token: &str, signature: &Signature, same: &[impl AsRef<str>]) -> Result<Self> {
        let mismatch = || {
            Error::new(
                ErrorCode::TokenMismatch,
                "the token is not for this question, or was changed; start without one",
            )
        };
        let bytes: [u8; BYTES] =
            URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(mismatch)?;
        let (head, code) = bytes.split_at(BYTES - MAC_BYTES);
        let is_ours = mac(signature, head, same).verify_truncated_left(code).is_ok();
        if head.first() != Some(&VERSION) || !is_ours {
            return Err(mismatch());
        }
        let part = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
        let number = |from: usize| i64::from_be_bytes(part(from, from + 8).try_into().unwrap_or_default());
        Ok(Self {
            attempts: u32::from_be_bytes(part(1, 5).try_into().unwrap_or_default()),
            started_at_ms: number(5),
            ends_at_ms: Some(number(13)).filter(|ends_at| *ends_at != NEVER),
        })
    }

    fn head(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.attempts.to_be_bytes());
        bytes.extend_from_slice(&self.started_at_ms.to_be_bytes());
        bytes.extend_from_slice(&self.ends_at_ms.unwrap_or(NEVER).to_be_bytes());
        bytes
    }
}

fn mac(signature: &Signature, head: &[u8], same: &[impl AsRef<str>]) -> Hmac<Sha256> {
    let mut parts: Vec<&[u8]> = vec![PURPOSE.as_bytes(), head];
    parts.extend(same.iter().map(|part| part.as_ref().as_bytes()));
    signature.mac_of_parts(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: TokenState =
        TokenState { attempts: 3, started_at_ms: 1_790_000_000_000, ends_at_ms: Some(1_790_000_060_000) };

    fn signature(key: &str) -> Signature {
        Signature::new("001", key).unwrap()
    }

    #[test]
    fn a_token_reads_back_and_stays_small() {
        for state in [STATE, TokenState { ends_at_ms: None, ..STATE }] {
            let token = state.write(&signature("k"), &["https://server", "user", "job"]);
            assert!(
                token.len() <= 128 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            );
            assert_eq!(TokenState::read(&token, &signature("k"), &["https://server", "user", "job"]).unwrap(), state);
        }
    }

    #[test]
    fn foreign_and_changed_tokens_are_refused() {
        let same = ["server", "user", "job"];
        let token = STATE.write(&signature("k"), &same);
        let refused = |token: &str, key: &str, same: &[&str]| {
            TokenState::read(token, &signature(key), same).unwrap_err().code() == ErrorCode::TokenMismatch
        };
        assert!(refused(&token, "other", &same));
        assert!(refused(&token, "k", &["server", "user", "other"]));
        assert!(refused(&token, "k", &["server", "use", "rjob"]), "where one part ends counts");
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(refused(std::str::from_utf8(&changed).unwrap(), "k", &same), "{at}");
        }
        for junk in ["", "A", &token[1..], &format!("{token}A"), "ünïcode", &"A".repeat(4096)] {
            assert!(refused(junk, "k", &same));
        }
    }
}

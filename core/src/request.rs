//! What is asked and how it is written; no I/O.

use bytes::Bytes;

use crate::credentials::check_id;
use crate::error::Result;
use crate::signature::Signature;
use crate::timestamp::format_ms;

/// What a status query should return besides the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusOptions {
    /// Ask for the user's earlier results (body field `history`). Default false.
    pub return_history: bool,
    /// Ask for links to the selfie and liveness images (body field `image_links`). Default false.
    pub return_image_links: bool,
}

/// Checks both ids of a question.
pub(crate) fn check_ids(user_id: &str, job_id: &str) -> Result<()> {
    check_id("user_id", user_id)?;
    check_id("job_id", job_id)
}

/// One question about one job: the parts of the body that stay the same, written once.
#[derive(Clone)]
pub(crate) struct Query {
    pub(crate) user_id: String,
    pub(crate) job_id: String,
    pub(crate) options: StatusOptions,
    head: Vec<u8>,
    /// The last timestamp used, so that a later request of this query never repeats a signed pair.
    pub(crate) last_wall_ms: i64,
}

impl Query {
    pub(crate) fn new(signature: &Signature, user_id: &str, job_id: &str, options: StatusOptions) -> Result<Self> {
        check_ids(user_id, job_id)?;
        Ok(Self::unchecked(signature, user_id, job_id, options))
    }

    /// For ids that were checked before.
    pub(crate) fn unchecked(signature: &Signature, user_id: &str, job_id: &str, options: StatusOptions) -> Self {
        let mut head = Vec::with_capacity(128 + user_id.len() + job_id.len());
        for (key, text) in [("partner_id", signature.partner_id()), ("user_id", user_id), ("job_id", job_id)] {
            head.push(if head.is_empty() { b'{' } else { b',' });
            // Writing a text into memory does not fail.
            let _ = serde_json::to_writer(&mut head, key);
            head.push(b':');
            let _ = serde_json::to_writer(&mut head, text);
        }
        for (key, wanted) in [("history", options.return_history), ("image_links", options.return_image_links)] {
            head.extend_from_slice(b",\"");
            head.extend_from_slice(key.as_bytes());
            head.extend_from_slice(if wanted { b"\":true" } else { b"\":false" });
        }
        head.extend_from_slice(br#","timestamp":""#);
        Self { user_id: user_id.to_owned(), job_id: job_id.to_owned(), options, head, last_wall_ms: i64::MIN }
    }

    /// The body of one HTTP request, signed for this moment.
    pub(crate) fn sign(&mut self, signature: &Signature, wall_ms: i64) -> Bytes {
        // A clock that was set back far is believed; one that has not moved on is not.
        let repeats = (self.last_wall_ms.saturating_sub(1000)..=self.last_wall_ms).contains(&wall_ms);
        let wall_ms = if repeats { self.last_wall_ms.saturating_add(1) } else { wall_ms };
        self.last_wall_ms = wall_ms;
        let timestamp = format_ms(wall_ms);
        let signature = signature.sign(&timestamp);
        // Neither text can hold a character that JSON escapes.
        let parts: [&[u8]; 5] =
            [&self.head, timestamp.as_bytes(), br#"","signature":""#, signature.as_bytes(), br#""}"#];
        Bytes::from(parts.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_json_with_the_seven_fields() {
        let signature = Signature::new("001", "apikey").unwrap();
        let options = StatusOptions { return_history: true, return_image_links: false };
        let mut query = Query::new(&signature, "us\"er", "jöb", options).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&query.sign(&signature, 1_678_397_700_279)).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "partner_id": "001", "user_id": "us\"er", "job_id": "jöb", "history": true, "image_links": false,
                "timestamp": "2023-03-09T21:35:00.279Z", "signature": "bBAIXcEbOvPTLKG0kynBoNXFMaR+aplfbQXVSMveS38=",
            })
        );
    }

    #[test]
    fn two_requests_in_one_millisecond_differ() {
        let signature = Signature::new("001", "apikey").unwrap();
        let mut query = Query::new(&signature, "u", "j", StatusOptions::default()).unwrap();
        let bodies = [7, 7, 7, 8, 8].map(|now| query.sign(&signature, now));
        for (index, body) in bodies.iter().enumerate() {
            assert!(!bodies[..index].contains(body), "request {index} repeats an earlier pair");
        }
    }
}

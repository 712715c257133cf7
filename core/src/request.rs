//! What is asked and how it is written; no I/O.

use std::sync::Arc;

use bytes::Bytes;

use crate::credentials::check_id;
use crate::error::Result;
use crate::signature::{SIGNATURE_TEXT_BYTES, Signature};
use crate::timestamp::{TIMESTAMP_BYTES, print_ms};

/// A body around its texts.
const FRAME: &str =
    r#"{"partner_id":"","user_id":"","job_id":"","history":false,"image_links":false,"timestamp":"","signature":""}"#;

/// What a status query should return besides the result. Default: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatusOptions {
    /// The body's `history`.
    pub(crate) return_history: bool,
    /// The body's `image_links`.
    pub(crate) return_image_links: bool,
}

/// Checks both ids of a question.
pub(crate) fn check_ids(user_id: &str, job_id: &str) -> Result<()> {
    check_id("user_id", user_id)?;
    check_id("job_id", job_id)
}

/// Whom and what a question is about; shared with its answers.
pub(crate) struct Ids {
    pub(crate) user_id: String,
    pub(crate) job_id: String,
}

/// One question about one job.
#[derive(Clone)]
pub(crate) struct Query {
    pub(crate) ids: Arc<Ids>,
    pub(crate) options: StatusOptions,
    /// The last timestamp used, so that a later request of this query never repeats a signed pair.
    pub(crate) last_wall_ms: i64,
}

impl Query {
    pub(crate) fn new(ids: Ids, options: StatusOptions) -> Result<Self> {
        check_ids(&ids.user_id, &ids.job_id)?;
        Ok(Self::unchecked(ids, options))
    }

    /// For ids that were checked before.
    pub(crate) fn unchecked(ids: Ids, options: StatusOptions) -> Self {
        Self { ids: Arc::new(ids), options, last_wall_ms: i64::MIN }
    }

    /// The body of one HTTP request, signed for this moment.
    pub(crate) fn sign(&mut self, signature: &Signature, wall_ms: i64) -> Bytes {
        // A clock that was set back far is believed; one that has not moved on is not.
        let repeats = (self.last_wall_ms.saturating_sub(1000)..=self.last_wall_ms).contains(&wall_ms);
        let wall_ms = if repeats { self.last_wall_ms.saturating_add(1) } else { wall_ms };
        self.last_wall_ms = wall_ms;
        let (Ids { user_id, job_id }, StatusOptions { return_history, return_image_links }) =
            (&*self.ids, self.options);
        // Exactly as long as the body, unless JSON escapes something: `Bytes` then needs nothing of its own.
        let frame = FRAME.len() - usize::from(return_history) - usize::from(return_image_links);
        let ids = signature.partner_id().len() + user_id.len() + job_id.len();
        let mut body = Vec::with_capacity(frame + ids + TIMESTAMP_BYTES + SIGNATURE_TEXT_BYTES);
        for (key, text) in [
            (&br#"{"partner_id":"#[..], signature.partner_id()),
            (br#","user_id":"#, user_id),
            (br#","job_id":"#, job_id),
        ] {
            body.extend_from_slice(key);
            // Writing a text into memory does not fail.
            let _ = serde_json::to_writer(&mut body, text);
        }
        for (key, wanted) in [(&br#","history":"#[..], return_history), (br#","image_links":"#, return_image_links)] {
            body.extend_from_slice(key);
            body.extend_from_slice(if wanted { b"true" } else { b"false" });
        }
        // Neither text can hold a character that JSON escapes.
        body.extend_from_slice(br#","timestamp":""#);
        let timestamp_at = body.len();
        print_ms(wall_ms, &mut body);
        let signature = signature.sign_text(body.get(timestamp_at..).unwrap_or_default());
        body.extend_from_slice(br#"","signature":""#);
        body.extend_from_slice(&signature);
        body.extend_from_slice(br#""}"#);
        Bytes::from(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn ids(user_id: &str, job_id: &str) -> Ids {
        Ids { user_id: user_id.to_owned(), job_id: job_id.to_owned() }
    }

    #[test]
    fn the_body_is_json_with_the_seven_fields() {
        let signature = Signature::new("001", "apikey").unwrap();
        let options = StatusOptions { return_history: true, return_image_links: false };
        let mut query = Query::new(ids("us\"er", "jöb"), options).unwrap();
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
    fn options_are_the_switches_defaults() {
        let options = StatusOptions::default();
        assert_eq!(options.return_history, config::RETURN_HISTORY.default);
        assert_eq!(options.return_image_links, config::RETURN_IMAGE_LINKS.default);
    }

    #[test]
    fn two_requests_in_one_millisecond_differ() {
        let signature = Signature::new("001", "apikey").unwrap();
        let mut query = Query::new(ids("u", "j"), StatusOptions::default()).unwrap();
        let bodies = [7, 7, 7, 8, 8].map(|now| query.sign(&signature, now));
        for (index, body) in bodies.iter().enumerate() {
            assert!(!bodies[..index].contains(body), "request {index} repeats an earlier pair");
        }
    }
}

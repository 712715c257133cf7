//! The last answer of a waiting job, kept small.
//!
//! Answers about jobs that are not complete mostly differ in their signed pair only, and there may be thousands of
//! them: what one has in common with the one kept before is shared, and of a pair only the moment is kept, which can be
//! signed again. Every byte can be restored.

use std::ops::Range;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use crate::response::JobStatus;
use crate::signature::Signature;
use crate::timestamp::{format_ms, parse_ms};

/// A verified body.
pub(super) struct Kept {
    common: Arc<Common>,
    own: Own,
}

/// The values of `timestamp` and `signature`, in the body's order.
enum Own {
    /// Both follow from the moment, in milliseconds since 1970: a time in our own shape, and our own signature of it.
    Moment(i64),
    // Boxed twice, so that the other variant stays small.
    Texts(Box<Box<[u8]>>),
}

/// A body without the values of `timestamp` and `signature`.
#[derive(PartialEq, Eq)]
pub(super) struct Common {
    text: Box<[u8]>,
    /// Where in `text` each value was.
    cuts: [usize; 2],
    /// How much of the two values is the first one.
    first_len: usize,
}

impl Kept {
    /// Keeps a status' body. `last` is what the bodies kept before have in common.
    pub(super) fn new(status: &JobStatus, signature: &Signature, last: &mut Weak<Common>) -> Self {
        let body = status.raw();
        let [first, second] = status.signed_pair();
        let part = |range: Range<usize>| body.get(range).unwrap_or_default();
        let (before, between, after) = (0..first.start, first.end..second.start, second.end..body.len());
        let common = Common {
            cuts: [before.len(), before.len() + between.len()],
            text: [part(before), part(between), part(after)].concat().into(),
            first_len: first.len(),
        };
        let pair = [part(first), part(second)].concat();
        let moment = parse_ms(status.timestamp()).filter(|ms| pair == pair_of(*ms, signature, common.first_len));
        let own = moment.map_or_else(|| Own::Texts(Box::new(pair.into())), Own::Moment);
        let common = last.upgrade().filter(|last| **last == common).unwrap_or_else(|| Arc::new(common));
        *last = Arc::downgrade(&common);
        Self { common, own }
    }

    /// The body, byte for byte.
    pub(super) fn body(&self, signature: &Signature) -> Bytes {
        let Common { text, cuts: [first, second], first_len } = &*self.common;
        let text_len = text.len();
        let text = |range: Range<usize>| text.get(range).unwrap_or_default();
        let made;
        let own = match &self.own {
            Own::Moment(ms) => {
                made = pair_of(*ms, signature, *first_len);
                &*made
            }
            Own::Texts(texts) => texts,
        };
        let (timestamp, signature) = own.split_at_checked(*first_len).unwrap_or_default();
        let parts = [text(0..*first), timestamp, text(*first..*second), signature, text(*second..text_len)];
        Bytes::from(parts.concat())
    }
}

/// The two values as JSON, in the order that the first one's length tells.
fn pair_of(ms: i64, signature: &Signature, first_len: usize) -> Vec<u8> {
    let timestamp = format_ms(ms);
    let signature = signature.sign(&timestamp);
    let is_first = first_len == timestamp.len() + 2;
    let (first, second) = if is_first { (timestamp, signature) } else { (signature, timestamp) };
    format!("\"{first}\"\"{second}\"").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(body: &str) -> JobStatus {
        JobStatus::from_verified("u", "j", Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    fn signature() -> Signature {
        Signature::new("001", "apikey").unwrap()
    }

    #[test]
    fn every_byte_comes_back() {
        for body in [
            r#"{"timestamp":"2026-01-05T09:30:00.000Z","job_complete":false,"signature":"c2ln"}"#,
            r#" {"signature" : "c2ln" , "job_complete":false, "timestamp":1570612182124 } "#,
            r#"{"job_complete":false,"timestamp":"t"}"#,
            r#"{"signature":"","result":{"timestamp":"inner","signature":"inner"}}"#,
            "{}",
        ] {
            let kept = Kept::new(&status(body), &signature(), &mut Weak::new());
            assert!(matches!(kept.own, Own::Texts(_)));
            assert_eq!(kept.body(&signature()), body.as_bytes());
        }
    }

    #[test]
    fn of_a_pair_that_can_be_signed_again_the_moment_is_kept() {
        let pair = signature().generate_signature(Some("2026-01-05T09:30:00.000Z"));
        let (time, signed) = (&pair.timestamp, &pair.signature);
        let escaped = signed.replace('/', r"\/");
        let other = signature().generate_signature(Some("2026-01-05T09:30:00Z"));
        for (body, is_moment) in [
            (format!(r#"{{"timestamp":"{time}","job_complete":false,"signature":"{signed}"}}"#), true),
            (format!(r#"{{"signature" : "{signed}", "timestamp" : "{time}" }}"#), true),
            (format!(r#"{{"timestamp":"{}","signature":"{}"}}"#, other.timestamp, other.signature), false),
            (format!(r#"{{"timestamp":"{time}","signature":"{escaped}"}}"#), escaped == *signed),
            (format!(r#"{{"timestamp":"{time}","signature":"{}"}}"#, other.signature), false),
        ] {
            let kept = Kept::new(&status(&body), &signature(), &mut Weak::new());
            assert_eq!(matches!(kept.own, Own::Moment(_)), is_moment, "{body}");
            assert_eq!(kept.body(&signature()), body.as_bytes());
        }
    }

    #[test]
    fn what_bodies_have_in_common_is_shared() {
        let body = |pair, flag| format!(r#"{{"timestamp":"{pair}","job_complete":{flag},"signature":"{pair}"}}"#);
        let mut last = Weak::new();
        let bodies = [body("a", false), body("b", false), body("c", true), body("dd", true)];
        let kept: Vec<Kept> = bodies.iter().map(|body| Kept::new(&status(body), &signature(), &mut last)).collect();
        assert!(Arc::ptr_eq(&kept[0].common, &kept[1].common));
        assert!(!Arc::ptr_eq(&kept[1].common, &kept[2].common));
        assert!(!Arc::ptr_eq(&kept[2].common, &kept[3].common), "the first value is longer");
        for (kept, body) in kept.iter().zip(&bodies) {
            assert_eq!(kept.body(&signature()), body.as_bytes());
        }
        drop(kept);
        assert!(last.upgrade().is_none(), "nothing is held for bodies that are gone");
    }
}

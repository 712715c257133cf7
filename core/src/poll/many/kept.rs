//! The last answer of a waiting job, kept small.
//!
//! Answers about jobs that are not complete are alike but for their signed pair, and there may be thousands of them: what one
//! has in common with the one kept before it is shared. Every byte can be had again.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::response::JobStatus;

/// A verified body.
pub(super) struct Kept {
    common: Arc<Common>,
    /// The values of `timestamp` and `signature`, in the body's order.
    own: Box<[u8]>,
}

/// A body without the values of `timestamp` and `signature`.
#[derive(PartialEq, Eq)]
pub(super) struct Common {
    text: Box<[u8]>,
    /// Where in `text` each value was.
    cuts: [usize; 2],
    /// How much of `own` is the first value.
    first_len: usize,
}

impl Kept {
    /// Keeps a status' body. `last` is what the bodies kept before have in common.
    pub(super) fn new(status: &JobStatus, last: &mut Option<Arc<Common>>) -> Self {
        let body = status.raw();
        let [first, second] = status.signed_pair();
        let part = |range: Range<usize>| body.get(range).unwrap_or_default();
        let (before, between, after) = (0..first.start, first.end..second.start, second.end..body.len());
        let common = Common {
            cuts: [before.len(), before.len() + between.len()],
            text: [part(before), part(between), part(after)].concat().into(),
            first_len: first.len(),
        };
        let own = [part(first), part(second)].concat().into();
        let common = match last {
            Some(last) if **last == common => Arc::clone(last),
            _ => Arc::clone(last.insert(Arc::new(common))),
        };
        Self { common, own }
    }

    /// The body, byte for byte.
    pub(super) fn body(&self) -> Bytes {
        let Common { text, cuts: [first, second], first_len } = &*self.common;
        let text_len = text.len();
        let text = |range: Range<usize>| text.get(range).unwrap_or_default();
        let (timestamp, signature) = self.own.split_at_checked(*first_len).unwrap_or_default();
        let parts = [text(0..*first), timestamp, text(*first..*second), signature, text(*second..text_len)];
        Bytes::from(parts.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(body: &str) -> JobStatus {
        JobStatus::from_verified("u", "j", Bytes::copy_from_slice(body.as_bytes())).unwrap()
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
            let kept = Kept::new(&status(body), &mut None);
            assert_eq!(kept.body(), body.as_bytes());
        }
    }

    #[test]
    fn what_bodies_have_in_common_is_shared() {
        let body = |pair, flag| format!(r#"{{"timestamp":"{pair}","job_complete":{flag},"signature":"{pair}"}}"#);
        let mut last = None;
        let bodies = [body("a", false), body("b", false), body("c", true), body("dd", true)];
        let kept: Vec<Kept> = bodies.iter().map(|body| Kept::new(&status(body), &mut last)).collect();
        assert!(Arc::ptr_eq(&kept[0].common, &kept[1].common));
        assert!(!Arc::ptr_eq(&kept[1].common, &kept[2].common));
        assert!(!Arc::ptr_eq(&kept[2].common, &kept[3].common), "the first value is longer");
        for (kept, body) in kept.iter().zip(&bodies) {
            assert_eq!(kept.body(), body.as_bytes());
        }
    }
}

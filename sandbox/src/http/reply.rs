//! What is sent back, and how it breaks.

use std::time::Duration;

use serde_json::Value;

use crate::story::Stall;

/// An answer ready to be written.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) faults: Faults,
}

/// What goes wrong, or slowly, while an answer is written.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) delay: Duration,
    pub(crate) stall: Option<Stall>,
    pub(crate) truncate: bool,
    pub(crate) reset: bool,
    pub(crate) chunked: bool,
    pub(crate) gzip: bool,
    pub(crate) drip: Option<Duration>,
}

/// Text, a run of one byte that is never held in memory whole, and more text.
pub(crate) struct Body {
    pub(crate) head: Vec<u8>,
    pub(crate) filler: u64,
    pub(crate) byte: u8,
    pub(crate) tail: Vec<u8>,
}

impl Body {
    /// `head`, then `filler` letters, then `tail`.
    pub(crate) fn filled(head: String, filler: u64, tail: String) -> Self {
        Self { head: head.into(), filler, byte: b'x', tail: tail.into() }
    }

    /// `text`, then `filler` spaces.
    pub(crate) fn spaced(text: String, filler: u64) -> Self {
        Self { head: text.into(), filler, byte: b' ', tail: Vec::new() }
    }

    pub(crate) fn len(&self) -> u64 {
        self.head.len() as u64 + self.filler + self.tail.len() as u64
    }

    /// Copies what stands from `start` on into `out`.
    pub(crate) fn copy(&self, start: u64, out: &mut [u8]) {
        out.fill(self.byte);
        overlay(out, start, &self.head, 0);
        overlay(out, start, &self.tail, self.head.len() as u64 + self.filler);
    }
}

/// Writes the part of `text`, which stands at `at`, that falls into `out`, which stands at `start`.
fn overlay(out: &mut [u8], start: u64, text: &[u8], at: u64) {
    let distance = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let out = out.get_mut(distance(start, at)..).unwrap_or_default();
    let text = text.get(distance(at, start)..).unwrap_or_default();
    let length = out.len().min(text.len());
    out[..length].copy_from_slice(&text[..length]);
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<Vec<u8>> for Body {
    fn from(head: Vec<u8>) -> Self {
        Self { head, filler: 0, byte: b' ', tail: Vec::new() }
    }
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: Body) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body,
            faults: Faults::default(),
        }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", Body::from(value.to_string()))
    }

    /// Sets a header, in place of one of that name.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

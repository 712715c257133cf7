//! A body as it arrives, bounded; and its content encoding.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, DATE, HeaderMap, RETRY_AFTER};

use super::failure::{Failure, classify};
use super::{HttpResponse, too_large};
use crate::error::Result;

/// Bodies below this are copied out of the connection's read buffer, whose first size is 8 KiB: a short answer would
/// keep all of it for as long as somebody keeps the status.
const SHORT: usize = 8192;

/// No body is believed to be longer than this before it has arrived.
const MOST_DECLARED: usize = 1 << 20;

/// What has arrived of a body.
pub(super) struct Collected {
    first: Bytes,
    /// Once there is more than one part.
    all: BytesMut,
    declared: usize,
    most: usize,
}

impl Collected {
    pub(super) fn new(declared: usize, most: usize) -> Result<Self> {
        if declared > most {
            return Err(too_large());
        }
        Ok(Self { first: Bytes::new(), all: BytesMut::new(), declared: declared.min(MOST_DECLARED), most })
    }

    pub(super) fn add(&mut self, part: Bytes) -> Result<()> {
        let so_far = self.first.len().max(self.all.len());
        if part.len() > self.most - so_far {
            return Err(too_large());
        }
        // Kept where it is if it may be all there is. Copied at once if not: a connection whose read buffer is held
        // allocates another one to read on.
        if so_far == 0 && part.len() >= self.declared {
            self.first = part;
            return Ok(());
        }
        if self.all.is_empty() {
            self.all.reserve(self.declared.max(so_far + part.len()));
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&part);
        Ok(())
    }

    pub(super) fn finish(self) -> Bytes {
        match (self.all.is_empty(), self.first.len() < SHORT) {
            (false, _) => self.all.freeze(),
            (true, true) => Bytes::copy_from_slice(&self.first),
            (true, false) => self.first,
        }
    }
}

/// What is needed of an answer's head.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) date: Option<String>,
    pub(super) is_gzip: bool,
    has_other_encoding: bool,
}

impl Head {
    #[inline]
    pub(super) fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let encoding = headers.get(CONTENT_ENCODING).map(|encoding| encoding.as_bytes().trim_ascii());
        let is = |names: [&[u8]; 2]| {
            encoding.is_some_and(|encoding| names.iter().any(|name| encoding.eq_ignore_ascii_case(name)))
        };
        let is_gzip = is([b"gzip", b"x-gzip"]);
        Self {
            status: status.as_u16(),
            retry_after: text(RETRY_AFTER),
            // Only refusals may be due to a wrong clock.
            date: if status.as_u16() < 400 { None } else { text(DATE) },
            is_gzip,
            has_other_encoding: encoding.is_some() && !is_gzip && !is([b"identity", b""]),
        }
    }

    /// Whether it is the answer that was asked for, and no refusal.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn with(self, body: Bytes) -> HttpResponse {
        let Self { status, retry_after, date, has_other_encoding, .. } = self;
        HttpResponse { status, retry_after, date, body, has_other_encoding }
    }
}

/// Undoes gzip. What comes out is bounded too.
pub(super) fn decode(body: &Bytes, most: usize) -> Result<Bytes> {
    if body.is_empty() {
        return Ok(Bytes::new());
    }
    let mut decoded = Vec::with_capacity(body.len().saturating_mul(4).min(most));
    // One byte more shows that it is too much.
    let most_read = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    match MultiGzDecoder::new(&**body).take(most_read).read_to_end(&mut decoded) {
        Ok(_) if decoded.len() > most => Err(too_large()),
        Ok(_) => Ok(decoded.into()),
        Err(error) => Err(classify(&error, Failure::Decode)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::code::ErrorCode;

    fn collect(parts: &[&'static [u8]], declared: usize, most: usize) -> Result<Bytes> {
        let mut collected = Collected::new(declared, most)?;
        for part in parts {
            collected.add(Bytes::from_static(part))?;
        }
        Ok(collected.finish())
    }

    #[test]
    fn parts_are_joined_and_bounded() {
        assert_eq!(collect(&[], 0, 3).unwrap(), "");
        assert_eq!(collect(&[b"abc"], 3, 3).unwrap(), "abc");
        assert_eq!(collect(&[b"", b"a", b"", b"b", b"c"], 0, 3).unwrap(), "abc");
        for (parts, declared) in [(&[b"abcd".as_slice()][..], 0), (&[b"ab", b"cd"], 0), (&[], 4)] {
            assert_eq!(collect(parts, declared, 3).unwrap_err().code(), ErrorCode::ResponseTooLarge);
        }
    }

    #[test]
    fn a_short_body_does_not_keep_the_buffer_it_came_in() {
        let buffer = Bytes::from(vec![b'x'; 8192]);
        let mut collected = Collected::new(0, 8192).unwrap();
        collected.add(buffer.slice(..100)).unwrap();
        assert_ne!(collected.finish().as_ptr(), buffer.as_ptr());
    }

    #[test]
    fn the_buffer_is_held_only_by_a_body_that_is_whole() {
        let buffer = Bytes::from(vec![b'x'; 8192]);
        let mut collected = Collected::new(8192, 10_000).unwrap();
        collected.add(buffer.clone()).unwrap();
        assert_eq!(collected.finish().as_ptr(), buffer.as_ptr());
        let mut collected = Collected::new(8193, 10_000).unwrap();
        collected.add(buffer.clone()).unwrap();
        assert!(buffer.is_unique());
        collected.add(Bytes::from_static(b"y")).unwrap();
        assert!(collected.finish().ends_with(b"xy"));
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_undone_and_bounded() {
        let two_members = [gzip(b"ab"), gzip(b"c")].concat();
        assert_eq!(decode(&two_members.into(), 3).unwrap(), "abc");
        assert_eq!(decode(&Bytes::new(), 3).unwrap(), "");
        let bomb = gzip(&vec![0; 10_000_000]);
        assert_eq!(decode(&bomb.into(), 1000).unwrap_err().code(), ErrorCode::ResponseTooLarge);
        let mut cut = gzip(b"abc");
        cut.pop();
        for broken in [cut, [gzip(b"abc"), b"junk".to_vec()].concat(), b"{\"job_complete\":true}".to_vec()] {
            assert_eq!(decode(&broken.into(), 1000).unwrap_err().code(), ErrorCode::InvalidResponse);
        }
    }

    #[test]
    fn an_encoding_is_gzip_none_or_one_that_was_not_asked_for() {
        for (encoding, is_gzip, has_other_encoding) in [
            ("gzip", true, false),
            ("X-Gzip", true, false),
            ("gzip ", true, false),
            ("identity", false, false),
            ("", false, false),
            ("br", false, true),
            ("gzip, br", false, true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
            let head = Head::of(StatusCode::OK, &headers);
            assert_eq!((head.is_gzip, head.has_other_encoding), (is_gzip, has_other_encoding), "{encoding}");
        }
        let head = Head::of(StatusCode::OK, &HeaderMap::new());
        assert!(!head.is_gzip && !head.has_other_encoding);
    }
}

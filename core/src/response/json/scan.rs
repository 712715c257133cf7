//! One validating pass over JSON text: the grammar is exactly serde_json's, nothing is kept but the places of values.
//!
//! Each function takes the text from where it stands and gives what is left of it, or nothing where that is no JSON.

use std::borrow::Cow;
use std::ops::Range;

use super::lenient;

/// Deeper than this cannot be told: there is one bit for each open bracket.
const DEEPEST: usize = u128::BITS as usize;

/// Passes over an object, whose first byte is next. `each` is given the text from a key on and from behind it, and from
/// the value on; it gives what follows the value.
pub(in crate::response) fn members<'a>(
    rest: &'a [u8],
    mut each: impl FnMut([&'a [u8]; 2], &'a [u8]) -> Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    let [b'{', rest @ ..] = rest else { return None };
    let mut rest = trim(rest);
    if let [b'}', rest @ ..] = rest {
        return Some(rest);
    }
    loop {
        let [b'"', after @ ..] = rest else { return None };
        let after = string(after)?;
        let [b':', behind @ ..] = trim(after) else { return None };
        match trim(each([rest, after], trim(behind))?) {
            [b',', after @ ..] => rest = trim(after),
            [b'}', after @ ..] => return Some(after),
            _ => return None,
        }
    }
}

/// Passes over an array, whose first byte is next. `each` is given the text from an item on, and gives what follows it.
pub(in crate::response) fn items<'a>(
    rest: &'a [u8],
    mut each: impl FnMut(&'a [u8]) -> Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    let [b'[', rest @ ..] = rest else { return None };
    let mut rest = trim(rest);
    if let [b']', rest @ ..] = rest {
        return Some(rest);
    }
    loop {
        match trim(each(rest)?) {
            [b',', after @ ..] => rest = trim(after),
            [b']', after @ ..] => return Some(after),
            _ => return None,
        }
    }
}

/// A text that is scanned.
#[derive(Clone, Copy)]
pub(in crate::response) struct Scanned<'a>(pub(in crate::response) &'a str);

impl<'a> Scanned<'a> {
    /// Where that is which stands between two texts that each go on to the end of this one.
    pub(in crate::response) fn place(self, from: &[u8], after: &[u8]) -> Range<usize> {
        self.0.len() - from.len()..self.0.len() - after.len()
    }

    pub(in crate::response) fn between(self, from: &[u8], after: &[u8]) -> Option<&'a str> {
        self.0.get(self.place(from, after))
    }

    /// A key, as the object's reader is told it.
    pub(in crate::response) fn key(self, [from, after]: [&[u8]; 2]) -> Option<Cow<'a, str>> {
        self.between(from, after).map(lenient::key)
    }
}

/// Passes over white space.
#[inline(always)]
pub(in crate::response) fn trim(rest: &[u8]) -> &[u8] {
    // Compact JSON has none; nothing else in JSON is below a space.
    if rest.first().is_some_and(|byte| *byte <= b' ') { trim_some(rest) } else { rest }
}

#[inline(never)]
fn trim_some(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// Passes over a value, whose first byte is next, and in which brackets nest no deeper than `limit`.
pub(in crate::response) fn value(mut rest: &[u8], limit: usize) -> Option<&[u8]> {
    let limit = limit.min(DEEPEST);
    let mut depth = 0;
    // A bit for each open bracket, the innermost lowest: whether it is an object's.
    let mut objects: u128 = 0;
    let mut in_object = false;
    'value: loop {
        match trim(rest) {
            [b'"', after @ ..] => rest = string(after)?,
            [open @ (b'{' | b'['), after @ ..] => {
                if depth == limit {
                    return None;
                }
                depth += 1;
                in_object = *open == b'{';
                objects = objects << 1 | u128::from(in_object);
                rest = trim(after);
                if *rest.first()? != closing(in_object) {
                    if in_object {
                        rest = key(rest)?;
                    }
                    continue;
                }
            }
            scalar => rest = word_or_number(scalar)?,
        }
        // Behind a value.
        loop {
            if depth == 0 {
                return Some(rest);
            }
            if in_object {
                // Most of any answer: `,"key":"text"`, again and again.
                while let [b',', b'"', after @ ..] = rest {
                    rest = string(after)?;
                    let [b':', after @ ..] = trim(rest) else { return None };
                    let [b'"', after @ ..] = after else {
                        rest = after;
                        continue 'value;
                    };
                    rest = string(after)?;
                }
            }
            let (next, after) = trim(rest).split_first()?;
            rest = after;
            if *next == b',' {
                if in_object {
                    rest = key(trim(rest))?;
                }
                continue 'value;
            }
            if *next != closing(in_object) {
                return None;
            }
            depth -= 1;
            objects >>= 1;
            in_object = objects & 1 == 1;
        }
    }
}

fn closing(in_object: bool) -> u8 {
    if in_object { b'}' } else { b']' }
}

/// A key and its colon.
#[inline(always)]
fn key(rest: &[u8]) -> Option<&[u8]> {
    let [b'"', rest @ ..] = rest else { return None };
    let [b':', rest @ ..] = trim(string(rest)?) else { return None };
    Some(rest)
}

fn word_or_number(rest: &[u8]) -> Option<&[u8]> {
    match rest.first()? {
        b't' => rest.strip_prefix(b"true"),
        b'f' => rest.strip_prefix(b"false"),
        b'n' => rest.strip_prefix(b"null"),
        _ => number(rest),
    }
}

fn number(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = match rest.strip_prefix(b"-").unwrap_or(rest) {
        // A digit behind it is no part of it, nor of anything else.
        [b'0', after @ ..] => after,
        whole => digits(whole)?,
    };
    if let [b'.', after @ ..] = rest {
        rest = digits(after)?;
    }
    if let [b'e' | b'E', after @ ..] = rest {
        rest = digits(if let [b'+' | b'-', after @ ..] = after { after } else { after })?;
    }
    Some(rest)
}

/// One digit and all that follow it.
fn digits(rest: &[u8]) -> Option<&[u8]> {
    let [b'0'..=b'9', rest @ ..] = rest else { return None };
    let mut rest = rest;
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    Some(rest)
}

const EACH_BYTE: u64 = u64::MAX / 0xff;
const HIGH_BITS: u64 = EACH_BYTE * 0x80;

/// Whether a string's plain part ends with this byte: a quote, a backslash, a control character.
#[inline(always)]
fn ends_plain(byte: u8) -> bool {
    // With this bit turned the quote stands right behind the control characters, which stay among themselves.
    byte ^ TURNED < AFTER_QUOTE || byte == b'\\'
}

const TURNED: u8 = b'"' ^ b' ';
const AFTER_QUOTE: u8 = b' ' + 1;

/// Marks those in eight bytes. Only the first mark is sure, for a subtraction borrows from the bytes above.
#[inline(always)]
fn marks(word: u64) -> u64 {
    let in_each = |byte: u8| EACH_BYTE * u64::from(byte);
    let quote_or_control = (word ^ in_each(TURNED)).wrapping_sub(in_each(AFTER_QUOTE));
    let backslash = (word ^ in_each(b'\\')).wrapping_sub(EACH_BYTE);
    (quote_or_control | backslash) & !word & HIGH_BITS
}

/// Passes over what is plain in a string: what is left starts with a quote, a backslash or a control character, if
/// with anything.
#[inline(always)]
pub(in crate::response) fn plain(mut rest: &[u8]) -> &[u8] {
    // Most texts are shorter than what a search takes to get going, so eight bytes at a time it is; links are longer.
    let mut words = 0;
    while let Some((word, after)) = rest.split_first_chunk() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return rest.get(marks.trailing_zeros() as usize / 8..).unwrap_or_default();
        }
        rest = after;
        words += 1;
        if words == 4 {
            rest = long_plain(rest);
        }
    }
    last_plain(rest)
}

/// A block at a time, up to the one that something is in.
#[inline(never)]
fn long_plain(mut rest: &[u8]) -> &[u8] {
    // All of a block is looked at, without a branch: that is what the compiler can do to sixteen bytes at once.
    while let Some((block, after)) = rest.split_first_chunk::<64>()
        && !block.iter().fold(false, |any, byte| any | ends_plain(*byte))
    {
        rest = after;
    }
    rest
}

/// The same where the text has fewer than eight bytes left.
#[inline(never)]
fn last_plain(mut rest: &[u8]) -> &[u8] {
    while let [byte, after @ ..] = rest
        && !matches!(byte, b'"' | b'\\' | ..b' ')
    {
        rest = after;
    }
    rest
}

/// The rest of a string, behind its opening quote.
#[inline(always)]
fn string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match plain(rest) {
            [b'"', after @ ..] => return Some(after),
            special => rest = escape(special)?,
        }
    }
}

/// An escape; nothing for a control character. Lone surrogates are none of the grammar's business.
#[inline(never)]
fn escape(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after @ ..] => Some(after),
        [b'\\', b'u', a, b, c, d, after @ ..] => {
            [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()).then_some(after)
        }
        _ => None,
    }
}

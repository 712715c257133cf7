//! A form that is being read, out of a result that has it.

use std::fmt::Write as _;

use super::{Form, Step, scalar};
use crate::response::id_response;
use crate::response::js::sparse;
use crate::response::json::scan;

/// Objects with more keys, or longer ones, are not Smile ID's own.
pub(super) const MOST_KEYS: usize = 64;
pub(super) const LONGEST_KEY: usize = 48;
const DEEPEST: usize = 4;
/// What JavaScript finds in any object. A reader that sets one of these might set something else.
const INHERITED: [&[u8]; 12] = [
    b"__proto__",
    b"constructor",
    b"hasOwnProperty",
    b"isPrototypeOf",
    b"propertyIsEnumerable",
    b"toLocaleString",
    b"toString",
    b"valueOf",
    b"__defineGetter__",
    b"__defineSetter__",
    b"__lookupGetter__",
    b"__lookupSetter__",
];

/// A form that is being read out of a result.
pub(super) struct Draft<'a> {
    raw: &'a str,
    /// What was read last ends here.
    end: usize,
    between: Vec<u8>,
    steps: Vec<Step>,
    told: String,
    has_id: bool,
}

/// Whose keys are read.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Result,
    Params,
    Others,
}

impl<'a> Draft<'a> {
    /// Reads the form of a text that is valid; nothing where it has arrays, or keys that might not be what they seem.
    pub(super) fn read(raw: &'a str) -> Option<Form> {
        let mut draft =
            Self { raw, end: 0, between: Vec::new(), steps: Vec::new(), told: String::from('['), has_id: false };
        let rest = draft.object(raw.as_bytes(), Of::Result, DEEPEST)?;
        draft.keep(raw.len() - rest.len())?;
        let Self { between, steps, mut told, has_id, .. } = draft;
        write!(told, ",{},{}]", u8::from(has_id), steps.len()).ok()?;
        // An empty object is no result.
        (!steps.is_empty()).then(|| Form { number: 0, between: between.into(), steps, told })
    }

    fn object(&mut self, object: &'a [u8], of: Of, deeper: usize) -> Option<&'a [u8]> {
        let deeper = deeper.checked_sub(1)?;
        let mut keys = 0;
        scan::members(object, |key, rest| {
            let key = sparse::spelt(key)?;
            keys += 1;
            if keys > MOST_KEYS || key.len() > LONGEST_KEY || !key.is_ascii() || INHERITED.contains(&key) {
                return None;
            }
            let is_plain = match of {
                Of::Result => {
                    let of_id = id_response::plainness(key);
                    self.has_id |= of_id.is_some();
                    of_id.or_else(|| sparse::plainness(key))
                }
                Of::Params => sparse::params_plainness(key),
                Of::Others => None,
            };
            let after = if rest.starts_with(b"{") {
                let inner = if of == Of::Result && key == b"PartnerParams" { Of::Params } else { Of::Others };
                self.object(rest, inner, deeper)?
            } else {
                let after = scalar(rest)?;
                let before = self.keep(self.raw.len() - rest.len())?;
                write!(self.told, "{}", self.steps.len()).ok()?;
                self.steps.push(Step { before, is_plain });
                self.end = self.raw.len() - after.len();
                after
            };
            is_plain
                .is_none_or(|is_plain| is_plain(rest.get(..rest.len() - after.len()).unwrap_or_default()))
                .then_some(after)
        })
    }

    /// Keeps what stands between the value read last and here.
    fn keep(&mut self, here: usize) -> Option<usize> {
        let text = self.raw.get(self.end..here)?;
        self.between.extend_from_slice(text.as_bytes());
        self.told.push_str(text);
        Some(text.len())
    }
}

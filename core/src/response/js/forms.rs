//! Results for JavaScript, once more: most of a result's text is its keys, which are the same in one answer after another.
//!
//! A form is such a text without its values. The reader keeps an object of each form that it has met, and is sent the
//! values alone; what it makes of them is what it would read in [`sparse`]'s text. Where nothing of the kind was met
//! before, or a value needs to be explained, that text is sent.
//!
//! Keys may be an app's own, or name somebody: those that came once are not kept.

mod draft;

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};

use self::draft::Draft;
use super::sparse::{self, IsPlain};
use crate::response::json::scan;
use crate::response::view::Ascii;

/// How many forms are kept. Answers of one kind of job have one, or a few.
const MOST_FORMS: usize = 8;
/// A longer result, in bytes, is mostly values.
const LONGEST: usize = 8192;
/// Where hashes of what was seen stand.
const PLACES: u64 = 64;
/// What looking for a form costs, in results, and what one that is kept does; how many can be saved up. Where keys are new
/// in every answer, few of them are looked at.
const LOOK: u32 = 32;
const PRICE: u32 = 64;
const MOST_CREDIT: u32 = MOST_FORMS as u32 * PRICE;

/// The longest text that V8 copies out of another. A longer one is a window on the other: an app that keeps it would keep
/// all of a person's data in memory.
const LONGEST_COPIED: usize = 12;
/// Stands before a text that can be copied, if that is empty; letters behind this one stand before longer ones, and one
/// more in place of each other value.
const EMPTY: u8 = b'A';
const OTHER: u8 = EMPTY + LONGEST_COPIED as u8 + 1;

/// Forms of one thread, of which every reader there is told those that it is sent.
#[doc(hidden)]
pub struct Forms {
    /// Each that is met moves up by one place, and the last one makes room for a new one.
    known: Vec<Form>,
    /// What stood in each place last, by its hash: only what comes again is kept.
    seen: [u64; PLACES as usize],
    credit: u32,
}

struct Form {
    /// Its own in the process.
    number: i64,
    /// What stands between the values, in one piece.
    between: Box<[u8]>,
    steps: Vec<Step>,
    /// Its JSON text: in place of each value its number.
    told: String,
}

/// A value and what stands before it.
struct Step {
    before: usize,
    /// Where a typed field is read from it.
    is_plain: Option<IsPlain>,
}

/// A result's values: JSON text that is open at its end.
struct Values {
    /// The form's number, and one text of all short ones.
    text: Vec<u8>,
    /// What is not short, or no text, each with a comma before it.
    others: Vec<u8>,
    is_ascii: bool,
}

impl Default for Forms {
    fn default() -> Self {
        Self { known: Vec::new(), seen: [0; PLACES as usize], credit: MOST_CREDIT }
    }
}

impl Forms {
    /// A form, as JSON text: an object with numbers for values, from 0; 0 or 1 for whether any of them belongs to an
    /// `idResponse`; how many there are.
    #[must_use]
    pub fn told(&self, number: i64) -> Option<&str> {
        self.known.iter().find(|form| form.number == number).map(|form| &*form.told)
    }

    /// One result, as a JSON array: its form's number, a text of its short values and each other value; or what
    /// [`sparse::result`] tells, which starts with no number.
    pub(in crate::response) fn result(&mut self, raw: &str) -> String {
        if !raw.starts_with('{') || raw.len() > LONGEST {
            return sparse::result(raw);
        }
        self.credit = MOST_CREDIT.min(self.credit + 1);
        self.values(raw).unwrap_or_else(|| {
            self.learn(raw);
            sparse::result(raw)
        })
    }

    fn values(&mut self, raw: &str) -> Option<String> {
        if self.known.is_empty() {
            return None;
        }
        let mut values = Values::with_room(raw);
        let found = self.known.iter().position(|form| form.values(raw, &mut values).is_some())?;
        if let Some(before) = found.checked_sub(1) {
            self.known.swap(before, found);
        }
        values.close()
    }

    fn learn(&mut self, raw: &str) {
        static NUMBERS: AtomicI64 = AtomicI64::new(0);
        if self.credit < PRICE {
            return;
        }
        self.credit -= LOOK;
        let Some(mut form) = Draft::read(raw) else { return };
        // One that is known has a value that must be explained.
        if self.known.iter().any(|known| known.told == form.told) || !self.was_seen(&form) {
            return;
        }
        self.credit -= PRICE - LOOK;
        form.number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        self.known.truncate(MOST_FORMS - 1);
        self.known.push(form);
    }

    fn was_seen(&mut self, form: &Form) -> bool {
        let mut hasher = DefaultHasher::new();
        hasher.write(form.told.as_bytes());
        let hash = hasher.finish();
        let place = self.seen.get_mut((hash % PLACES) as usize);
        place.is_some_and(|seen| std::mem::replace(seen, hash) == hash)
    }
}

impl Form {
    /// Takes the values of a text of this form; nothing where it is another, or a value must be explained.
    fn values(&self, raw: &str, values: &mut Values) -> Option<()> {
        values.start(self.number);
        let (mut between, mut rest) = (&*self.between, raw.as_bytes());
        for Step { before, is_plain } in &self.steps {
            let (before, others) = between.split_at_checked(*before)?;
            between = others;
            rest = rest.strip_prefix(before)?;
            let from = rest;
            rest = values.push(from)?;
            if is_plain.is_some_and(|is_plain| !from.get(..from.len() - rest.len()).is_some_and(is_plain)) {
                return None;
            }
        }
        (rest == between).then_some(())
    }
}

impl Values {
    fn with_room(raw: &str) -> Self {
        let [text, others] = [raw.len() + 64, raw.len()].map(Vec::with_capacity);
        Self { text, others, is_ascii: raw.is_ascii() }
    }

    fn start(&mut self, number: i64) {
        self.text.clear();
        self.others.clear();
        // Writing to memory works.
        let _ = write!(self.text, "[{number},\"");
    }

    fn close(mut self) -> Option<String> {
        self.text.push(b'"');
        self.text.append(&mut self.others);
        self.text.push(b']');
        String::from_utf8(self.text).ok()
    }

    /// Adds the value that is next, and passes over it; nothing where it is an object or an array, or not the same in
    /// JavaScript.
    #[inline(always)]
    fn push<'a>(&mut self, from: &'a [u8]) -> Option<&'a [u8]> {
        if let [b'"', inner @ ..] = from
            && let end @ [b'"', after @ ..] = scan::plain(inner)
            && let Some(plain) = inner.get(..inner.len() - end.len())
            && (self.is_ascii || plain.is_ascii())
        {
            if plain.len() <= LONGEST_COPIED {
                self.text.push(EMPTY + plain.len() as u8);
                self.text.extend_from_slice(plain);
            } else {
                self.text.push(OTHER);
                self.others.extend_from_slice(b",\"");
                self.others.extend_from_slice(plain);
                self.others.push(b'"');
            }
            return Some(after);
        }
        self.push_other(from)
    }

    /// The same of what is rarer.
    #[inline(never)]
    fn push_other<'a>(&mut self, from: &'a [u8]) -> Option<&'a [u8]> {
        let after = scalar(from)?;
        let value = from.get(..from.len() - after.len())?;
        self.text.push(OTHER);
        self.others.push(b',');
        Ascii::push(str::from_utf8(value).ok()?, &mut self.others);
        Some(after)
    }
}

/// Passes over a value, under the same conditions.
fn scalar(rest: &[u8]) -> Option<&[u8]> {
    if matches!(rest, [b'{' | b'[', ..]) { None } else { sparse::value(rest) }
}

#[cfg(test)]
mod tests {
    use super::draft::{LONGEST_KEY, MOST_KEYS};
    use super::*;
    use serde_json::{Value, json};

    fn is_in_parts(text: &str) -> bool {
        text.as_bytes()[1].is_ascii_digit()
    }

    /// What the reader makes of a text: fields, 0 or 1, what must be explained.
    fn read(forms: &Forms, text: &str) -> Value {
        assert!(text.is_ascii());
        let told: Value = serde_json::from_str(text).unwrap();
        if !is_in_parts(text) {
            return told;
        }
        let (mut rest, mut others) = (told[1].as_str().unwrap(), told.as_array().unwrap()[2..].iter());
        let mut values = Vec::new();
        while let Some(kind) = rest.bytes().next() {
            let length = if kind == OTHER { 0 } else { usize::from(kind - EMPTY) };
            let (value, after) = rest[1..].split_at(length);
            assert!(length <= 12);
            rest = after;
            values.push(if kind == OTHER { others.next().unwrap().clone() } else { json!(value) });
        }
        assert_eq!(others.next(), None);
        let form: Value = serde_json::from_str(forms.told(told[0].as_i64().unwrap()).unwrap()).unwrap();
        assert_eq!(form[2], values.len());
        let mut fields = form[0].clone();
        fill(&mut fields, &values);
        json!([fields, form[1], null])
    }

    fn fill(fields: &mut Value, values: &[Value]) {
        for value in fields.as_object_mut().unwrap().values_mut() {
            match value.as_u64() {
                Some(at) => *value = values[usize::try_from(at).unwrap()].clone(),
                None => fill(value, values),
            }
        }
    }

    /// Whether a third text was sent in parts; either way it says the same as its JSON text.
    fn follows(first: &str, third: &str) -> bool {
        let mut forms = Forms::default();
        for _ in 0..2 {
            assert_eq!(forms.result(first), sparse::result(first));
        }
        let text = forms.result(third);
        assert_eq!(read(&forms, &text), serde_json::from_str::<Value>(&sparse::result(third)).unwrap(), "{third}");
        is_in_parts(&text)
    }

    #[test]
    fn values_of_a_known_form_are_sent_alone() {
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(3000));
        for (first, second) in [
            (r#"{"ResultCode":"0810","Country":"NG"}"#, r#"{"ResultCode":"","Country":null}"#),
            (r#"{"a":"b","c":1}"#, r#"{"a":true,"c":"\u00e9\n"}"#),
            (r#"{ "a" : "b" , "c" : {} , "d" : { "e" : 1 } }"#, r#"{ "a" : false , "c" : {} , "d" : { "e" : -2.5 } }"#),
            (r#"{"FullName":"a","IsAlive":true}"#, r#"{"FullName":"Ọmọ 😀","IsAlive":"false"}"#),
            (
                r#"{"PartnerParams":{"job_type":"1","x":"y"},"Actions":{"a":"b"}}"#,
                r#"{"PartnerParams":{"job_type":6,"x":"z"},"Actions":{"a":"c"}}"#,
            ),
            (r#"{"a":"b","a":"c"}"#, r#"{"a":"d","a":"e"}"#),
            (r#"{"a":"b"}"#, &long),
        ] {
            assert!(follows(first, second), "{second}");
        }
    }

    #[test]
    fn what_is_another_or_must_be_explained_is_not() {
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST));
        for (first, second) in [
            (r#"{"a":"b"}"#, r#"{"b":"b"}"#),
            (r#"{"a":"b"}"#, r#"{"a":"b","c":"d"}"#),
            (r#"{"a":"b","c":"d"}"#, r#"{"a":"b"}"#),
            (r#"{"a":"b"}"#, r#"{"a": "b"}"#),
            (r#"{"a":"b"}"#, r#"{"a":["b"]}"#),
            (r#"{"a":"b"}"#, r#"{"a":{"b":"c"}}"#),
            (r#"{"a":"b"}"#, r#"{"a":"\ud800"}"#),
            (r#"{"a":1}"#, r#"{"a":12345678901234567890}"#),
            (r#"{"a":1}"#, r#"{"a":1e400}"#),
            (r#"{"a":"b"}"#, &long),
            (r#"{"ResultCode":"0810"}"#, r#"{"ResultCode":810}"#),
            (r#"{"IsFinalResult":"true"}"#, r#"{"IsFinalResult":"TRUE"}"#),
            (r#"{"ConfidenceValue":"99"}"#, r#"{"ConfidenceValue":"."}"#),
            (r#"{"Actions":null}"#, r#"{"Actions":"a"}"#),
            (r#"{"PartnerParams":{"job_type":"1"}}"#, r#"{"PartnerParams":{"job_type":"1.5"}}"#),
            (r#"{"PartnerParams":{"user_id":"1"}}"#, r#"{"PartnerParams":{"user_id":1}}"#),
            (r#"{"Country":"NG"}"#, r#"{"Country":7}"#),
        ] {
            assert!(!follows(first, second), "{second}");
        }
        // Of no form.
        for raw in [
            "{}",
            "{ }",
            "null",
            "\"text\"",
            "[]",
            r#"{"a":[]}"#,
            r#"{"__proto__":"a"}"#,
            r#"{"Actions":{"valueOf":"a"}}"#,
            &format!(r#"{{"{}":"a"}}"#, "k".repeat(LONGEST_KEY + 1)),
            &format!(r#"{{{}"k":1}}"#, r#""k":1,"#.repeat(MOST_KEYS)),
            r#"{"\u0061":"b"}"#,
            r#"{"é":"a"}"#,
            r#"{"OtherNames":"a"}"#,
            r#"{"Antifraud":{"a":"b"}}"#,
            r#"{"a":{"b":{"c":{"d":{"e":1}}}}}"#,
        ] {
            assert!(!follows(raw, raw), "{raw}");
        }
    }

    fn is_known(forms: &mut Forms, n: u32) -> bool {
        is_in_parts(&forms.result(&format!(r#"{{"{n}":"a"}}"#)))
    }

    #[test]
    fn what_comes_once_is_not_kept() {
        let mut forms = Forms::default();
        for n in 0..6400 {
            assert!(!is_known(&mut forms, n));
        }
        assert!(forms.known.is_empty());
    }

    #[test]
    fn few_forms_are_kept_where_all_differ() {
        let mut forms = Forms::default();
        let mut kept = 0;
        for n in 0..6400 {
            assert!(!is_known(&mut forms, n) && !is_known(&mut forms, n) && forms.known.len() <= MOST_FORMS);
            kept += u32::from(is_known(&mut forms, n));
        }
        assert!((1..100).contains(&kept), "{kept}");
        assert!((0..4 * LOOK).any(|_| is_known(&mut forms, 0)));
    }

    #[test]
    fn what_cannot_be_kept_costs_little() {
        let mut forms = Forms::default();
        for _ in 0..6400 {
            forms.result(r#"{"a":[]}"#);
            forms.result("[]");
        }
        assert!(forms.credit >= PRICE - LOOK, "{}", forms.credit);
        assert!((0..4 * LOOK).any(|_| is_known(&mut forms, 0)));
    }

    #[test]
    fn what_is_met_most_stays() {
        let mut forms = Forms::default();
        is_known(&mut forms, 0);
        is_known(&mut forms, 0);
        for n in 1..2000 {
            assert!(!is_known(&mut forms, n) && !is_known(&mut forms, n) && is_known(&mut forms, 0));
        }
    }
}

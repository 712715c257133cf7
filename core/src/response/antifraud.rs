//! `Antifraud`, in either of its two shapes.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use super::json::{Json, Object};
use super::typed_fields::parts;

/// What Smile Secure found: users who look like the same person.
///
/// One view of both shapes that servers send: `summary` with `smile_secure` (newer), and `SuspectUsers` alone (older).
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Antifraud {
    /// Whether fraud was detected (`summary.fraud_detected`).
    pub fraud_detected: Option<bool>,
    /// Which checks detected it (`summary.fraud_sources`).
    pub fraud_sources: Vec<String>,
    /// Smile Secure's code (`smile_secure.ResultCode`), such as `5211`.
    pub result_code: Option<String>,
    /// Smile Secure's words (`smile_secure.ResultText`).
    pub result_text: Option<String>,
    /// The users found.
    pub suspect_users: Vec<SuspectUser>,
}

/// A user whom Smile Secure suspects.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SuspectUser {
    /// The app's id of that user.
    pub user_id: Option<String>,
    /// Why, such as `same-person`.
    pub reasons: Vec<String>,
}

parts! { Parts<'a> of Antifraud {
    fraud_detected: Option<bool>,
    fraud_sources: Vec<&'a str>,
    result_code: Option<&'a str>,
    result_text: Option<&'a str>,
    suspect_users: Vec<SuspectParts<'a>>,
} }

parts! { SuspectParts<'a> of SuspectUser {
    user_id: Option<&'a str>,
    reasons: Vec<&'a str>,
} }

impl<'a> Parts<'a> {
    pub(super) fn of(object: &'a Object<'a>) -> Self {
        let mut antifraud = Self::default();
        for (key, value) in object.entries() {
            match key {
                "summary" => antifraud.take_summary(value),
                "smile_secure" => antifraud.take_smile_secure(value),
                "SuspectUsers" => antifraud.take_suspects(value),
                _ => {}
            }
        }
        antifraud
    }

    fn take_summary(&mut self, summary: &'a Json<'a>) {
        for (key, value) in summary.object().into_iter().flat_map(Object::entries) {
            match key {
                "fraud_detected" => self.fraud_detected = value.boolean(),
                "fraud_sources" => self.fraud_sources = value.texts(),
                _ => {}
            }
        }
    }

    fn take_smile_secure(&mut self, smile_secure: &'a Json<'a>) {
        for (key, value) in smile_secure.object().into_iter().flat_map(Object::entries) {
            match key {
                "ResultCode" => self.result_code = value.text(),
                "ResultText" => self.result_text = value.text(),
                "SuspectUsers" => self.take_suspects(value),
                _ => {}
            }
        }
    }

    /// They stand in either of two places, or in both: who stands in both was found once.
    fn take_suspects(&mut self, list: &'a Json<'a>) {
        let found = list.items().iter().filter_map(Json::object).map(SuspectParts::of);
        append_new(&mut self.suspect_users, found, |suspect| (suspect.user_id, suspect.reasons.clone()));
    }
}

impl<'a> SuspectParts<'a> {
    fn of(object: &'a Object<'a>) -> Self {
        let mut user = Self::default();
        for (key, value) in object.entries() {
            match key {
                "user_id" => user.user_id = value.text(),
                "reason" | "reasons" => user.take_reasons(value),
                _ => {}
            }
        }
        user
    }

    /// A text or several, under either key.
    fn take_reasons(&mut self, value: &'a Json<'a>) {
        append_new(&mut self.reasons, value.text().into_iter().chain(value.texts()), |reason| *reason);
    }
}

/// Appends what a list does not have yet, told apart by a key. A set keeps long lists linear.
fn append_new<T, K: Hash + Eq>(list: &mut Vec<T>, more: impl Iterator<Item = T>, key: impl Fn(&T) -> K) {
    if list.is_empty() {
        list.extend(more);
    } else {
        let known: HashSet<K> = list.iter().map(&key).collect();
        list.extend(more.filter(|item| !known.contains(&key(item))));
    }
}

impl fmt::Debug for Antifraud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Antifraud")
            .field("fraud_detected", &self.fraud_detected)
            .field("result_code", &self.result_code)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SuspectUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuspectUser").field("reasons", &self.reasons).finish_non_exhaustive()
    }
}

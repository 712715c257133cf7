//! `Antifraud`, in either of its two shapes.

use std::fmt;

use serde::Serializer;

use super::view::view;
use super::{Naming, View, lenient};

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

impl Antifraud {
    pub(super) fn read(raw: &str) -> Option<Self> {
        if !raw.starts_with('{') {
            return None;
        }
        let mut antifraud = Self::default();
        for (key, value) in lenient::entries(raw) {
            match key.as_ref() {
                "summary" => {
                    for (key, value) in lenient::entries(value) {
                        match key.as_ref() {
                            "fraud_detected" => antifraud.fraud_detected = lenient::boolean(value),
                            "fraud_sources" => antifraud.fraud_sources = lenient::texts(value),
                            _ => {}
                        }
                    }
                }
                "smile_secure" => {
                    for (key, value) in lenient::entries(value) {
                        match key.as_ref() {
                            "ResultCode" => antifraud.result_code = lenient::text(value),
                            "ResultText" => antifraud.result_text = lenient::text(value),
                            "SuspectUsers" => antifraud.suspect_users = suspects(value),
                            _ => {}
                        }
                    }
                }
                "SuspectUsers" => antifraud.suspect_users = suspects(value),
                _ => {}
            }
        }
        Some(antifraud)
    }
}

impl View for Antifraud {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        view!(Antifraud as naming into serializer {
            fraud_detected: self.fraud_detected,
            fraud_sources: self.fraud_sources,
            result_code: self.result_code,
            result_text: self.result_text,
            suspect_users: self.suspect_users,
        })
    }
}

impl View for SuspectUser {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        view!(SuspectUser as naming into serializer { user_id: self.user_id, reasons: self.reasons })
    }
}

fn suspects(raw: &str) -> Vec<SuspectUser> {
    lenient::items(raw)
        .into_iter()
        .filter(|raw| raw.starts_with('{'))
        .map(|raw| {
            let mut user = SuspectUser::default();
            for (key, value) in lenient::entries(raw) {
                match key.as_ref() {
                    "user_id" => user.user_id = lenient::text(value),
                    "reasons" => user.reasons = lenient::texts(value),
                    "reason" => user.reasons = lenient::text(value).into_iter().collect(),
                    _ => {}
                }
            }
            user
        })
        .collect()
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

//! The person's data in a result.

use std::fmt;

use serde_json::{Map, Value};

use super::js::sparse::{self, IsPlain};
use super::json::Json;
use super::typed_fields::{Open, parts};

macro_rules! id_texts {
    ($($(#[doc = $doc:literal])+ $name:ident: $key:literal $(| $alias:literal)*;)+) => {
        /// What an id authority or a document says about the person: Enhanced KYC, KYC with SmartSelfie, and documents.
        ///
        /// Texts stand as received, including `Not Available` and the like. Which fields are there depends on the
        /// authority; all others are in [`JobResult::fields`](super::JobResult::fields). `Debug` shows no data.
        #[derive(Clone, PartialEq, Default)]
        #[non_exhaustive]
        pub struct IdResponse {
            $($(#[doc = $doc])+ pub $name: Option<String>,)+
            /// Whether the person is alive (`IsAlive`).
            pub is_alive: Option<bool>,
            /// Whether the id number was registered before (`IDNumberPreviouslyRegistered`).
            pub id_number_previously_registered: Option<bool>,
            /// Who registered it (`UserIDsOfPreviousRegistrants`).
            pub user_ids_of_previous_registrants: Vec<String>,
            /// The authority's own record (`FullData`); its values are not only texts.
            pub full_data: Option<Map<String, Value>>,
        }

        parts! { Parts<'a> of IdResponse {
            $($name: Option<&'a str>,)+
            is_alive: Option<bool>,
            id_number_previously_registered: Option<bool>,
            user_ids_of_previous_registrants: Vec<&'a str>,
            full_data: Option<Open<'a>>,
        } }

        impl<'a> Parts<'a> {
            /// Takes an entry of a result; false where it is not of the person's data.
            pub(super) fn take(&mut self, key: &str, value: &'a Json<'a>) -> bool {
                match key {
                    $($key => take_first(&mut self.$name, value.text()),)+
                    $($($alias => take_second(&mut self.$name, value.text()),)*)+
                    "IsAlive" => self.is_alive = value.boolean(),
                    "IDNumberPreviouslyRegistered" => self.id_number_previously_registered = value.boolean(),
                    "UserIDsOfPreviousRegistrants" => self.user_ids_of_previous_registrants = value.texts(),
                    "FullData" => self.full_data = value.object().map(Open::all),
                    _ => return false,
                }
                true
            }
        }

        /// How to tell whether an entry's text says to JavaScript what is taken of it (see [`sparse`]); nothing where it is not
        /// of the person's data.
        pub(super) fn plainness(key: &[u8]) -> Option<IsPlain> {
            const KEYS: &[&str] = &[$($key),+];
            const ALIASES: &[&str] = &[$($($alias,)*)+];
            let is_one_of = |keys: &[&str]| keys.iter().any(|name| name.as_bytes() == key);
            match key {
                b"IsAlive" | b"IDNumberPreviouslyRegistered" => Some(sparse::is_flag),
                b"UserIDsOfPreviousRegistrants" => Some(|value| matches!(value, b"null" | b"[]")),
                b"FullData" => Some(sparse::is_object),
                _ if is_one_of(KEYS) => Some(sparse::is_text),
                // Which of two keys counts is up to what they say.
                _ => is_one_of(ALIASES).then_some(|_| false),
            }
        }
    };
}

/// Takes the usual key's text. It counts, unless it says nothing and its twin's does.
fn take_first<'a>(field: &mut Option<&'a str>, text: Option<&'a str>) {
    if text.is_some() && (field.is_none_or(says_nothing) || !text.is_some_and(says_nothing)) {
        *field = text;
    }
}

/// Takes the text of the key's second spelling, where the first one does not count: not by which of them came first.
fn take_second<'a>(field: &mut Option<&'a str>, text: Option<&'a str>) {
    if field.is_none() || (field.is_some_and(says_nothing) && !text.is_none_or(says_nothing)) {
        *field = text;
    }
}

/// What stands in texts that there is nothing for.
pub(crate) fn says_nothing(text: &str) -> bool {
    matches!(text, "" | "N/A" | "Not Applicable" | "Not Available" | "NaN-NaN-NaN")
}

id_texts! {
    /// The issuing country (`Country`), as a code or a name.
    country: "Country";
    /// The kind of id (`IDType`), such as `BVN`.
    id_type: "IDType";
    /// The id's number (`IDNumber`).
    id_number: "IDNumber";
    /// A document's second number (`SecondaryIDNumber`, also `Secondary_ID_Number`).
    secondary_id_number: "SecondaryIDNumber" | "Secondary_ID_Number";
    /// When the id ends (`ExpirationDate`).
    expiration_date: "ExpirationDate";
    /// When the id was issued (`IssuanceDate`).
    issuance_date: "IssuanceDate";
    /// The whole name (`FullName`).
    full_name: "FullName";
    /// The first name (`FirstName`).
    first_name: "FirstName";
    /// The family name (`LastName`).
    last_name: "LastName";
    /// Further names (`OtherName`, also `OtherNames`).
    other_name: "OtherName" | "OtherNames";
    /// The date of birth (`DOB`).
    dob: "DOB";
    /// The gender (`Gender`).
    gender: "Gender";
    /// The address (`Address`).
    address: "Address";
    /// The phone number (`PhoneNumber`).
    phone_number: "PhoneNumber";
    /// The second phone number (`PhoneNumber2`).
    phone_number2: "PhoneNumber2";
    /// The e-mail address (`Email`).
    email: "Email";
    /// The nationality (`Nationality`).
    nationality: "Nationality";
    /// The authority's photo (`Photo`) in base64.
    photo: "Photo";
    /// The document's picture (`Document`) in base64.
    document: "Document";
}

impl fmt::Debug for IdResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdResponse").finish_non_exhaustive()
    }
}

//! `result` and the entries of `history`.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::js::sparse::Doubts;
use super::json::{Json, Object};
use super::typed_fields::{Open, Own, parts};
use super::{Antifraud, IdResponse, Naming, View, antifraud, id_response, view};

/// One result of a job: the verdict of a product. Every field is optional, because products differ.
///
/// Field names and types: the official server SDKs' models and Smile ID's result pages. `Debug` shows codes and flags
/// only.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct JobResult {
    /// Smile ID's own id of the job (`SmileJobID`).
    pub smile_job_id: Option<String>,
    /// The verdict's code (`ResultCode`), such as `0810`; what it means depends on the product.
    pub result_code: Option<String>,
    /// The verdict in words (`ResultText`). Not stable: decide by the code.
    pub result_text: Option<String>,
    /// Who decided (`ResultType`): `SAIA` for a machine, `DIVA` for human review, or a product's name.
    pub result_type: Option<String>,
    /// Whether no later result will follow (`IsFinalResult`).
    pub is_final_result: Option<bool>,
    /// Whether a machine decided (`IsMachineResult`).
    pub is_machine_result: Option<bool>,
    /// How alike the faces are, in percent (`ConfidenceValue`).
    pub confidence_value: Option<f64>,
    /// Where the job came from (`Source`), such as `WebAPI`.
    pub source: Option<String>,
    /// The version of this format (`JSONVersion`).
    pub json_version: Option<String>,
    /// What was done and how it went (`Actions`); an open list.
    pub actions: Map<String, Value>,
    /// What the app sent along (`PartnerParams`).
    pub partner_params: Option<PartnerParams>,
    /// What Smile Secure found (`Antifraud`).
    pub antifraud: Option<Antifraud>,
    /// The person's data from the id authority or document, if the product returns any.
    pub id_response: Option<IdResponse>,
    /// The result's own signed text, beside the envelope's.
    pub timestamp: Option<String>,
    /// The result's own signature. As secret as the key while it is fresh.
    pub signature: Option<String>,
    /// Every key as received.
    pub fields: Map<String, Value>,
}

/// What the app sent along with the job, and got back.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct PartnerParams {
    /// The app's id of the user.
    pub user_id: Option<String>,
    /// The app's id of the job.
    pub job_id: Option<String>,
    /// The product as a number: 1 Biometric KYC, 5 Basic and Enhanced KYC, 6 Document Verification and so on.
    pub job_type: Option<i64>,
    /// The app's own keys.
    pub extras: Map<String, Value>,
}

parts! { Parts<'a> of JobResult {
    smile_job_id: Option<&'a str>,
    result_code: Option<&'a str>,
    result_text: Option<&'a str>,
    result_type: Option<&'a str>,
    is_final_result: Option<bool>,
    is_machine_result: Option<bool>,
    confidence_value: Option<f64>,
    source: Option<&'a str>,
    json_version: Option<&'a str>,
    actions: Open<'a>,
    partner_params: Option<ParamsParts<'a>>,
    antifraud: Option<antifraud::Parts<'a>>,
    id_response: Option<id_response::Parts<'a>>,
    timestamp: Option<&'a str>,
    signature: Option<&'a str>,
    fields: Open<'a>,
} }

parts! { ParamsParts<'a> of PartnerParams {
    user_id: Option<&'a str>,
    job_id: Option<&'a str>,
    job_type: Option<i64>,
    extras: Open<'a>,
} }

impl<'a> Parts<'a> {
    pub(super) fn of(object: &'a Object<'a>) -> Self {
        let mut result = Self { fields: Open::all(object), ..Self::default() };
        let mut id = id_response::Parts::default();
        let mut has_id = false;
        for (key, value) in object.entries() {
            match key {
                "SmileJobID" => result.smile_job_id = value.text(),
                "ResultCode" => result.result_code = value.text(),
                "ResultText" => result.result_text = value.text(),
                "ResultType" => result.result_type = value.text(),
                "IsFinalResult" => result.is_final_result = value.boolean(),
                "IsMachineResult" => result.is_machine_result = value.boolean(),
                "ConfidenceValue" => result.confidence_value = value.number(),
                "Source" => result.source = value.text(),
                "JSONVersion" => result.json_version = value.text(),
                "Actions" => result.actions = Open::actions(value),
                "PartnerParams" => result.partner_params = value.object().map(ParamsParts::of),
                "Antifraud" => result.antifraud = value.object().map(antifraud::Parts::of),
                "timestamp" => result.timestamp = value.text(),
                "signature" => result.signature = value.text(),
                key => has_id |= id.take(key, value),
            }
        }
        result.id_response = has_id.then_some(id);
        result
    }
}

impl<'a> ParamsParts<'a> {
    fn of(object: &'a Object<'a>) -> Self {
        let extras = Open::rest(object, &["user_id", "job_id", "job_type"]);
        let mut params = Self { extras, ..Self::default() };
        for (key, value) in object.entries() {
            match key {
                "user_id" => params.user_id = value.text(),
                "job_id" => params.job_id = value.text(),
                "job_type" => params.job_type = value.integer(),
                _ => {}
            }
        }
        params
    }
}

/// What `result` holds: an empty object is no result.
pub(super) fn found<'a>(json: &'a Json<'a>) -> Option<Parts<'a>> {
    json.object().filter(|result| !result.is_empty()).map(Parts::of)
}

pub(super) fn read(raw: &str) -> Option<JobResult> {
    found(&Json::read(raw)).own()
}

/// Reads an object; other values are no result.
pub(super) fn read_entry(json: &Json<'_>) -> Option<JobResult> {
    json.object().map(|entry| Parts::of(entry).own())
}

/// The result as a view.
pub(super) struct Read<'a>(pub(super) &'a str);

impl View for Read<'_> {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        found(&Json::read(self.0)).serialize_as(naming, serializer)
    }
}

/// The groups of fields that are in doubt, for JavaScript.
pub(super) struct Fix<'a>(pub(super) &'a Parts<'a>, pub(super) Doubts);

impl Serialize for Fix<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (naming, Self(parts, doubts)) = (Naming::Camel, self);
        let mut fix = serializer.serialize_map(None)?;
        macro_rules! told {
            ($($name:ident),+) => {
                $(fix.serialize_entry(view::name!(naming, $name), &parts.$name.named(naming))?;)+
            };
        }
        if doubts.own {
            told!(smile_job_id, result_code, result_text, result_type, is_final_result, is_machine_result);
            told!(confidence_value, source, json_version, actions, timestamp, signature);
        }
        if doubts.params {
            told!(partner_params);
        }
        if doubts.antifraud {
            told!(antifraud);
        }
        if doubts.id {
            told!(id_response);
        }
        fix.end()
    }
}

impl fmt::Debug for JobResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobResult")
            .field("result_code", &self.result_code)
            .field("result_type", &self.result_type)
            .field("is_final_result", &self.is_final_result)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PartnerParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartnerParams").field("job_type", &self.job_type).finish_non_exhaustive()
    }
}

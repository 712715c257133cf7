//! `result` and the entries of `history`.

use std::fmt;

use serde::Serializer;
use serde_json::{Map, Value};

use super::view::view;
use super::{Antifraud, IdResponse, Naming, View, lenient};

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
    /// The product as a number: 1 Biometric KYC, 5 Enhanced KYC, 6 Document Verification and so on.
    pub job_type: Option<i64>,
    /// The app's own keys.
    pub extras: Map<String, Value>,
}

impl JobResult {
    /// Reads `result`: an empty object is no result.
    pub(super) fn read(raw: &str) -> Option<Self> {
        Self::read_entry(raw).filter(|result| !result.fields.is_empty())
    }

    /// Reads an object; other values are no result.
    pub(super) fn read_entry(raw: &str) -> Option<Self> {
        if !raw.starts_with('{') {
            return None;
        }
        let entries = lenient::entries(raw);
        let mut result = Self { fields: Map::with_capacity(entries.len()), ..Self::default() };
        let (mut id, mut has_id) = (IdResponse::default(), false);
        for (key, value) in entries {
            match key.as_ref() {
                "SmileJobID" => result.smile_job_id = lenient::text(value),
                "ResultCode" => result.result_code = lenient::text(value),
                "ResultText" => result.result_text = lenient::text(value),
                "ResultType" => result.result_type = lenient::text(value),
                "IsFinalResult" => result.is_final_result = lenient::boolean(value),
                "IsMachineResult" => result.is_machine_result = lenient::boolean(value),
                "ConfidenceValue" => result.confidence_value = lenient::number(value),
                "Source" => result.source = lenient::text(value),
                "JSONVersion" => result.json_version = lenient::text(value),
                "Actions" => result.actions = lenient::map(value),
                "PartnerParams" => result.partner_params = PartnerParams::read(value),
                "Antifraud" => result.antifraud = Antifraud::read(value),
                "timestamp" => result.timestamp = lenient::text(value),
                "signature" => result.signature = lenient::text(value),
                key => has_id |= id.take(key, value),
            }
            result.fields.insert(key.into_owned(), lenient::value(value));
        }
        result.id_response = has_id.then_some(id);
        Some(result)
    }
}

impl View for JobResult {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        view!(JobResult as naming into serializer {
            smile_job_id: self.smile_job_id,
            result_code: self.result_code,
            result_text: self.result_text,
            result_type: self.result_type,
            is_final_result: self.is_final_result,
            is_machine_result: self.is_machine_result,
            confidence_value: self.confidence_value,
            source: self.source,
            json_version: self.json_version,
            actions: self.actions,
            partner_params: self.partner_params,
            antifraud: self.antifraud,
            id_response: self.id_response,
            timestamp: self.timestamp,
            signature: self.signature,
            fields: self.fields,
        })
    }
}

impl PartnerParams {
    fn read(raw: &str) -> Option<Self> {
        if !raw.starts_with('{') {
            return None;
        }
        let mut params = Self::default();
        for (key, value) in lenient::entries(raw) {
            match key.as_ref() {
                "user_id" => params.user_id = lenient::text(value),
                "job_id" => params.job_id = lenient::text(value),
                "job_type" => params.job_type = lenient::integer(value),
                _ => {
                    params.extras.insert(key.into_owned(), lenient::value(value));
                }
            }
        }
        Some(params)
    }
}

impl View for PartnerParams {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        view!(PartnerParams as naming into serializer {
            user_id: self.user_id,
            job_id: self.job_id,
            job_type: self.job_type,
            extras: self.extras,
        })
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

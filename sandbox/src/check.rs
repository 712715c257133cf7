//! What a strict server asks of a job-status request.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::signing::Account;
use crate::timestamp::Moment;

/// A request that may be answered.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) user_id: String,
    pub(crate) job_id: String,
    pub(crate) history: bool,
    pub(crate) image_links: bool,
}

/// Why a request is turned away; the status is always 400.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) error: String,
}

fn malformed(error: impl Into<String>) -> Refusal {
    Refusal { code: "2213", error: error.into() }
}

fn wrong_type(error: impl Into<String>) -> Refusal {
    Refusal { code: "2204", error: error.into() }
}

fn unauthorized(error: impl Into<String>) -> Refusal {
    Refusal { code: "2205", error: error.into() }
}

/// The job a body names, if it names one: refused requests are counted too.
pub(crate) fn job_named_by(body: &[u8]) -> Option<(String, String)> {
    let body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = |key| body.get(key)?.as_str().map(str::to_owned);
    Some((text("user_id")?, text("job_id")?))
}

/// Checks a body in the order a server does: syntax, fields, account, signature, age.
pub(crate) fn check(body: &[u8], account: &Account, max_age: Duration) -> Result<Query, Refusal> {
    let fields = match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err(malformed("The request body must be a JSON object")),
        Err(_) => return Err(malformed("The request body is not valid JSON")),
    };
    let partner_id = text(&fields, "partner_id")?;
    let query = Query {
        user_id: text(&fields, "user_id")?.to_owned(),
        job_id: text(&fields, "job_id")?.to_owned(),
        history: flag(&fields, "history")?,
        image_links: flag(&fields, "image_links")?,
    };
    let timestamp = timestamp(&fields, body)?;
    let signature = text(&fields, "signature")?;

    if partner_id != account.partner_id {
        return Err(unauthorized("The partner is not known here"));
    }
    if !account.verify(&timestamp, signature) {
        return Err(unauthorized("The signature does not match"));
    }
    let Some(moment) = Moment::read(&timestamp) else {
        return Err(malformed("timestamp is not a date or an epoch number"));
    };
    if moment.distance(Timestamp::now()) > max_age {
        return Err(unauthorized("The timestamp is too far from the present"));
    }
    Ok(query)
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<&'a str, Refusal> {
    match fields.get(key) {
        None | Some(Value::Null) => Err(malformed(format!("{key} is missing"))),
        Some(Value::String(text)) if text.is_empty() => Err(malformed(format!("{key} is empty"))),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(wrong_type(format!("{key} must be text"))),
    }
}

/// Absent and null are false: one official SDK sends null for an unset flag.
fn flag(fields: &Map<String, Value>, key: &str) -> Result<bool, Refusal> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text == "true" => Ok(true),
        Some(Value::String(text)) if text == "false" => Ok(false),
        Some(_) => Err(wrong_type(format!("{key} must be true or false"))),
    }
}

/// The signed text; of a number, its digits as they were sent.
fn timestamp(fields: &Map<String, Value>, body: &[u8]) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct AsSent<'a> {
        #[serde(borrow)]
        timestamp: &'a RawValue,
    }
    match fields.get("timestamp") {
        Some(Value::Number(_)) => match serde_json::from_slice::<AsSent<'_>>(body) {
            Ok(sent) => Ok(sent.timestamp.get().to_owned()),
            Err(_) => Err(malformed("timestamp is given more than once")),
        },
        _ => text(fields, "timestamp").map(str::to_owned),
    }
}

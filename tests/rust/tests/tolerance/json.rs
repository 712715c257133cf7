//! JSON as it may arrive: text that any sender could write, and what of it must be reachable.

use proptest::prelude::*;
use serde_json::Value;

/// A value by its text, so that numbers keep their digits and strings their escapes.
#[derive(Clone, Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    /// A string that no text type holds: the JSON text itself.
    Lone(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(crate) fn write(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(flag) => flag.to_string(),
            Self::Number(text) | Self::Lone(text) => text.clone(),
            Self::Text(text) => Value::from(text.as_str()).to_string(),
            Self::Array(items) => format!("[{}]", items.iter().map(Self::write).collect::<Vec<_>>().join(",")),
            Self::Object(entries) => format!("{{{}}}", members(entries)),
        }
    }

    /// What a host sees of it: itself, or its text where no host type holds it.
    pub(crate) fn host(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::from(*flag),
            Self::Text(text) | Self::Lone(text) => Value::from(text.as_str()),
            Self::Number(text) => host_number(text),
            Self::Array(items) => items.iter().map(Self::host).collect(),
            Self::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value.host())).collect(),
        }
    }

    /// A string, or a number by its digits.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        let Self::Object(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// What stands between an object's braces.
pub(crate) fn members(entries: &[(String, Json)]) -> String {
    let members = entries.iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), value.write()));
    members.collect::<Vec<_>>().join(",")
}

fn host_number(text: &str) -> Value {
    let number: f64 = text.parse().unwrap();
    let exact = number.abs() <= 9_007_199_254_740_991.0;
    match text.parse::<i64>() {
        Ok(0) if text.starts_with('-') => Value::from(-0.0),
        Ok(whole) if exact && whole.abs() < 1 << 53 => Value::from(whole),
        Err(_) if text.contains(['.', 'e', 'E']) && number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

/// Equal, up to the last bit of numbers with a fraction.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64().unwrap(), right.as_f64().unwrap());
            (left - right).abs() <= left.abs() * 1e-15
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

fn leaf() -> BoxedStrategy<Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,3})?".prop_map(Json::Number),
        (-2000..2000).prop_map(|number: i32| Json::Number(number.to_string())),
        any::<String>().prop_map(Json::Text),
        prop_oneof![Just("true"), Just("False"), Just("0810"), Just("97.5"), Just("No zip file received"), Just("")]
            .prop_map(|text| Json::Text(text.to_owned())),
        Just(Json::Lone("\"a\\ud800\"".to_owned())),
    ]
    .boxed()
}

/// Any value, a few levels deep.
pub(crate) fn value() -> BoxedStrategy<Json> {
    leaf()
        .prop_recursive(4, 32, 6, |inner| {
            prop_oneof![prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array), object(inner),]
        })
        .boxed()
}

/// Keys that results, maps of links and the app's own parameters have, and any others.
const KEYS: [&str; 30] = [
    "ResultCode",
    "ResultText",
    "ResultType",
    "SmileJobID",
    "IsFinalResult",
    "IsMachineResult",
    "ConfidenceValue",
    "Source",
    "JSONVersion",
    "Actions",
    "PartnerParams",
    "Antifraud",
    "SuspectUsers",
    "summary",
    "smile_secure",
    "user_id",
    "reason",
    "job_type",
    "Country",
    "IDType",
    "DOB",
    "IsAlive",
    "UserIDsOfPreviousRegistrants",
    "FullData",
    "timestamp",
    "signature",
    "selfie_image",
    "liveness_image_0",
    "liveness_images",
    "error",
];

/// An object with such keys, none of them twice.
pub(crate) fn object(values: impl Strategy<Value = Json> + 'static) -> BoxedStrategy<Json> {
    let key = prop_oneof![3 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec((key, values), 0..8).prop_map(|entries| Json::Object(unique(entries))).boxed()
}

pub(crate) fn unique(entries: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let mut seen = std::collections::HashSet::new();
    entries.into_iter().filter(|(key, _)| seen.insert(key.clone())).collect()
}

//! A case's arguments, with the tokens that stand for long or strange texts resolved.

use std::time::Duration;

use serde_json::{Map, Value};

/// The arguments of one call, by their names in the vectors.
#[derive(Debug, Clone)]
pub(crate) struct Arguments(Map<String, Value>);

impl Arguments {
    pub(crate) fn new(arguments: Map<String, Value>) -> Self {
        Self(arguments)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Object(token) => resolve(token.get("$")?.as_str()?),
            other => Some(other.to_string()),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    /// A number with a fraction; `Some(None)` where it was given as no limit.
    pub(crate) fn rate(&self, name: &str) -> Option<Option<f64>> {
        let value = self.0.get(name)?;
        Some(match value["$"].as_str() {
            Some("nan") => Some(f64::NAN),
            Some("infinity") => Some(f64::INFINITY),
            _ => value.as_f64(),
        })
    }

    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let texts = self.0.get(name)?.as_array()?.iter();
        Some(texts.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The jobs of a `poll_many`.
    pub(crate) fn jobs(&self) -> Vec<(String, String)> {
        let entries = self.0.get("jobs").and_then(Value::as_array).cloned().unwrap_or_default();
        let id = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        entries.iter().map(|entry| (id(entry, "user_id"), id(entry, "job_id"))).collect()
    }

    /// The job that the call is about, or the first one of many.
    pub(crate) fn first_job(&self) -> (String, String) {
        let id = |name: &str| self.text(name).unwrap_or_default();
        self.jobs().into_iter().next().unwrap_or_else(|| (id("user_id"), id("job_id")))
    }

    /// These arguments with those under `name` in their place.
    pub(crate) fn with(&self, name: &str) -> Self {
        let mut arguments = self.0.clone();
        arguments.extend(self.0.get(name).and_then(Value::as_object).cloned().unwrap_or_default());
        Self(arguments)
    }

    /// A duration in milliseconds; absent is `None`, no limit is `Some(None)`.
    pub(crate) fn duration(&self, name: &str) -> Option<Option<Duration>> {
        let value = self.0.get(&format!("{name}_ms"))?;
        Some(value.as_f64().map(|ms| Duration::from_secs_f64(ms / 1000.0)))
    }
}

fn resolve(token: &str) -> Option<String> {
    match token {
        "nul_byte" => Some("a\0b".to_owned()),
        _ => {
            let (part, count) = token.strip_prefix("repeat:")?.rsplit_once(':')?;
            Some(part.repeat(count.parse().ok()?))
        }
    }
}

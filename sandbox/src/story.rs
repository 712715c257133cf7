//! Job stories: what each request for one job is answered with.
//!
//! Reading is strict, so that a typo in a story fails where it was made and
//! not as a puzzling answer later.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::bodies;

/// A story that cannot be played; the message names the key or value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the story cannot be played: {0}")]
pub struct StoryError(pub(crate) String);

fn refuse(message: impl Into<String>) -> StoryError {
    StoryError(message.into())
}

/// The answers to the requests for one job; the last one repeats.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    pub(crate) user_id: String,
    pub(crate) job_id: String,
    pub(crate) answers: Vec<Answer>,
}

/// One answer as a story writes it.
#[derive(Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    #[serde(deserialize_with = "present")]
    pending: Option<bool>,
    #[serde(deserialize_with = "present")]
    complete: Option<String>,
    #[serde(deserialize_with = "present")]
    body: Option<Box<RawValue>>,
    #[serde(deserialize_with = "present")]
    body_text: Option<String>,
    #[serde(deserialize_with = "present")]
    pub(crate) sign: Option<Sign>,
    #[serde(deserialize_with = "present")]
    timestamp: Option<Box<RawValue>>,
    #[serde(deserialize_with = "present")]
    pub(crate) history: Option<bool>,
    #[serde(deserialize_with = "present")]
    pub(crate) image_links: Option<bool>,
    #[serde(deserialize_with = "present")]
    status: Option<u16>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) delay_ms: u64,
    #[serde(deserialize_with = "present")]
    pub(crate) stall: Option<Stall>,
    pub(crate) truncate: bool,
    pub(crate) reset: bool,
    #[serde(deserialize_with = "present")]
    pub(crate) size: Option<u64>,
    pub(crate) chunked: bool,
    pub(crate) gzip: bool,
    #[serde(deserialize_with = "present")]
    pub(crate) drip_ms: Option<u64>,
}

/// A key that is there has a value: `null` is a typo, not a default.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// How the answer is signed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sign {
    #[default]
    Valid,
    Wrong,
    Missing,
    Malformed,
    Null,
    Legacy,
    LegacyPipe,
    OtherKey,
}

/// Where an answer stops without ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stall {
    Headers,
    Body,
}

/// What an answer says.
pub(crate) enum Content<'a> {
    Pending,
    Complete(&'a str),
    Object(&'a str),
    Text(&'a str),
    /// A refusal in the shape of the status; signed by nobody.
    Error,
}

/// The timestamp to sign instead of the present.
pub(crate) enum Stamp {
    Text(String),
    Number(String),
}

const LONGEST_MS: u64 = 600_000;
const LARGEST: u64 = 256 * 1024 * 1024;

impl Story {
    pub(crate) fn read(text: &str) -> Result<Self, StoryError> {
        let story: Self = serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
        if story.user_id.is_empty() || story.job_id.is_empty() {
            return Err(refuse("user_id and job_id must not be empty"));
        }
        if story.answers.is_empty() {
            return Err(refuse("answers must hold at least one answer"));
        }
        for (at, answer) in story.answers.iter().enumerate() {
            answer.check().map_err(|why| refuse(format!("answers[{at}]: {why}")))?;
        }
        Ok(story)
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.status.unwrap_or(200)
    }

    pub(crate) fn content(&self) -> Content<'_> {
        match (&self.complete, &self.body, &self.body_text) {
            (Some(name), _, _) => Content::Complete(name),
            (_, Some(body), _) => Content::Object(body.get()),
            (_, _, Some(text)) => Content::Text(text),
            _ if self.pending.is_none() && self.status() >= 300 => Content::Error,
            _ => Content::Pending,
        }
    }

    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let raw = self.timestamp.as_ref()?.get();
        match serde_json::from_str::<String>(raw) {
            Ok(text) => Some(Stamp::Text(text)),
            Err(_) => Some(Stamp::Number(raw.to_owned())),
        }
    }

    fn check(&self) -> Result<(), String> {
        let contents = [self.pending.is_some(), self.complete.is_some(), self.body.is_some(), self.body_text.is_some()];
        if contents.iter().filter(|given| **given).count() > 1 {
            return Err("only one of pending, complete, body and body_text may be given".into());
        }
        if self.pending == Some(false) {
            return Err("pending is true or left out".into());
        }
        if let Some(name) = &self.complete
            && bodies::named(name).is_none()
        {
            let known: Vec<_> = bodies::built_in_bodies().collect();
            return Err(format!("no built-in body `{name}`; there are {}", known.join(", ")));
        }
        if self.body.as_ref().is_some_and(|body| !body.get().starts_with('{')) {
            return Err("body must be an object; body_text takes anything".into());
        }
        let own_content = self.body.is_some() || self.body_text.is_some();
        if own_content && (self.history.is_some() || self.image_links.is_some()) {
            return Err("history and image_links add to built-in bodies only".into());
        }
        if let Some(raw) = &self.timestamp
            && !raw.get().starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit())
        {
            return Err("timestamp must be text or a number".into());
        }
        if !(200..=599).contains(&self.status()) {
            return Err("status must be 200 to 599".into());
        }
        if self.stall.is_some() && (self.truncate || self.reset) {
            return Err("a stalled answer never ends: leave out truncate and reset".into());
        }
        if self.delay_ms > LONGEST_MS || self.drip_ms.is_some_and(|ms| ms == 0 || ms > LONGEST_MS) {
            return Err(format!("delay_ms and drip_ms must be at most {LONGEST_MS}, drip_ms at least 1"));
        }
        if self.size.is_some_and(|size| size > LARGEST) {
            return Err(format!("size must be at most {LARGEST}"));
        }
        self.headers.iter().try_for_each(|(name, value)| check_header(name, value))
    }
}

fn check_header(name: &str, value: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("`{name}` is not a header name"));
    }
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(format!("the value of header `{name}` holds a control character"));
    }
    Ok(())
}

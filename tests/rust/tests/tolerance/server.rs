//! A client whose server answers every request with the same bytes.

use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use serde_json::Value;
use smileid_jobs::clock::BoxFuture;
use smileid_jobs::transport::{HttpRequest, HttpResponse, Progress, Transport};
use smileid_jobs::{Client, Result, Signature};

pub(crate) const KEY: &str = "apikey";
pub(crate) const TIMESTAMP: &str = "2026-11-23T05:43:57.273Z";
pub(crate) const USER: &str = "user-1";
pub(crate) const JOB: &str = "job-1";

/// What arrived: where, and with which body.
pub(crate) type Seen = Arc<Mutex<Vec<(String, Bytes)>>>;

struct Echo {
    answer: HttpResponse,
    seen: Seen,
}

impl Transport for Echo {
    fn send<'a>(&'a self, request: HttpRequest, _: &'a Progress) -> BoxFuture<'a, Result<HttpResponse>> {
        let body = request.body().cloned().unwrap_or_default();
        self.seen.lock().unwrap().push((request.url().to_string(), body));
        let answer = self.answer.clone();
        Box::pin(async move { Ok(answer) })
    }
}

/// A client that gets this answer, and what it asks.
pub(crate) fn client(answer: HttpResponse) -> (Client, Seen) {
    let seen = Seen::default();
    let echo = Echo { answer, seen: Arc::clone(&seen) };
    let builder = Client::builder("001", KEY).base_url("https://api.example.com").max_retries(0);
    (builder.transport(Arc::new(echo)).build().unwrap(), seen)
}

pub(crate) fn ok(body: impl Into<Bytes>) -> HttpResponse {
    HttpResponse { status: 200, retry_after: None, date: None, body: body.into(), has_other_encoding: false }
}

/// A body with a valid pair, and these members.
pub(crate) fn signed(members: &str) -> String {
    let pair = Signature::new("001", KEY).unwrap().generate_signature(Some(TIMESTAMP));
    let (timestamp, signature) = (Value::from(pair.timestamp), Value::from(pair.signature));
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"timestamp":{timestamp},"signature":{signature}{comma}{members}}}"#)
}

/// Runs a call to its end; nothing in these tests waits.
pub(crate) fn run<T>(call: impl IntoFuture<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(call.into_future())
}

/// Body texts of `tests/vectors/decode.json`, signed: shapes that are worth a mutation.
pub(crate) fn samples() -> &'static [String] {
    static SAMPLES: OnceLock<Vec<String>> = OnceLock::new();
    SAMPLES.get_or_init(read_samples)
}

fn read_samples() -> Vec<String> {
    let path = format!("{}/../vectors/decode.json", env!("CARGO_MANIFEST_DIR"));
    let entries: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let pair = Signature::new("001", KEY).unwrap().generate_signature(Some(TIMESTAMP));
    let fill = |text: &str| {
        [("timestamp", TIMESTAMP), ("signature", pair.signature.as_str()), ("user_id", USER), ("job_id", JOB)]
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
    };
    entries.as_array().unwrap().iter().map(|entry| fill(entry["body_text"].as_str().unwrap())).collect()
}

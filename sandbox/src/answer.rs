//! Turns an answer of a story into the bytes and faults of a reply.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::bodies::{self, Built};
use crate::check::Query;
use crate::http::{Body, Faults, Reply};
use crate::signing::Account;
use crate::story::{Answer, Content, Sign, Stamp};
use crate::timestamp::now_text;

/// What an answer is written with.
pub(crate) struct Setting<'a> {
    pub(crate) account: &'a Account,
    pub(crate) origin: &'a str,
    pub(crate) query: &'a Query,
}

/// The timestamp and signature of one answer.
struct Pair {
    timestamp: String,
    numeric: bool,
    sign: Sign,
    signature: String,
    legacy: String,
}

pub(crate) fn render(answer: &Answer, setting: &Setting<'_>) -> Reply {
    let pair = Pair::new(answer, setting.account);
    let (text, content_type) = match answer.content() {
        Content::Pending => (pending(answer, setting.query, &pair), JSON),
        Content::Complete(name) => match bodies::named(name) {
            Some(built) => (complete(&built, answer, setting.query, &pair), JSON),
            None => (String::new(), JSON),
        },
        Content::Object(body) => (with_pair(body, &pair), JSON),
        Content::Error => (error_body(answer.status()).to_owned(), JSON),
        Content::Text(text) if text.trim_start().starts_with('<') => (text.to_owned(), HTML),
        Content::Text(text) => (text.to_owned(), JSON),
    };
    let text = fill_in(&text, &pair, setting);
    let mut reply = Reply::new(answer.status(), content_type, pad(text, answer.size));
    for (name, value) in &answer.headers {
        reply.set_header(name, &value.replace("{{origin}}", setting.origin));
    }
    reply.faults = Faults {
        delay: Duration::from_millis(answer.delay_ms),
        stall: answer.stall,
        truncate: answer.truncate,
        reset: answer.reset,
        chunked: answer.chunked,
        gzip: answer.gzip,
        drip: answer.drip_ms.map(Duration::from_millis),
    };
    reply
}

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html";

impl Pair {
    fn new(answer: &Answer, account: &Account) -> Self {
        let (timestamp, numeric) = match answer.stamp() {
            None => (now_text(), false),
            Some(Stamp::Text(text)) => (text, false),
            Some(Stamp::Number(digits)) => (digits, true),
        };
        let legacy = account.legacy_hash(&timestamp);
        let sign = answer.sign.unwrap_or_default();
        let signature = match sign {
            Sign::Valid => account.sign(&timestamp),
            Sign::Wrong => account.sign_wrongly(&timestamp),
            Sign::OtherKey => account.sign_with_another_key(&timestamp),
            Sign::Malformed => "not a signature".to_owned(),
            Sign::Legacy => legacy.clone(),
            // What stands before the bar was encrypted to the server: nobody here reads it.
            Sign::LegacyPipe => format!("{}|{legacy}", account.sign(&legacy)),
            Sign::Missing | Sign::Null => String::new(),
        };
        Self { timestamp, numeric, sign, signature, legacy }
    }

    /// The members that open an envelope, each with a comma behind it.
    fn members(&self, timestamp: bool, signature: bool) -> String {
        let mut members = String::new();
        if timestamp && self.numeric {
            let _ = write!(members, r#""timestamp":{},"#, self.timestamp);
        } else if timestamp {
            let _ = write!(members, r#""timestamp":{},"#, quoted(&self.timestamp));
        }
        match self.sign {
            _ if !signature => {}
            Sign::Missing => {}
            Sign::Null => members.push_str(r#""signature":null,"#),
            _ => {
                let _ = write!(members, r#""signature":{},"#, quoted(&self.signature));
            }
        }
        members
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// As it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = quoted(text);
    quoted[1..quoted.len() - 1].to_owned()
}

fn wanted(answer: &Answer, query: &Query) -> (bool, bool) {
    (answer.history.unwrap_or(query.history), answer.image_links.unwrap_or(query.image_links))
}

fn pending(answer: &Answer, query: &Query, pair: &Pair) -> String {
    let mut text = format!(
        r#"{{{}"job_complete":false,"job_success":false,"code":"2302","result":{{}}"#,
        pair.members(true, true)
    );
    let (history, image_links) = wanted(answer, query);
    if history {
        text.push_str(r#","history":[]"#);
    }
    if image_links {
        text.push_str(r#","image_links":{}"#);
    }
    text.push('}');
    text
}

fn complete(built: &Built<'_>, answer: &Answer, query: &Query, pair: &Pair) -> String {
    let result = built.result.get();
    let mut text = format!(
        r#"{{{}"job_complete":true,"job_success":{},"code":"2302","result":{result}"#,
        pair.members(true, true),
        built.job_success,
    );
    if let Some(receipt) = built.kyc_receipt {
        let _ = write!(text, r#","kyc_receipt":{}"#, receipt.get());
    }
    let (history, image_links) = wanted(answer, query);
    if history {
        // The newest entry is the result itself.
        let earlier = bodies::EARLIER.trim().trim_start_matches('[');
        let _ = write!(text, r#","history":[{result},{earlier}"#);
    }
    if image_links {
        let _ = write!(text, r#","image_links":{}"#, bodies::IMAGE_LINKS.trim());
    }
    text.push('}');
    text
}

/// Puts the pair first, but leaves a timestamp or signature the story wrote itself.
fn with_pair(body: &str, pair: &Pair) -> String {
    // What only a story may write (a lone surrogate, 1e999) need not be readable here.
    let own: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
    let members = pair.members(!own.contains_key("timestamp"), !own.contains_key("signature"));
    let rest = body.strip_prefix('{').unwrap_or(body).trim_start();
    if rest == "}" { format!("{{{}}}", members.trim_end_matches(',')) } else { format!("{{{members}{rest}") }
}

fn error_body(status: u16) -> &'static str {
    match status {
        400 => r#"{"error":"A required parameter is missing","code":"2213"}"#,
        401 | 403 => r#"{"error":"You are not authorized to do that.","code":"2205"}"#,
        429 => r#"{"error":"Too many requests","code":"2222"}"#,
        // None of Smile ID's codes is known to come with these.
        300..=499 => r#"{"error":"The request cannot be answered"}"#,
        _ => r#"{"message":"Service unavailable"}"#,
    }
}

fn fill_in(text: &str, pair: &Pair, setting: &Setting<'_>) -> String {
    if !text.contains("{{") {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for (placeholder, value) in [
        ("{{timestamp}}", pair.timestamp.as_str()),
        ("{{signature}}", &pair.signature),
        ("{{legacy_signature}}", &pair.legacy),
        ("{{user_id}}", &setting.query.user_id),
        ("{{job_id}}", &setting.query.job_id),
        ("{{origin}}", setting.origin),
    ] {
        if text.contains(placeholder) {
            text = text.replace(placeholder, &escaped(value));
        }
    }
    text
}

/// Grows a body to about `size` bytes: an object by a filler member, other texts by spaces.
fn pad(text: String, size: Option<u64>) -> Body {
    let missing = size.unwrap_or(0).saturating_sub(text.len() as u64);
    if missing == 0 {
        return Body::from(text);
    }
    match text.strip_suffix('}') {
        Some(open) => {
            let comma = if open.ends_with('{') { "" } else { "," };
            Body::filled(format!(r#"{open}{comma}"filler":""#), missing, r#""}"#.to_owned())
        }
        None => Body::spaced(text, missing),
    }
}

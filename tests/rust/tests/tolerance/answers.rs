//! Answers to a query.

use proptest::prelude::*;
use serde_json::Value;
use smileid_jobs::transport::HttpResponse;
use smileid_jobs::{ErrorCode, JobStatus, Naming, Result};

use crate::few;
use crate::json::{Json, members, object, same, unique, value};
use crate::server::{JOB, USER, client, ok, run, samples, signed};

/// What may come of an answer that nobody tampered with on purpose.
const EXPECTED: [ErrorCode; 6] = [
    ErrorCode::InvalidResponse,
    ErrorCode::SignatureMismatch,
    ErrorCode::LegacySignature,
    ErrorCode::ResponseMismatch,
    ErrorCode::Rejected,
    ErrorCode::Authentication,
];

fn ask(answer: HttpResponse) -> Result<JobStatus> {
    run(client(answer).0.get_job_status(USER, JOB))
}

/// Everything that can be asked of a status, so that a panic anywhere would show.
fn look_at(status: &JobStatus) {
    let views = [Naming::Snake, Naming::Camel].map(|naming| status.to_json(naming));
    assert!(views.iter().all(|view| is_json(view)));
    assert!(!format!("{status:?}").is_empty());
}

/// However deep: a view has a level more than its body, and the deepest has more than serde_json reads unasked.
fn is_json(text: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let mut values = reader.into_iter::<Value>();
    matches!((values.next(), values.next()), (Some(Ok(_)), None))
}

/// Members of an envelope but for the pair: keys that a status has, more or less as they should be, and others.
fn envelope() -> impl Strategy<Value = Vec<(String, Json)>> {
    let flag = prop_oneof![3 => any::<bool>().prop_map(Json::Bool), 1 => value()];
    let own = |name: &str, text: &str| (Just(name.to_owned()), prop_oneof![Just(Json::Text(text.to_owned())), value()]);
    let ids = (own("user_id", USER), own("job_id", JOB)).prop_map(|(user, job)| Json::Object(vec![user, job]));
    let result = (object(value()), prop::option::of(ids)).prop_map(|(result, ids)| match (result, ids) {
        (Json::Object(mut entries), Some(ids)) => {
            entries.insert(0, ("PartnerParams".to_owned(), ids));
            Json::Object(unique(entries))
        }
        (result, _) => result,
    });
    let list = prop::collection::vec(prop_oneof![4 => object(value()), 1 => value()], 0..4).prop_map(Json::Array);
    let known = |name: &str, value: BoxedStrategy<Json>| prop::option::of((Just(name.to_owned()), value));
    let members = (
        known("job_complete", flag.clone().boxed()),
        known("job_success", flag.boxed()),
        known("code", value()),
        known("result", prop_oneof![4 => result, 1 => value()].boxed()),
        known("history", prop_oneof![2 => list, 1 => value()].boxed()),
        known("image_links", prop_oneof![2 => object(value()), 1 => value()].boxed()),
        known("kyc_receipt", value()),
        known("error", value()),
        prop::collection::vec((any::<String>(), value()), 0..4),
    );
    let taken = |key: &String| !matches!(key.as_str(), "timestamp" | "signature" | "PartnerParams");
    let together = members.prop_map(move |(a, b, c, d, e, f, g, h, more)| {
        let all = [a, b, c, d, e, f, g, h].into_iter().flatten().chain(more);
        unique(all.filter(|(key, _)| taken(key)).collect())
    });
    together.prop_shuffle()
}

/// What the rules of arrival make of these members.
fn refusal(members: &[(String, Json)]) -> Option<&'static [ErrorCode]> {
    let body = Json::Object(members.to_vec());
    if body.get("error").is_some() && body.get("job_complete").is_none() {
        return Some(&[ErrorCode::Rejected, ErrorCode::Authentication]);
    }
    let params = body.get("result").and_then(|result| result.get("PartnerParams"));
    let names = |key: &str| params.and_then(|params| params.get(key)).and_then(Json::text);
    let other = |named: Option<&str>, asked: &str| named.is_some_and(|named| named != asked);
    (other(names("user_id"), USER) || other(names("job_id"), JOB)).then_some(&[ErrorCode::ResponseMismatch])
}

/// Whether a member can be found again in the typed view.
fn is_reachable(status: &JobStatus, key: &str, value: &Json) -> bool {
    let host = value.host();
    let in_extras = status.extras().get(key).is_some_and(|extra| same(extra, &host));
    let as_fields = |fields: &serde_json::Map<String, Value>| same(&Value::Object(fields.clone()), &host);
    let typed = match key {
        "job_complete" | "job_success" => match (value, key) {
            (Json::Bool(flag), "job_complete") => status.job_complete() == *flag,
            (Json::Bool(flag), _) => status.job_success() == Some(*flag),
            (Json::Text(text), "job_complete") => text.eq_ignore_ascii_case(&status.job_complete().to_string()),
            (Json::Text(text), _) => {
                status.job_success().is_some_and(|flag| text.eq_ignore_ascii_case(&flag.to_string()))
            }
            _ => false,
        },
        "code" => value.text() == status.code(),
        "kyc_receipt" => value.text() == status.kyc_receipt(),
        "result" => match value {
            Json::Object(entries) if entries.is_empty() => status.result().is_none(),
            Json::Object(_) => status.result().is_some_and(|result| as_fields(&result.fields)),
            Json::Text(text) => status.message() == Some(text),
            _ => false,
        },
        "history" => {
            let fields = status.history().iter().map(|entry| Value::Object(entry.fields.clone()));
            matches!(value, Json::Array(_)) && same(&fields.collect(), &host)
        }
        "image_links" => status.image_links().is_some_and(|links| as_fields(&links.fields)),
        _ => false,
    };
    let is_none = matches!(value, Json::Null) && smileid_known(key);
    typed || in_extras || is_none
}

/// Where null says nothing that the absent typed value does not say.
fn smileid_known(key: &str) -> bool {
    ["job_complete", "job_success", "code", "result", "history", "image_links", "kyc_receipt", "kyb_receipt"]
        .contains(&key)
}

proptest! {
    #![proptest_config(few(400))]

    #[test]
    fn any_object_within_the_rules_decodes_and_nothing_of_it_is_lost(envelope in envelope()) {
        let body = signed(&members(&envelope));
        match (ask(ok(body.clone())), refusal(&envelope)) {
            (Ok(status), None) => {
                look_at(&status);
                prop_assert_eq!(status.raw().as_ref(), body.as_bytes());
                for (key, value) in &envelope {
                    prop_assert!(is_reachable(&status, key, value), "{} is lost in {}", key, body);
                }
            }
            (Err(error), Some(codes)) => prop_assert!(codes.contains(&error.code()), "{:?} of {}", error, body),
            (ended, expected) => prop_assert!(false, "{:?} and not {:?} of {}", ended, expected, body),
        }
    }

    #[test]
    fn samples_with_other_values_decode(at in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), other in value()) {
        let sample: &String = at.get(samples());
        let Ok(mut body) = serde_json::from_str::<Value>(sample) else { return Ok(()) };
        let mut places = Vec::new();
        pointers(&body, &mut String::new(), &mut places);
        // The pair stays, so that it is the rest that is looked at.
        places.retain(|place| !place.is_empty() && place != "/timestamp" && place != "/signature");
        if let Some(found) = (!places.is_empty()).then(|| place.get(&places)).and_then(|place| body.pointer_mut(place)) {
            *found = other.host();
        }
        match ask(ok(body.to_string())) {
            Ok(status) => look_at(&status),
            Err(error) => prop_assert!(EXPECTED.contains(&error.code()), "{:?} of {}", error, body),
        }
    }

    #[test]
    fn samples_with_other_bytes_are_a_status_or_a_typed_error(
        at in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), cut in 0_usize..40, put in bytes()
    ) {
        let mut body = at.get(samples()).clone().into_bytes();
        let from = place.index(body.len().max(1)).min(body.len());
        let to = (from + cut).min(body.len());
        body.splice(from..to, put);
        match ask(ok(body.clone())) {
            Ok(status) => {
                look_at(&status);
                prop_assert_eq!(status.raw().as_ref(), body.as_slice());
            }
            Err(error) => prop_assert!(EXPECTED.contains(&error.code()), "{:?}", error),
        }
    }

    #[test]
    fn any_bytes_under_any_status_and_headers_are_a_typed_error(
        status in 100_u16..1000, body in bytes(), retry_after in prop::option::of(header()), date in prop::option::of(header())
    ) {
        let error = ask(HttpResponse { status, retry_after, date, body: body.into(), has_other_encoding: false }).unwrap_err();
        prop_assert!(!error.message().contains('\n') && error.message().len() < 400);
        prop_assert_eq!(error.http_status(), Some(status));
    }
}

/// The JSON pointers of everything in a value.
fn pointers(value: &Value, at: &mut String, found: &mut Vec<String>) {
    found.push(at.clone());
    let mut below = |key: String, value: &Value| {
        let before = at.len();
        at.push('/');
        at.push_str(&key.replace('~', "~0").replace('/', "~1"));
        pointers(value, at, found);
        at.truncate(before);
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| below(at.to_string(), value)),
        _ => {}
    }
}

/// Bytes, and pieces of JSON that change what stands around them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = ["{", "}", "[", "]", "\"", ",", ":", "\\", "\\u", "\\ud800", "null", "1e999", "{}", "\u{feff}", "\0"];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|all| all.concat().into_bytes()),
        any::<String>().prop_map(String::into_bytes),
    ]
}

/// Texts that headers could hold: numbers and dates of every size among them.
fn header() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "-?[0-9]{1,30}",
        "(Sun|Mon), [0-9]{1,2} (Jan|Feb|Nov) -?[0-9]{1,6} [0-9]{2}:[0-9]{2}:[0-9]{2} (GMT|[+-][0-9]{4})",
    ]
}

#[test]
fn a_key_that_no_text_type_holds_does_not_lose_the_answer() {
    let body = signed(r#""job_complete":true,"a\ud800":1"#);
    let status = ask(ok(body)).unwrap();
    assert!(status.job_complete());
    assert_eq!(status.extras().values().collect::<Vec<_>>(), [1]);
}

#[test]
fn the_deepest_body_has_a_view() {
    let (lists, ends) = ("[".repeat(126), "]".repeat(126));
    for members in [format!(r#""x":[{lists}{ends}]"#), format!(r#""result":{{"x":{lists}{ends}}}"#)] {
        let status = ask(ok(signed(&format!(r#""job_complete":true,{members}"#)))).unwrap();
        assert!(status.to_json(Naming::Snake).contains(&format!("{lists}{ends}")));
        look_at(&status);
    }
}

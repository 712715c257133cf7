//! Stories: told strictly, played in order.

use serde_json::{Value, json};
use smileid_jobs_sandbox::{Sandbox, built_in_bodies};

use crate::client::{ask, call, query, query_all, sign, story};

fn holds(answer: &Value) -> bool {
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    sign("apikey", &text("timestamp"), "001") == text("signature")
}

#[test]
fn the_last_answer_repeats_and_every_request_counts() {
    let sandbox = Sandbox::start().unwrap();
    story(&sandbox, "u", &json!([{}, {"status": 503}, {"complete": "rejected"}]));
    let mut refused = query("u", "j");
    refused["signature"] = json!("AAAA");
    let seen: Vec<_> = [query("u", "j"), refused, query("u", "j"), query("u", "j")]
        .iter()
        .map(|body| {
            let response = ask(&sandbox, body);
            (response.status, response.json()["job_complete"].as_bool())
        })
        .collect();
    // The refused request used up the 503.
    assert_eq!(seen, [(200, Some(false)), (400, None), (200, Some(true)), (200, Some(true))]);
    let counted: Vec<_> = sandbox.requests("u", "j").iter().map(|record| record.n).collect();
    assert_eq!(counted, [1, 2, 3, 4]);
}

#[test]
fn telling_a_job_anew_starts_it_anew() {
    let sandbox = Sandbox::start().unwrap();
    story(&sandbox, "u", &json!([{}, {"complete": "approved"}]));
    assert_eq!(ask(&sandbox, &query("u", "j")).json()["job_complete"], false);
    story(&sandbox, "u", &json!([{}, {"complete": "approved"}]));
    assert!(sandbox.requests("u", "j").is_empty());
    assert_eq!(ask(&sandbox, &query("u", "j")).json()["job_complete"], false);
    assert_eq!(sandbox.requests("u", "j").len(), 1);
    assert_eq!(sandbox.log().len(), 2);
}

#[test]
fn delete_forgets_stories_counters_and_the_log() {
    let sandbox = Sandbox::start().unwrap();
    story(&sandbox, "u", &json!([{"complete": "approved"}]));
    ask(&sandbox, &query("u", "j"));
    assert_eq!(call(&sandbox, "DELETE", "/_sandbox/jobs", "").status, 200);
    assert!(sandbox.log().is_empty());
    assert_eq!(ask(&sandbox, &query("u", "j")).json()["code"], "2314");
    assert_eq!(sandbox.requests("u", "j")[0].n, 1);
}

#[test]
fn a_typo_in_a_story_is_loud_and_changes_nothing() {
    let sandbox = Sandbox::start().unwrap();
    let wrap = |answer: Value| json!({"user_id": "u", "job_id": "j", "answers": [answer]});
    let wrong = [
        json!({"complet": "approved"}),
        json!({"complete": "aproved"}),
        json!({"complete": true}),
        json!({"complete": null}),
        json!({"pending": false}),
        json!({"pending": true, "complete": "approved"}),
        json!({"body": {}, "body_text": ""}),
        json!({"body": []}),
        json!({"body": null}),
        json!({"body": {}, "history": true}),
        json!({"sign": "almost"}),
        json!({"sign": null}),
        json!({"timestamp": true}),
        json!({"timestamp": null}),
        json!({"status": "200"}),
        json!({"status": 100}),
        json!({"status": 600}),
        json!({"headers": {"X": 1}}),
        json!({"headers": {"a b": "c"}}),
        json!({"headers": {"a": "b\r\nc: d"}}),
        json!({"delay_ms": -1}),
        json!({"delay_ms": "5"}),
        json!({"delay_ms": null}),
        json!({"delay_ms": 600_001}),
        json!({"stall": true}),
        json!({"stall": "head"}),
        json!({"stall": "body", "truncate": true}),
        json!({"stall": "headers", "reset": true}),
        json!({"truncate": 1}),
        json!({"reset": "true"}),
        json!({"size": 1_000_000_000_000_u64}),
        json!({"drip_ms": 0}),
        json!("pending"),
    ];
    for answer in wrong {
        let text = wrap(answer.clone()).to_string();
        let response = call(&sandbox, "POST", "/_sandbox/jobs", &text);
        assert_eq!(response.status, 400, "{answer}");
        assert!(response.json()["error"].is_string(), "{answer}");
        assert!(sandbox.post_story(&text).is_err());
    }
    for text in [
        "",
        "[]",
        r#"{"user_id": "u", "job_id": "j"}"#,
        r#"{"user_id": "u", "job_id": "j", "answers": []}"#,
        r#"{"user_id": "", "job_id": "j", "answers": [{}]}"#,
        r#"{"user_id": 1, "job_id": "j", "answers": [{}]}"#,
        r#"{"user_id": "u", "job_id": "j", "answers": [{}], "anwsers": []}"#,
        r#"{"user_id": "u", "job_id": "j", "answers": [{"size": 1, "size": 2}]}"#,
    ] {
        assert_eq!(call(&sandbox, "POST", "/_sandbox/jobs", text).status, 400, "{text}");
    }
    let error = sandbox.post_story(r#"{"user_id": "u", "job_id": "j", "answers": [{"complet": "x"}]}"#);
    assert!(error.unwrap_err().to_string().contains("complet"));
    assert_eq!(ask(&sandbox, &query("u", "j")).json()["code"], "2314", "nothing was told");
}

#[test]
fn every_built_in_body_is_signed_and_about_the_job_that_was_asked_for() {
    let sandbox = Sandbox::start().unwrap();
    let user = r#"u "quoted" \ {{origin}} é"#;
    for name in built_in_bodies() {
        story(&sandbox, user, &json!([{"complete": name}]));
        let answer = ask(&sandbox, &query_all(user, "j")).json();
        assert!(holds(&answer), "{name}");
        assert_eq!(answer["job_complete"], true, "{name}");
        let parties = &answer["result"]["PartnerParams"];
        assert_eq!(parties["job_id"], "j");
        assert_eq!(parties["user_id"].as_str().unwrap().replace(sandbox.url(), "{{origin}}"), user);
        assert_eq!(answer["history"][0], answer["result"], "{name}");
        assert_eq!(answer["history"].as_array().unwrap().len(), 3);
        let link = answer["image_links"]["selfie_image"].as_str().unwrap();
        let path = link.strip_prefix(sandbox.url()).unwrap();
        let image = call(&sandbox, "GET", path, "");
        assert_eq!((image.status, image.header("content-type")), (200, Some("image/jpeg")));
        assert!(image.body.starts_with(b"\xff\xd8\xff") && image.body.ends_with(b"\xff\xd9"));
        assert!(!answer.to_string().contains("{{"), "{name}");
    }
    let image = call(&sandbox, "GET", "/images/any.png", "");
    assert!(image.body.starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[test]
fn history_and_links_come_only_when_asked_for() {
    let sandbox = Sandbox::start().unwrap();
    story(&sandbox, "u", &json!([{"pending": true}, {"complete": "approved"}]));
    let keys = |answer: &Value| (answer.get("history").cloned(), answer.get("image_links").is_some());
    assert_eq!(keys(&ask(&sandbox, &query("u", "j")).json()), (None, false));
    assert_eq!(keys(&ask(&sandbox, &query("u", "j")).json()), (None, false));
    story(&sandbox, "u", &json!([{"pending": true}]));
    assert_eq!(keys(&ask(&sandbox, &query_all("u", "j")).json()), (Some(json!([])), true));
}

#[test]
fn every_way_to_sign() {
    let sandbox = Sandbox::start().unwrap();
    let signature = |mode: &str| {
        story(&sandbox, "u", &json!([{"complete": "approved", "sign": mode, "timestamp": "1678216434434"}]));
        let answer = ask(&sandbox, &query("u", "j")).json();
        assert_eq!(answer["timestamp"], "1678216434434");
        answer.get("signature").cloned()
    };
    let valid = json!(sign("apikey", "1678216434434", "001"));
    let hash = "6f3dec6d6fad3cfe36fb62b38a185de1cd53088291082d6f20fddbf5ea0e4a0f";
    assert_eq!(signature("valid"), Some(valid.clone()));
    assert_eq!(signature("missing"), None);
    assert_eq!(signature("null"), Some(Value::Null));
    assert_eq!(signature("legacy"), Some(json!(hash)));
    let piped = signature("legacy_pipe").unwrap();
    let (before, after) = piped.as_str().unwrap().split_once('|').unwrap();
    assert!(!before.is_empty() && after == hash);
    for mode in ["wrong", "other_key"] {
        let other = signature(mode).unwrap();
        assert_eq!(other.as_str().unwrap().len(), 44, "{mode}");
        assert_ne!(other, valid, "{mode}");
    }
    assert_ne!(signature("malformed").unwrap().as_str().unwrap().len(), 44);
}

#[test]
fn a_body_is_sent_as_the_story_wrote_it() {
    let sandbox = Sandbox::start().unwrap();
    let tell = |answer: &str| {
        let story = format!(r#"{{"user_id": "u", "job_id": "j", "answers": [{answer}]}}"#);
        sandbox.post_story(&story).unwrap();
        String::from_utf8(ask(&sandbox, &query("u", "j")).body).unwrap()
    };
    // Whatever JSON's readers would round, merge or refuse.
    let odd = r#""a":1.0,"a":1e999,"b":123456789012345678901234567890,"c":"\ud800","d":"{{job_id}}""#;
    let text = tell(&format!(r#"{{"timestamp": 1678216434434, "body": {{ {odd} }}}}"#));
    assert!(text.starts_with(r#"{"timestamp":1678216434434,"signature":"FcNx"#), "{text}");
    assert!(text.contains(r#""a":1.0,"a":1e999"#) && text.contains(r#""\ud800","d":"j""#), "{text}");
    assert_eq!(tell(r#"{"body": {}, "sign": "missing", "timestamp": "t"}"#), r#"{"timestamp":"t"}"#);
    // A pair of the story's own stands.
    assert_eq!(tell(r#"{"body": {"timestamp": null, "signature": 5}}"#), r#"{"timestamp": null, "signature": 5}"#);
    let text = tell(
        r#"{"timestamp": "1", "body_text": "{{timestamp}} {{user_id}} {{job_id}} {{legacy_signature}} {{other}}"}"#,
    );
    assert_eq!(text, format!("1 u j {} {{{{other}}}}", legacy("1:1")));
    let own: Value = serde_json::from_str(&tell(r#"{"body": {"job_complete": true}}"#)).unwrap();
    assert!(holds(&own) && own["job_complete"] == true);
}

fn legacy(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn statuses_headers_and_error_bodies() {
    let sandbox = Sandbox::start().unwrap();
    for (status, code) in
        [(400, Some("2213")), (401, Some("2205")), (403, Some("2205")), (404, None), (429, Some("2222"))]
    {
        story(&sandbox, "u", &json!([{"status": status, "headers": {"Retry-After": "7"}}]));
        let response = ask(&sandbox, &query("u", "j"));
        assert_eq!((response.status, response.header("retry-after")), (status, Some("7")));
        assert_eq!(response.json()["code"].as_str(), code);
    }
    story(&sandbox, "u", &json!([{"status": 502, "body_text": "<html>bad</html>"}]));
    let response = ask(&sandbox, &query("u", "j"));
    assert_eq!((response.status, response.body.as_slice()), (502, &b"<html>bad</html>"[..]));
    assert_eq!(response.header("content-type"), Some("text/html"));
    story(&sandbox, "u", &json!([{"status": 500, "complete": "approved", "headers": {"content-type": "x/y"}}]));
    let response = ask(&sandbox, &query("u", "j"));
    assert_eq!(response.header("content-type"), Some("x/y"));
    assert!(holds(&response.json()));
}

//! Every magic job id does what its name says.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _};

use serde_json::{Value, json};
use smileid_jobs_sandbox::{Sandbox, magic_job_ids};

use crate::client::{Client, ask, query, query_all, sign};

/// What one request for a job came to, in a few words.
fn outcome(sandbox: &Sandbox, job: &str) -> String {
    let mut client = Client::connect(sandbox);
    let response = client.ask(&query("u", job));
    match serde_json::from_slice::<Value>(&response.body) {
        Ok(body) if body["job_complete"].is_boolean() => {
            let text = |key: &str| body[key].as_str().map_or(body[key].to_string(), str::to_owned);
            let signed = sign("apikey", &text("timestamp"), "001") == text("signature");
            let said = if body["job_complete"] == true { "complete" } else { "pending" };
            format!("{} {said}{}", response.status, if signed { "" } else { " unsigned" })
        }
        Ok(body) => format!("{} {}", response.status, body["code"].as_str().unwrap_or("-")),
        Err(_) => format!("{} no json", response.status),
    }
}

#[test]
fn answers_in_order() {
    let sandbox = Sandbox::start().unwrap();
    let mut covered = BTreeSet::new();
    let mut expect = |id: &'static str, job: &str, outcomes: &[&str]| {
        covered.insert(id);
        for (n, expected) in (1..).zip(outcomes) {
            assert_eq!(outcome(&sandbox, job), *expected, "{job}, request {n}");
        }
    };
    let complete = "200 complete";
    let pending = "200 pending";
    let unsigned = "200 complete unsigned";
    for id in [
        "complete",
        "rejected",
        "images",
        "history",
        "wrong-user",
        "wrong-job",
        "drip",
        "epoch-timestamp",
        "number-timestamp",
    ] {
        expect(id, id, &[complete, complete]);
    }
    for id in ["never", "result-missing", "result-null"] {
        expect(id, id, &[pending, pending, pending]);
    }
    for id in [
        "bad-signature",
        "other-key",
        "no-signature",
        "null-signature",
        "malformed-signature",
        "legacy-complete",
        "legacy-pipe",
    ] {
        expect(id, id, &[unsigned, unsigned]);
    }
    expect("pending-N", "pending-0", &[complete]);
    expect("pending-N", "pending-3", &[pending, pending, pending, complete, complete]);
    expect("no-zip", "no-zip", &["200 pending unsigned", "200 pending unsigned"]);
    expect("no-zip-N", "no-zip-2", &["200 pending unsigned", "200 pending unsigned", complete]);
    expect("flaky-503-N", "flaky-503-2", &["503 -", "503 -", complete]);
    expect("flaky-503-N", "flaky-429-1", &["429 2222", complete]);
    expect("rate-limited", "rate-limited", &["429 2222", complete]);
    expect("slow-Nms", "slow-20ms", &[complete]);
    expect("status-N", "status-504", &["504 -", "504 -"]);
    expect("html-502", "html-502", &["502 no json", "502 no json"]);
    expect("bad-request", "bad-request", &["400 2213"]);
    expect("unauthorized", "unauthorized", &["401 2205"]);
    expect("forbidden", "forbidden", &["403 2205"]);
    expect("not-found", "not-found", &["404 -"]);
    expect("redirect", "redirect", &["307 -"]);
    expect("error-in-200", "error-in-200", &["200 2205"]);
    expect("not-json", "not-json", &["200 no json"]);
    // Bodies the loop above cannot read: `broken_answers` looks at them.
    covered.extend(["truncated", "huge", "huge-gzip", "stall", "stall-body", "reset", "gzip", "chunked"]);
    assert_eq!(covered, magic_job_ids().collect());
}

#[test]
fn broken_answers() {
    let sandbox = Sandbox::start().unwrap();
    let asked = |job: &str| {
        let mut client = Client::connect(&sandbox);
        client.post("/v1/job_status", &query("u", job).to_string());
        client
    };
    let mut truncated = asked("truncated");
    let declared = truncated.head().declared();
    assert_eq!(truncated.rest().len(), declared / 2);

    assert!(asked("huge").head().declared() > 40 * 1024 * 1024);
    let bomb = asked("huge-gzip").head();
    assert_eq!(bomb.header("content-encoding"), Some("gzip"));
    assert!(bomb.declared() < 1024 * 1024);

    let mut gzip = asked("gzip").response();
    let mut text = String::new();
    flate2::read::GzDecoder::new(gzip.body.as_slice()).read_to_string(&mut text).unwrap();
    gzip.body = text.into_bytes();
    assert_eq!(gzip.json()["job_complete"], true);
    assert_eq!(asked("chunked").response_in_chunks().0.json()["job_complete"], true);

    let error = asked("reset").stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let _stalled = asked("stall");
    crate::client::wait_for(&sandbox, "u", "stall", |records| records.len() == 1);
    assert!(sandbox.requests("u", "stall")[0].is_open());
    let mut body = asked("stall-body");
    let half = body.head().declared() / 2;
    body.take(half);
    assert!(sandbox.requests("u", "stall-body")[0].is_open());
}

#[test]
fn what_they_carry() {
    let sandbox = Sandbox::start().unwrap();
    let answer = |job: &str| ask(&sandbox, &query("u", job)).json();
    assert_eq!(answer("rejected")["job_success"], false);
    assert_eq!(answer("rejected")["result"]["PartnerParams"]["job_id"], "rejected");
    assert_eq!(answer("images")["image_links"].as_object().unwrap().len(), 9);
    assert_eq!(answer("history")["history"].as_array().unwrap().len(), 3);
    assert_eq!(answer("number-timestamp")["timestamp"], 1_678_216_434_434_i64);
    assert_eq!(answer("result-null").get("result"), Some(&Value::Null));
    assert_eq!(answer("result-missing").get("result"), None);
    assert_eq!(answer("wrong-user")["result"]["PartnerParams"]["user_id"], "another-user");
    assert_eq!(answer("wrong-job")["result"]["PartnerParams"]["job_id"], "another-job");
    assert_eq!(answer("no-zip")["result"], "No zip file received");
    assert_eq!(answer("aml-listed")["result"]["no_of_persons_found"], 1);
    assert_eq!(answer("document-verification-rejected")["job_success"], false);

    let all = ask(&sandbox, &query_all("u", "complete")).json();
    assert_eq!(all["history"][0], all["result"]);
    assert!(all["image_links"]["liveness_image_0"].is_string());

    let limited = ask(&sandbox, &query("u", "rate-limited"));
    assert_eq!(limited.header("retry-after"), Some("1"));
    let redirect = ask(&sandbox, &query("u", "redirect"));
    assert_eq!(redirect.header("location"), Some(format!("{}/elsewhere", sandbox.url()).as_str()));
}

#[test]
fn every_other_job_has_sent_no_zip_yet() {
    let sandbox = Sandbox::start().unwrap();
    for job in ["job-7", "pending-", "Complete", "slow-", "status-200"] {
        for _ in 0..3 {
            let answer = ask(&sandbox, &query("u", job)).json();
            assert_eq!(answer["code"], "2314", "{job}");
            assert_eq!(answer["result"], "No zip file received");
            assert_eq!(answer["job_complete"], json!(false));
        }
        assert_eq!(outcome(&sandbox, job), "200 pending");
    }
}

#[test]
fn a_story_goes_before_magic() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.post_story(r#"{"user_id": "u", "job_id": "complete", "answers": [{}]}"#).unwrap();
    assert_eq!(outcome(&sandbox, "complete"), "200 pending");
    assert_eq!(ask(&sandbox, &query("v", "complete")).json()["job_complete"], true);
}

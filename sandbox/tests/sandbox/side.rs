//! The store of images and the receiver of callbacks.

use serde_json::json;
use smileid_jobs_sandbox::Sandbox;

use crate::client::{Client, call};

#[test]
fn a_callback_is_kept_in_the_log_of_its_path() {
    let sandbox = Sandbox::start().unwrap();
    for (path, status) in
        [("/receive/flaky-500-1/a", 500), ("/receive/flaky-500-1/a", 200), ("/receive/other?x=1", 200)]
    {
        assert_eq!(call(&sandbox, "POST", path, r#"{"ResultCode":"0810"}"#).status, status, "{path}");
    }
    let listed = |path: &str| call(&sandbox, "GET", &format!("/_sandbox/requests?path={path}"), "").json();
    let flaky = listed("%2Freceive%2Fflaky-500-1%2Fa");
    assert_eq!((&flaky["count"], &flaky["requests"][1]["status"]), (&json!(2), &json!(200)));
    assert_eq!(flaky["requests"][0]["body"], json!({ "ResultCode": "0810" }));
    assert_eq!(listed("/receive/other")["count"], 1, "the query is not part of the path");
    assert_eq!(listed("/receive")["count"], 0);
    call(&sandbox, "DELETE", "/_sandbox/jobs", "");
    assert_eq!(call(&sandbox, "POST", "/receive/flaky-500-1/a", "{}").status, 500, "forgotten is new");
}

#[test]
fn links_lead_to_pictures_or_elsewhere() {
    let sandbox = Sandbox::start().unwrap();
    assert_eq!(call(&sandbox, "GET", "/images/fine/a.jpg", "").body[..3], [0xff, 0xd8, 0xff]);
    assert_eq!(call(&sandbox, "GET", "/images/status-403/a.jpg", "").status, 403);
    assert!(call(&sandbox, "GET", "/images/page/a.jpg", "").body.starts_with(b"<html>"));
    let moved = call(&sandbox, "GET", "/images/moved/a.jpg", "");
    assert_eq!(moved.header("location"), Some(format!("{}/images/a.jpg", sandbox.url()).as_str()));
    let mut client = Client::connect(&sandbox);
    client.send("GET /images/huge/a.jpg HTTP/1.1\r\nHost: sandbox\r\n\r\n");
    assert!(client.head().declared() > 16 << 20);
}

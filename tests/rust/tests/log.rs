//! What is traced, by every verb and however it ends: at every level, and nothing private. The only test of its process,
//! because the library's threads trace as well.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use smileid_jobs::{Client, ErrorCode, JobStatus, PollStep, Result, Signature};
use smileid_jobs_sandbox::Sandbox;
use tracing_subscriber::filter::LevelFilter;

const MS: Duration = Duration::from_millis(1);
const MARK: &str = "CANARY";
const USER: &str = "user-CANARY";

/// Where the lines go.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What must not stand in a line.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(&mut self, status: &JobStatus) {
        self.0.extend([status.timestamp().to_owned(), status.signature().to_owned()]);
        let links = status.image_links().into_iter();
        self.0.extend(links.flat_map(|links| links.selfie_image.iter().chain(&links.liveness_images)).cloned());
    }

    fn of_either(&mut self, ended: &Result<JobStatus>) {
        match ended {
            Ok(status) => self.of(status),
            Err(error) => error.last_status().into_iter().for_each(|status| self.of(status)),
        }
    }
}

#[tokio::test]
async fn no_verb_traces_anything_private() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(move || writer.clone()).init();
    let sandbox = Sandbox::builder().api_key("CANARY-key").start().unwrap();
    let client = Client::builder(sandbox.partner_id(), sandbox.api_key())
        .base_url(sandbox.url())
        .max_retries(1)
        .build()
        .unwrap();
    let mut secrets = Secrets(vec![MARK.to_owned(), "/images/".to_owned(), "/receive/".to_owned()]);

    for job in
        ["complete", "images", "flaky-503-1", "unauthorized", "bad-signature", "no-zip", "truncated", "wrong-user"]
    {
        let url = format!("{}/receive/fine/{USER}/{job}", sandbox.url());
        secrets.of_either(&client.get_job_status(USER, job).return_image_links(true).callback_url(&url).await);
        secrets.of_either(&client.poll_job_status(USER, job).retry_count(1).initial_delay(MS).callback_url(&url).await);
        let wait = client.wait_until_complete(USER, job).retry_count(2).initial_delay(MS);
        secrets.of_either(&wait.return_history(true).callback_url(&url).await);
        let mut watch = client.watch_job_status(USER, job).retry_count(2).initial_delay(MS).stream();
        while let Some(Ok(update)) = watch.next().await {
            secrets.of(&update.status);
        }
        if let Ok(PollStep::Again { token, .. }) = client.poll_step(USER, job).await {
            secrets.0.push(token.clone());
            assert!(client.poll_step(USER, "complete").token(token).await.is_err());
        }
    }
    let refusing = format!("{}/receive/flaky-500-1/{USER}", sandbox.url());
    let relayed = client.get_job_status(USER, "complete").callback_url(refusing).await.unwrap();
    assert_eq!(relayed.callback_delivery().map(|delivery| delivery.attempts), Some(2));

    let jobs = ["complete", "pending-1", "unauthorized", "", "reset"].map(|job| (USER.to_owned(), job.to_owned()));
    let mut many = client.poll_many().retry_count(2).initial_delay(MS).stream(jobs);
    while let Some(outcome) = many.next().await {
        secrets.of_either(&outcome.unwrap().result);
    }

    let linked = client.get_job_status(USER, "images").return_image_links(true).await.unwrap();
    secrets.of(&linked);
    let folder = std::env::temp_dir().join(format!("smileid-jobs-{MARK}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    assert!(!client.download_images(&linked).directory(&folder).await.unwrap().is_empty());
    let again = client.download_images(&linked).directory(&folder).await.unwrap_err();
    assert_eq!(again.code(), ErrorCode::Io, "the files are there already");
    std::fs::remove_dir_all(&folder).unwrap();
    for (wrong, code) in [
        ("status-403", ErrorCode::ImageLinkExpired),
        ("page", ErrorCode::ImageRefused),
        ("moved", ErrorCode::ImageRefused),
        ("flaky-500-9", ErrorCode::Server),
    ] {
        let links = json!({ "selfie_image": format!("{{{{origin}}}}/images/{wrong}/{MARK}.jpg") });
        let body = json!({ "job_complete": true, "image_links": links });
        let story = json!({ "user_id": USER, "job_id": wrong, "answers": [{ "body": body }] });
        sandbox.post_story(&story.to_string()).unwrap();
        let status = client.get_job_status(USER, wrong).return_image_links(true).await.unwrap();
        let error = client.download_images(&status).refresh(true).await.unwrap_err();
        assert_eq!(error.code(), code, "{wrong}");
    }

    let pair = Signature::new(sandbox.partner_id(), sandbox.api_key()).unwrap().generate_signature(None);
    secrets.0.extend([pair.timestamp.clone(), pair.signature.clone()]);
    let body = json!({
        "ResultCode": "0810", "PartnerParams": { "user_id": USER, "job_id": "j" }, "FullName": MARK,
        "timestamp": pair.timestamp, "signature": pair.signature,
    });
    assert!(client.verify_callback(body.to_string().as_bytes(), None).is_ok());
    let other = body.to_string().replace(&pair.signature[..4], "AAAA");
    assert!(client.verify_callback(other.as_bytes(), None).is_err());
    client.notify(USER, "complete");

    let text = lines.text();
    for told in ["answered", "failed", "retrying", "waiting", "delivered the callback"] {
        assert!(text.contains(told), "{told} was not traced");
    }
    for line in text.lines() {
        for secret in secrets.0.iter().filter(|secret| !secret.is_empty()) {
            assert!(!line.contains(secret.as_str()), "private: {line}");
        }
    }
}

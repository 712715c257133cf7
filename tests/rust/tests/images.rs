//! Downloads: what is fetched, what is refused, and what ends up on disk.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use smileid_jobs::{Client, ErrorCode, ImageType, JobStatus};
use support::{Answer, FakeClock, FakeServer, Seen, builder, wait};

const JPEG: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3];
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smileid-jobs-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn status_with(links: Value) -> JobStatus {
    let raw = support::signed(json!({ "job_complete": true, "image_links": links }));
    JobStatus::from_verified("u", "j", raw.into()).unwrap()
}

fn links() -> Value {
    json!({
        "selfie_image": "https://images.example.com/selfie.jpg?X-Amz-Signature=s",
        "liveness_image_0": "https://images.example.com/png/0",
        "../escape": "https://images.example.com/2.jpg",
        "error": "none",
    })
}

fn serve(seen: &Seen) -> Answer {
    match seen.url.as_str() {
        url if url.contains("/png/") => Answer::Bytes(200, PNG),
        url if url.contains("/old/") => Answer::Text(403, "<Error><Message>Request has expired</Message></Error>"),
        url if url.contains("/html/") => Answer::Text(200, "<html>"),
        url if url.contains("/moved/") => Answer::Text(302, ""),
        url if url.contains("job_status") => Answer::Signed(
            json!({ "job_complete": true, "image_links": { "selfie_image": "https://images.example.com/new.jpg" } }),
        ),
        _ => Answer::Bytes(200, JPEG),
    }
}

fn client() -> (Client, Arc<FakeServer>) {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::deciding(&clock, serve);
    let client = builder(&clock, &server).base_url("https://api.example.com").build().unwrap();
    (client, server)
}

#[tokio::test]
async fn images_come_in_the_links_order_with_their_kind() {
    let (client, server) = client();
    let images = client.download_images(&status_with(links())).await.unwrap();
    let shown: Vec<_> =
        images.iter().map(|image| (image.key.as_str(), image.image_type, image.bytes.as_ref())).collect();
    assert_eq!(
        shown,
        [
            ("selfie_image", ImageType::Jpeg, JPEG),
            ("liveness_image_0", ImageType::Png, PNG),
            ("../escape", ImageType::Jpeg, JPEG),
        ]
    );
    assert!(server.seen().iter().all(|seen| seen.body.is_null()), "nothing of ours is sent along");
}

#[tokio::test]
async fn files_have_safe_names_and_are_nobody_elses() {
    let folder = Folder::new("names");
    let (client, _) = client();
    let images = client.download_images(&status_with(links())).directory(&folder.0).await.unwrap();
    assert_eq!(folder.names(), ["image_2.jpg", "liveness_image_0.png", "selfie_image.jpg"]);
    assert_eq!(fs::read(images[0].path.as_ref().unwrap()).unwrap(), JPEG);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.0.join("selfie_image.jpg")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn an_existing_file_stays_unless_told_otherwise() {
    let folder = Folder::new("existing");
    let target = folder.0.join("selfie_image.jpg");
    fs::write(&target, "mine").unwrap();
    let status = status_with(json!({ "selfie_image": "https://images.example.com/a.jpg" }));
    let (client, _) = client();
    let error = client.download_images(&status).directory(&folder.0).await.unwrap_err();
    assert_eq!((error.code(), fs::read(&target).unwrap().as_slice()), (ErrorCode::Io, &b"mine"[..]));
    assert_eq!(folder.names(), ["selfie_image.jpg"], "nothing is left beside it");
    client.download_images(&status).directory(&folder.0).overwrite(true).await.unwrap();
    assert_eq!(fs::read(&target).unwrap(), JPEG);
    let missing = folder.0.join("no-such-folder");
    assert_eq!(client.download_images(&status).directory(missing).await.unwrap_err().code(), ErrorCode::Io);
}

#[tokio::test]
async fn a_failed_download_leaves_no_files_and_a_refresh_finds_none_in_its_way() {
    let folder = Folder::new("failed");
    fs::write(folder.0.join("liveness_image_0.jpg"), "mine").unwrap();
    let (client, _) = client();
    let half = |second: &str| {
        status_with(json!({ "selfie_image": "https://images.example.com/a.jpg", "liveness_image_0": second }))
    };
    let refused = client.download_images(&half("https://images.example.com/html/0")).directory(&folder.0);
    assert_eq!(refused.await.unwrap_err().code(), ErrorCode::ImageRefused);
    let expired = half("https://images.example.com/old/0");
    assert!(client.download_images(&expired).directory(&folder.0).overwrite(true).await.is_err());
    assert_eq!(folder.names(), ["liveness_image_0.jpg"], "what was there before is still there");
    let images = client.download_images(&expired).directory(&folder.0).refresh(true).await.unwrap();
    assert_eq!(images[0].path.as_deref(), Some(folder.0.join("selfie_image.jpg").as_path()));
}

#[tokio::test]
async fn links_into_our_own_network_are_refused_before_any_request() {
    let (client, server) = client();
    for link in [
        "http://images.example.com/a.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/a.jpg",
        "https://2130706433/a.jpg",
        "https://[::1]/a.jpg",
        "https://localhost/a.jpg",
        "https://intranet/a.jpg",
        "https://.intranet/a.jpg",
        "https://intranet../a.jpg",
        "https://printer.local/a.jpg",
        "https://user:pass@images.example.com/a.jpg",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let error = client.download_images(&status_with(json!({ "selfie_image": link }))).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ImageRefused, "{link}");
        assert!(!error.message().contains("example.com"));
    }
    let allowed = client.download_images(&status_with(links())).allowed_hosts(["cdn.example.com"]);
    assert_eq!(allowed.await.unwrap_err().code(), ErrorCode::ImageRefused);
    assert!(server.seen().is_empty());
    let allowed = client.download_images(&status_with(links())).allowed_hosts(["Images.Example.com"]);
    assert_eq!(allowed.await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_no_image_is_refused() {
    let (client, _) = client();
    for link in ["https://images.example.com/html/a", "https://images.example.com/moved/a"] {
        let error = client.download_images(&status_with(json!({ "selfie_image": link }))).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ImageRefused, "{link}");
    }
    let many: Value =
        (0..65).map(|n| (format!("liveness_image_{n}"), json!("https://images.example.com/a.jpg"))).collect();
    assert_eq!(client.download_images(&status_with(many)).await.unwrap_err().code(), ErrorCode::ImageRefused);
    assert!(client.download_images(&status_with(Value::Null)).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_else_a_server_says_is_told_apart() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::deciding(&clock, |seen| {
        let status = seen.url.rsplit('/').next().and_then(|status| status.parse().ok()).unwrap();
        Answer::Text(status, if seen.url.contains("/old/") { "<Code>ExpiredToken</Code>" } else { "<Code>No</Code>" })
    });
    let client = builder(&clock, &server).base_url("https://api.example.com").build().unwrap();
    for (path, code) in [
        ("old/400", ErrorCode::ImageLinkExpired),
        ("new/400", ErrorCode::ImageRefused),
        ("new/410", ErrorCode::ImageLinkExpired),
        ("new/429", ErrorCode::RateLimited),
        ("new/408", ErrorCode::Timeout),
        ("new/503", ErrorCode::Server),
    ] {
        let link = json!({ "selfie_image": format!("https://images.example.com/{path}") });
        assert_eq!(client.download_images(&status_with(link)).await.unwrap_err().code(), code, "{path}");
    }
}

#[tokio::test]
async fn transient_failures_are_retried() {
    let clock = FakeClock::new(1.0);
    let server = FakeServer::new(&clock, [Answer::Text(503, "busy"), Answer::Bytes(200, JPEG), wait(429, "3")]);
    let client = builder(&clock, &server).base_url("https://api.example.com").build().unwrap();
    let status = status_with(json!({ "selfie_image": "https://images.example.com/1.jpg" }));
    assert_eq!(client.download_images(&status).await.unwrap().len(), 1);
    assert_eq!(server.seen().len(), 2);
    let error = client.download_images(&status).await.unwrap_err();
    assert_eq!((error.code(), error.retry_after()), (ErrorCode::RateLimited, Some(Duration::from_secs(3))));
    let at: Vec<Duration> = server.seen().iter().skip(2).map(|seen| seen.at).collect();
    assert_eq!(at.len(), 3);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(3)), "the server's wish is kept: {at:?}");
}

#[tokio::test]
async fn no_two_images_go_to_one_file() {
    let folder = Folder::new("twins");
    let (client, _) = client();
    let link = |n: u32| format!("https://images.example.com/{n}.jpg");
    let twins = json!({ "liveness_image": [link(0)], "liveness_image_0": link(1), "Liveness_Image_0": link(2) });
    let images = client.download_images(&status_with(twins)).directory(&folder.0).await.unwrap();
    assert_eq!(images.len(), 3);
    assert_eq!(folder.names(), ["image_1.jpg", "image_2.jpg", "liveness_image_0.jpg"]);
}

#[tokio::test]
async fn an_expired_link_says_so_or_is_refreshed_once() {
    let (client, server) = client();
    let old = status_with(json!({ "selfie_image": "https://images.example.com/old/a.jpg" }));
    let error = client.download_images(&old).await.unwrap_err();
    assert_eq!((error.code(), error.http_status()), (ErrorCode::ImageLinkExpired, Some(403)));
    let images = client.download_images(&old).refresh(true).await.unwrap();
    assert_eq!(images[0].bytes.as_ref(), JPEG);
    let asked: Vec<bool> = server.seen().iter().map(|seen| seen.body["image_links"] == json!(true)).collect();
    assert_eq!(asked, [false, false, true, false]);
}

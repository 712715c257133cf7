//! Image links: whatever they are, nothing inside the network that this runs in is asked.

use proptest::prelude::*;
use smileid_jobs::{ErrorCode, JobStatus};

use crate::few;
use crate::json::{Json, members, object, value};
use crate::server::{JOB, USER, client, ok, run, signed};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

fn link() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["https", "http", "HTTPS", "file", "ftp", "javascript", "https+x", ""]);
    let user = prop::sample::select(vec!["", "", "", "u@", "u:p@", "a.example@"]);
    let host = prop_oneof![
        prop::sample::select(vec![
            "images.example.com",
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "intranet",
            "intranet.",
            "printer.local",
            "metadata.google.internal",
            "169.254.169.254",
            "１２７.0.0.1",
            "images.example.com.",
            "10.0.0.1.",
            "%31%32%37.0.0.1",
            "exa\u{ad}mple.com",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9.%_-]{1,20}",
        any::<String>(),
    ];
    let rest = prop_oneof![Just(String::new()), Just("/a.jpg?X=1".to_owned()), "[:/?#\\\\@a-z0-9]{0,12}"];
    (scheme, user, host, rest).prop_map(|(scheme, user, host, rest)| format!("{scheme}://{user}{host}{rest}"))
}

/// A public name under TLS, as far as its text tells.
fn is_outside(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let end = rest.find([':', '/', '?', '#']).unwrap_or(rest.len());
    let host = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(&host).split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    let is_address = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    labels.len() > 1
        && labels.iter().all(|label| !label.is_empty())
        && !host.contains(['@', '[', '%'])
        && !is_address
        && !["local", "localhost", "internal"].contains(&last)
}

proptest! {
    #![proptest_config(few(300))]

    #[test]
    fn only_the_outside_is_asked(links in prop::collection::vec(link(), 1..4)) {
        let entries: Vec<_> =
            links.into_iter().enumerate().map(|(n, link)| (format!("liveness_image_{n}"), Json::Text(link))).collect();
        let body = signed(&format!(r#""image_links":{{{}}}"#, members(&entries)));
        let status = JobStatus::from_verified(USER, JOB, body.into()).unwrap();
        let (client, seen) = client(ok(PNG));
        match run(client.download_images(&status)) {
            Ok(images) => prop_assert_eq!(images.len(), entries.len()),
            Err(error) => prop_assert_eq!(error.code(), ErrorCode::ImageRefused),
        }
        for (url, body) in seen.lock().unwrap().iter() {
            prop_assert!(is_outside(url) && body.is_empty(), "{} was asked", url);
        }
    }

    #[test]
    fn any_map_of_links_is_images_or_a_typed_error(links in object(value())) {
        let body = signed(&format!(r#""image_links":{}"#, links.write()));
        let status = JobStatus::from_verified(USER, JOB, body.into()).unwrap();
        if let Err(error) = run(client(ok(PNG)).0.download_images(&status)) {
            prop_assert_eq!(error.code(), ErrorCode::ImageRefused);
        }
    }
}

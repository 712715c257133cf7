//! The signed bodies that everybody is answered with.

use serde_json::{Value, json};
use smileid_jobs::Signature;

use crate::{API_KEY, JOB_ID, PARTNER_ID, USER_ID};

/// `small` (pending, 0.2 KB), `complete` (2 KB) and `large` (98 KB, 50 history entries).
///
/// # Errors
/// When the sandbox's example is no JSON any more.
pub fn bodies() -> Result<[(&'static str, String); 3], Box<dyn std::error::Error + Send + Sync>> {
    let mut result: Value =
        serde_json::from_str::<Value>(include_str!("../../sandbox/bodies/approved.json"))?["result"].take();
    result["PartnerParams"]["user_id"] = USER_ID.into();
    result["PartnerParams"]["job_id"] = JOB_ID.into();
    result["Country"] = "NG".into();
    result["IDType"] = "NIN".into();
    result["FullName"] = "Ọmọ Specimen".into();
    // As long as links are that carry a session's token.
    let links: Vec<String> = (0..2)
        .map(|n| format!("https://images.example/{n}.jpg?X-Amz-Signature={}", "0123456789abcdef".repeat(27)))
        .collect();
    let images = json!({ "selfie_image": links[0], "liveness_image_0": links[1] });
    let large: Vec<Value> = (0..50)
        .map(|n| {
            let mut entry = result.clone();
            entry["SmileJobID"] = format!("{n:010}").into();
            entry["Address"] = "12 Specimen Crescent, ".repeat(49).into();
            entry
        })
        .collect();
    let complete =
        json!({ "job_complete": true, "job_success": true, "code": "2302", "result": result, "image_links": images });
    let mut with_history = complete.clone();
    with_history["history"] = large.into();
    let small = json!({ "job_complete": false, "job_success": false, "code": "2302", "result": {}, "history": [], "image_links": {} });
    let signature = Signature::new(PARTNER_ID, API_KEY)?;
    let signed = |mut body: Value| {
        let pair = signature.generate_signature(Some("2026-01-05T09:30:00.000Z"));
        body["timestamp"] = pair.timestamp.into();
        body["signature"] = pair.signature.into();
        body.to_string()
    };
    Ok([("small", signed(small)), ("complete", signed(complete)), ("large", signed(with_history))])
}

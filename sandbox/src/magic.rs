//! Job ids that need no story: what they answer is in their name.

use crate::bodies;
use crate::story::{Answer, Story};

/// What a name can count up to.
const MOST: usize = 10_000;

/// Ids that stand for one list of answers; the last answer repeats.
const FIXED: &[(&str, &str)] = &[
    ("complete", r#"{"complete": "approved"}"#),
    ("rejected", r#"{"complete": "rejected"}"#),
    ("never", r#"{"pending": true}"#),
    ("images", r#"{"complete": "approved", "image_links": true}"#),
    ("history", r#"{"complete": "approved", "history": true}"#),
    ("no-zip", NO_ZIP_LEGACY),
    ("rate-limited", r#"{"status": 429, "headers": {"Retry-After": "1"}}, {"complete": "approved"}"#),
    ("truncated", r#"{"complete": "approved", "truncate": true}"#),
    ("html-502", r#"{"status": 502, "body_text": "<html><body><h1>502 Bad Gateway</h1></body></html>"}"#),
    ("huge", r#"{"complete": "approved", "size": 50331648}"#),
    ("huge-gzip", r#"{"complete": "approved", "size": 50331648, "gzip": true}"#),
    ("stall", r#"{"complete": "approved", "stall": "headers"}"#),
    ("stall-body", r#"{"complete": "approved", "stall": "body"}"#),
    ("reset", r#"{"reset": true}"#),
    ("gzip", r#"{"complete": "approved", "gzip": true}"#),
    ("chunked", r#"{"complete": "approved", "chunked": true}"#),
    (
        "drip",
        r#"{"drip_ms": 1, "body": {"job_complete": true, "job_success": true, "code": "2302", "result": {"ResultCode": "0810"}}}"#,
    ),
    ("bad-signature", r#"{"complete": "approved", "sign": "wrong"}"#),
    ("other-key", r#"{"complete": "approved", "sign": "other_key"}"#),
    ("no-signature", r#"{"complete": "approved", "sign": "missing"}"#),
    ("null-signature", r#"{"complete": "approved", "sign": "null"}"#),
    ("malformed-signature", r#"{"complete": "approved", "sign": "malformed"}"#),
    ("legacy-complete", r#"{"complete": "approved", "sign": "legacy"}"#),
    ("legacy-pipe", r#"{"complete": "approved", "sign": "legacy_pipe"}"#),
    ("epoch-timestamp", r#"{"complete": "approved", "timestamp": "1678216434434"}"#),
    ("number-timestamp", r#"{"complete": "approved", "timestamp": 1678216434434}"#),
    ("bad-request", r#"{"status": 400}"#),
    ("unauthorized", r#"{"status": 401}"#),
    ("forbidden", r#"{"status": 403}"#),
    ("not-found", r#"{"status": 404}"#),
    ("redirect", r#"{"status": 307, "headers": {"Location": "{{origin}}/elsewhere"}}"#),
    ("error-in-200", r#"{"body_text": "{\"error\":\"You are not authorized to do that.\",\"code\":\"2205\"}"}"#),
    ("not-json", r#"{"body_text": "this is not JSON"}"#),
    ("result-missing", r#"{"body": {"job_complete": false, "job_success": false, "code": "2302"}}"#),
    ("result-null", r#"{"body": {"job_complete": false, "job_success": false, "code": "2302", "result": null}}"#),
    (
        "wrong-user",
        r#"{"body": {"job_complete": true, "job_success": true, "code": "2302", "result": {"ResultCode": "0810", "PartnerParams": {"user_id": "another-user", "job_id": "{{job_id}}", "job_type": 1}}}}"#,
    ),
    (
        "wrong-job",
        r#"{"body": {"job_complete": true, "job_success": true, "code": "2302", "result": {"ResultCode": "0810", "PartnerParams": {"user_id": "{{user_id}}", "job_id": "another-job", "job_type": 1}}}}"#,
    ),
];

/// Ids with a number in them, where `N` stands.
const COUNTED: &[(&str, &str)] = &[
    ("pending-N", "N times not complete, then complete"),
    ("no-zip-N", "N times the legacy-signed answer of `no-zip`, then complete"),
    ("flaky-503-N", "N times 503 (or any other status from 400), then complete"),
    ("slow-Nms", "complete, N milliseconds late"),
    ("status-N", "that HTTP status from 300, for ever"),
];

/// The one official answer that is not signed with the key: no upload has arrived yet.
const NO_ZIP_LEGACY: &str = r#"{"sign": "legacy", "body": {"job_complete": false, "job_success": false, "code": "2314", "result": "No zip file received"}}"#;

/// What every job answers that has no story and no magic id.
const UNKNOWN: &str =
    r#"{"body": {"job_complete": false, "job_success": false, "code": "2314", "result": "No zip file received"}}"#;

const COMPLETE: &str = r#"{"complete": "approved"}"#;

/// The magic job ids; `N` stands for a number. Besides them, the name of each
/// built-in body with hyphens (`document-verification-approved`) is complete with it.
pub fn magic_job_ids() -> impl Iterator<Item = &'static str> {
    FIXED.iter().chain(COUNTED).map(|(id, _)| *id)
}

/// The answers of a job without a story.
pub(crate) fn answers(job_id: &str) -> Vec<Answer> {
    let answers = fixed(job_id).or_else(|| counted(job_id)).or_else(|| named(job_id));
    read(&answers.unwrap_or_else(|| UNKNOWN.to_owned()))
}

/// One notation for all answers: magic ids are stories that are always told.
fn read(answers: &str) -> Vec<Answer> {
    let story = format!(r#"{{"user_id": "-", "job_id": "-", "answers": [{answers}]}}"#);
    Story::read(&story).map(|story| story.answers).unwrap_or_default()
}

fn fixed(job_id: &str) -> Option<String> {
    let (_, answers) = FIXED.iter().find(|(id, _)| *id == job_id)?;
    Some((*answers).to_owned())
}

fn named(job_id: &str) -> Option<String> {
    let name = job_id.replace('-', "_");
    bodies::named(&name)?;
    Some(format!(r#"{{"complete": "{name}"}}"#))
}

fn counted(job_id: &str) -> Option<String> {
    if let Some(count) = job_id.strip_prefix("pending-") {
        return then_complete(number(count)?, r#"{"pending": true}"#);
    }
    if let Some(count) = job_id.strip_prefix("no-zip-") {
        return then_complete(number(count)?, NO_ZIP_LEGACY);
    }
    if let Some(rest) = job_id.strip_prefix("flaky-") {
        let (status, count) = rest.split_once('-')?;
        let status = number(status).filter(|status| (400..=599).contains(status))?;
        return then_complete(number(count)?, &format!(r#"{{"status": {status}}}"#));
    }
    if let Some(delay) = job_id.strip_prefix("slow-") {
        let delay = number(delay.strip_suffix("ms")?)?;
        return Some(format!(r#"{{"complete": "approved", "delay_ms": {delay}}}"#));
    }
    let status = number(job_id.strip_prefix("status-")?)?;
    (300..=599).contains(&status).then(|| format!(r#"{{"status": {status}}}"#))
}

fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= MOST)
}

fn then_complete(count: usize, first: &str) -> Option<String> {
    let mut answers = vec![first; count];
    answers.push(COMPLETE);
    Some(answers.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magic_id_is_a_story_that_can_be_played() {
        for (id, answers) in FIXED {
            let story = format!(r#"{{"user_id": "-", "job_id": "-", "answers": [{answers}]}}"#);
            if let Err(error) = Story::read(&story) {
                panic!("{id}: {error}");
            }
        }
        assert!(!read(NO_ZIP_LEGACY).is_empty() && !read(UNKNOWN).is_empty());
    }

    #[test]
    fn numbers_count_answers() {
        for (id, count) in [
            ("pending-0", 1),
            ("pending-3", 4),
            ("no-zip-2", 3),
            ("flaky-503-2", 3),
            ("flaky-408-1", 2),
            ("rate-limited", 2),
            ("slow-250ms", 1),
            ("status-418", 1),
            ("document-verification-approved", 1),
        ] {
            assert_eq!(answers(id).len(), count, "{id}");
        }
        assert_eq!(answers("slow-250ms")[0].delay_ms, 250);
        assert_eq!(answers("status-418")[0].status(), 418);
    }

    #[test]
    fn names_that_only_look_magic_are_unknown_jobs() {
        for id in ["pending-", "pending-x", "pending-10001", "flaky-200-1", "slow-5", "status-999", "Complete"] {
            assert!(counted(id).or_else(|| fixed(id)).or_else(|| named(id)).is_none(), "{id}");
            assert_eq!(answers(id).len(), 1);
        }
    }
}

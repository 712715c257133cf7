//! The sandbox's own endpoints: stories in, the request log out.

use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::log::{RequestRecord, Wanted};
use crate::state::State;

pub(crate) fn serve(state: &State, request: &Request) -> Reply {
    match (request.method.as_str(), request.path()) {
        ("POST", "/_sandbox/jobs") => match std::str::from_utf8(&request.body) {
            Ok(text) => match state.post_story(text) {
                Ok(()) => Reply::json(200, &json!({"ok": true})),
                Err(error) => refuse(400, &error.to_string()),
            },
            Err(_) => refuse(400, "the story is not UTF-8"),
        },
        ("DELETE", "/_sandbox/jobs") => {
            state.forget();
            Reply::json(200, &json!({"ok": true}))
        }
        ("GET", "/_sandbox/requests") => {
            let user_id = request.parameter("user_id");
            let job_id = request.parameter("job_id");
            let path = request.parameter("path");
            let records = state.records(&Wanted {
                user_id: user_id.as_deref(),
                job_id: job_id.as_deref(),
                path: path.as_deref(),
            });
            Reply::json(200, &listing(&records))
        }
        (_, "/_sandbox/jobs" | "/_sandbox/requests") => {
            refuse(405, "POST or DELETE /_sandbox/jobs, GET /_sandbox/requests")
        }
        _ => refuse(404, "there are only /_sandbox/jobs and /_sandbox/requests"),
    }
}

fn listing(records: &[RequestRecord]) -> Value {
    json!({
        "count": records.len(),
        "open": records.iter().filter(|record| record.is_open()).count(),
        "requests": records,
    })
}

fn refuse(status: u16, error: &str) -> Reply {
    Reply::json(status, &json!({ "error": error }))
}

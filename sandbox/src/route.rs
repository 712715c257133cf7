//! Which request goes where.

use serde_json::json;

use crate::check::{check, job_named_by};
use crate::http::{Reply, Request};
use crate::state::State;
use crate::{control, side};

/// The reply, and the number of the request's log entry if it has one.
pub(crate) fn route(state: &State, request: Request) -> (Reply, Option<u64>) {
    if request.path().starts_with("/_sandbox/") {
        return (control::serve(state, &request), None);
    }
    // Official SDKs put prefixes of their own before the version.
    if request.path().ends_with("/v1/job_status") {
        let (reply, entry) = job_status(state, request);
        return (reply, Some(entry));
    }
    let visit = state.visit(request.path());
    let (reply, verdict) = match side::serve(&request, state.origin(), visit) {
        Some(reply) => (reply, "accepted"),
        None => (refusal(404, "There is nothing here"), "refused: not found"),
    };
    let entry = state.turn_away(None, request, verdict.to_owned());
    (reply, Some(entry))
}

fn job_status(state: &State, request: Request) -> (Reply, u64) {
    if request.method != "POST" {
        let verdict = "refused: not a POST".to_owned();
        let reply = refusal(405, "job_status takes POST only");
        return (reply, state.turn_away(None, request, verdict));
    }
    match check(&request.body, &state.account, state.max_age) {
        Ok(query) => state.answer(&query, request),
        Err(refused) => {
            let job = job_named_by(&request.body);
            let verdict = format!("refused: {}", refused.error);
            let entry = state.turn_away(job, request, verdict);
            (Reply::json(400, &json!({"error": refused.error, "code": refused.code})), entry)
        }
    }
}

/// A refusal that none of Smile ID's codes is known for.
fn refusal(status: u16, error: &str) -> Reply {
    Reply::json(status, &json!({"error": error}))
}

//! What was asked, and how each request ended.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use crate::http::Request;

/// One request as the sandbox saw it. Times are milliseconds since the
/// sandbox started, on a clock that never goes back.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The number of this request among those for its user and job, from 1; 0 if it named neither.
    pub n: u64,
    /// When it had arrived whole.
    pub at_ms: f64,
    /// The method of the request line.
    pub method: String,
    /// The target of the request line, query included.
    pub path: String,
    /// Names in lower case; the values of a repeated one joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON, or as text if it is not JSON.
    pub body: Value,
    /// `accepted`, or `refused: ` and the reason.
    pub verdict: String,
    /// The status sent, once its line has gone out.
    pub status: Option<u16>,
    /// When the last byte of the answer went out, or the sandbox cut it short on purpose.
    pub answered_ms: Option<f64>,
    /// When the client closed the connection before that.
    pub closed_ms: Option<f64>,
}

impl RequestRecord {
    /// Whether the request is neither answered nor given up by the client.
    pub fn is_open(&self) -> bool {
        self.answered_ms.is_none() && self.closed_ms.is_none()
    }
}

/// What the log keeps at most; older entries go first.
const MOST: usize = 20_000;

/// A user's id and a job's.
pub(crate) type JobKey = (String, String);

/// Which requests are wanted; `None` fits all.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) user_id: Option<&'a str>,
    pub(crate) job_id: Option<&'a str>,
    /// Without the query.
    pub(crate) path: Option<&'a str>,
}

impl Wanted<'_> {
    fn fits(&self, entry: &Entry) -> bool {
        let is = |wanted: Option<&str>, own: Option<&str>| wanted.is_none() || wanted == own;
        let job = entry.job.as_ref();
        is(self.user_id, job.map(|(user_id, _)| user_id.as_str()))
            && is(self.job_id, job.map(|(_, job_id)| job_id.as_str()))
            && is(self.path, Some(entry.request.path()))
    }
}

pub(crate) struct Entry {
    job: Option<JobKey>,
    n: u64,
    at_ms: f64,
    request: Request,
    verdict: String,
    status: Option<u16>,
    answered_ms: Option<f64>,
    closed_ms: Option<f64>,
}

impl Entry {
    /// Bodies are kept as bytes until someone asks: reading is rare, requests are not.
    fn record(&self) -> RequestRecord {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &self.request.headers {
            let known = headers.entry(name.clone()).or_default();
            if !known.is_empty() {
                known.push_str(", ");
            }
            known.push_str(value);
        }
        let body = serde_json::from_slice(&self.request.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&self.request.body).into());
        RequestRecord {
            n: self.n,
            at_ms: self.at_ms,
            method: self.request.method.clone(),
            path: self.request.target.clone(),
            headers,
            body,
            verdict: self.verdict.clone(),
            status: self.status,
            answered_ms: self.answered_ms,
            closed_ms: self.closed_ms,
        }
    }
}

/// Entries by number; numbers are never used twice.
#[derive(Default)]
pub(crate) struct Log {
    first: u64,
    entries: VecDeque<Entry>,
}

impl Log {
    pub(crate) fn add(&mut self, job: Option<JobKey>, n: u64, at_ms: f64, request: Request, verdict: String) -> u64 {
        if self.entries.len() == MOST {
            self.entries.pop_front();
            self.first += 1;
        }
        self.entries.push_back(Entry {
            job,
            n,
            at_ms,
            request,
            verdict,
            status: None,
            answered_ms: None,
            closed_ms: None,
        });
        self.first + self.entries.len() as u64 - 1
    }

    pub(crate) fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.entries.clear();
    }

    /// A job told anew starts at no requests; what came before stays in the whole log.
    pub(crate) fn detach(&mut self, job: &JobKey) {
        for entry in &mut self.entries {
            if entry.job.as_ref() == Some(job) {
                entry.job = None;
            }
        }
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(at)
    }

    pub(crate) fn note_status(&mut self, number: u64, status: u16) {
        if let Some(entry) = self.entry(number) {
            entry.status = Some(status);
        }
    }

    pub(crate) fn note_answered(&mut self, number: u64, at_ms: f64) {
        if let Some(entry) = self.entry(number) {
            entry.answered_ms = Some(at_ms);
        }
    }

    pub(crate) fn note_closed(&mut self, number: u64, at_ms: f64) {
        if let Some(entry) = self.entry(number) {
            entry.answered_ms = None;
            entry.closed_ms = Some(at_ms);
        }
    }

    /// The records that fit.
    pub(crate) fn records(&self, wanted: &Wanted<'_>) -> Vec<RequestRecord> {
        self.entries.iter().filter(|entry| wanted.fits(entry)).map(Entry::record).collect()
    }
}

//! What the sandbox knows: its account, the jobs' stories, the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::answer::{Setting, render};
use crate::check::Query;
use crate::http::{Reply, Request};
use crate::log::{JobKey, Log, RequestRecord, Wanted};
use crate::magic;
use crate::signing::Account;
use crate::story::{Answer, Story, StoryError};

pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) max_age: Duration,
    origin: String,
    started: Instant,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    jobs: HashMap<JobKey, Job>,
    /// How often each path beside the job status was asked for.
    visits: HashMap<String, u64>,
    log: Log,
}

/// Every HTTP request for the job moves it on: faulty and refused ones too.
struct Job {
    answers: Arc<[Answer]>,
    requests: u64,
}

impl State {
    pub(crate) fn new(account: Account, max_age: Duration, origin: String) -> Self {
        Self { account, max_age, origin, started: Instant::now(), book: Mutex::default() }
    }

    /// A panic elsewhere is reported by itself; the book is whole after each step.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> f64 {
        (self.started.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    pub(crate) fn post_story(&self, text: &str) -> Result<(), StoryError> {
        let story = Story::read(text)?;
        let key = (story.user_id, story.job_id);
        let job = Job { answers: story.answers.into(), requests: 0 };
        let mut book = self.book();
        book.log.detach(&key);
        book.jobs.insert(key, job);
        Ok(())
    }

    pub(crate) fn forget(&self) {
        let mut book = self.book();
        book.jobs.clear();
        book.visits.clear();
        book.log.clear();
    }

    pub(crate) fn records(&self, wanted: &Wanted<'_>) -> Vec<RequestRecord> {
        self.book().log.records(wanted)
    }

    /// Scheme, address and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Counts a request for a path beside the job status, from 1.
    pub(crate) fn visit(&self, path: &str) -> u64 {
        let mut book = self.book();
        let visits = book.visits.entry(path.to_owned()).or_default();
        *visits += 1;
        *visits
    }

    /// Counts a request for a job and gives the answer whose turn it is.
    pub(crate) fn answer(&self, query: &Query, request: Request) -> (Reply, u64) {
        let key = (query.user_id.clone(), query.job_id.clone());
        let (answers, n, entry) = self.count(Some(key), request, "accepted".to_owned());
        let turn = usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        let answer = answers.get(turn).or(answers.last());
        let setting = Setting { account: &self.account, origin: &self.origin, query };
        let reply = match answer {
            Some(answer) => render(answer, &setting),
            None => render(&Answer::default(), &setting),
        };
        (reply, entry)
    }

    /// Counts a request that is not answered from a story.
    pub(crate) fn turn_away(&self, key: Option<JobKey>, request: Request, verdict: String) -> u64 {
        self.count(key, request, verdict).2
    }

    fn count(&self, key: Option<JobKey>, request: Request, verdict: String) -> (Arc<[Answer]>, u64, u64) {
        let mut book = self.book();
        let (answers, n) = match &key {
            None => (Arc::from([]), 0),
            Some(key) => {
                let job = book
                    .jobs
                    .entry(key.clone())
                    .or_insert_with(|| Job { answers: magic::answers(&key.1).into(), requests: 0 });
                job.requests += 1;
                (Arc::clone(&job.answers), job.requests)
            }
        };
        let at_ms = self.now_ms();
        let entry = book.log.add(key, n, at_ms, request, verdict);
        (answers, n, entry)
    }

    pub(crate) fn note_status(&self, entry: u64, status: u16) {
        self.book().log.note_status(entry, status);
    }

    pub(crate) fn note_answered(&self, entry: u64) {
        let at_ms = self.now_ms();
        self.book().log.note_answered(entry, at_ms);
    }

    pub(crate) fn note_closed(&self, entry: u64) {
        let at_ms = self.now_ms();
        self.book().log.note_closed(entry, at_ms);
    }
}

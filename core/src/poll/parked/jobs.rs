//! The waiting jobs: a slab, an index by ids, and heaps of their moments. Kept small: a job takes its ids, what its
//! last answer does not share with others, and about 160 bytes.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::AbortHandle;
use hashbrown::HashTable;

use super::super::poller::{Pause, note_error};
use super::job::{Job, NewJob, State, micros};
use super::kept::{Common, Kept};
use super::times::Times;
use super::{Observer, Terms};
use crate::retry::Answer;
use crate::signature::Signature;
use crate::slab::{Slab, Slot};

/// How many jobs are queued at a time, before other tasks run on the driver's thread.
const QUEUED_AT_ONCE: usize = 1000;

/// The jobs of one `poll_many`, or the lone waits of one client.
#[derive(Default)]
pub(crate) struct Jobs {
    entries: Slab<Job>,
    index: HashTable<u32>,
    hasher: RandomState,
    /// When sleeping ones are due.
    due: Times,
    /// The indices of due ones for which no connection or token was free, first come, first served.
    queue: VecDeque<u32>,
    /// Those of them whose last query is due, which go first: in a queue that is longer than their bound they would be
    /// asked about once and no more.
    last: VecDeque<u32>,
    /// When the last queries of those that queue are due, and when their bounds are over.
    ends: Times,
    /// How long before its bound a last query stands in line for its token, at least.
    ahead: Duration,
    /// How long a late query may take.
    request_timeout: Duration,
    /// How to drop attempts.
    attempts: HashMap<Slot, AbortHandle>,
    /// What the body kept last has in common with others.
    common: Weak<Common>,
    last_terms: Weak<Terms>,
    is_over: bool,
    /// Whether there is a task that drives the lone waits.
    pub(crate) is_driven: bool,
}

/// What became of a job that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is due now.
    New(Slot),
    /// It is there already and was counted once more.
    Again,
    /// Nobody asks any more.
    TooLate,
}

impl Jobs {
    /// No jobs yet; their last queries will be due at least this long before their bounds.
    pub(super) fn with_last_queries(ahead: Duration, request_timeout: Duration) -> Self {
        Self { ahead, request_timeout, ..Self::default() }
    }

    /// Adds a job of a `poll_many` that is due now. Its bound runs from its first query.
    pub(crate) fn add_or_count(&mut self, job: NewJob<'_>, now: Duration) -> Added {
        let same = self.find(job.user_id, job.job_id).next();
        if let Some(same) = same.and_then(|slot| self.entries.get_mut(slot)) {
            same.copies = same.copies.saturating_add(1);
            return Added::Again;
        }
        self.insert(job, now, false)
    }

    /// Adds a wait that is due now, and whose bound runs from now on.
    pub(crate) fn add(&mut self, job: NewJob<'_>, now: Duration) -> Added {
        self.insert(job, now, true)
    }

    fn insert(&mut self, job: NewJob<'_>, now: Duration, runs_already: bool) -> Added {
        if self.is_over {
            return Added::TooLate;
        }
        let hash = self.hasher.hash_one((job.user_id, job.job_id));
        let slot = self.entries.add(Job::new(job, now, runs_already));
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.index.insert_unique(hash, slot.index(), |index| hash_of(entries, hasher, *index));
        self.sleep_until(micros(now), slot);
        Added::New(slot)
    }

    /// The terms of a wait: those of the wait before, if they are the same.
    pub(crate) fn terms_of_wait(&mut self, terms: Terms) -> Arc<Terms> {
        let same = |last: &Arc<Terms>| match (&last.observer, &terms.observer) {
            (Observer::Waits(last_observer), Observer::Waits(observer)) => {
                Arc::ptr_eq(last_observer, observer) && last.policy == terms.policy && last.options == terms.options
            }
            _ => false,
        };
        let terms = self.last_terms.upgrade().filter(same).unwrap_or_else(|| Arc::new(terms));
        self.last_terms = Arc::downgrade(&terms);
        terms
    }

    /// Takes a job that is due at `now`, earliest first.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<Slot> {
        if let Some(slot) = self.pop_last() {
            return Some(slot);
        }
        let slot = match pop_queued(&mut self.queue, &self.entries) {
            Some(slot) => slot,
            None => {
                self.forget_queue();
                self.pop_asleep(now)?
            }
        };
        self.begin(slot)
    }

    /// Takes a job whose last query is due while it queues.
    pub(super) fn pop_last(&mut self) -> Option<Slot> {
        let slot = pop_queued(&mut self.last, &self.entries)?;
        self.begin(slot)
    }

    /// Queues what is due at `now`, for no connection or token is free. If there are very many, the rest stays due.
    pub(super) fn queue_due(&mut self, now: Duration) {
        // Jobs that were given up must not fill the queue.
        if self.queue.len() > 2 * self.index.len() + 16 {
            let entries = &self.entries;
            self.queue.retain(|index| entries.at(*index).is_some_and(|(_, job)| job.state == State::Queued));
        }
        for _ in 0..QUEUED_AT_ONCE {
            let Some(slot) = self.pop_asleep(now) else { return };
            let Some(job) = self.get_mut(slot) else { continue };
            job.state = State::Queued;
            self.queue_up(slot, now);
        }
    }

    /// Takes a sleeping job that is due at `now`.
    fn pop_asleep(&mut self, now: Duration) -> Option<Slot> {
        let slot = self.due.pop(micros(now), sleeps(&self.entries))?;
        if let Some(job) = self.entries.get_mut(slot) {
            job.notice(job.due_us, now, self.request_timeout);
        }
        Some(slot)
    }

    /// Puts a job into the queue that it belongs to at `now`, and remembers when that changes.
    fn queue_up(&mut self, slot: Slot, now: Duration) {
        let Some(job) = self.entries.get(slot) else { return };
        let (last_us, ends_us) = (job.last_us(self.ahead), job.ends_us());
        let is_last = last_us.is_some_and(|last_us| last_us <= micros(now));
        let queue = if is_last { &mut self.last } else { &mut self.queue };
        queue.push_back(slot.index());
        if let Some(at_us) = if is_last { ends_us } else { last_us } {
            let entries = &self.entries;
            self.ends.push(at_us, slot, self.index.len(), |_, slot| is_queued(entries, slot));
        }
    }

    /// Takes a queued job whose end has come. Those whose last query is due go first from now on.
    pub(super) fn pop_ended(&mut self, now: Duration) -> Option<Slot> {
        loop {
            let entries = &self.entries;
            let slot = self.ends.pop(micros(now), |_, slot| is_queued(entries, slot))?;
            let job = self.entries.get_mut(slot)?;
            let ends_us = job.ends_us().filter(|ends_us| *ends_us <= micros(now));
            if let Some(ends_us) = ends_us
                && !job.notice(ends_us, now, self.request_timeout)
            {
                return self.begin(slot);
            }
            self.queue_up(slot, now);
        }
    }

    pub(super) fn is_queueing(&self) -> bool {
        !self.queue.is_empty() || !self.last.is_empty()
    }

    /// When the next job is due, or the next bound of one that queues is over.
    pub(super) fn next_moment(&mut self) -> Option<Duration> {
        let entries = &self.entries;
        let due = self.due.first(sleeps(entries));
        let ends = self.ends.first(|_, slot| is_queued(entries, slot));
        due.into_iter().chain(ends).map(|(at_us, _)| Duration::from_micros(at_us)).min()
    }

    fn begin(&mut self, slot: Slot) -> Option<Slot> {
        let job = self.get_mut(slot)?;
        job.state = State::InFlight;
        job.woken = false;
        Some(slot)
    }

    fn forget_queue(&mut self) {
        (self.queue, self.last) = Default::default();
        self.ends.clear();
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Job> {
        self.entries.get_mut(slot)
    }

    /// Remembers how to drop a job's attempt.
    pub(super) fn attempt_began(&mut self, slot: Slot, attempt: AbortHandle) {
        self.attempts.insert(slot, attempt);
    }

    /// Forgets it again.
    pub(super) fn attempt_ended(&mut self, slot: Slot) {
        self.attempts.remove(&slot);
    }

    /// Remembers what a job was answered last.
    pub(super) fn note(&mut self, slot: Slot, answer: Answer, signature: &Signature) {
        let mut common = std::mem::take(&mut self.common);
        if let Some(job) = self.get_mut(slot) {
            match answer {
                Answer::Status(status) => job.last_body = Some(Kept::new(&status, signature, &mut common)),
                Answer::Failed(error) | Answer::NotReady(error) => note_error(&mut job.last_error, error),
            }
        }
        self.common = common;
    }

    /// Puts a job back to wait.
    pub(super) fn wait(&mut self, slot: Slot, pause: Pause) {
        let Some(job) = self.get_mut(slot) else { return };
        job.state = State::Asleep;
        job.not_before_us = micros(pause.not_before);
        // A wake-up during the query asks again as soon as the server allows.
        job.due_us = if job.woken { job.not_before_us } else { micros(pause.until) };
        let due_us = job.due_us;
        self.sleep_until(due_us, slot);
    }

    /// Takes a job out for good, and drops its attempt.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Job> {
        let ids = self.entries.get(slot)?.ids();
        let hash = self.hasher.hash_one(ids);
        if let Ok(found) = self.index.find_entry(hash, |index| *index == slot.index()) {
            found.remove();
        }
        if let Some(attempt) = self.attempts.remove(&slot) {
            attempt.abort();
        }
        self.entries.remove(slot)
    }

    /// Makes waiting jobs due now; true when the driver should look.
    pub(crate) fn wake(&mut self, user_id: &str, job_id: &str, now: Duration) -> bool {
        let same: Vec<Slot> = self.find(user_id, job_id).collect();
        let mut wakes = false;
        for slot in same {
            let Some(job) = self.get_mut(slot) else { continue };
            job.woken = true;
            let due_us = micros(now).max(job.not_before_us);
            // One that is due by then anyway needs no other entry.
            if job.state == State::Asleep && due_us < job.due_us {
                job.due_us = due_us;
                self.sleep_until(due_us, slot);
                wakes = true;
            }
        }
        wakes
    }

    /// Every job, for the end of all of them, with their attempts dropped.
    pub(crate) fn drain(&mut self) -> Vec<Job> {
        self.attempts.drain().for_each(|(_, attempt)| attempt.abort());
        let jobs = self.entries.drain().collect();
        self.release();
        jobs
    }

    /// Refuses new jobs from now on.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Frees all memory, when no job is left.
    pub(super) fn release(&mut self) {
        self.entries.drain().for_each(drop);
        self.index = HashTable::new();
        self.attempts = HashMap::new();
        self.due.clear();
        self.forget_queue();
    }

    fn find(&self, user_id: &str, job_id: &str) -> impl Iterator<Item = Slot> {
        let found = self.index.iter_hash(self.hasher.hash_one((user_id, job_id)));
        let found = found.filter_map(|index| self.entries.at(*index));
        found.filter(move |(_, job)| job.ids() == (user_id, job_id)).map(|(slot, _)| slot)
    }

    fn sleep_until(&mut self, due_us: u64, slot: Slot) {
        self.due.push(due_us, slot, self.index.len(), sleeps(&self.entries));
    }
}

/// Takes the first of a queue that is still queued.
fn pop_queued(queue: &mut VecDeque<u32>, entries: &Slab<Job>) -> Option<Slot> {
    std::iter::from_fn(|| queue.pop_front()).find_map(|index| {
        let (slot, job) = entries.at(index)?;
        (job.state == State::Queued).then_some(slot)
    })
}

fn is_queued(entries: &Slab<Job>, slot: Slot) -> bool {
    entries.get(slot).is_some_and(|job| job.state == State::Queued)
}

/// Whether a job sleeps until this very moment.
fn sleeps(entries: &Slab<Job>) -> impl Fn(u64, Slot) -> bool {
    |due_us, slot| entries.get(slot).is_some_and(|job| job.state == State::Asleep && job.due_us == due_us)
}

fn hash_of(entries: &Slab<Job>, hasher: &RandomState, index: u32) -> u64 {
    hasher.hash_one(entries.at(index).map(|(_, job)| job.ids()).unwrap_or_default())
}

#[cfg(test)]
mod tests;

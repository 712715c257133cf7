//! The waiting jobs: a slab, an index by ids, and one heap of due times. Made to be small: a job costs its ids, what is its
//! own in its last answer, and about a hundred and fifty bytes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashTable;

use super::super::poller::Pause;
use super::kept::{Common, Kept};
use crate::error::Error;
use crate::retry::Answer;

/// One job between its attempts.
pub(super) struct Job {
    /// Both ids in one allocation.
    ids: Box<str>,
    user_id_bytes: u32,
    pub(super) copies: u32,
    pub(super) attempts: u32,
    in_flight: bool,
    woken: bool,
    /// When the first query began.
    pub(super) started_at: Option<Duration>,
    due_us: u64,
    not_before_us: u64,
    pub(super) last_wall_ms: i64,
    /// The last verified body: a status is made of it only if it is asked for.
    pub(super) last_body: Option<Kept>,
    pub(super) last_error: Option<Error>,
}

impl Job {
    pub(super) fn ids(&self) -> (&str, &str) {
        self.ids.split_at_checked(self.user_id_bytes as usize).unwrap_or_default()
    }
}

/// A job that has come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    index: u32,
    generation: u32,
}

#[derive(Default)]
struct Entry {
    generation: u32,
    job: Option<Box<Job>>,
}

/// The jobs of one `poll_many`.
#[derive(Default)]
pub(super) struct Jobs {
    entries: Vec<Entry>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: RandomState,
    /// Due times; an entry that no longer fits its job is passed over.
    due: BinaryHeap<Reverse<(u64, u32, u32)>>,
    /// What the bodies kept last have in common.
    common: Option<Arc<Common>>,
    is_over: bool,
}

/// What became of a job that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is due now.
    New,
    /// It is there already and was counted once more.
    Again,
    /// Nobody asks any more.
    TooLate,
}

impl Jobs {
    /// Adds a job that is due now.
    pub(super) fn add(&mut self, user_id: &str, job_id: &str, now: Duration) -> Added {
        if self.is_over {
            return Added::TooLate;
        }
        if let Some(job) = self.find(user_id, job_id).and_then(|index| self.job_mut(index)) {
            job.copies = job.copies.saturating_add(1);
            return Added::Again;
        }
        let job = Job {
            ids: [user_id, job_id].concat().into_boxed_str(),
            user_id_bytes: u32::try_from(user_id.len()).unwrap_or(u32::MAX),
            copies: 1,
            attempts: 0,
            in_flight: false,
            woken: false,
            started_at: None,
            due_us: micros(now),
            not_before_us: 0,
            last_wall_ms: i64::MIN,
            last_body: None,
            last_error: None,
        };
        let index = self.free.pop().unwrap_or_else(|| self.grow());
        let hash = self.hasher.hash_one((user_id, job_id));
        let (entries, hasher) = (&mut self.entries, &self.hasher);
        let Some(entry) = entries.get_mut(index as usize) else { return Added::TooLate };
        let due = (job.due_us, index, entry.generation);
        entry.job = Some(Box::new(job));
        self.index.insert_unique(hash, index, |index| hash_of(entries, hasher, *index));
        self.push_due(due);
        Added::New
    }

    /// Takes a job that is due at `now`, earliest first.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<Slot> {
        self.next_due().filter(|due| *due <= now)?;
        let Reverse((_, index, generation)) = self.due.pop()?;
        let job = self.job_mut(index)?;
        job.in_flight = true;
        job.woken = false;
        Some(Slot { index, generation })
    }

    /// When the next job is due.
    pub(super) fn next_due(&mut self) -> Option<Duration> {
        loop {
            let Reverse((due_us, index, generation)) = *self.due.peek()?;
            let entry = self.entries.get(index as usize)?;
            let fits = entry.generation == generation
                && entry.job.as_ref().is_some_and(|job| !job.in_flight && job.due_us == due_us);
            if fits {
                return Some(Duration::from_micros(due_us));
            }
            self.due.pop();
        }
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Job> {
        let entry = self.entries.get_mut(slot.index as usize).filter(|entry| entry.generation == slot.generation)?;
        entry.job.as_deref_mut()
    }

    /// Remembers what a job was answered last.
    pub(super) fn note(&mut self, slot: Slot, answer: Answer) {
        let mut common = self.common.take();
        if let Some(job) = self.get_mut(slot) {
            match answer {
                Answer::Status(status) => job.last_body = Some(Kept::new(&status, &mut common)),
                Answer::Failed(error) | Answer::NotReady(error) => job.last_error = Some(error),
            }
        }
        self.common = common;
    }

    /// Puts a job back to wait.
    pub(super) fn wait(&mut self, slot: Slot, pause: Pause) {
        let Some(job) = self.get_mut(slot) else { return };
        job.in_flight = false;
        job.not_before_us = micros(pause.not_before);
        // A wake-up during the query asks again as soon as the server allows.
        job.due_us = if job.woken { job.not_before_us } else { micros(pause.until) };
        let due = (job.due_us, slot.index, slot.generation);
        self.push_due(due);
    }

    /// Takes a job out for good.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Box<Job>> {
        self.get_mut(slot)?;
        let hash = hash_of(&self.entries, &self.hasher, slot.index);
        if let Ok(found) = self.index.find_entry(hash, |index| *index == slot.index) {
            found.remove();
        }
        let entry = self.entries.get_mut(slot.index as usize)?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(slot.index);
        entry.job.take()
    }

    /// Makes a waiting job due now; true when the driver should look.
    pub(super) fn wake(&mut self, user_id: &str, job_id: &str, now: Duration) -> bool {
        let Some(index) = self.find(user_id, job_id) else { return false };
        let generation = self.entries.get(index as usize).map_or(0, |entry| entry.generation);
        let Some(job) = self.job_mut(index) else { return false };
        job.woken = true;
        if job.in_flight {
            return false;
        }
        job.due_us = micros(now).max(job.not_before_us);
        let due = (job.due_us, index, generation);
        self.push_due(due);
        true
    }

    /// Every job, for the end of all of them; none is added after it.
    pub(super) fn drain(&mut self) -> Vec<Job> {
        self.is_over = true;
        self.index.clear();
        self.due.clear();
        self.entries.drain(..).filter_map(|entry| entry.job.map(|job| *job)).collect()
    }

    fn find(&self, user_id: &str, job_id: &str) -> Option<u32> {
        let hash = self.hasher.hash_one((user_id, job_id));
        let is_same = |index: &u32| {
            self.entries
                .get(*index as usize)
                .and_then(|entry| entry.job.as_ref())
                .is_some_and(|job| job.ids() == (user_id, job_id))
        };
        self.index.find(hash, is_same).copied()
    }

    fn job_mut(&mut self, index: u32) -> Option<&mut Job> {
        self.entries.get_mut(index as usize)?.job.as_deref_mut()
    }

    /// Grows by a quarter, where doubling would leave half of it empty.
    fn grow(&mut self) -> u32 {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(self.entries.len() / 4 + 16);
        }
        self.entries.push(Entry::default());
        u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
    }

    fn push_due(&mut self, due: (u64, u32, u32)) {
        if self.due.len() == self.due.capacity() {
            self.due.reserve_exact(self.due.len() / 4 + 16);
        }
        self.due.push(Reverse(due));
    }
}

fn hash_of(entries: &[Entry], hasher: &RandomState, index: u32) -> u64 {
    let ids = entries.get(index as usize).and_then(|entry| entry.job.as_ref()).map(|job| job.ids());
    hasher.hash_one(ids.unwrap_or_default())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pause(until: Duration) -> Pause {
        Pause { until, not_before: until / 2 }
    }

    #[test]
    fn jobs_come_due_in_order_and_equal_ones_are_asked_once() {
        let mut jobs = Jobs::default();
        assert_eq!(jobs.add("u", "a", 3 * MS), Added::New);
        assert_eq!(jobs.add("u", "b", MS), Added::New);
        assert_eq!(jobs.add("u", "a", MS), Added::Again);
        // One text, cut elsewhere, is another job.
        assert_eq!(jobs.add("ua", "", 9 * MS), Added::New);
        assert_eq!(jobs.pop_due(Duration::ZERO), None);
        let first = jobs.pop_due(5 * MS).unwrap();
        let second = jobs.pop_due(5 * MS).unwrap();
        assert_eq!(jobs.pop_due(5 * MS), None);
        assert_eq!(jobs.get_mut(first).unwrap().ids(), ("u", "b"));
        assert_eq!(jobs.get_mut(second).unwrap().ids(), ("u", "a"));
        assert_eq!(jobs.remove(second).unwrap().copies, 2);
        assert!(jobs.get_mut(second).is_none());
        assert_eq!(jobs.add("u", "a", MS), Added::New, "once it is over, it is asked again");
    }

    #[test]
    fn nothing_is_added_after_the_end() {
        let mut jobs = Jobs::default();
        jobs.add("u", "a", MS);
        assert_eq!(jobs.drain().len(), 1);
        assert_eq!(jobs.add("u", "b", MS), Added::TooLate);
    }

    #[test]
    fn a_wake_up_moves_a_job_forward_but_not_before_the_servers_wish() {
        let mut jobs = Jobs::default();
        jobs.add("u", "a", MS);
        let slot = jobs.pop_due(MS).unwrap();
        jobs.wait(slot, pause(100 * MS));
        assert_eq!(jobs.next_due(), Some(100 * MS));
        assert!(jobs.wake("u", "a", 2 * MS));
        assert_eq!(jobs.next_due(), Some(50 * MS));
        let slot = jobs.pop_due(60 * MS).unwrap();
        assert!(!jobs.wake("u", "a", 61 * MS), "a wake-up during the query is kept");
        jobs.wait(slot, pause(300 * MS));
        assert_eq!(jobs.next_due(), Some(150 * MS));
        assert!(!jobs.wake("u", "other", MS));
    }

    #[test]
    fn slots_are_used_again_and_old_due_times_do_not_count() {
        let mut jobs = Jobs::default();
        for round in 0..50_u32 {
            for job in 0..100 {
                jobs.add("u", &job.to_string(), MS * round);
            }
            for _ in 0..100 {
                let slot = jobs.pop_due(MS * round).unwrap();
                jobs.remove(slot).unwrap();
            }
            assert_eq!(jobs.next_due(), None);
        }
        assert!(jobs.entries.len() <= 100);
    }
}

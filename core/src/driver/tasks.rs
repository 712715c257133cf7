//! The tasks that an event loop drives, and their wakers.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Instant;

use super::event_loop::EventLoop;
use crate::clock::BoxFuture;
use crate::slab::{Slab, Slot};

/// The task is queued to be polled, or will be once the poll that is under way has ended.
const READY: u8 = 1;

/// The task is being polled.
const POLLED: u8 = 2;

/// The tasks of one event loop, by slot.
#[derive(Default)]
pub(super) struct Tasks {
    slab: Slab<Task>,
    /// One for each index that a task has had.
    wakers: Vec<Arc<TaskWaker>>,
}

struct Task {
    /// `None` while it is polled.
    future: Option<BoxFuture<'static, ()>>,
    wakes_at: Option<Instant>,
}

/// A task that is being polled.
pub(super) struct Polled {
    pub(super) future: BoxFuture<'static, ()>,
    pub(super) waker: Waker,
    slot: Slot,
}

impl Tasks {
    pub(super) fn add(
        &mut self,
        future: BoxFuture<'static, ()>,
        event_loop: &Arc<EventLoop>,
    ) -> (Slot, Arc<TaskWaker>) {
        let slot = self.slab.add(Task { future: Some(future), wakes_at: None });
        while self.wakers.len() <= slot.index() as usize {
            let (event_loop, index) = (Arc::downgrade(event_loop), self.wakers.len() as u32);
            self.wakers.push(Arc::new(TaskWaker { event_loop, index, state: AtomicU8::new(0) }));
        }
        (slot, Arc::clone(&self.wakers[slot.index() as usize]))
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Takes the task at an index, to poll it.
    pub(super) fn take(&mut self, index: u32) -> Option<Polled> {
        let waker = self.wakers.get(index as usize)?;
        let slot = self.slab.at(index).map(|(slot, _)| slot);
        let taken = slot.and_then(|slot| Some((slot, self.slab.get_mut(slot)?.future.take()?)));
        // Swapped, not only stored: the poll must see what was written before a wake-up that found the task ready
        // already.
        waker.state.swap(if taken.is_some() { POLLED } else { 0 }, Ordering::AcqRel);
        taken.map(|(slot, future)| Polled { future, waker: Waker::from(Arc::clone(waker)), slot })
    }

    /// Puts a pending task back; true if it was woken while it was polled. If it was aborted meanwhile, returns its
    /// future, to be dropped outside the lock.
    pub(super) fn put(&mut self, polled: Polled, wakes_at: Option<Instant>) -> (bool, Option<impl Sized + use<>>) {
        let Polled { future, slot, .. } = polled;
        let given_up = match self.slab.get_mut(slot) {
            Some(task) => {
                *task = Task { future: Some(future), wakes_at };
                None
            }
            None => Some(future),
        };
        // If it was aborted, these flags may be those of the new task in its slot.
        (self.state(slot).fetch_and(!POLLED, Ordering::AcqRel) & READY != 0, given_up)
    }

    /// Removes a finished task. True if its slot was already re-used and the new task was woken.
    pub(super) fn end(&mut self, polled: &Polled) -> bool {
        let was_there = self.slab.remove(polled.slot).is_some();
        let is_woken = self.state(polled.slot).swap(0, Ordering::AcqRel) & READY != 0;
        is_woken && !was_there
    }

    fn state(&self, slot: Slot) -> &AtomicU8 {
        &self.wakers[slot.index() as usize].state
    }

    /// Removes an aborted task; to be dropped outside the lock.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<impl Sized + use<>> {
        self.slab.remove(slot)
    }

    /// The wakers of the tasks whose deadline has come, and the next deadline.
    pub(super) fn expired(&self, now: Instant) -> (Vec<Arc<TaskWaker>>, Option<Instant>) {
        let (mut expired, mut next) = (Vec::new(), None::<Instant>);
        for (slot, task) in self.slab.entries() {
            match task.wakes_at {
                Some(at) if at <= now => expired.push(Arc::clone(&self.wakers[slot.index() as usize])),
                Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        (expired, next)
    }
}

/// Wakes the task at one index.
pub(super) struct TaskWaker {
    event_loop: Weak<EventLoop>,
    index: u32,
    /// [`READY`], [`POLLED`], both or none. Most wake-ups are a query's own while it is polled, and need no other poll.
    state: AtomicU8,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(READY, Ordering::AcqRel) == 0
            && let Some(event_loop) = self.event_loop.upgrade()
        {
            event_loop.make_ready(self.index);
        }
    }
}

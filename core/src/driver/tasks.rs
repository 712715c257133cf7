//! What an event loop drives, and what wakes it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Instant;

use super::event_loop::EventLoop;
use crate::clock::BoxFuture;
use crate::slab::{Slab, Slot};

/// A place is among the ready ones, or will be once it was polled.
const READY: u8 = 1;

/// What is in a place is being polled.
const POLLED: u8 = 2;

/// See the module.
#[derive(Default)]
pub(super) struct Tasks {
    slab: Slab<Task>,
    /// One for each place a task has had.
    rouses: Vec<Arc<Rouse>>,
}

struct Task {
    /// Not there while it is polled.
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
    pub(super) fn add(&mut self, future: BoxFuture<'static, ()>, event_loop: &Arc<EventLoop>) -> (Slot, Arc<Rouse>) {
        let slot = self.slab.add(Task { future: Some(future), wakes_at: None });
        while self.rouses.len() <= slot.index() as usize {
            let (event_loop, index) = (Arc::downgrade(event_loop), self.rouses.len() as u32);
            self.rouses.push(Arc::new(Rouse { event_loop, index, state: AtomicU8::new(0) }));
        }
        (slot, Arc::clone(&self.rouses[slot.index() as usize]))
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Takes what is in a place, to poll it.
    pub(super) fn take(&mut self, index: u32) -> Option<Polled> {
        let rouse = self.rouses.get(index as usize)?;
        let slot = self.slab.at(index).map(|(slot, _)| slot);
        let taken = slot.and_then(|slot| Some((slot, self.slab.get_mut(slot)?.future.take()?)));
        // Not only stored: what a wake-up tells of that found the place ready is seen by the poll that follows.
        rouse.state.swap(if taken.is_some() { POLLED } else { 0 }, Ordering::AcqRel);
        taken.map(|(slot, future)| Polled { future, waker: Waker::from(Arc::clone(rouse)), slot })
    }

    /// Puts back what goes on, and says whether it was woken meanwhile; what was given up meanwhile is dropped after the lock.
    pub(super) fn put(&mut self, polled: Polled, wakes_at: Option<Instant>) -> (bool, Option<impl Sized + use<>>) {
        let Polled { future, slot, .. } = polled;
        let given_up = match self.slab.get_mut(slot) {
            Some(task) => {
                *task = Task { future: Some(future), wakes_at };
                None
            }
            None => Some(future),
        };
        // Of one that was given up, they may be its successor's.
        (self.state(slot).fetch_and(!POLLED, Ordering::AcqRel) & READY != 0, given_up)
    }

    /// Takes out what has ended, and its wake-ups with it. Says whether there was one for its successor, too.
    pub(super) fn end(&mut self, polled: &Polled) -> bool {
        let was_there = self.slab.remove(polled.slot).is_some();
        let is_woken = self.state(polled.slot).swap(0, Ordering::AcqRel) & READY != 0;
        is_woken && !was_there
    }

    fn state(&self, slot: Slot) -> &AtomicU8 {
        &self.rouses[slot.index() as usize].state
    }

    /// Takes out what was given up; to be dropped after the lock.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<impl Sized + use<>> {
        self.slab.remove(slot)
    }

    /// Whose deadline has come, and when the next one's will.
    pub(super) fn late(&self, now: Instant) -> (Vec<Arc<Rouse>>, Option<Instant>) {
        let (mut late, mut next) = (Vec::new(), None::<Instant>);
        for (slot, task) in self.slab.entries() {
            match task.wakes_at {
                Some(at) if at <= now => late.push(Arc::clone(&self.rouses[slot.index() as usize])),
                Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        (late, next)
    }
}

/// Wakes what is in one place.
pub(super) struct Rouse {
    event_loop: Weak<EventLoop>,
    index: u32,
    /// [`READY`], [`POLLED`], both or none. Most wake-ups are a query's own as it ends, and no news.
    state: AtomicU8,
}

impl Wake for Rouse {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(READY, Ordering::AcqRel) == 0
            && let Some(event_loop) = self.event_loop.upgrade()
        {
            event_loop.rouse(self.index);
        }
    }
}

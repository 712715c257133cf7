//! Moments of jobs, earliest first. Outdated ones stay in here for a while and are passed over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::slab::Slot;

/// A heap of moments in microseconds.
#[derive(Default)]
pub(super) struct Times(BinaryHeap<Reverse<(u64, Slot)>>);

impl Times {
    /// Adds a moment, and removes outdated and repeated ones before they are the majority. Grows by a quarter, where
    /// doubling would leave half of it empty.
    pub(super) fn push(&mut self, at_us: u64, slot: Slot, jobs: usize, fits: impl Fn(u64, Slot) -> bool) {
        if self.0.len() == self.0.capacity() {
            if self.0.len() > 2 * jobs {
                let mut moments = std::mem::take(&mut self.0).into_vec();
                moments.retain(|Reverse((at_us, slot))| fits(*at_us, *slot));
                moments.sort_unstable();
                moments.dedup();
                self.0 = moments.into();
            }
            self.0.reserve_exact(self.0.len() / 4 + 16);
        }
        self.0.push(Reverse((at_us, slot)));
    }

    /// The earliest moment that fits its job still.
    pub(super) fn first(&mut self, fits: impl Fn(u64, Slot) -> bool) -> Option<(u64, Slot)> {
        loop {
            let Reverse((at_us, slot)) = *self.0.peek()?;
            if fits(at_us, slot) {
                return Some((at_us, slot));
            }
            self.0.pop();
        }
    }

    /// Takes the earliest moment out if it is not after `now_us`.
    pub(super) fn pop(&mut self, now_us: u64, fits: impl Fn(u64, Slot) -> bool) -> Option<Slot> {
        let (_, slot) = self.first(fits).filter(|(at_us, _)| *at_us <= now_us)?;
        self.0.pop();
        Some(slot)
    }

    pub(super) fn clear(&mut self) {
        self.0 = BinaryHeap::new();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

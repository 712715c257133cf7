//! A slab that grows by chunks: no entry moves or has an allocation of its own, and room for a few stands empty.

const CHUNK: usize = 64;

/// An entry's place, and what tells it from others that had the place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    index: u32,
    serial: u32,
}

impl Slot {
    /// The place alone, counted from zero: it is another entry's once this one is removed.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The slot as a number, for hosts.
    #[must_use]
    pub fn number(self) -> u64 {
        u64::from(self.serial) << 32 | u64::from(self.index)
    }

    /// The slot of a [`number`](Self::number).
    #[must_use]
    pub fn of_number(number: u64) -> Self {
        // Its halves, so the casts lose nothing.
        Self { index: (number & u64::from(u32::MAX)) as u32, serial: (number >> 32) as u32 }
    }
}

/// Entries by slots.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Box<[Option<Entry<T>>]>>,
    free: Vec<u32>,
    last_serial: u32,
    len: usize,
}

#[derive(Debug)]
struct Entry<T> {
    serial: u32,
    value: T,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), last_serial: 0, len: 0 }
    }
}

impl<T> Slab<T> {
    /// Adds a value.
    pub fn add(&mut self, value: T) -> Slot {
        let slot = self.next_slot();
        self.free.pop();
        self.last_serial = slot.serial;
        if let Some(place) = self.place(slot.index) {
            *place = Some(Entry { serial: slot.serial, value });
            self.len += 1;
        }
        slot
    }

    /// Where the next value will be.
    pub fn next_slot(&mut self) -> Slot {
        if self.free.is_empty() {
            let first = self.chunks.len() * CHUNK;
            self.free.extend((first..first + CHUNK).rev().filter_map(|index| u32::try_from(index).ok()));
            self.chunks.push(std::iter::repeat_with(|| None).take(CHUNK).collect());
        }
        Slot { index: self.free.last().copied().unwrap_or(u32::MAX), serial: self.last_serial.wrapping_add(1) }
    }

    /// The value of a slot that was not removed.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.entry(slot.index).filter(|entry| entry.serial == slot.serial).map(|entry| &entry.value)
    }

    /// As [`get`](Self::get).
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        let entry = self.place(slot.index)?.as_mut().filter(|entry| entry.serial == slot.serial)?;
        Some(&mut entry.value)
    }

    /// What is in a place, with its slot.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<(Slot, &T)> {
        self.entry(index).map(|entry| (Slot { index, serial: entry.serial }, &entry.value))
    }

    /// Takes a value out.
    pub fn remove(&mut self, slot: Slot) -> Option<T> {
        let place = self.place(slot.index)?;
        let removed = place.take_if(|entry| entry.serial == slot.serial)?;
        self.free.push(slot.index);
        self.len -= 1;
        Some(removed.value)
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten().flatten().map(|entry| &entry.value)
    }

    /// All values with their slots.
    pub fn entries(&self) -> impl Iterator<Item = (Slot, &T)> {
        let places = self.chunks.iter().flatten().zip(0..);
        places.filter_map(|(place, index)| {
            place.as_ref().map(|entry| (Slot { index, serial: entry.serial }, &entry.value))
        })
    }

    /// Takes all values out and gives their room back.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.free = Vec::new();
        self.len = 0;
        std::mem::take(&mut self.chunks).into_iter().flatten().flatten().map(|entry| entry.value)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn entry(&self, index: u32) -> Option<&Entry<T>> {
        let index = index as usize;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)?.as_ref()
    }

    fn place(&mut self, index: u32) -> Option<&mut Option<Entry<T>>> {
        let index = index as usize;
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_for_one_value_though_places_are_used_again() {
        let mut slab = Slab::default();
        let first = slab.add("a");
        assert_eq!(Slot::of_number(first.number()), first);
        assert_eq!(slab.remove(first), Some("a"));
        let expected = slab.next_slot();
        let second = slab.add("b");
        assert_eq!((second, second.index()), (expected, first.index()));
        assert_eq!(slab.remove(first), None);
        assert_eq!((slab.get(first), slab.get(second)), (None, Some(&"b")));
        assert_eq!(slab.at(second.index()), Some((second, &"b")));
        assert_eq!(slab.drain().collect::<Vec<_>>(), ["b"]);
        let third = slab.add("c");
        assert_eq!((third.index(), slab.get(second)), (second.index(), None));
    }

    #[test]
    fn room_follows_what_is_there_at_once() {
        let mut slab = Slab::default();
        for round in 0..1000 {
            let slots: Vec<Slot> = (0..100).map(|n| slab.add(round + n)).collect();
            assert_eq!((slab.len(), slab.values().sum::<i32>()), (100, 100 * round + 4950));
            assert!(slots.into_iter().all(|slot| slab.remove(slot).is_some()));
            assert!(slab.is_empty());
        }
        assert_eq!(slab.chunks.len(), 2);
    }
}

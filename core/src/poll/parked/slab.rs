//! A slab that grows by chunks: no entry moves or has an allocation of its own, and room for a few stands empty.

const CHUNK: usize = 64;

/// Entries by index.
pub(super) struct Slab<T> {
    chunks: Vec<Box<[Option<T>]>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Adds what is made of its index.
    pub(super) fn add(&mut self, make: impl FnOnce(u32) -> T) {
        if self.free.is_empty() {
            let first = self.chunks.len() * CHUNK;
            self.free.extend((first..first + CHUNK).rev().filter_map(|index| u32::try_from(index).ok()));
            self.chunks.push(std::iter::repeat_with(|| None).take(CHUNK).collect());
        }
        if let Some(index) = self.free.pop()
            && let Some(entry) = self.entry(index)
        {
            *entry = Some(make(index));
        }
    }

    pub(super) fn get(&self, index: u32) -> Option<&T> {
        let index = index as usize;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.entry(index)?.as_mut()
    }

    pub(super) fn remove(&mut self, index: u32) -> Option<T> {
        let removed = self.entry(index)?.take()?;
        self.free.push(index);
        Some(removed)
    }

    /// Everything there is. The room is given back.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(self).chunks.into_iter().flatten().flatten()
    }

    fn entry(&mut self, index: u32) -> Option<&mut Option<T>> {
        let index = index as usize;
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    /// How many there is room for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.chunks.len() * CHUNK
    }
}

//! What an event loop knows of a socket's readiness: told once, until it is used up.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Poll, Waker};

use mio::event::Event;

use super::event_loop::{EventLoop, lock};
use crate::slab::Slot;

/// A socket's readiness, as far as it is known.
#[derive(Default)]
pub(super) struct Place {
    readable: Side,
    writable: Side,
}

impl Place {
    pub(super) fn tell(&self, news: News) {
        news.read.into_iter().for_each(|is_closed| self.readable.tell(is_closed));
        news.write.into_iter().for_each(|is_closed| self.writable.tell(is_closed));
    }
}

/// For reading and for writing: whether it is ready, and if so, whether that is its end.
#[derive(Clone, Copy)]
pub(super) struct News {
    read: Option<bool>,
    write: Option<bool>,
}

impl News {
    /// Nobody will tell any more.
    pub(super) const END: Self = Self { read: Some(true), write: None };

    pub(super) fn of(event: &Event) -> Self {
        let (read_ends, write_ends) = (event.is_read_closed(), event.is_write_closed());
        let [read_ends, write_ends] = [read_ends, write_ends].map(|ends| ends || event.is_error());
        Self {
            read: (event.is_readable() || read_ends).then_some(read_ends),
            write: (event.is_writable() || write_ends).then_some(write_ends),
        }
    }
}

struct Side {
    is_ready: AtomicBool,
    /// The other side has ended it: from then on it is always ready.
    is_closed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Default for Side {
    fn default() -> Self {
        // Nobody has tried yet.
        Self { is_ready: AtomicBool::new(true), is_closed: AtomicBool::new(false), waker: Mutex::default() }
    }
}

impl Side {
    fn tell(&self, is_closed: bool) {
        if is_closed {
            self.is_closed.store(true, Ordering::Release);
        }
        self.is_ready.store(true, Ordering::Release);
        let waker = lock(&self.waker).take();
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, waker: &Waker, mut attempt: impl FnMut() -> io::Result<usize>) -> Poll<io::Result<usize>> {
        loop {
            if !self.is_ready.load(Ordering::Acquire) {
                match &mut *lock(&self.waker) {
                    Some(held) => held.clone_from(waker),
                    none => *none = Some(waker.clone()),
                }
                // Whoever tells is on this thread, so it has not become ready meanwhile.
                return Poll::Pending;
            }
            match attempt() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.exhaust(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return Poll::Ready(other),
            }
        }
    }

    fn exhaust(&self) {
        if !self.is_closed.load(Ordering::Acquire) {
            self.is_ready.store(false, Ordering::Release);
        }
    }
}

/// A socket's place in an event loop, until it is dropped.
pub(crate) struct Seat {
    event_loop: Weak<EventLoop>,
    place: Arc<Place>,
    slot: Slot,
    fd: RawFd,
}

impl Seat {
    pub(super) fn new(event_loop: Weak<EventLoop>, place: Arc<Place>, slot: Slot, fd: RawFd) -> Self {
        Self { event_loop, place, slot, fd }
    }

    /// Tries to read if there may be something, and has the waker woken once there is if there is not. The attempt is told
    /// where to read to, and says how much it read and whether that was all there was.
    pub(crate) fn poll_read(
        &self,
        waker: &Waker,
        mut attempt: impl FnMut(&mut [u8]) -> io::Result<(usize, bool)>,
    ) -> Poll<io::Result<usize>> {
        let side = &self.place.readable;
        side.poll(waker, || {
            let event_loop = self.event_loop.upgrade().ok_or(io::ErrorKind::Other)?;
            let (count, was_all) = attempt(&mut event_loop.room())?;
            // What comes later is told. Elsewhere than with epoll, not reliably.
            if was_all && 0 < count && cfg!(target_os = "linux") {
                side.exhaust();
            }
            Ok(count)
        })
    }

    /// Tries to write if there may be room, and has the waker woken once there is if there is not.
    pub(crate) fn poll_write(
        &self,
        waker: &Waker,
        attempt: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.place.writable.poll(waker, attempt)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.leave(self.slot, self.fd);
        }
    }
}

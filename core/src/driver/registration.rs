//! What an event loop knows of a socket's readiness. It is edge-triggered: reported once, and true until a read or
//! write finds it used up.

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
pub(super) struct Readiness {
    readable: Direction,
    writable: Direction,
}

impl Readiness {
    pub(super) fn tell(&self, event: ReadyEvent) {
        event.read.into_iter().for_each(|is_closed| self.readable.tell(is_closed));
        event.write.into_iter().for_each(|is_closed| self.writable.tell(is_closed));
    }
}

/// For reading and for writing: whether the socket is ready, and if so, whether that is because it is closed.
#[derive(Clone, Copy)]
pub(super) struct ReadyEvent {
    read: Option<bool>,
    write: Option<bool>,
}

impl ReadyEvent {
    /// Nothing is reported any more.
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

struct Direction {
    is_ready: AtomicBool,
    /// The peer has closed it, or it is broken: from then on it is always ready.
    is_closed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Default for Direction {
    fn default() -> Self {
        // Ready until the first attempt shows that it is not.
        Self { is_ready: AtomicBool::new(true), is_closed: AtomicBool::new(false), waker: Mutex::default() }
    }
}

impl Direction {
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
                // Readiness is reported on this thread, so it has not changed meanwhile.
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

/// A socket in an event loop, until this is dropped.
pub(crate) struct Registration {
    event_loop: Weak<EventLoop>,
    readiness: Arc<Readiness>,
    slot: Slot,
    fd: RawFd,
}

impl Registration {
    pub(super) fn new(event_loop: Weak<EventLoop>, readiness: Arc<Readiness>, slot: Slot, fd: RawFd) -> Self {
        Self { event_loop, readiness, slot, fd }
    }

    /// Reads if there may be something; if there is nothing, wakes the waker once there is. `attempt` is given a buffer
    /// to read into, and says how much it read and whether that was all there was.
    pub(crate) fn poll_read(
        &self,
        waker: &Waker,
        mut attempt: impl FnMut(&mut [u8]) -> io::Result<(usize, bool)>,
    ) -> Poll<io::Result<usize>> {
        let direction = &self.readiness.readable;
        direction.poll(waker, || {
            let event_loop = self.event_loop.upgrade().ok_or(io::ErrorKind::Other)?;
            let (count, was_all) = attempt(&mut event_loop.read_buffer())?;
            // Data that arrives later is reported; reliably so only by epoll.
            if was_all && 0 < count && cfg!(target_os = "linux") {
                direction.exhaust();
            }
            Ok(count)
        })
    }

    /// Writes if there may be room; if there is none, wakes the waker once there is.
    pub(crate) fn poll_write(
        &self,
        waker: &Waker,
        attempt: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.readiness.writable.poll(waker, attempt)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.deregister(self.slot, self.fd);
        }
    }
}

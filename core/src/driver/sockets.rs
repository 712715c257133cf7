//! The sockets of an event loop: an event queue, and the readiness of each socket.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::event_loop::lock;
use super::registration::{Readiness, ReadyEvent};
use crate::slab::{Slab, Slot};

/// At most this many events are taken per system call.
const EVENTS: usize = 256;

/// The token of the wake-up; a socket's is its slot's index.
const WOKEN: Token = Token(usize::MAX);

/// The sockets of one event loop, by slot.
pub(super) struct Sockets {
    fd: RawFd,
    queue: Mutex<Queue>,
    registered: Mutex<Slab<Arc<Readiness>>>,
}

struct Queue {
    poll: Poll,
    events: Events,
}

impl Sockets {
    /// Also returns the waker, which makes the descriptor readable.
    pub(super) fn new() -> io::Result<(Self, mio::Waker)> {
        let poll = Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WOKEN)?;
        let (fd, queue) = (poll.as_raw_fd(), Queue { poll, events: Events::with_capacity(EVENTS) });
        Ok((Self { fd, queue: Mutex::new(queue), registered: Mutex::default() }, waker))
    }

    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Checks which sockets are ready, and wakes the tasks that wait for them.
    pub(super) fn look(&self) {
        let mut told = Vec::new();
        loop {
            let mut queue = lock(&self.queue);
            let Queue { poll, events } = &mut *queue;
            if poll.poll(events, Some(Duration::ZERO)).is_err() {
                return;
            }
            let seen = events.iter().count();
            told.reserve(seen);
            {
                let registered = lock(&self.registered);
                // The token is a slot's index, so the cast loses nothing.
                let of =
                    |event: &Event| registered.at(event.token().0 as u32).map(|(_, readiness)| Arc::clone(readiness));
                let ready = |event: &Event| Some((of(event)?, ReadyEvent::of(event)));
                told.extend(events.iter().filter(|event| event.token() != WOKEN).filter_map(ready));
            }
            drop(queue);
            told.drain(..).for_each(|(readiness, event): (Arc<Readiness>, ReadyEvent)| readiness.tell(event));
            if seen < EVENTS {
                return;
            }
        }
    }

    /// Makes a slot for a socket, whose readiness is reported there once it is watched.
    pub(super) fn add(&self, readiness: Arc<Readiness>) -> Slot {
        lock(&self.registered).add(readiness)
    }

    pub(super) fn watch(&self, slot: Slot, tcp: &TcpStream) -> io::Result<()> {
        let token = Token(slot.index() as usize);
        let both = Interest::READABLE | Interest::WRITABLE;
        lock(&self.queue).poll.registry().register(&mut SourceFd(&tcp.as_raw_fd()), token, both)
    }

    /// Reports its readiness no more.
    pub(super) fn remove(&self, slot: Slot, fd: RawFd) {
        let _ = lock(&self.queue).poll.registry().deregister(&mut SourceFd(&fd));
        lock(&self.registered).remove(slot);
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        // Idle connections learn that nothing watches them any more.
        lock(&self.registered).drain().for_each(|readiness| readiness.tell(ReadyEvent::END));
    }
}

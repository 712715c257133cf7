//! The sockets of an event loop: an event queue, and what is told of each socket's readiness.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::event_loop::lock;
use super::seat::{News, Place};
use crate::slab::{Slab, Slot};

/// How many sockets are looked at per system call.
const EVENTS: usize = 256;

/// The token of the wake-up; a socket's is its place.
const WOKEN: Token = Token(usize::MAX);

/// See the module.
pub(super) struct Sockets {
    fd: RawFd,
    queue: Mutex<Queue>,
    seats: Mutex<Slab<Arc<Place>>>,
}

struct Queue {
    poll: Poll,
    events: Events,
}

impl Sockets {
    /// With what makes the descriptor readable.
    pub(super) fn new() -> io::Result<(Self, mio::Waker)> {
        let poll = Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WOKEN)?;
        let (fd, queue) = (poll.as_raw_fd(), Queue { poll, events: Events::with_capacity(EVENTS) });
        Ok((Self { fd, queue: Mutex::new(queue), seats: Mutex::default() }, waker))
    }

    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Sees which sockets are ready, and tells whoever waits.
    pub(super) fn look(&self) {
        let mut places = Vec::new();
        loop {
            let mut queue = lock(&self.queue);
            let Queue { poll, events } = &mut *queue;
            if poll.poll(events, Some(Duration::ZERO)).is_err() {
                return;
            }
            let seen = events.iter().count();
            places.reserve(seen);
            {
                let seats = lock(&self.seats);
                // The token is a place's index, so the cast loses nothing.
                let of = |event: &Event| seats.at(event.token().0 as u32).map(|(_, place)| Arc::clone(place));
                let told = |event: &Event| Some((of(event)?, News::of(event)));
                places.extend(events.iter().filter(|event| event.token() != WOKEN).filter_map(told));
            }
            drop(queue);
            places.drain(..).for_each(|(place, news): (Arc<Place>, News)| place.tell(news));
            if seen < EVENTS {
                return;
            }
        }
    }

    /// Tells a socket's readiness from now on, there.
    pub(super) fn add(&self, place: Arc<Place>) -> Slot {
        lock(&self.seats).add(place)
    }

    pub(super) fn watch(&self, slot: Slot, tcp: &TcpStream) -> io::Result<()> {
        let token = Token(slot.index() as usize);
        let both = Interest::READABLE | Interest::WRITABLE;
        lock(&self.queue).poll.registry().register(&mut SourceFd(&tcp.as_raw_fd()), token, both)
    }

    /// Tells it no more.
    pub(super) fn remove(&self, slot: Slot, fd: RawFd) {
        let _ = lock(&self.queue).poll.registry().deregister(&mut SourceFd(&fd));
        lock(&self.seats).remove(slot);
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        // Connections that rest here learn that nobody looks at them any more.
        lock(&self.seats).drain().for_each(|place| place.tell(News::END));
    }
}

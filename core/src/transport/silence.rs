//! Servers from which nothing comes back.

use std::time::{Duration, Instant};

/// A request given up earlier, such as one at the end of its call's time, says nothing about its server.
const SILENT: Duration = Duration::from_millis(500);

/// A request, until something comes back. If it is given up before, its server may be gone without a word, as one
/// behind a load balancer is that hangs: then the connections that are idle are no better, and each would cost one more
/// request its time.
pub(super) struct Silence<F: FnOnce()> {
    began_at: Instant,
    leave: Option<F>,
}

impl<F: FnOnce()> Silence<F> {
    /// `leave` closes those connections.
    pub(super) fn new(began_at: Instant, leave: Option<F>) -> Self {
        Self { began_at, leave }
    }

    /// Something came back.
    pub(super) fn end(&mut self) {
        self.leave = None;
    }
}

impl<F: FnOnce()> Drop for Silence<F> {
    fn drop(&mut self) {
        if let Some(leave) = self.leave.take()
            && self.began_at.elapsed() >= SILENT
        {
            leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_that_lasts_is_one() {
        for (lasts, ends, is_left) in [(true, false, true), (true, true, false), (false, false, false)] {
            let (mut has_left, now) = (false, Instant::now());
            let began_at = if lasts { now.checked_sub(SILENT).unwrap() } else { now };
            let mut silence = Silence::new(began_at, Some(|| has_left = true));
            if ends {
                silence.end();
            }
            drop(silence);
            assert_eq!(has_left, is_left);
        }
    }
}

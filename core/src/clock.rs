//! The only place that reads time or chance for what is asked and when, so that tests can set both. What watches sockets
//! measures by itself.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::driver;

/// A boxed future, as trait objects need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Time and chance.
pub trait Clock: Send + Sync + 'static {
    /// Monotonic time since some fixed moment.
    fn now(&self) -> Duration;
    /// Milliseconds since 1970 in UTC, for signing.
    fn wall_ms(&self) -> i64;
    /// Ends after a duration.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// A number in `[0, 1)`, for jitter.
    fn chance(&self) -> f64;
    /// Whether this is the machine's time, which others can keep as well.
    fn is_the_machines(&self) -> bool {
        false
    }
}

/// The machine's clocks and the timer of whoever drives.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

static START: OnceLock<Instant> = OnceLock::new();

/// What the first moment is called: later than any wait can have begun in another process.
const FIRST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        FIRST + START.get_or_init(Instant::now).elapsed()
    }

    fn wall_ms(&self) -> i64 {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(driver::sleep(duration))
    }

    fn chance(&self) -> f64 {
        fastrand::f64()
    }

    fn is_the_machines(&self) -> bool {
        true
    }
}

/// Gives a forked child a chance of its own: workers of one parent would otherwise ask in step, and name their calls alike.
#[cfg(feature = "blocking")]
pub(crate) fn part_from_parent() {
    let moment = SystemClock.now().as_nanos() as u64;
    fastrand::seed(fastrand::u64(..) ^ moment ^ (u64::from(std::process::id()) << 32));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WAIT_TIMEOUT;

    #[test]
    fn a_wait_that_another_process_began_has_begun_after_time_did() {
        assert!(WAIT_TIMEOUT.check(FIRST).is_err());
        assert!(SystemClock.now() >= FIRST);
    }
}

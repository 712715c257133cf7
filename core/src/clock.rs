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

/// Where this process's clock starts: a year, not zero, so that a wait resumed from a token, which may have begun up to
/// 30 days before this process, has a start that is not negative.
const CLOCK_START: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        CLOCK_START + START.get_or_init(Instant::now).elapsed()
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

/// Gives a forked child random numbers of its own: workers of one parent would otherwise ask in step, and name their
/// calls alike.
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
    fn a_resumed_wait_may_have_begun_before_this_process() {
        assert!(WAIT_TIMEOUT.check(CLOCK_START).is_err());
        assert!(SystemClock.now() >= CLOCK_START);
    }
}

//! A token bucket over HTTP requests.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use crate::clock::Clock;

/// A request that begins this late or less counts as begun on time, so that the timers' granularity costs no
/// throughput.
const TICK: Duration = Duration::from_millis(2);

/// Never more than `burst + rate · t` requests begin in any time `t`, up to the tick of the machine's timers. First
/// come, first served.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    burst: Duration,
    /// When the bucket will be full again, had nobody asked: the virtual time of the generic cell rate algorithm.
    full_at: Mutex<Duration>,
}

impl RateLimit {
    /// `rate` tokens a second, at most `burst` (at least 1) saved up.
    pub(crate) fn new(rate: f64, burst: u32) -> Self {
        let interval = Duration::from_secs_f64(1.0 / rate);
        Self { interval, burst: interval.saturating_mul(burst.max(1)), full_at: Mutex::new(Duration::ZERO) }
    }

    /// The longest wait with one request ahead.
    pub(crate) fn two_intervals(&self) -> Duration {
        self.interval.saturating_mul(2)
    }

    /// Waits until there is a token. It is [consumed](RatePermit::consume) when the request begins; until then nobody
    /// else gets one.
    pub(crate) async fn acquire(&self, clock: &dyn Clock) -> RatePermit<'_> {
        // Held while sleeping: the next in line cannot have a token earlier than this one.
        let full_at = self.full_at.lock().await;
        let asked_at = clock.now();
        // A token is there once at most `burst - 1` others are still to be refilled.
        let due = full_at.saturating_add(self.interval).saturating_sub(self.burst);
        if due > asked_at {
            clock.sleep(due.saturating_sub(asked_at)).await;
        }
        RatePermit { interval: self.interval, due: due.max(asked_at), full_at }
    }
}

/// A token that is there. Dropping it leaves the token.
#[derive(Debug)]
pub(crate) struct RatePermit<'a> {
    interval: Duration,
    due: Duration,
    full_at: MutexGuard<'a, Duration>,
}

impl RatePermit<'_> {
    pub(crate) fn consume(mut self, clock: &dyn Clock) {
        let late = clock.now().saturating_sub(self.due);
        let consumed_at = self.due.saturating_add(late.saturating_sub(TICK));
        *self.full_at = (*self.full_at).max(consumed_at).saturating_add(self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::BoxFuture;
    use std::sync::Mutex as StdMutex;

    /// Time that moves by sleeping only, and oversleeps by `late`.
    struct Sleeper {
        now: StdMutex<Duration>,
        late: Duration,
    }

    impl Clock for Sleeper {
        fn now(&self) -> Duration {
            *self.now.lock().unwrap()
        }

        fn wall_ms(&self) -> i64 {
            0
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            *self.now.lock().unwrap() += duration + self.late;
            Box::pin(std::future::ready(()))
        }

        fn chance(&self) -> f64 {
            0.0
        }
    }

    async fn starts(rate: f64, burst: u32, late: Duration, requests: usize) -> Vec<f64> {
        let clock = Sleeper { now: StdMutex::new(Duration::from_secs(100)), late };
        let limit = RateLimit::new(rate, burst);
        let mut starts = Vec::new();
        for _ in 0..requests {
            limit.acquire(&clock).await.consume(&clock);
            starts.push(clock.now().as_secs_f64() - 100.0);
        }
        starts
    }

    #[tokio::test]
    async fn no_window_holds_more_than_burst_and_rate_allow() {
        for (rate, burst) in [(5.0, 1), (500.0, 1), (100.0, 7), (0.5, 3)] {
            let starts = starts(rate, burst, Duration::ZERO, 400).await;
            for (first, from) in starts.iter().enumerate() {
                for (last, to) in starts.iter().enumerate().skip(first) {
                    let allowed = f64::from(burst) + rate * (to - from);
                    assert!((last - first + 1) as f64 <= allowed + 1e-6, "{rate}/s, burst {burst}: {first}..{last}");
                }
            }
            let used = (starts.len() - burst as usize) as f64 / rate / starts.last().unwrap();
            assert!(used >= 0.98, "{used} of the allowed rate is used");
        }
    }

    #[tokio::test]
    async fn a_token_that_is_not_consumed_is_left_and_one_consumed_late_counts_from_then() {
        let clock = Sleeper { now: StdMutex::new(Duration::from_secs(100)), late: Duration::ZERO };
        let limit = RateLimit::new(1.0, 1);
        drop(limit.acquire(&clock).await);
        let permit = limit.acquire(&clock).await;
        assert_eq!(clock.now(), Duration::from_secs(100));
        // As long as it waits for a connection.
        clock.sleep(Duration::from_secs(10)).await;
        permit.consume(&clock);
        limit.acquire(&clock).await.consume(&clock);
        assert!(clock.now() >= Duration::from_millis(110_990), "{:?}", clock.now());
    }

    #[tokio::test]
    async fn late_timers_cost_no_throughput() {
        let starts = starts(500.0, 1, Duration::from_millis(1), 1000).await;
        assert!(999.0 / 500.0 / starts.last().unwrap() >= 0.98);
    }

    #[tokio::test]
    async fn time_overslept_is_not_made_up_for() {
        let starts = starts(100.0, 1, Duration::from_millis(50), 100).await;
        let gaps = starts.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        assert!(gaps >= 0.0099, "{gaps}");
    }
}

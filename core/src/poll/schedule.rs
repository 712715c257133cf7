//! Delays from attempts; pure.

use std::time::Duration;

use crate::config::{INITIAL_DELAY, MAX_DELAY};
use crate::error::{Error, Result};

/// Delays that double from `initial_delay` up to `max_delay`, without jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    initial_delay: Duration,
    max_delay: Duration,
}

impl Schedule {
    /// Takes delays of 1 ms to 1 h, `initial_delay` at most `max_delay`. A default `max_delay` gives way to a longer
    /// `initial_delay`.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) otherwise.
    pub fn new(initial_delay: Option<Duration>, max_delay: Option<Duration>) -> Result<Self> {
        let or_default =
            |value: Option<Duration>, argument: &crate::config::DurationArgument| match value.or(argument.default) {
                Some(value) => argument.check(value),
                None => Err(argument.refuse()),
            };
        let explicit_max = max_delay.is_some();
        let initial_delay = or_default(initial_delay, &INITIAL_DELAY)?;
        let max_delay = or_default(max_delay, &MAX_DELAY)?;
        if initial_delay <= max_delay {
            Ok(Self { initial_delay, max_delay })
        } else if explicit_max {
            Err(Error::invalid_argument("initial_delay", "expected a duration that is not above the longest delay"))
        } else {
            Ok(Self { initial_delay, max_delay: initial_delay })
        }
    }

    /// The delay after attempt `attempt`, counted from 1: `initial_delay · 2ⁿ⁻¹`, at most `max_delay`.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.initial_delay.saturating_mul(1 << doublings).min(self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(initial_delay: Option<Duration>, max_delay: Option<Duration>, attempts: u32) -> Vec<u128> {
        let schedule = Schedule::new(initial_delay, max_delay).unwrap();
        (1..=attempts).map(|attempt| schedule.delay(attempt).as_millis()).collect()
    }

    #[test]
    fn the_default_delays_are_2_4_8_seconds() {
        assert_eq!(delays(None, None, 3), [2000, 4000, 8000]);
    }

    #[test]
    fn delays_are_capped_and_never_overflow() {
        assert_eq!(delays(None, None, 7), [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        let longest = Duration::from_secs(3600);
        assert_eq!(Schedule::new(Some(longest), Some(longest)).unwrap().delay(u32::MAX), longest);
    }

    #[test]
    fn a_default_cap_gives_way_and_an_explicit_one_does_not() {
        assert_eq!(delays(Some(Duration::from_secs(45)), None, 2), [45_000, 45_000]);
        let error = Schedule::new(Some(Duration::from_secs(45)), Some(Duration::from_secs(44))).unwrap_err();
        assert_eq!(error.argument(), Some("initial_delay"));
    }
}

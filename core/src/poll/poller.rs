//! The state machine of the polling verbs: an attempt's answer in, what to do next out; pure.

use std::time::Duration;

use bytes::Bytes;

use super::schedule::Schedule;
use crate::config::{FINAL_POLL_MARGIN, LONG_DELAY, RETRY_AFTER_CAP, TOGETHER};
use crate::error::{Error, IncompleteReason, Phase};
use crate::response::JobStatus;
use crate::retry::{Answer, above};

/// What a verb makes of an answer that is not the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The attempts are used up: the last answer is the verb's own, complete or not.
    Attempts,
    /// The job is complete; running out of time or attempts is an error.
    Complete,
}

/// How a verb polls; the same for every job of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) until: Until,
    pub(crate) schedule: Schedule,
    /// `None` is no limit.
    pub(crate) max_attempts: Option<u64>,
    /// `None` is no limit; zero asks for exactly one HTTP request.
    pub(crate) timeout: Option<Duration>,
    /// Whether jobs whose long delays end at nearly the same time ask together: one wake-up for all of them, each up to
    /// 4 ms early.
    pub(crate) together: bool,
}

/// What one attempt brought, its HTTP retries included.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    /// How long the server asked to wait, if it did.
    pub(crate) retry_after: Option<Duration>,
}

/// When to ask again, on the clock's monotonic time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) until: Duration,
    /// The server's own wish, which a wake-up does not shorten.
    pub(crate) not_before: Duration,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The answer ends the verb.
    End,
    /// The verb ends without the job's end.
    GiveUp(IncompleteReason),
    /// Ask again.
    Again(Pause),
}

impl Policy {
    /// Decides after attempt `attempts` (from 1) of a job that must end at `ends_at`. `now_and_chance` is called only
    /// if there is something left to decide.
    pub(crate) fn decide(
        &self,
        outcome: &Outcome,
        attempts: u32,
        ends_at: Option<Duration>,
        now_and_chance: impl FnOnce() -> (Duration, f64),
    ) -> Decision {
        let is_last = self.max_attempts.is_some_and(|max| u64::from(attempts) >= max);
        match &outcome.answer {
            Answer::Status(status) if status.job_complete() => return Decision::End,
            Answer::Failed(error) if !error.is_transient() => return Decision::End,
            // Which attempt it was is not why the wait ends.
            Answer::Failed(error) if is_last && is_out_of_time(error) => {
                return self.give_up(IncompleteReason::Deadline);
            }
            Answer::Status(_) | Answer::Failed(_) | Answer::NotReady(_) if is_last => {
                return self.give_up(IncompleteReason::Attempts);
            }
            Answer::Status(_) | Answer::Failed(_) | Answer::NotReady(_) => {}
        }
        let (now, chance) = now_and_chance();
        let floor = outcome.retry_after.unwrap_or_default().min(RETRY_AFTER_CAP);
        let not_before = now.saturating_add(floor);
        let last_at = ends_at.map(|ends_at| ends_at.saturating_sub(self.final_poll_margin()));
        let until = self.due(now, self.delay(attempts, floor, last_at.map(|at| at.saturating_sub(not_before)), chance));
        let pause = Pause { until: until.max(not_before), not_before };
        let (Some(ends_at), Some(last_at)) = (ends_at, last_at) else { return Decision::Again(pause) };
        if !floor.is_zero() && not_before >= ends_at {
            return self.out_of_time(&outcome.answer, IncompleteReason::RetryAfterBeyondDeadline);
        }
        match self.until {
            // Sleeping until the bound would only delay the same news.
            Until::Attempts if pause.until >= ends_at => self.out_of_time(&outcome.answer, IncompleteReason::Deadline),
            Until::Attempts => Decision::Again(pause),
            Until::Complete => {
                if now >= last_at {
                    return Decision::GiveUp(IncompleteReason::Deadline);
                }
                Decision::Again(Pause { until: until.min(last_at).max(not_before), not_before })
            }
        }
    }

    /// Waits have equal jitter, so that many do not ask in step; the other verbs have none. Where the server's wish is
    /// what counts, all verbs have: it has told many the same. Only `room` is there for that.
    fn delay(&self, attempts: u32, floor: Duration, room: Option<Duration>, chance: f64) -> Duration {
        let delay = self.schedule.delay(attempts);
        let at_least = match self.until {
            Until::Attempts => delay,
            Until::Complete => delay / 2,
        };
        if floor >= at_least {
            return above(floor, delay, room.unwrap_or(Duration::MAX), chance);
        }
        at_least + (delay - at_least).mul_f64(chance.clamp(0.0, 1.0))
    }

    /// When a delay that begins now is over.
    fn due(&self, now: Duration, delay: Duration) -> Duration {
        let due = now.saturating_add(delay);
        if !self.together || delay < LONG_DELAY {
            return due;
        }
        due.saturating_sub(Duration::from_nanos(u64::from(due.subsec_nanos() % TOGETHER.subsec_nanos())))
    }

    /// The last query starts this long before the end, so that its answer can still arrive.
    pub(crate) fn final_poll_margin(&self) -> Duration {
        self.timeout.map_or(FINAL_POLL_MARGIN, |timeout| FINAL_POLL_MARGIN.min(timeout / 2))
    }

    /// The end of the one query that is left to a job which slept past its bound, as all do in a process that was
    /// suspended; `None` if this one did not. The query has as long as any other of the same call.
    pub(crate) fn late_query_ends_at(
        &self,
        due_at: Duration,
        ends_at: Duration,
        now: Duration,
        request_timeout: Duration,
    ) -> Option<Duration> {
        let overslept = now.saturating_sub(due_at);
        let is_late = now >= ends_at && overslept >= self.final_poll_margin();
        is_late
            .then(|| now.saturating_add(self.timeout.map_or(request_timeout, |timeout| timeout.min(request_timeout))))
    }

    fn give_up(&self, reason: IncompleteReason) -> Decision {
        match self.until {
            Until::Attempts => Decision::End,
            Until::Complete => Decision::GiveUp(reason),
        }
    }

    /// A verb that raises what it saw last ends with a failure, which says more than that time is up.
    fn out_of_time(&self, answer: &Answer, reason: IncompleteReason) -> Decision {
        match (self.until, answer) {
            (Until::Attempts, Answer::Failed(_) | Answer::NotReady(_)) => Decision::End,
            _ => Decision::GiveUp(reason),
        }
    }

    /// The error of a verb that gave up, with what the server asked to wait if that was too long.
    pub(crate) fn gave_up(&self, reason: IncompleteReason, retry_after: Option<Duration>) -> Error {
        let error = match self.until {
            Until::Attempts => Error::timeout(Phase::Overall),
            Until::Complete => Error::incomplete(reason),
        };
        error.with_retry_after(retry_after.filter(|_| reason == IncompleteReason::RetryAfterBeyondDeadline))
    }
}

/// Whether it was the call's own time that ended an attempt.
fn is_out_of_time(error: &Error) -> bool {
    matches!(error.phase(), Some(Phase::Queue | Phase::Overall))
}

/// Remembers an error. That the verb's own time is up says less than what went wrong before; if nothing did, than what it
/// ended in.
pub(super) fn note_error(last: &mut Option<Error>, error: Error) {
    if error.phase() != Some(Phase::Overall) {
        *last = Some(error);
    } else if last.is_none() {
        *last = error.last_error().cloned();
    }
}

/// What a verb has seen, for the error that may end it.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) last_status: Option<JobStatus>,
    /// In place of `last_status` while a wait sleeps.
    last_body: Option<Bytes>,
    pub(crate) last_error: Option<Error>,
}

impl Seen {
    pub(crate) fn note(&mut self, answer: Answer) {
        match answer {
            Answer::Status(status) => self.last_status = Some(status),
            Answer::Failed(error) | Answer::NotReady(error) => note_error(&mut self.last_error, error),
        }
    }

    /// Keeps only the body of the status seen last: it is read again if the status is asked for.
    pub(crate) fn shrink(&mut self) {
        if let Some(status) = self.last_status.take() {
            self.last_body = Some(status.raw().clone());
        }
    }

    pub(crate) fn explain(&mut self, error: Error, user_id: &str, job_id: &str) -> Error {
        let read = |body| JobStatus::from_verified(user_id, job_id, body).ok();
        let last_status = self.last_status.take().or_else(|| self.last_body.take().and_then(read));
        let last_error = self.last_error.take().or_else(|| error.last_error().cloned());
        error.with_last_status(last_status).with_last_error(last_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn wait(timeout: Duration) -> Policy {
        let schedule = Schedule::new(Some(2 * S), None).unwrap();
        let together = false;
        Policy { until: Until::Complete, schedule, max_attempts: None, timeout: Some(timeout), together }
    }

    fn transient(retry_after: Option<Duration>) -> Outcome {
        Outcome { answer: Answer::Failed(Error::timeout(Phase::Response)), retry_after }
    }

    fn again(until: Duration, not_before: Duration) -> Decision {
        Decision::Again(Pause { until, not_before })
    }

    #[test]
    fn the_last_query_starts_one_second_before_the_end() {
        let policy = wait(10 * S);
        let at = |now| policy.decide(&transient(None), 9, Some(10 * S), || (now, 1.0));
        assert_eq!(at(3 * S), again(9 * S, 3 * S));
        assert_eq!(at(8 * S), again(9 * S, 8 * S));
        assert_eq!(at(9 * S), Decision::GiveUp(IncompleteReason::Deadline));
    }

    #[test]
    fn the_margin_is_at_most_half_the_timeout() {
        let decision = wait(S).decide(&transient(None), 1, Some(S), || (Duration::ZERO, 1.0));
        assert_eq!(decision, again(S / 2, Duration::ZERO));
    }

    #[test]
    fn jitter_is_the_upper_half_of_the_delay() {
        let at = |chance| wait(60 * S).decide(&transient(None), 1, Some(60 * S), || (Duration::ZERO, chance));
        assert_eq!([at(0.0), at(1.0)], [again(S, Duration::ZERO), again(2 * S, Duration::ZERO)]);
    }

    #[test]
    fn long_delays_that_end_close_together_end_at_once() {
        let ms = Duration::from_millis;
        let at = |together, now| {
            let policy = Policy { together, ..wait(60 * S) };
            policy.decide(&transient(None), 1, Some(60 * S), || (now, 1.0))
        };
        assert_eq!(at(true, ms(1)), again(ms(2000), ms(1)));
        assert_eq!(at(true, ms(3)), again(ms(2000), ms(3)));
        assert_eq!(at(true, ms(4)), again(ms(2004), ms(4)));
        assert_eq!(at(false, ms(3)), again(ms(2003), ms(3)));
        // A short one is kept to.
        let schedule = Schedule::new(Some(ms(10)), None).unwrap();
        let short = Policy { schedule, together: true, ..wait(S) };
        assert_eq!(short.decide(&transient(None), 1, Some(S), || (ms(1), 1.0)), again(ms(11), ms(1)));
    }

    #[test]
    fn the_servers_wish_is_a_floor_and_may_end_the_wait() {
        let at = |wish| wait(20 * S).decide(&transient(Some(wish)), 1, Some(20 * S), || (Duration::ZERO, 0.0));
        assert_eq!(at(7 * S), again(7 * S, 7 * S));
        // Later than the last query would be, but not too late.
        assert_eq!(
            at(Duration::from_millis(19_500)),
            again(Duration::from_millis(19_500), Duration::from_millis(19_500))
        );
        assert_eq!(at(20 * S), Decision::GiveUp(IncompleteReason::RetryAfterBeyondDeadline));
    }

    #[test]
    fn jitter_is_added_to_the_servers_wish_and_keeps_the_wait_in_its_bound() {
        let at = |attempts, wish, timeout: Option<Duration>, chance| {
            let policy = Policy { timeout, ..wait(60 * S) };
            policy.decide(&transient(Some(wish)), attempts, timeout, || (Duration::ZERO, chance))
        };
        let [least, middle, most] = [0.0, 0.5, 1.0].map(|chance| at(1, 6 * S, None, chance));
        assert_eq!([least, middle, most], [again(6 * S, 6 * S), again(9 * S, 6 * S), again(12 * S, 6 * S)]);
        // The own delay of 16 s is the longer one.
        assert_eq!(at(4, 10 * S, None, 1.0), again(26 * S, 10 * S));
        // The wish is not what counts.
        assert_eq!([0.0, 1.0].map(|chance| at(4, 7 * S, None, chance)), [again(8 * S, 7 * S), again(16 * S, 7 * S)]);
        // What is left is used evenly.
        assert_eq!(at(1, 6 * S, Some(11 * S), 0.5), again(8 * S, 6 * S));
        assert_eq!(at(1, 6 * S, Some(11 * S), 1.0), again(10 * S, 6 * S));
        assert_eq!(at(1, 6 * S, Some(S * 13 / 2), 1.0), again(6 * S, 6 * S));
        // A wish that is cut has jitter as well.
        assert_eq!(at(1, 3600 * S, None, 1.0), again(120 * S, 60 * S));
    }

    #[test]
    fn only_who_overslept_is_asked_about_late() {
        let late = |timeout: u32, due_at: u32, now: u32| {
            let policy = wait(timeout * S);
            policy.late_query_ends_at(due_at * S, timeout * S, now * S, 15 * S)
        };
        assert_eq!([late(60, 30, 59), late(60, 59, 60), late(60, 2, 60)], [None, Some(75 * S), Some(75 * S)]);
        assert_eq!(late(60, 60, 60), None, "that is a timer's tick, and no sleep");
        assert_eq!(late(10, 2, 100), Some(110 * S), "no query of it may take longer");
    }
}

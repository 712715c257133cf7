//! One attempt a call, for task queues: the wait lives in a token and not in a process.

use std::time::Duration;

use super::drive::{AttemptEnd, Bound, Engine, Session};
use super::token::TokenState;
use crate::error::Result;
use crate::response::JobStatus;

/// What one step came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PollStep {
    /// The job is complete.
    Finished(JobStatus),
    /// The job is not complete: call again after this long with this token.
    Again {
        /// How long to wait.
        after: Duration,
        /// At most 128 characters of base64url; no id, no secret and no answer in it.
        token: String,
    },
}

impl Engine {
    /// Continues a wait where a token left it.
    pub(crate) fn resume(&self, session: &mut Session, token: &str) -> Result<()> {
        let state = TokenState::read(token, &self.signature, &self.same(session))?;
        let (now, wall_ms) = (self.clock.now(), self.clock.wall_ms());
        let ms = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        session.attempts = state.attempts;
        // The monotonic clock may be younger than the wait.
        session.started_at = now.saturating_sub(ms(wall_ms.saturating_sub(state.started_at_ms)));
        // A wait that began later than now, by this machine's clock, begins now: the next token must not end before it
        // begins.
        session.started_at_wall_ms = Some(state.started_at_ms.min(wall_ms));
        // The whole wait's, from which the last query's time follows; this call's own is ignored.
        session.policy.timeout = state.ends_at_ms.map(|ends_at| ms(ends_at.saturating_sub(state.started_at_ms)));
        session.bound = match state.ends_at_ms {
            None => Bound::new(now, None),
            // However late the queue is, the job is asked about once more.
            Some(ends_at) if ends_at <= wall_ms => Bound::once_at(now),
            // Never more than there was in the beginning, wherever the clock stands now.
            Some(ends_at) => {
                let left_ms = ends_at.saturating_sub(wall_ms.max(state.started_at_ms));
                Bound::new(now, Some(ms(left_ms)))
            }
        };
        Ok(())
    }

    /// One attempt of a wait.
    pub(crate) async fn step(&self, session: &mut Session) -> Result<PollStep> {
        let started_at_ms = session.started_at_wall_ms.unwrap_or_else(|| self.clock.wall_ms());
        let pause = match self.attempt(session).await {
            AttemptEnd::Finished(result) => return result.map(PollStep::Finished),
            AttemptEnd::Again(pause) => pause,
        };
        let (now, wall_ms) = (self.clock.now(), self.clock.wall_ms());
        let left_ms = session.bound.left(now).map(|left| i64::try_from(left.as_millis()).unwrap_or(i64::MAX));
        let state = TokenState {
            attempts: session.attempts,
            started_at_ms,
            ends_at_ms: left_ms.map(|left| wall_ms.saturating_add(left)),
        };
        let token = state.write(&self.signature, &self.same(session));
        Ok(PollStep::Again { after: pause.until.saturating_sub(now), token })
    }

    /// What must be the same in every step.
    fn same(&self, session: &Session) -> [String; 4] {
        let (query, options) = (&session.query, session.query.options);
        let asked = format!("{:?} {} {}", session.policy.schedule, options.return_history, options.return_image_links);
        [self.endpoint.url().to_string(), query.ids.user_id.clone(), query.ids.job_id.clone(), asked]
    }
}

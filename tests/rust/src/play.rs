//! One case, played through the public API.

use serde_json::{Map, Value, json};
use smileid_jobs::{Result, Signature};
use tokio_util::sync::CancellationToken;

use crate::arguments::Arguments;
use crate::outcome::error_outcome;
use crate::settings::client;
use crate::verbs;

/// How a running call is to be interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// Drop the call's future.
    Cancel,
    /// Close the client.
    Close,
    /// Close the client before the call.
    CloseBefore,
    /// Wake the wait for the case's job.
    Notify,
    /// Wake whoever waits for another job.
    NotifyOther,
}

/// One case as the harness describes it on a line.
#[derive(Debug)]
pub struct Play {
    what: String,
    arguments: Arguments,
    interrupt: Option<Interrupt>,
    accept_only: bool,
}

impl Play {
    /// Reads a line; `None` where it is none.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let mut play: Map<String, Value> = serde_json::from_str(line).ok()?;
        let Some(Value::Object(arguments)) = play.remove("args") else { return None };
        let interrupt = match play.get("interrupt").and_then(Value::as_str) {
            Some("cancel") => Some(Interrupt::Cancel),
            Some("close") => Some(Interrupt::Close),
            Some("close_before") => Some(Interrupt::CloseBefore),
            Some("notify") => Some(Interrupt::Notify),
            Some("notify_other") => Some(Interrupt::NotifyOther),
            _ => None,
        };
        Some(Self {
            what: play.get("what")?.as_str()?.to_owned(),
            arguments: Arguments::new(arguments),
            interrupt,
            accept_only: play.get("accept_only").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// Plays the case; `interrupted` fires when its interrupt is due.
    pub async fn run(&self, interrupted: CancellationToken) -> Value {
        match self.what.as_str() {
            "signature" => self.sign().unwrap_or_else(|error| error_outcome(&error)),
            "client" => {
                client(&self.arguments).map_or_else(|error| error_outcome(&error), |_| json!({ "accepted": true }))
            }
            _ => self.call(interrupted).await,
        }
    }

    async fn call(&self, interrupted: CancellationToken) -> Value {
        let client = match client(&self.arguments) {
            Ok(client) => client,
            Err(error) => return error_outcome(&error),
        };
        if self.interrupt == Some(Interrupt::CloseBefore) {
            client.close();
        }
        let (due, interrupt, other) = (interrupted.clone(), self.interrupt, client.clone());
        let (user_id, job_id) = self.arguments.first_job();
        let interrupter = tokio::spawn(async move {
            due.cancelled().await;
            match interrupt {
                Some(Interrupt::Close) => other.close(),
                Some(Interrupt::Notify) => other.notify(&user_id, &job_id),
                Some(Interrupt::NotifyOther) => other.notify(&user_id, &format!("{job_id}-other")),
                Some(Interrupt::Cancel | Interrupt::CloseBefore) | None => {}
            }
        });
        let outcome = tokio::select! {
            outcome = verbs::play(&self.what, &client, &self.arguments) => match outcome {
                Ok(outcome) if !self.accept_only => outcome,
                Ok(outcome) if outcome["error"].is_object() => json!({ "error": outcome["error"] }),
                Ok(_) => json!({ "accepted": true }),
                Err(error) => error_outcome(&error),
            },
            () = interrupted.cancelled(), if self.interrupt == Some(Interrupt::Cancel) => json!({ "cancelled": true }),
        };
        interrupter.abort();
        outcome
    }

    fn sign(&self) -> Result<Value> {
        let text = |name: &str| self.arguments.text(name);
        let signature = Signature::new(&text("partner_id").unwrap_or_default(), text("api_key").unwrap_or_default())?;
        let timestamp = text("timestamp");
        if self.accept_only {
            let _ = signature.generate_signature(timestamp.as_deref());
            return Ok(json!({ "accepted": true }));
        }
        let timestamp = timestamp.unwrap_or_default();
        let confirmed = signature.confirm_signature(&timestamp, &text("signature").unwrap_or_default());
        if self.arguments.has("confirm_only") {
            return Ok(json!({ "confirmed": confirmed }));
        }
        Ok(json!({ "signature": signature.generate_signature(Some(&timestamp)).signature, "confirmed": confirmed }))
    }
}

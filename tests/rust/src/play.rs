//! One case, played through the public API.

use serde_json::{Map, Value, json};
use smileid_jobs::{Client, ClientBuilder, JobStatus, Result, Signature};
use tokio_util::sync::CancellationToken;

use crate::arguments::Arguments;
use crate::outcome::{error_outcome, status_outcome};

/// How a running call is to be interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// Drop the call's future.
    Cancel,
    /// Close the client.
    Close,
    /// Close the client before the call.
    CloseBefore,
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
            "client" => self.client().map_or_else(|error| error_outcome(&error), |_| json!({ "accepted": true })),
            _ => self.call(interrupted).await,
        }
    }

    async fn call(&self, interrupted: CancellationToken) -> Value {
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return error_outcome(&error),
        };
        if self.interrupt == Some(Interrupt::CloseBefore) {
            client.close();
        }
        let close = interrupted.clone();
        let closing = client.clone();
        let by_close = self.interrupt == Some(Interrupt::Close);
        let closer = tokio::spawn(async move {
            close.cancelled().await;
            if by_close {
                closing.close();
            }
        });
        let outcome = tokio::select! {
            result = self.ask(&client) => match result {
                Ok(_) if self.accept_only => json!({ "accepted": true }),
                Ok(status) => status_outcome(&status),
                Err(error) => error_outcome(&error),
            },
            () = interrupted.cancelled(), if self.interrupt == Some(Interrupt::Cancel) => json!({ "cancelled": true }),
        };
        closer.abort();
        outcome
    }

    async fn ask(&self, client: &Client) -> Result<JobStatus> {
        let arguments = &self.arguments;
        let (user_id, job_id) =
            (arguments.text("user_id").unwrap_or_default(), arguments.text("job_id").unwrap_or_default());
        let history = arguments.flag("return_history").unwrap_or(false);
        let links = arguments.flag("return_image_links").unwrap_or(false);
        if self.what == "get_job_status" {
            let mut get = client.get_job_status(user_id, job_id).return_history(history).return_image_links(links);
            if let Some(timeout) = arguments.duration("timeout") {
                get = get.timeout(timeout);
            }
            return get.await;
        }
        let mut poll = client.poll_job_status(user_id, job_id).return_history(history).return_image_links(links);
        if let Some(timeout) = arguments.duration("timeout") {
            poll = poll.timeout(timeout);
        }
        if let Some(retry_count) = arguments.count("retry_count") {
            poll = poll.retry_count(retry_count);
        }
        if let Some(Some(delay)) = arguments.duration("initial_delay") {
            poll = poll.initial_delay(delay);
        }
        if let Some(Some(delay)) = arguments.duration("max_delay") {
            poll = poll.max_delay(delay);
        }
        poll.await
    }

    fn client(&self) -> Result<Client> {
        let arguments = &self.arguments;
        let mut builder = ClientBuilder::empty();
        let text = |name: &str| arguments.text(name);
        builder = text("partner_id").into_iter().fold(builder, ClientBuilder::partner_id);
        builder = text("api_key").into_iter().fold(builder, ClientBuilder::api_key);
        builder = text("environment").iter().fold(builder, |builder, name| builder.environment(name.as_str()));
        builder = text("base_url").into_iter().fold(builder, ClientBuilder::base_url);
        builder = text("ca_bundle").into_iter().fold(builder, ClientBuilder::ca_bundle);
        builder = text("proxy").into_iter().fold(builder, ClientBuilder::proxy);
        builder = arguments.flag("bundled_roots").into_iter().fold(builder, ClientBuilder::bundled_roots);
        builder = arguments.flag("trust_env").into_iter().fold(builder, ClientBuilder::trust_env);
        builder = arguments.count("max_retries").into_iter().fold(builder, ClientBuilder::max_retries);
        builder = arguments.count("max_connections").into_iter().fold(builder, ClientBuilder::max_connections);
        builder = arguments.count("max_response_bytes").into_iter().fold(builder, ClientBuilder::max_response_bytes);
        let duration = |name: &str| arguments.duration(name).flatten();
        builder = duration("request_timeout").into_iter().fold(builder, ClientBuilder::request_timeout);
        builder = duration("connect_timeout").into_iter().fold(builder, ClientBuilder::connect_timeout);
        builder.build()
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

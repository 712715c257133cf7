//! Delivers a finished status to a `callback_url`, in the shape of Smile ID's own callbacks.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serializer;
use serde_json::Value;
use url::Url;

use crate::code::{ErrorCode, is_transient_status};
use crate::config::{Path, RELAY_TIMEOUT, RELAY_TRIES, checked_url};
use crate::error::{Error, Phase, Result};
use crate::poll::drive::{Bound, Engine};
use crate::response::view::view;
use crate::response::{JobStatus, Naming, View, lenient};
use crate::retry;
use crate::transport::{HttpRequest, HttpResponse};

/// Where a finished status is delivered to: https, or http on this machine; never through a redirect.
#[derive(Clone)]
pub(crate) struct CallbackUrl(Box<Url>);

impl CallbackUrl {
    pub(crate) fn new(url: &str) -> Result<Self> {
        checked_url("callback_url", url, Path::WithQuery).map(|url| Self(Box::new(url)))
    }
}

/// How a delivery to `callback_url` went. The status is returned whatever happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackDelivery {
    /// Whether the receiver answered 2xx.
    pub delivered: bool,
    /// How many tries were made: at most 2, in 10 s and within the call's own bound.
    pub attempts: u32,
    /// The HTTP status of the last try, if it had an answer.
    pub http_status: Option<u16>,
    /// What went wrong with the last try, if anything did.
    pub error: Option<ErrorCode>,
}

impl View for CallbackDelivery {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        view!(CallbackDelivery as naming into serializer {
            delivered: self.delivered,
            attempts: self.attempts,
            http_status: self.http_status,
            error: self.error.map(ErrorCode::as_str),
        })
    }
}

impl Engine {
    /// Delivers a complete status and says on it how that went.
    pub(crate) async fn relay(&self, url: &CallbackUrl, status: &JobStatus, bound: Bound) -> JobStatus {
        let started_at = self.clock.now();
        let own_end = started_at.saturating_add(RELAY_TIMEOUT);
        let ends_at = bound.of_requests().map_or(own_end, |ends_at| ends_at.min(own_end));
        let request = HttpRequest::new((*url.0).clone(), self.max_response_bytes).with_body(body(status).into());
        let mut delivery = CallbackDelivery { delivered: false, attempts: 0, http_status: None, error: None };
        while delivery.attempts < RELAY_TRIES {
            let left = ends_at.saturating_sub(self.clock.now());
            if left.is_zero() {
                delivery.error = delivery.error.or(Some(ErrorCode::Timeout));
                break;
            }
            delivery.attempts += 1;
            let ended = tokio::select! {
                biased;
                () = self.closed.cancelled() => Err(Error::closed()),
                response = self.deliver(&request, ends_at) => response,
            };
            let may_pass = match ended {
                Ok(response) => {
                    delivery.http_status = Some(response.status);
                    delivery.delivered = (200..300).contains(&response.status);
                    delivery.error = (!delivery.delivered).then_some(match response.status {
                        500.. => ErrorCode::Server,
                        408 => ErrorCode::Timeout,
                        429 => ErrorCode::RateLimited,
                        _ => ErrorCode::Rejected,
                    });
                    matches!(response.status, 408 | 429) || is_transient_status(response.status)
                }
                Err(error) => {
                    delivery.http_status = error.http_status();
                    // It has taken the delivery, though its answer then broke off: do not send again.
                    delivery.delivered = delivery.http_status.is_some_and(|status| (200..300).contains(&status));
                    delivery.error = (!delivery.delivered).then_some(error.code());
                    error.is_transient()
                }
            };
            if delivery.delivered || !may_pass || delivery.attempts == RELAY_TRIES {
                break;
            }
            self.wait_between_tries(ends_at).await;
        }
        tracing::debug!(delivered = delivery.delivered, attempts = delivery.attempts, "delivered the callback");
        status.with_callback_delivery(delivery)
    }

    /// One try, which needs a connection as any other request does.
    async fn deliver(&self, request: &HttpRequest, ends_at: Duration) -> Result<HttpResponse> {
        let permit = self.connection(Some(ends_at)).await;
        let _permit = permit.ok_or_else(|| Error::timeout(Phase::Queue))?;
        self.exchange(request.clone(), Some(ends_at), self.request_timeout).await
    }

    async fn wait_between_tries(&self, ends_at: Duration) {
        let wait = retry::backoff(0, self.clock.chance()).min(ends_at.saturating_sub(self.clock.now()));
        tokio::select! {
            biased;
            () = self.closed.cancelled() => {}
            () = self.clock.sleep(wait) => {}
        }
    }
}

/// The result as a callback carries it: at the top level, with the pair that came with the answer. Values are carried as
/// their own text, so that nothing is lost on the way.
fn body(status: &JobStatus) -> Vec<u8> {
    let value = |name: &str| status.entries().find(|(key, _)| *key == name).map(|(_, value)| value);
    let (timestamp, signature) =
        (Value::from(status.timestamp()).to_string(), Value::from(status.signature()).to_string());
    let beside = [
        ("ImageLinks", value("image_links")),
        ("KYCReceipt", value("kyc_receipt")),
        ("KYBReceipt", value("kyb_receipt")),
        ("timestamp", Some(timestamp.as_str())),
        ("signature", Some(signature.as_str())),
    ];
    let replaced = |key: &str| beside.iter().any(|(name, value)| *name == key && value.is_some());
    let mut result = value("result").map(lenient::entries).unwrap_or_default();
    // Of two equal keys the last one counts, here as everywhere; a receiver may refuse both.
    let mut seen = HashSet::new();
    result.reverse();
    result.retain(|(key, _)| seen.insert(key.clone()));
    result.reverse();
    let kept = result.iter().filter(|(key, _)| !replaced(key)).map(|(key, value)| (key.as_ref(), *value));
    let all = kept.chain(beside.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    let fields: Vec<String> = all.map(|(key, value)| format!("{}:{value}", Value::from(key))).collect();
    format!("{{{}}}", fields.join(",")).into_bytes()
}

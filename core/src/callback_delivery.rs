//! Delivers a finished status to a `callback_url`, in the shape of Smile ID's own callbacks.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use serde::Serializer;
use serde_json::Value;
use url::Url;

use crate::code::ErrorCode;
use crate::config::{DELIVERY_TIMEOUT, DELIVERY_TRIES, Path, checked_url};
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
    pub(crate) async fn deliver_callback(&self, url: &CallbackUrl, status: &JobStatus, bound: Bound) -> JobStatus {
        let started_at = self.clock.now();
        let own_end = started_at.saturating_add(DELIVERY_TIMEOUT);
        let ends_at = bound.of_requests().map_or(own_end, |ends_at| ends_at.min(own_end));
        let request = HttpRequest::new((*url.0).clone(), self.max_response_bytes).with_body(body(status).into());
        let mut delivery = CallbackDelivery { delivered: false, attempts: 0, http_status: None, error: None };
        while delivery.attempts < DELIVERY_TRIES {
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
            let is_transient = match ended {
                Ok(response) => {
                    delivery.http_status = Some(response.status);
                    delivery.delivered = (200..300).contains(&response.status);
                    let code = match response.status {
                        500.. => ErrorCode::Server,
                        408 => ErrorCode::Timeout,
                        429 => ErrorCode::RateLimited,
                        _ => ErrorCode::Rejected,
                    };
                    delivery.error = (!delivery.delivered).then_some(code);
                    code.is_transient(delivery.http_status)
                }
                Err(error) => {
                    delivery.http_status = error.http_status();
                    // It has taken the delivery, though its answer then broke off: do not send again.
                    delivery.delivered = delivery.http_status.is_some_and(|status| (200..300).contains(&status));
                    delivery.error = (!delivery.delivered).then_some(error.code());
                    error.is_transient()
                }
            };
            if delivery.delivered || !is_transient || delivery.attempts == DELIVERY_TRIES {
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

/// The result as a callback carries it: at the top level, with the pair that came with the answer. Where there is none, the
/// answer itself, with the ids that it is about. Values are carried as their own text, so that nothing is lost on the way.
fn body(status: &JobStatus) -> Vec<u8> {
    let text = |text: &str| Cow::Owned(Value::from(text).to_string());
    let value = |name: &str| status.entries().find(|(key, _)| *key == name).map(|(_, value)| value);
    let result = value("result").map(lenient::entries).unwrap_or_default();
    let all: Vec<(Cow<'_, str>, Cow<'_, str>)> = if result.is_empty() {
        let ids = [("user_id", status.user_id()), ("job_id", status.job_id())];
        let ids = ids.map(|(key, id)| (Cow::Borrowed(key), text(id)));
        let rest = status.entries().filter(|(key, _)| !matches!(*key, "user_id" | "job_id"));
        rest.map(|(key, value)| (key.into(), value.into())).chain(ids).collect()
    } else {
        let links = merged_links(last_of(&result, "ImageLinks"), value("image_links"));
        let beside = [
            ("ImageLinks", links),
            ("KYCReceipt", value("kyc_receipt").map(Cow::Borrowed)),
            ("KYBReceipt", value("kyb_receipt").map(Cow::Borrowed)),
            ("timestamp", Some(text(status.timestamp()))),
            ("signature", Some(text(status.signature()))),
        ];
        let beside = beside.map(|(key, value)| (key, value.filter(|value| !matches!(&**value, "null" | "\"\""))));
        let is_replaced = |key: &str| beside.iter().any(|(name, value)| *name == key && value.is_some());
        let kept: Vec<_> =
            result.iter().filter(|(key, _)| !is_replaced(key)).map(|(key, value)| (key.clone(), *value)).collect();
        let kept = without_repeated(kept).into_iter().map(|(key, value)| (key, value.into()));
        kept.chain(beside.into_iter().filter_map(|(key, value)| Some((key.into(), value?)))).collect()
    };
    object(&all).into_bytes()
}

/// A result's own links, and those beside it, which are the fresher ones. An error in their place takes none away.
fn merged_links<'a>(own: Option<&'a str>, beside: Option<&'a str>) -> Option<Cow<'a, str>> {
    let (Some(own), Some(beside)) = (own, beside) else { return own.or(beside).map(Cow::Borrowed) };
    let (mut links, fresher) = (lenient::entries(own), lenient::entries(beside));
    if links.is_empty() || fresher.is_empty() {
        return Some(Cow::Borrowed(if fresher.is_empty() { own } else { beside }));
    }
    links.extend(fresher);
    let links = without_repeated(links).into_iter().map(|(key, value)| (key, value.into())).collect::<Vec<_>>();
    Some(Cow::Owned(object(&links)))
}

fn last_of<'a>(entries: &[(Cow<'_, str>, &'a str)], name: &str) -> Option<&'a str> {
    entries.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
}

/// Of two equal keys the last one counts, here as everywhere; a receiver may refuse both.
fn without_repeated<'a>(mut entries: Vec<(Cow<'a, str>, &'a str)>) -> Vec<(Cow<'a, str>, &'a str)> {
    let mut seen = HashSet::new();
    entries.reverse();
    entries.retain(|(key, _)| seen.insert(key.clone()));
    entries.reverse();
    entries
}

fn object(entries: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
    let fields: Vec<String> = entries.iter().map(|(key, value)| format!("{}:{value}", Value::from(&**key))).collect();
    format!("{{{}}}", fields.join(","))
}

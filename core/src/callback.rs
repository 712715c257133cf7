//! Reads and checks a callback's body with the same model as an answer; no I/O.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Serializer;
use serde_json::{Map, Value};

use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::response::view::view;
use crate::response::{Envelope, ImageLinks, JobResult, JobStatus, Naming, Part, PartnerParams, View, invalid};
use crate::retry::check_signature;
use crate::signature::Signature;

/// A callback whose signature was checked. That proves that the sender knows the API key or has seen a signed pair; the
/// scheme cannot prove the content, so [`body_authenticated`](Self::body_authenticated) is always false.
///
/// Take it as a wake-up: [`notify`](crate::Client::notify) a running wait, or ask for the status, and believe what that
/// says. Repeated deliveries are harmless then. `Debug` shows codes and flags only.
#[derive(Clone)]
pub struct Callback(JobStatus);

impl Callback {
    pub(crate) fn read(body: &[u8], signature: &Signature, max_age: Option<Duration>, wall_ms: i64) -> Result<Self> {
        let raw = Bytes::copy_from_slice(body);
        let envelope = Envelope::read(&raw)?;
        check_signature(&envelope, &raw, signature).map_err(|error| error.with_raw(raw.clone()))?;
        if let Some(max_age) = max_age {
            let timestamp = envelope.timestamp(&raw).unwrap_or_default();
            let age = crate::timestamp::parse_ms(timestamp).map(|at| wall_ms.saturating_sub(at).unsigned_abs());
            if age.is_none_or(|age| u128::from(age) > max_age.as_millis()) {
                return Err(Error::new(
                    ErrorCode::CallbackExpired,
                    "the callback is older than max_age, or its age cannot be told; ask for the status instead",
                )
                .with_raw(raw));
            }
        }
        let status = JobStatus::of_callback(raw, envelope);
        // A bare pair is what anybody has who ever received one.
        let says_something = |(key, value)| !matches!(key, "timestamp" | "signature") && !is_nothing(value);
        if !status.entries().any(says_something) {
            return Err(invalid("the callback holds no result"));
        }
        Ok(Self(status))
    }

    /// Always false: the signature does not cover the body.
    #[must_use]
    pub fn body_authenticated(&self) -> bool {
        false
    }

    /// The user it is about, as it says itself.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.partner_params().and_then(|params| params.user_id.as_deref()).or_else(|| self.beside_result("user_id"))
    }

    /// The job it is about, as it says itself.
    #[must_use]
    pub fn job_id(&self) -> Option<&str> {
        self.partner_params().and_then(|params| params.job_id.as_deref()).or_else(|| self.beside_result("job_id"))
    }

    fn partner_params(&self) -> Option<&PartnerParams> {
        self.0.result()?.partner_params.as_ref()
    }

    /// A text that stands there where a callback in the shape of a status has no result.
    fn beside_result(&self, name: &str) -> Option<&str> {
        self.0.extras().get(name)?.as_str()
    }

    /// Whether the job is finished, where the callback has that flag.
    #[must_use]
    pub fn job_complete(&self) -> Option<bool> {
        self.0.job_complete_flag()
    }

    /// Whether the finished job succeeded, where the callback has that flag.
    #[must_use]
    pub fn job_success(&self) -> Option<bool> {
        self.0.job_success()
    }

    /// The code of the status, such as `2302`, where the callback has the shape of one. Not the verdict: that is
    /// [`JobResult::result_code`].
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code().filter(|_| self.0.is_envelope())
    }

    /// What stands in `result` when it is a text, such as `No zip file received`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message()
    }

    /// The result.
    #[must_use]
    pub fn result(&self) -> Option<&JobResult> {
        self.0.result()
    }

    /// The user's results, where the callback has them: see [`JobStatus::history`].
    #[must_use]
    pub fn history(&self) -> &[JobResult] {
        self.0.history()
    }

    /// Links to images (`ImageLinks`).
    #[must_use]
    pub fn image_links(&self) -> Option<&ImageLinks> {
        self.0.image_links()
    }

    /// The link to the KYC receipt (`KYCReceipt`).
    #[must_use]
    pub fn kyc_receipt(&self) -> Option<&str> {
        self.0.kyc_receipt()
    }

    /// The link to the KYB receipt (`KYBReceipt`).
    #[must_use]
    pub fn kyb_receipt(&self) -> Option<&str> {
        self.0.kyb_receipt()
    }

    /// The text that was signed.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        self.0.timestamp()
    }

    /// Its signature: while it is fresh, as secret as the key.
    #[must_use]
    pub fn signature(&self) -> &str {
        self.0.signature()
    }

    /// Keys beside the result that have no field above, or whose value could not be read as that field; ids that stand
    /// there are among them. Empty where the callback is a result itself: [`JobResult::fields`] have everything.
    #[must_use]
    pub fn extras(&self) -> &Map<String, Value> {
        self.0.extras()
    }

    /// The body, byte for byte.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        self.0.raw()
    }

    /// The whole typed view as JSON text, without [`raw`](Self::raw).
    #[must_use]
    pub fn to_json(&self, naming: Naming) -> String {
        self.json(naming, self.raw().len())
    }

    /// The status in it, for a host that makes its own objects of parts.
    #[doc(hidden)]
    #[must_use]
    pub fn status(&self) -> &JobStatus {
        &self.0
    }
}

/// Whether a value is null, or a list or object with nothing in it.
fn is_nothing(value: &str) -> bool {
    let is_empty = |open, close| value.strip_prefix(open).and_then(|inner| inner.strip_suffix(close));
    let inner = is_empty('{', '}').or_else(|| is_empty('[', ']'));
    value == "null" || inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

impl View for Callback {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        view!(Callback as naming into serializer {
            body_authenticated: self.body_authenticated(),
            user_id: self.user_id(),
            job_id: self.job_id(),
            job_complete: self.job_complete(),
            job_success: self.job_success(),
            code: self.code(),
            message: self.message(),
            result: self.0.part(Part::Result),
            history: self.0.part(Part::History),
            image_links: self.0.part(Part::ImageLinks),
            kyc_receipt: self.kyc_receipt(),
            kyb_receipt: self.kyb_receipt(),
            timestamp: self.timestamp(),
            signature: self.signature(),
            extras: self.extras(),
        })
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("job_complete", &self.job_complete())
            .field("job_success", &self.job_success())
            .field("code", &self.code())
            .field("result", &self.result())
            .finish_non_exhaustive()
    }
}

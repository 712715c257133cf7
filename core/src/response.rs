//! The answer: a small envelope read on arrival, a typed view made on access, the raw body kept.
//!
//! On arrival one pass checks the syntax and keeps the flags and the places of everything else; the view of `result`
//! and `history` costs nothing until somebody looks.

mod antifraud;
mod envelope;
mod history;
mod id_response;
mod images;
pub(crate) mod lenient;
mod result;
mod view;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::{Map, Value};

pub use antifraud::{Antifraud, SuspectUser};
pub(crate) use envelope::Envelope;
pub use id_response::IdResponse;
pub use images::ImageLinks;
pub use result::{JobResult, PartnerParams};
pub use view::Naming;
pub(crate) use view::View;

use crate::error::{Error, Result};
use crate::relay::CallbackDelivery;

/// How a job stands, as Smile ID answered: verified, read only, cheap to clone, `Send + Sync`.
///
/// Three questions are kept apart: the call worked (there is a `JobStatus`), the job is finished
/// ([`job_complete`](Self::job_complete)), and the verdict ([`job_success`](Self::job_success) and
/// [`result`](Self::result)). A rejected person is a result, not an error.
///
/// `Debug` shows the flags and the code only.
#[derive(Clone)]
pub struct JobStatus(Arc<Inner>);

struct Inner {
    user_id: String,
    job_id: String,
    raw: Bytes,
    envelope: Envelope,
    /// A callback in the shape of a result: what an answer has in `result` stands at the top level.
    is_result: bool,
    typed: OnceLock<Typed>,
    callback_delivery: OnceLock<CallbackDelivery>,
}

struct Typed {
    message: Option<String>,
    result: Option<JobResult>,
    history: Vec<JobResult>,
    image_links: Option<ImageLinks>,
    kyc_receipt: Option<String>,
    kyb_receipt: Option<String>,
    extras: Map<String, Value>,
}

impl JobStatus {
    pub(crate) fn new(user_id: &str, job_id: &str, raw: Bytes, envelope: Envelope) -> Self {
        Self::of(user_id, job_id, raw, envelope, false)
    }

    fn of(user_id: &str, job_id: &str, raw: Bytes, envelope: Envelope, is_result: bool) -> Self {
        let (typed, callback_delivery) = Default::default();
        let (user_id, job_id) = (user_id.to_owned(), job_id.to_owned());
        Self(Arc::new(Inner { user_id, job_id, raw, envelope, is_result, typed, callback_delivery }))
    }

    /// A callback's body: a status, or a result at the top level. The ids it names itself are not ours.
    pub(crate) fn of_callback(raw: Bytes, envelope: Envelope) -> Self {
        let is_result = !envelope.is_status();
        Self::of("", "", raw, envelope, is_result)
    }

    pub(crate) fn job_complete_flag(&self) -> Option<bool> {
        self.0.envelope.has_job_complete().then_some(self.0.envelope.job_complete)
    }

    /// Every key of the answer with its value's JSON text.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.envelope.entries(&self.0.raw)
    }

    /// Where the values of `timestamp` and `signature` stand in the body, in its order; at its end where there is none.
    pub(crate) fn signed_pair(&self) -> [Range<usize>; 2] {
        let end = self.0.raw.len();
        let mut places = self.0.envelope.places_of(["timestamp", "signature"]);
        let mut next = || places.next().unwrap_or(end..end);
        [next(), next()]
    }

    /// Whether another answer says something else, beyond what is new in every answer.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        let news = |(key, _): &(&str, &str)| !matches!(*key, "timestamp" | "signature" | "image_links");
        !self.entries().filter(news).eq(other.entries().filter(news))
    }

    pub(crate) fn with_callback_delivery(&self, delivery: CallbackDelivery) -> Self {
        // Set once: a status is delivered by the call that received it.
        let _ = self.0.callback_delivery.set(delivery);
        self.clone()
    }

    /// How the delivery to `callback_url` went; `None` where none was asked for or the job is not complete.
    #[must_use]
    pub fn callback_delivery(&self) -> Option<CallbackDelivery> {
        self.0.callback_delivery.get().copied()
    }

    /// Reads a body that was verified before, such as [`raw`](Self::raw) from a store. Its signature is not checked
    /// again: only what this library has handed out belongs here.
    ///
    /// # Errors
    /// [`invalid_response`](crate::ErrorCode::InvalidResponse) when it is not a job status.
    #[doc(hidden)]
    pub fn from_verified(user_id: &str, job_id: &str, raw: Bytes) -> Result<Self> {
        let envelope = Envelope::read(&raw)?;
        Ok(Self::new(user_id, job_id, raw, envelope))
    }

    /// Whether the job is finished. Not whether the person was approved. Missing or unreadable counts as false.
    #[must_use]
    pub fn job_complete(&self) -> bool {
        self.0.envelope.job_complete
    }

    /// Whether the finished job succeeded, as Smile ID says; `None` where the answer has no such flag.
    #[must_use]
    pub fn job_success(&self) -> Option<bool> {
        self.0.envelope.job_success
    }

    /// The code of the status call, such as `2302`. Not the verdict: that is [`JobResult::result_code`].
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.envelope.code.as_deref()
    }

    /// What stands in `result` when it is a text, such as `No zip file received`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.typed().message.as_deref()
    }

    /// The job's result; `None` when it is missing, null, empty or a text.
    #[must_use]
    pub fn result(&self) -> Option<&JobResult> {
        self.typed().result.as_ref()
    }

    /// Earlier results, in the order received. Empty unless asked for with `return_history`.
    #[must_use]
    pub fn history(&self) -> &[JobResult] {
        &self.typed().history
    }

    /// Links to images. `None` unless asked for with `return_image_links`.
    #[must_use]
    pub fn image_links(&self) -> Option<&ImageLinks> {
        self.typed().image_links.as_ref()
    }

    /// The link to the KYC receipt (a PDF behind the portal's login).
    #[must_use]
    pub fn kyc_receipt(&self) -> Option<&str> {
        self.typed().kyc_receipt.as_deref()
    }

    /// The link to the KYB receipt.
    #[must_use]
    pub fn kyb_receipt(&self) -> Option<&str> {
        self.typed().kyb_receipt.as_deref()
    }

    /// The user that was asked about.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.0.user_id
    }

    /// The job that was asked about.
    #[must_use]
    pub fn job_id(&self) -> &str {
        &self.0.job_id
    }

    /// The text that the server signed; a JSON number stands by its digits.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        self.0.envelope.timestamp.as_deref().unwrap_or_default()
    }

    /// The server's signature of the timestamp. With it, it can sign requests while it is fresh: keep it secret.
    #[must_use]
    pub fn signature(&self) -> &str {
        self.0.envelope.signature.as_deref().unwrap_or_default()
    }

    /// Keys of the answer that have no field above, or whose value could not be read as that field.
    #[must_use]
    pub fn extras(&self) -> &Map<String, Value> {
        &self.typed().extras
    }

    /// The body after content decoding, byte for byte. Holds the signature and personal data.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.0.raw
    }

    /// The whole typed view as JSON text, without [`raw`](Self::raw). Holds the signature and personal data.
    #[must_use]
    pub fn to_json(&self, naming: Naming) -> String {
        self.view(naming).to_string()
    }

    /// The whole typed view as a JSON value.
    #[doc(hidden)]
    #[must_use]
    pub fn view(&self, naming: Naming) -> Value {
        let typed = self.typed();
        let view = View::new(naming)
            .set("job_complete", self.job_complete())
            .set("job_success", self.job_success())
            .set("code", self.code())
            .set("message", self.message())
            .set("result", typed.result.as_ref().map(|result| result.view(naming)))
            .set("history", typed.history.iter().map(|entry| entry.view(naming)).collect::<Vec<_>>())
            .set("image_links", typed.image_links.as_ref().map(|links| links.view(naming)))
            .set("kyc_receipt", self.kyc_receipt())
            .set("kyb_receipt", self.kyb_receipt())
            .set("user_id", self.user_id())
            .set("job_id", self.job_id())
            .set("timestamp", self.timestamp())
            .set("signature", self.signature())
            .set("extras", typed.extras.clone());
        match self.callback_delivery() {
            Some(delivery) => view.set("callback_delivery", delivery.view(naming)).finish(),
            None => view.finish(),
        }
    }

    fn typed(&self) -> &Typed {
        self.0.typed.get_or_init(|| match self.0.is_result {
            true => Typed::read_callback(&self.0.raw, &self.0.envelope),
            false => Typed::read(&self.0.raw, &self.0.envelope),
        })
    }
}

impl Typed {
    fn read_callback(raw: &[u8], envelope: &Envelope) -> Self {
        let value = |name: &str| envelope.entries(raw).find(|(key, _)| *key == name).map(|(_, value)| value);
        Self {
            message: None,
            // The body was UTF-8 when it was read.
            result: std::str::from_utf8(raw).ok().and_then(|text| JobResult::read(text.trim_ascii_start())),
            history: Vec::new(),
            image_links: value("ImageLinks").and_then(ImageLinks::read),
            kyc_receipt: value("KYCReceipt").and_then(lenient::text),
            kyb_receipt: value("KYBReceipt").and_then(lenient::text),
            extras: Map::new(),
        }
    }

    fn read(raw: &[u8], envelope: &Envelope) -> Self {
        let mut extras = Map::new();
        let mut typed = Self {
            message: None,
            result: None,
            history: Vec::new(),
            image_links: None,
            kyc_receipt: None,
            kyb_receipt: None,
            extras: Map::new(),
        };
        for (key, value) in envelope.entries(raw) {
            let understood = match key {
                "timestamp" | "signature" => true,
                "job_complete" | "job_success" => lenient::boolean(value).is_some(),
                "code" => envelope.code.is_some(),
                "result" => {
                    typed.message = lenient::string(value);
                    typed.result = JobResult::read(value);
                    typed.message.is_some() || value.starts_with('{')
                }
                "history" => history::read(value, &mut typed.history),
                "image_links" => {
                    typed.image_links = ImageLinks::read(value);
                    typed.image_links.is_some()
                }
                "kyc_receipt" => set(&mut typed.kyc_receipt, lenient::text(value)),
                "kyb_receipt" => set(&mut typed.kyb_receipt, lenient::text(value)),
                _ => false,
            };
            if !understood && (value != "null" || !envelope::is_known(key)) {
                extras.insert(key.to_owned(), lenient::value(value));
            }
        }
        typed.extras = extras;
        typed
    }
}

fn set(field: &mut Option<String>, value: Option<String>) -> bool {
    *field = value;
    field.is_some()
}

impl PartialEq for JobStatus {
    fn eq(&self, other: &Self) -> bool {
        self.0.user_id == other.0.user_id && self.0.job_id == other.0.job_id && self.0.raw == other.0.raw
    }
}

impl Eq for JobStatus {}

impl fmt::Debug for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobStatus")
            .field("job_complete", &self.job_complete())
            .field("job_success", &self.job_success())
            .field("code", &self.code())
            .finish_non_exhaustive()
    }
}

/// The refusal of a body that is not a job status.
pub(crate) fn invalid(message: &'static str) -> Error {
    Error::new(crate::ErrorCode::InvalidResponse, message)
}

//! The answer: a small envelope read on arrival, a typed view made on access, the raw body kept.
//!
//! On arrival one pass checks the syntax and keeps the flags and the places of everything else; the view of `result`
//! and `history` costs nothing until somebody looks.

mod antifraud;
mod changes;
mod envelope;
mod history;
mod host_objects;
mod id_response;
mod images;
mod js;
mod json;
mod result;
mod typed_fields;
pub(crate) mod view;
mod view_part;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serializer;
use serde_json::{Map, Value};

pub use antifraud::{Antifraud, SuspectUser};
pub(crate) use envelope::Envelope;
pub use id_response::IdResponse;
pub(crate) use id_response::says_nothing;
pub use images::ImageLinks;
pub use js::forms::Forms;
pub(crate) use json::lenient;
pub use result::{JobResult, PartnerParams};
pub use view::{Named, Naming, View};
pub use view_part::{Part, PartOf};
#[doc(hidden)]
pub use {
    host_objects::{Host, Make, Reading},
    json::Json,
    json::known::Known,
    typed_fields::Open,
};

use crate::callback_delivery::CallbackDelivery;
use crate::error::{Error, Result};
use crate::request::Ids;
use view::view;

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
    ids: Arc<Ids>,
    raw: Bytes,
    envelope: Envelope,
    /// A callback in the shape of a result: what an answer has in `result` stands at the top level.
    is_result: bool,
    callback_delivery: OnceLock<CallbackDelivery>,
    // Read when somebody looks, each for itself; boxed, because most statuses are only asked for their flags.
    result: OnceLock<Option<Box<JobResult>>>,
    history: OnceLock<Vec<JobResult>>,
    image_links: OnceLock<Option<Box<ImageLinks>>>,
    texts: OnceLock<Box<Texts>>,
    extras: OnceLock<Map<String, Value>>,
}

struct Texts {
    message: Option<String>,
    kyc_receipt: Option<String>,
    kyb_receipt: Option<String>,
}

impl JobStatus {
    pub(crate) fn new(ids: Arc<Ids>, raw: Bytes, envelope: Envelope) -> Self {
        Self::of(ids, raw, envelope, false)
    }

    fn of(ids: Arc<Ids>, raw: Bytes, envelope: Envelope, is_result: bool) -> Self {
        Self(Arc::new(Inner {
            ids,
            raw,
            envelope,
            is_result,
            callback_delivery: OnceLock::new(),
            result: OnceLock::new(),
            history: OnceLock::new(),
            image_links: OnceLock::new(),
            texts: OnceLock::new(),
            extras: OnceLock::new(),
        }))
    }

    /// A callback's body: a status, or a result at the top level. The ids it names itself are not ours.
    pub(crate) fn of_callback(raw: Bytes, envelope: Envelope) -> Self {
        let is_result = !envelope.is_status();
        Self::of(Arc::new(Ids { user_id: String::new(), job_id: String::new() }), raw, envelope, is_result)
    }

    /// Whether it is a status, and not a callback that is a result itself.
    pub(crate) fn is_envelope(&self) -> bool {
        !self.0.is_result
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
        let ids = Ids { user_id: user_id.to_owned(), job_id: job_id.to_owned() };
        Ok(Self::new(Arc::new(ids), raw, envelope))
    }

    /// Whether the job is finished. Not whether the person was approved, and not always the last word: a result whose
    /// [`is_final_result`](JobResult::is_final_result) is false may be followed by another. Missing or unreadable counts as
    /// false.
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
        self.0.envelope.code(&self.0.raw)
    }

    /// What stands in `result` when it is a text, such as `No zip file received`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.texts().message.as_deref()
    }

    /// The job's result; `None` when it is missing, null, empty or a text.
    #[must_use]
    pub fn result(&self) -> Option<&JobResult> {
        self.0.result.get_or_init(|| self.raw_result().and_then(result::read).map(Box::new)).as_deref()
    }

    /// The user's results, in the order received: as seen so far the newest first, the present one included. Empty
    /// unless asked for with `return_history`.
    #[must_use]
    pub fn history(&self) -> &[JobResult] {
        self.0.history.get_or_init(|| self.raw_history().map(history::read).unwrap_or_default())
    }

    /// Links to images: those that were asked for with `return_image_links`; else those in the result, which document jobs have.
    /// `None` without either.
    #[must_use]
    pub fn image_links(&self) -> Option<&ImageLinks> {
        self.0.image_links.get_or_init(|| self.raw_image_links().and_then(ImageLinks::read).map(Box::new)).as_deref()
    }

    /// The link to the KYC receipt (a PDF behind the portal's login).
    #[must_use]
    pub fn kyc_receipt(&self) -> Option<&str> {
        self.texts().kyc_receipt.as_deref()
    }

    /// The link to the KYB receipt.
    #[must_use]
    pub fn kyb_receipt(&self) -> Option<&str> {
        self.texts().kyb_receipt.as_deref()
    }

    /// The user that was asked about.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.0.ids.user_id
    }

    /// The job that was asked about.
    #[must_use]
    pub fn job_id(&self) -> &str {
        &self.0.ids.job_id
    }

    /// The text that the server signed; a JSON number stands by its digits.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        self.0.envelope.timestamp(&self.0.raw).unwrap_or_default()
    }

    /// The server's signature of the timestamp. With it, it can sign requests while it is fresh: keep it secret.
    #[must_use]
    pub fn signature(&self) -> &str {
        self.0.envelope.signature(&self.0.raw).unwrap_or_default()
    }

    /// Keys of the answer that have no field above, or whose value could not be read as that field.
    #[must_use]
    pub fn extras(&self) -> &Map<String, Value> {
        self.0.extras.get_or_init(|| match self.0.is_result {
            true => Map::new(),
            false => self.entries().filter(|(key, value)| !self.shows(key, value)).map(owned).collect(),
        })
    }

    /// The body after content decoding, byte for byte. Holds the signature and personal data.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.0.raw
    }

    /// The whole typed view as JSON text, without [`raw`](Self::raw). Holds the signature and personal data.
    ///
    /// It nests one level deeper than the body, at most 129, where `serde_json` by itself reads 127.
    #[must_use]
    pub fn to_json(&self, naming: Naming) -> String {
        self.json(naming, self.raw().len())
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.envelope.value(&self.0.raw, name)
    }

    fn raw_result(&self) -> Option<&str> {
        match self.0.is_result {
            // The body was UTF-8 when it came.
            true => std::str::from_utf8(&self.0.raw).ok(),
            false => self.value("result"),
        }
    }

    fn raw_history(&self) -> Option<&str> {
        if self.0.is_result { None } else { self.value("history") }
    }

    /// An error in their place hides none that the result has.
    fn raw_image_links(&self) -> Option<&str> {
        let links = |is_it| self.beside_result("image_links", "ImageLinks", is_it);
        links(images::have_links).or_else(|| links(|value| value.starts_with('{')))
    }

    fn raw_receipt(&self, name: &str, in_callbacks: &str) -> Option<&str> {
        self.beside_result(name, in_callbacks, |value| !matches!(value, "null" | "\"\""))
    }

    /// What stands beside an answer's result; where nothing does, what stands there or in the result as callbacks spell it.
    fn beside_result<'a>(&'a self, name: &str, in_callbacks: &str, is_it: fn(&str) -> bool) -> Option<&'a str> {
        let is_some = |value: &&str| is_it(value);
        let usual = if self.0.is_result { None } else { self.value(name).filter(is_some) };
        usual.or_else(|| self.value(in_callbacks).filter(is_some)).or_else(|| {
            let result = self.value("result").filter(|result| result.contains(in_callbacks))?;
            let last = lenient::entries(result).into_iter().rev().find(|(key, _)| key == in_callbacks);
            last.map(|(_, value)| value).filter(is_some)
        })
    }

    /// Whether anything stands in the place of the history.
    #[doc(hidden)]
    #[must_use]
    pub fn has_history(&self) -> bool {
        self.raw_history().is_some_and(|history| !matches!(history, "[]" | "null"))
    }

    /// A part of the view, read anew and owned by nobody.
    #[doc(hidden)]
    #[must_use]
    pub fn part(&self, part: Part) -> PartOf<'_> {
        PartOf::new(self, part)
    }

    /// A part of the view, read anew for a host to make its own objects of, beside what it knows from earlier answers.
    #[doc(hidden)]
    #[must_use]
    pub fn reading<'a>(&'a self, part: Part, known: &'a [Arc<Known>]) -> Reading<'a> {
        let raw = match part {
            Part::Result => self.raw_result(),
            Part::History => self.raw_history(),
            Part::ImageLinks => self.raw_image_links(),
            Part::Rest => None,
        };
        Reading::new(part, raw, known)
    }

    fn texts(&self) -> &Texts {
        self.0.texts.get_or_init(|| {
            Box::new(Texts {
                message: self.value("result").filter(|_| !self.0.is_result).and_then(lenient::string),
                kyc_receipt: self.raw_receipt("kyc_receipt", "KYCReceipt").and_then(lenient::text),
                kyb_receipt: self.raw_receipt("kyb_receipt", "KYBReceipt").and_then(lenient::text),
            })
        })
    }

    /// Whether the typed view says all that stands under a key.
    fn shows(&self, key: &str, value: &str) -> bool {
        let is_it = |found: Option<&str>| found.is_some_and(|found| std::ptr::eq(found, value));
        let shown = match key {
            "timestamp" | "signature" => true,
            "job_complete" | "job_success" => lenient::boolean(value).is_some(),
            "code" => self.code().is_some(),
            "result" => value.starts_with('{') || self.message().is_some(),
            "history" => lenient::is_of_objects(value),
            "image_links" | "ImageLinks" => value.starts_with('{') && is_it(self.raw_image_links()),
            "kyc_receipt" | "KYCReceipt" => {
                self.kyc_receipt().is_some() && is_it(self.raw_receipt("kyc_receipt", "KYCReceipt"))
            }
            "kyb_receipt" | "KYBReceipt" => {
                self.kyb_receipt().is_some() && is_it(self.raw_receipt("kyb_receipt", "KYBReceipt"))
            }
            _ => return false,
        };
        shown || value == "null"
    }
}

fn owned((key, value): (&str, &str)) -> (String, Value) {
    (key.to_owned(), lenient::value(value))
}

impl View for JobStatus {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        view!(JobStatus as naming into serializer {
            job_complete: self.job_complete(),
            job_success: self.job_success(),
            code: self.code(),
            message: self.message(),
            result: self.part(Part::Result),
            history: self.part(Part::History),
            image_links: self.part(Part::ImageLinks),
            kyc_receipt: self.kyc_receipt(),
            kyb_receipt: self.kyb_receipt(),
            user_id: self.user_id(),
            job_id: self.job_id(),
            timestamp: self.timestamp(),
            signature: self.signature(),
            extras: self.extras(),
        } and callback_delivery: self.callback_delivery())
    }
}

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

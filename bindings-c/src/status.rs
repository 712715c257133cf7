//! A job's status: the envelope's getters.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use smileid_core::{CallbackDelivery, JobStatus, Naming};

use crate::code::{SMILEID_OK, SMILEID_UNSET};
use crate::ffi::{bytes, free, truth, value};
use crate::image_links::Images;
use crate::result::JobResult;
use crate::text::Text;

/// How a job stands, as Smile ID answered; the answer's signature was verified.
///
/// Immutable, and safe to use from any number of threads at the same time. What its getters return is borrowed from
/// it and valid until it is freed; NULL or SMILEID_UNSET is "absent", and what they return for NULL.
pub struct Status {
    pub(crate) status: JobStatus,
    /// Made when first looked at: whoever asks for flags alone has no use for that much memory.
    made: OnceLock<Box<Made>>,
}

/// What C has looked at.
#[derive(Default)]
pub(crate) struct Made {
    result: OnceLock<Option<JobResult>>,
    history: OnceLock<Box<[JobResult]>>,
    pub(crate) images: Images,
    code: Text,
    message: Text,
    kyc_receipt: Text,
    kyb_receipt: Text,
    user_id: Text,
    job_id: Text,
    timestamp: Text,
    signature: Text,
    json: Text,
}

impl Status {
    pub(crate) fn new(status: JobStatus) -> Self {
        Self { status, made: OnceLock::new() }
    }

    pub(crate) fn made(&self) -> &Made {
        self.made.get_or_init(Box::default)
    }

    fn history(&self) -> &[JobResult] {
        self.made().history.get_or_init(|| {
            let entries = 0..self.status.history().len();
            entries.map(|index| JobResult::in_history(self.status.clone(), index)).collect()
        })
    }
}

fn text(status: Option<&Status>, read: impl FnOnce(&Status) -> *const c_char) -> *const c_char {
    value(ptr::null(), || status.map_or(ptr::null(), read))
}

/// Whether the job is finished: 1 or 0. Not whether the person was approved. 0 too where the answer does not say.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_job_complete(status: Option<&Status>) -> i32 {
    value(0, || status.map_or(0, |status| i32::from(status.status.job_complete())))
}

/// Whether the finished job succeeded, as Smile ID says: 1, 0 or SMILEID_UNSET.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_job_success(status: Option<&Status>) -> i32 {
    value(SMILEID_UNSET, || truth(status.and_then(|status| status.status.job_success())))
}

/// The code of the status call, such as "2302". Not the verdict: that is smileid_result_result_code.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_code(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().code.get(|| status.status.code()))
}

/// What stands in the answer's result when it is a text, such as "No zip file received".
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_message(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().message.get(|| status.status.message()))
}

/// The job's result, borrowed from the status; NULL when it is missing, null, empty or a text.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_result(status: Option<&Status>) -> Option<&JobResult> {
    value(None, || {
        let status = status?;
        status.made().result.get_or_init(|| JobResult::of_status(&status.status)).as_ref()
    })
}

/// How many results the user's history has; 0 unless asked for with return_history.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_history_count(status: Option<&Status>) -> usize {
    value(0, || status.map_or(0, |status| status.status.history().len()))
}

/// One of the user's results, in the order received: as seen so far the newest first, the present one included.
/// Borrowed from the status; NULL when index is not below smileid_status_history_count.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_history_at(status: Option<&Status>, index: usize) -> Option<&JobResult> {
    value(None, || status?.history().get(index))
}

/// The link to the KYC receipt (a PDF behind the portal's login).
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_kyc_receipt(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().kyc_receipt.get(|| status.status.kyc_receipt()))
}

/// The link to the KYB receipt.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_kyb_receipt(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().kyb_receipt.get(|| status.status.kyb_receipt()))
}

/// The user that was asked about.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_user_id(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().user_id.get(|| Some(status.status.user_id())))
}

/// The job that was asked about.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_job_id(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().job_id.get(|| Some(status.status.job_id())))
}

/// The text that the server signed.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_timestamp(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().timestamp.get(|| Some(status.status.timestamp())))
}

/// The server's signature of the timestamp. While it is fresh it can sign requests: keep it secret.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_signature(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().signature.get(|| Some(status.status.signature())))
}

/// The answer's body after content decoding, byte for byte; not NUL-terminated. It holds the signature and personal
/// data: do not log it.
///
/// length: receives the number of bytes; may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_raw(status: Option<&Status>, length: Option<&mut MaybeUninit<usize>>) -> *const u8 {
    bytes(status, |status| Some(&status.status.raw()[..]), length)
}

/// The whole typed view as JSON text, with everything that has no getter: actions, ID data, antifraud, further
/// fields. It holds the signature and personal data: do not log it. Made when first asked for.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_json(status: Option<&Status>) -> *const c_char {
    text(status, |status| status.made().json.get(|| Some(status.status.to_json(Naming::Snake))))
}

/// Whether the receiver at callback_url took the status, with 2xx: 1 or 0; SMILEID_UNSET where none was delivered to.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_callback_delivered(status: Option<&Status>) -> i32 {
    value(SMILEID_UNSET, || truth(delivery(status).map(|delivery| delivery.delivered)))
}

/// How many tries the delivery to callback_url took; SMILEID_UNSET where there was none.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_callback_attempts(status: Option<&Status>) -> i32 {
    let attempts = || Some(i32::try_from(delivery(status)?.attempts).unwrap_or(i32::MAX));
    value(SMILEID_UNSET, || attempts().unwrap_or(SMILEID_UNSET))
}

/// The HTTP status of the last try to deliver, if it had an answer; else SMILEID_UNSET.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_callback_http_status(status: Option<&Status>) -> i32 {
    value(SMILEID_UNSET, || delivery(status).and_then(|delivery| delivery.http_status).map_or(SMILEID_UNSET, i32::from))
}

/// What went wrong with the last try to deliver, one of SMILEID_ERROR_*; SMILEID_OK where nothing did or none was made.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_callback_error(status: Option<&Status>) -> i32 {
    value(SMILEID_OK, || delivery(status).and_then(|delivery| delivery.error).map_or(SMILEID_OK, |code| code as i32))
}

fn delivery(status: Option<&Status>) -> Option<CallbackDelivery> {
    status?.status.callback_delivery()
}

/// Frees a status and all that was borrowed from it. NULL does nothing. Not for one that was
/// borrowed, from an error, an update, an outcome or a step.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_free(status: Option<Box<Status>>) {
    free(status);
}

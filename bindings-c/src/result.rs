//! A job's result and the entries of its history.

use std::ffi::c_char;
use std::ptr;

use smileid_core::{JobResult as CoreResult, JobStatus};

use crate::code::SMILEID_UNSET;
use crate::ffi::{truth, value};
use crate::text::Text;

/// One result of a job: the verdict of a product. Borrowed from its status or callback, and valid until that
/// is freed.
///
/// Products differ: NULL or SMILEID_UNSET is "absent". Everything else that a result holds is in smileid_status_json.
/// Safe to use from any number of threads at the same time.
pub struct JobResult {
    of: Holder,
    texts: Texts,
}

/// Where the result lies.
enum Holder {
    Status(JobStatus),
    History(JobStatus, usize),
}

#[derive(Default)]
struct Texts {
    smile_job_id: Text,
    result_code: Text,
    result_text: Text,
    result_type: Text,
    source: Text,
    json_version: Text,
    user_id: Text,
    job_id: Text,
    timestamp: Text,
    signature: Text,
}

impl JobResult {
    pub(crate) fn of_status(status: &JobStatus) -> Option<Self> {
        status.result().map(|_| Self::new(Holder::Status(status.clone())))
    }

    pub(crate) fn in_history(status: JobStatus, index: usize) -> Self {
        Self::new(Holder::History(status, index))
    }

    fn new(of: Holder) -> Self {
        Self { of, texts: Texts::default() }
    }

    fn core(&self) -> Option<&CoreResult> {
        match &self.of {
            Holder::Status(status) => status.result(),
            Holder::History(status, index) => status.history().get(*index),
        }
    }
}

fn text(
    result: Option<&JobResult>,
    cached: impl FnOnce(&Texts) -> &Text,
    read: impl FnOnce(&CoreResult) -> Option<&str>,
) -> *const c_char {
    value(ptr::null(), || {
        result.map_or(ptr::null(), |result| cached(&result.texts).get(|| result.core().and_then(read)))
    })
}

fn read<T>(result: Option<&JobResult>, absent: T, read: impl FnOnce(&CoreResult) -> T) -> T {
    value(None, || result.and_then(JobResult::core).map(read)).unwrap_or(absent)
}

/// Smile ID's own id of the job (SmileJobID).
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_smile_job_id(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.smile_job_id, |core| core.smile_job_id.as_deref())
}

/// The verdict's code (ResultCode), such as "0810"; what it means depends on the product.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_result_code(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.result_code, |core| core.result_code.as_deref())
}

/// The verdict in words (ResultText). Not stable: decide by the code.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_result_text(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.result_text, |core| core.result_text.as_deref())
}

/// Who decided (ResultType): "SAIA" for a machine, "DIVA" for human review, or a product's name.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_result_type(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.result_type, |core| core.result_type.as_deref())
}

/// Whether no later result will follow (IsFinalResult): 1, 0 or SMILEID_UNSET.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_is_final_result(result: Option<&JobResult>) -> i32 {
    read(result, SMILEID_UNSET, |core| truth(core.is_final_result))
}

/// Whether a machine decided (IsMachineResult): 1, 0 or SMILEID_UNSET.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_is_machine_result(result: Option<&JobResult>) -> i32 {
    read(result, SMILEID_UNSET, |core| truth(core.is_machine_result))
}

/// How alike the faces are, in percent (ConfidenceValue); NaN when absent, for it may be any number.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_confidence_value(result: Option<&JobResult>) -> f64 {
    read(result, f64::NAN, |core| core.confidence_value.unwrap_or(f64::NAN))
}

/// Where the job came from (Source), such as "WebAPI".
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_source(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.source, |core| core.source.as_deref())
}

/// The version of the result's format (JSONVersion).
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_json_version(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.json_version, |core| core.json_version.as_deref())
}

/// The app's id of the user, as the result says (PartnerParams.user_id).
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_user_id(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.user_id, |core| core.partner_params.as_ref()?.user_id.as_deref())
}

/// The app's id of the job, as the result says (PartnerParams.job_id).
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_job_id(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.job_id, |core| core.partner_params.as_ref()?.job_id.as_deref())
}

/// The product as a number (PartnerParams.job_type): 1 Biometric KYC, 5 Basic and Enhanced KYC, 6 Document
/// Verification and so on; SMILEID_UNSET when absent.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_job_type(result: Option<&JobResult>) -> i64 {
    let absent = i64::from(SMILEID_UNSET);
    read(result, absent, |core| core.partner_params.as_ref().and_then(|params| params.job_type).unwrap_or(absent))
}

/// The result's own signed text, beside the status's.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_timestamp(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.timestamp, |core| core.timestamp.as_deref())
}

/// The result's own signature. While it is fresh it can sign requests: keep it secret.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_result_signature(result: Option<&JobResult>) -> *const c_char {
    text(result, |texts| &texts.signature, |core| core.signature.as_deref())
}

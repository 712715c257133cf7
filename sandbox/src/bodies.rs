//! The built-in final bodies: shapes of Smile ID's products, invented people.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A built-in body: the members that differ between products and verdicts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Built<'a> {
    pub(crate) job_success: bool,
    #[serde(borrow)]
    pub(crate) result: &'a RawValue,
    #[serde(borrow, default)]
    pub(crate) kyc_receipt: Option<&'a RawValue>,
}

macro_rules! bodies {
    ($($name:literal),+ $(,)?) => {
        const BODIES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../bodies/", $name, ".json")))),+];
    };
}

bodies![
    "approved",
    "rejected",
    "approved_by_human",
    "provisional",
    "suspected_fraud",
    "enhanced_kyc_approved",
    "enhanced_kyc_rejected",
    "basic_kyc_approved",
    "basic_kyc_rejected",
    "smartselfie_authentication_approved",
    "smartselfie_authentication_rejected",
    "smartselfie_registration_approved",
    "smartselfie_registration_rejected",
    "document_verification_approved",
    "document_verification_rejected",
    "enhanced_document_verification_approved",
    "enhanced_document_verification_rejected",
    "business_verification_approved",
    "business_verification_rejected",
    "aml_listed",
    "aml_not_listed",
];

/// Earlier entries of a job's history, newest first.
pub(crate) const EARLIER: &str = include_str!("../bodies/history/earlier.json");

/// The links a job's images are served under.
pub(crate) const IMAGE_LINKS: &str = include_str!("../bodies/image_links/selfie.json");

/// The names a story's `complete` takes.
pub fn built_in_bodies() -> impl Iterator<Item = &'static str> {
    BODIES.iter().map(|(name, _)| *name)
}

/// The body of that name, with its placeholders still in place.
pub(crate) fn named(name: &str) -> Option<Built<'static>> {
    let (_, text) = BODIES.iter().find(|(known, _)| *known == name)?;
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_built_in_body_is_whole_and_names_its_own_job() {
        for name in built_in_bodies() {
            let built = named(name).unwrap_or_else(|| panic!("{name}"));
            let result: Value = serde_json::from_str(built.result.get()).unwrap();
            assert_eq!(result["PartnerParams"]["user_id"], "{{user_id}}", "{name}");
            assert_eq!(result["PartnerParams"]["job_id"], "{{job_id}}", "{name}");
            assert!(result["ResultCode"].is_string(), "{name}");
            assert_eq!(built.job_success, !name.ends_with("rejected"), "{name}");
        }
    }

    #[test]
    fn the_shared_parts_are_json() {
        let earlier: Vec<Value> = serde_json::from_str(EARLIER).unwrap();
        assert_eq!(earlier.len(), 2);
        let links: Value = serde_json::from_str(IMAGE_LINKS).unwrap();
        assert!(links["selfie_image"].is_string());
    }
}

//! `MachineInfo`: what a device says of itself before it is managed, signed by whoever made it.

use plist::{Dictionary, Value};

use super::Applicant;
use super::invitation::EnrollmentKit;
use super::refusal::Refused;
use crate::protocol::apple::codec;

/// Content type of signed `MachineInfo`.
pub(super) const CONTENT_TYPE: &str = "application/pkcs7-signature";

/// The plain list and its signed form.
pub(super) fn signed(
    applicant: &Applicant,
    kit: &EnrollmentKit,
) -> Result<(Dictionary, Vec<u8>), Refused> {
    let mut info = Dictionary::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            info.insert(key.to_owned(), Value::String(value));
        }
    };
    put("UDID", applicant.udid.clone());
    put("SERIAL", applicant.serial.clone());
    put("PRODUCT", Some(applicant.product.clone()));
    put("VERSION", applicant.build.clone());
    put("OS_VERSION", Some(applicant.version.clone()));
    put("IMEI", applicant.imei.clone());
    put("LANGUAGE", Some("en".to_owned()));
    if applicant.can_request_update {
        info.insert(
            "MDM_CAN_REQUEST_SOFTWARE_UPDATE".to_owned(),
            Value::Boolean(true),
        );
    }
    let failed = |why: String| Refused::identity(format!("MachineInfo cannot be signed: {why}"));
    let plain = codec::encode_xml(&info).map_err(|error| failed(error.to_string()))?;
    let signed = kit
        .factory()
        .and_then(|factory| factory.issue(0))
        .and_then(|identity| identity.signed(&plain))
        .map_err(|error| failed(error.to_string()))?;
    Ok((info, signed))
}

//! The identity that a profile gives the device.

use std::sync::Arc;

use plist::Value;
use rcgen::{KeyPair, PublicKeyData as _};

use super::fetch::Web;
use super::pkcs12;
use super::refusal::{Refused, short};
use super::{ProfileInvitation, scep, tls};
use crate::device::DeviceMessage;
use crate::protocol::apple::identity::{ClientIdentity, subject_of};
use crate::protocol::apple::profile::Payload;

/// Gets the identity as the payload says.
pub(super) async fn obtain(
    payload: &Payload,
    invitation: &ProfileInvitation,
    web: &Web,
    names: &scep::Names<'_>,
    log: &mut Vec<DeviceMessage>,
) -> Result<Arc<ClientIdentity>, Refused> {
    match payload.payload_type.as_str() {
        "com.apple.security.pkcs12" => {
            from_pkcs12(payload, invitation.kit.clock.now()).map(Arc::new)
        }
        "com.apple.security.scep" => scep::obtain(payload, invitation, web, names, log).await,
        "com.apple.security.acme" => Err(Refused::identity(
            "the profile gives the identity by ACME (com.apple.security.acme), which virtual devices do not speak. \
             Give this test a profile with SCEP or PKCS#12",
        )),
        "com.apple.mdm" => Err(Refused::identity(
            "IdentityCertificateUUID names the payload com.apple.mdm itself. Name the identity payload",
        )),
        other => Err(Refused::identity(format!(
            "IdentityCertificateUUID names a payload of the type {}, which gives no identity to a device. Use \
             com.apple.security.scep or com.apple.security.pkcs12",
            short(other)
        ))),
    }
}

fn from_pkcs12(payload: &Payload, now: jiff::Timestamp) -> Result<ClientIdentity, Refused> {
    let wrong = |why: String, advice: &str| {
        Refused::identity(format!(
            "the PKCS#12 payload {} gives no identity: {why}. {advice}",
            payload.uuid
        ))
    };
    let data = payload
        .content
        .get("PayloadContent")
        .and_then(Value::as_data)
        .ok_or_else(|| {
            wrong(
                "PayloadContent is missing".to_owned(),
                "Put the container there",
            )
        })?;
    let word = payload
        .content
        .get("Password")
        .and_then(Value::as_string)
        .unwrap_or_default();
    let contents = pkcs12::open(data, word).map_err(|error| {
        let (why, advice) = match &error {
            pkcs12::Pkcs12Error::WrongWord => (
                "the word that the payload gives does not open the container".to_owned(),
                "Give the word the container was exported with; a device would ask the person for it",
            ),
            other => (other.to_string(), "Export it again"),
        };
        wrong(why, advice)
    })?;
    let [key] = contents.keys.as_slice() else {
        return Err(wrong(
            format!("it holds {} keys", contents.keys.len()),
            "Export exactly one key with its certificate",
        ));
    };
    let key = KeyPair::try_from(key.as_slice())
        .ok()
        .filter(|key| {
            key.is_compatible(&rcgen::PKCS_RSA_SHA256)
                || key.is_compatible(&rcgen::PKCS_ECDSA_P256_SHA256)
        })
        .ok_or_else(|| {
            wrong(
                "its key is neither RSA (2,048 bits or more) nor P-256".to_owned(),
                "Issue the identity with such a key",
            )
        })?;
    if contents.certificates.is_empty() {
        return Err(wrong(
            "it holds a key but no certificate".to_owned(),
            "Export both",
        ));
    }
    let certificate = contents
        .certificates
        .iter()
        .find(|der| public_key(der).is_some_and(|public| public == key.der_bytes()))
        .ok_or_else(|| {
            let names: Vec<String> = contents
                .certificates
                .iter()
                .map(|der| subject_of(der))
                .collect();
            wrong(
                format!("its certificate ({}) is for another key", names.join("; ")),
                "Export the certificate that was issued for this key",
            )
        })?;
    tls::valid_at(certificate, now).map_err(|why| {
        wrong(
            format!("its certificate ({}) {why}", subject_of(certificate)),
            "Issue a new one",
        )
    })?;
    ClientIdentity::new(Arc::new(key), certificate.clone())
        .map_err(|error| wrong(error.to_string(), "Issue a new one"))
}

fn public_key(der: &[u8]) -> Option<Vec<u8>> {
    use der::Decode as _;
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    Some(key.subject_public_key.raw_bytes().to_vec())
}

//! The enrollment profile: what `com.apple.mdm` says, whom it trusts, and where the identity comes from.

use plist::{Dictionary, Value};

use super::refusal::{Refused, web_page};
use super::signed::{self, Signature};
use crate::protocol::apple::codec;
use crate::protocol::apple::profile as configuration;
use crate::protocol::apple::profile::Payload;
use crate::server::ALL_RIGHTS;

/// Longest profile, in bytes.
pub const LONGEST: usize = 4 * 1024 * 1024;
/// Most payloads that are looked at.
const PAYLOADS: usize = 64;

/// An enrollment profile as a device reads it.
#[derive(Clone, Debug)]
pub struct EnrollmentProfile {
    /// What vouches for it.
    pub signature: Signature,
    /// The whole profile, for the record; secrets are taken out there.
    pub plist: Dictionary,
    /// What `com.apple.mdm` says.
    pub mdm: MdmPayload,
    /// CAs that the profile trusts (DER).
    pub anchors: Vec<Vec<u8>>,
    /// CAs among them that connections to the server are pinned to (DER); none for no pinning.
    pub pinned: Vec<Vec<u8>>,
    /// The payload that `IdentityCertificateUUID` names.
    pub identity: Payload,
}

/// `com.apple.mdm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MdmPayload {
    /// `ServerURL`.
    pub server_url: String,
    /// `CheckInURL`; the server URL when absent.
    pub checkin_url: String,
    /// `Topic`.
    pub topic: String,
    /// `AccessRights`.
    pub access_rights: u32,
    /// `SignMessage`.
    pub sign_message: bool,
    /// `CheckOutWhenRemoved`.
    pub check_out_when_removed: bool,
    /// `ServerCapabilities`.
    pub server_capabilities: Vec<String>,
    /// `AssignedManagedAppleID`.
    pub account: Option<String>,
    /// `EnrollmentMode`: `BYOD` or `ADDE`.
    pub mode: Option<String>,
}

/// Payload types whose content is a certificate to trust.
const TRUST: [&str; 3] = [
    "com.apple.security.root",
    "com.apple.security.pkcs1",
    "com.apple.security.pem",
];

impl EnrollmentProfile {
    /// Reads a profile, plain or signed; the signer is judged against `anchors` (DER).
    pub(super) fn read<'a>(
        bytes: &[u8],
        content_type: Option<&str>,
        anchors: impl Iterator<Item = &'a [u8]>,
        now: jiff::Timestamp,
    ) -> Result<Self, Refused> {
        if bytes.is_empty() {
            return Err(Refused::profile(
                "in place of an enrollment profile nothing came: the answer is empty. Check that the URL is the one \
                 the profile is downloaded from, and the server's log",
            ));
        }
        if let Some(title) = web_page(content_type, bytes) {
            return Err(Refused::profile(format!(
                "in place of an enrollment profile a web page came ({title}), probably a login page. Give the URL \
                 that the profile itself is downloaded from, or save it and give the file"
            )));
        }
        if bytes.len() > LONGEST {
            return Err(Refused::profile(format!(
                "the profile has {} bytes; {LONGEST} are read. Check that the URL is the enrollment profile's",
                bytes.len()
            )));
        }
        let (content, signature) = if bytes.first() == Some(&0x30) {
            signed::open(bytes, anchors, now).map_err(|why| {
                Refused::profile(format!(
                    "the signature of the enrollment profile is broken: {why}. A person would see that the profile \
                     is invalid. Sign the profile again, last of all steps"
                ))
            })?
        } else {
            (bytes.to_vec(), Signature::None)
        };
        let unreadable = |why: codec::CodecError| {
            Refused::profile(format!(
                "what came is no enrollment profile: {why}. Check the URL, and open the file in a text editor"
            ))
        };
        let plist = codec::decode(&content).map_err(unreadable)?;
        let profile = configuration::from_plist(plist.clone()).map_err(unreadable)?;
        if profile.encrypted {
            return Err(Refused::profile(
                "the profile is encrypted for one device and cannot be read. Give it unencrypted",
            ));
        }
        if profile.payloads.len() > PAYLOADS {
            return Err(Refused::profile(format!(
                "the profile has {} payloads; {PAYLOADS} are read",
                profile.payloads.len()
            )));
        }
        Self::of(plist, signature, &profile.payloads)
    }

    fn of(plist: Dictionary, signature: Signature, payloads: &[Payload]) -> Result<Self, Refused> {
        let mut mdms = payloads
            .iter()
            .filter(|payload| payload.payload_type == "com.apple.mdm");
        let (mdm, more) = (mdms.next(), mdms.next());
        let mdm = mdm.ok_or_else(|| {
            let types: Vec<&str> = payloads
                .iter()
                .map(|payload| payload.payload_type.as_str())
                .collect();
            Refused::profile(format!(
                "the profile has no payload com.apple.mdm, so that it enrolls nobody (it has {}). Give the \
                 enrollment profile",
                types.join(", ")
            ))
        })?;
        if more.is_some() {
            return Err(Refused::profile(
                "the profile has more than one payload com.apple.mdm; devices refuse that. Keep one",
            ));
        }
        let mut anchors = Vec::new();
        let mut by_uuid = Vec::new();
        for payload in payloads {
            if TRUST.contains(&payload.payload_type.as_str()) {
                let der = certificate(payload)?;
                by_uuid.push((payload.uuid.as_str(), der.clone()));
                anchors.push(der);
            }
        }
        let identity = identity(&mdm.content, payloads)?.clone();
        let mut pinned = Vec::new();
        for key in [
            "ServerURLPinningCertificateUUIDs",
            "CheckInURLPinningCertificateUUIDs",
        ] {
            for uuid in strings(&mdm.content, key) {
                let (_, der) = by_uuid
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(&uuid))
                    .ok_or_else(|| {
                        Refused::profile(format!(
                            "{key} names {uuid}, but no certificate payload has that PayloadUUID. Correct the UUID"
                        ))
                    })?;
                pinned.push(der.clone());
            }
        }
        Ok(Self {
            signature,
            mdm: mdm_payload(&mdm.content)?,
            plist,
            anchors,
            pinned,
            identity,
        })
    }
}

fn mdm_payload(content: &Dictionary) -> Result<MdmPayload, Refused> {
    let text = |key: &str| {
        content
            .get(key)
            .and_then(Value::as_string)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let needed = |key: &str| {
        text(key).ok_or_else(|| {
            Refused::profile(format!(
                "com.apple.mdm has no {key}; devices refuse such a profile. Add it"
            ))
        })
    };
    let flag = |key: &str| {
        content
            .get(key)
            .and_then(Value::as_boolean)
            .unwrap_or(false)
    };
    let server_url = needed("ServerURL")?;
    let mode = text("EnrollmentMode");
    let account = text("AssignedManagedAppleID").or_else(|| text("ManagedAppleID"));
    let by_user = mode.as_deref() == Some("BYOD") || content.contains_key("ManagedAppleID");
    let rights = content
        .get("AccessRights")
        .and_then(Value::as_unsigned_integer);
    let access_rights = match rights.and_then(|rights| u32::try_from(rights).ok()) {
        // User enrollment has rights of its own; the key is not looked at.
        _ if by_user => ALL_RIGHTS,
        Some(rights) => rights_of(rights)?,
        None => {
            return Err(Refused::profile(
                "com.apple.mdm has no AccessRights; devices refuse such a profile. Add it (8191 is all)",
            ));
        }
    };
    let topic = needed("Topic")?;
    if !topic.starts_with("com.apple.mgmt.") {
        return Err(Refused::profile(format!(
            "the Topic `{}` does not begin with com.apple.mgmt.; devices refuse it. Use the UID of the push \
             certificate's subject",
            super::refusal::short(&topic)
        )));
    }
    Ok(MdmPayload {
        checkin_url: text("CheckInURL").unwrap_or_else(|| server_url.clone()),
        server_url,
        topic,
        access_rights,
        sign_message: flag("SignMessage"),
        check_out_when_removed: flag("CheckOutWhenRemoved"),
        server_capabilities: strings(content, "ServerCapabilities"),
        account,
        mode,
    })
}

/// Bits that need another one beside them (`AccessRights` of `com.apple.mdm`).
fn rights_of(rights: u32) -> Result<u32, Refused> {
    let wrong = |why: &str| {
        Err(Refused::profile(format!(
            "the AccessRights {rights} {why}; devices refuse such a profile. Correct the sum"
        )))
    };
    match rights {
        0 => wrong("are none"),
        rights if rights & 2 != 0 && rights & 1 == 0 => wrong("have 2 without 1"),
        rights if rights & 128 != 0 && rights & 64 == 0 => wrong("have 128 without 64"),
        rights => Ok(rights & ALL_RIGHTS),
    }
}

fn strings(content: &Dictionary, key: &str) -> Vec<String> {
    content
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_string)
        .map(str::to_owned)
        .collect()
}

fn identity<'a>(mdm: &Dictionary, payloads: &'a [Payload]) -> Result<&'a Payload, Refused> {
    let uuid = mdm
        .get("IdentityCertificateUUID")
        .and_then(Value::as_string)
        .ok_or_else(|| {
            Refused::identity(
                "com.apple.mdm has no IdentityCertificateUUID. Put the PayloadUUID of the identity payload there",
            )
        })?;
    payloads
        .iter()
        .find(|payload| payload.uuid.eq_ignore_ascii_case(uuid))
        .ok_or_else(|| {
            let known: Vec<String> = payloads
                .iter()
                .filter(|payload| payload.payload_type != "com.apple.mdm")
                .map(|payload| format!("{} {}", payload.payload_type, payload.uuid))
                .collect();
            Refused::identity(format!(
                "IdentityCertificateUUID names {uuid}, but no payload of the profile has that PayloadUUID (it has: {}). \
                 Add the identity payload or correct the UUID",
                if known.is_empty() { "no other payload".to_owned() } else { known.join(", ") }
            ))
        })
}

/// The certificate of a trust payload, DER or PEM.
fn certificate(payload: &Payload) -> Result<Vec<u8>, Refused> {
    use der::{Decode as _, DecodePem as _, Encode as _};
    let wrong = |why: String| {
        Refused::profile(format!(
            "the payload {} ({}) holds no certificate: {why}. Put DER or PEM into PayloadContent",
            payload.uuid, payload.payload_type
        ))
    };
    let data = payload
        .content
        .get("PayloadContent")
        .and_then(Value::as_data)
        .ok_or_else(|| wrong("PayloadContent is missing".to_owned()))?;
    let parsed = if data.starts_with(b"-----BEGIN") {
        x509_cert::Certificate::from_pem(data)
    } else {
        x509_cert::Certificate::from_der(data)
    };
    parsed
        .and_then(|certificate| certificate.to_der())
        .map_err(|error| wrong(error.to_string()))
}

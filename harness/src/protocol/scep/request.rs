//! The certificate request (PKCS#10, RFC 2986) with the challenge (RFC 2985 §5.4.1).

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use x509_cert::request::CertReq;

use super::{certificate, oids};
use crate::protocol::apple::identity::{
    CONTEXT_0, INTEGER, IdentityError, OCTET_STRING, SEQUENCE, SET, attribute, oid, tlv, verify,
};
use crate::scep::{ScepRequest, SubjectName};

const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;
/// Longest value of a name or challenge, in bytes.
const LONGEST: usize = 4096;

/// Short names of attributes as Apple's `Subject` array uses them (RFC 4519, 2985).
const NAMES: [(&str, &str); 15] = [
    ("C", "2.5.4.6"),
    ("CN", "2.5.4.3"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("E", "1.2.840.113549.1.9.1"),
    ("EMAIL", "1.2.840.113549.1.9.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("GN", "2.5.4.42"),
    ("L", "2.5.4.7"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("SN", "2.5.4.4"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("UID", "0.9.2342.19200300.100.1.1"),
];

/// DER of the subject's name.
pub(crate) fn subject(parts: &[Vec<(String, String)>]) -> Result<Vec<u8>, IdentityError> {
    let mut name = Vec::new();
    for relative in parts {
        let mut set = Vec::new();
        for (key, value) in relative {
            if value.is_empty() || value.len() > LONGEST {
                return Err(IdentityError(format!(
                    "the value of `{key}` in Subject is empty or too long"
                )));
            }
            let kind = attribute_name(key)?;
            let tag = match kind.to_string().as_str() {
                "2.5.4.6" | "2.5.4.5" if is_printable(value) => PRINTABLE_STRING,
                "1.2.840.113549.1.9.1" | "0.9.2342.19200300.100.1.25" if value.is_ascii() => {
                    IA5_STRING
                }
                _ => UTF8_STRING,
            };
            set.push(tlv(SEQUENCE, &[&oid(kind), &tlv(tag, &[value.as_bytes()])]));
        }
        if set.is_empty() {
            return Err(IdentityError("Subject has an empty part".to_owned()));
        }
        set.sort();
        name.push(tlv(SET, &[&set.concat()]));
    }
    Ok(tlv(SEQUENCE, &[&name.concat()]))
}

fn attribute_name(key: &str) -> Result<ObjectIdentifier, IdentityError> {
    let upper = key.to_ascii_uppercase();
    let dotted = NAMES
        .iter()
        .find(|(name, _)| *name == upper)
        .map_or(key, |(_, dotted)| dotted);
    ObjectIdentifier::new(dotted).map_err(|_| {
        IdentityError(format!(
            "`{key}` in Subject is neither a known short name nor a dotted object identifier"
        ))
    })
}

/// DER of the whole request, signed with its key.
pub(crate) fn encode(request: &ScepRequest) -> Result<Vec<u8>, IdentityError> {
    let mut attributes = Vec::new();
    if let Some(challenge) = &request.challenge {
        if challenge.len() > LONGEST {
            return Err(IdentityError("the Challenge is too long".to_owned()));
        }
        let tag = if is_printable(challenge) {
            PRINTABLE_STRING
        } else {
            UTF8_STRING
        };
        attributes.push(attribute(
            oids::CHALLENGE_PASSWORD,
            &tlv(tag, &[challenge.as_bytes()]),
        ));
    }
    let mut extensions = Vec::new();
    if request.key_usage != 0 {
        extensions.push(certificate::key_usage(request.key_usage));
    }
    if !request.sans.is_empty() {
        let names: Vec<Vec<u8>> = request.sans.iter().map(general_name).collect();
        extensions.push(certificate::extension(
            oids::SUBJECT_ALT_NAME,
            false,
            &tlv(SEQUENCE, &[&names.concat()]),
        ));
    }
    if !extensions.is_empty() {
        attributes.push(attribute(
            oids::EXTENSION_REQUEST,
            &tlv(SEQUENCE, &[&extensions.concat()]),
        ));
    }
    attributes.sort();
    let key = request.key.pair();
    let info = tlv(
        SEQUENCE,
        &[
            &tlv(INTEGER, &[&[0]]),
            &subject(&request.subject)?,
            &certificate::public_key(key),
            &tlv(CONTEXT_0, &[&attributes.concat()]),
        ],
    );
    certificate::signed(&info, &certificate::signature_algorithm(key), key)
}

fn general_name(name: &SubjectName) -> Vec<u8> {
    match name {
        SubjectName::Email(text) => tlv(0x81, &[text.as_bytes()]),
        SubjectName::Dns(text) => tlv(0x82, &[text.as_bytes()]),
        SubjectName::Uri(text) => tlv(0x86, &[text.as_bytes()]),
        SubjectName::NtPrincipal(text) => tlv(
            0xa0,
            &[
                &oid(oids::NT_PRINCIPAL),
                &tlv(CONTEXT_0, &[&tlv(UTF8_STRING, &[text.as_bytes()])]),
            ],
        ),
    }
}

/// Characters of `PrintableString` (X.680 §41.4).
fn is_printable(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
}

/// A request as an authority reads it.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    /// DER of the subject's name.
    pub(crate) subject: Vec<u8>,
    /// DER of the public key.
    pub(crate) key: Vec<u8>,
    pub(crate) challenge: Option<String>,
    /// DER of the extensions that are copied: key usage and alternative names.
    pub(crate) extensions: Vec<Vec<u8>>,
}

/// Reads a request and verifies that its sender holds the key.
pub(crate) fn decode(bytes: &[u8]) -> Result<Parsed, IdentityError> {
    let unreadable =
        |error: der::Error| IdentityError(format!("the request is no PKCS#10: {error}"));
    let request = CertReq::from_der(bytes).map_err(unreadable)?;
    let info = &request.info;
    verify(
        &info.public_key,
        request.algorithm.oid,
        None,
        &certificate::der_of(info)?,
        request.signature.raw_bytes(),
    )?;
    let mut challenge = None;
    let mut extensions = Vec::new();
    for attribute in info.attributes.iter() {
        let Some(value) = attribute.values.get(0) else {
            continue;
        };
        if attribute.oid == oids::CHALLENGE_PASSWORD && value.value().len() <= LONGEST {
            challenge = String::from_utf8(value.value().to_vec()).ok();
        }
        if attribute.oid == oids::EXTENSION_REQUEST {
            let wanted: Vec<x509_cert::ext::Extension> = value.decode_as().map_err(unreadable)?;
            for extension in wanted {
                if [oids::KEY_USAGE, oids::SUBJECT_ALT_NAME].contains(&extension.extn_id) {
                    extensions.push(extension.to_der().map_err(unreadable)?);
                }
            }
        }
    }
    Ok(Parsed {
        subject: certificate::der_of(&info.subject)?,
        key: certificate::der_of(&info.public_key)?,
        challenge,
        extensions,
    })
}

/// The content of `CertPoll` (RFC 8894 §3.3.3): `IssuerAndSubject`.
pub(crate) fn issuer_and_subject(issuer: &[u8], subject: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[issuer, subject])
}

/// An octet string of a message attribute.
pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(OCTET_STRING, &[bytes])
}

/// A printable string of a message attribute.
pub(crate) fn printable(text: &str) -> Vec<u8> {
    tlv(PRINTABLE_STRING, &[text.as_bytes()])
}

/// A UTF-8 string of a message attribute.
pub(crate) fn utf8(text: &str) -> Vec<u8> {
    tlv(UTF8_STRING, &[text.as_bytes()])
}

//! `pkiMessage` (RFC 8894 §3.2): `SignedData` with the protocol's attributes around an encrypted part.

use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::Decode as _;
use der::asn1::ObjectIdentifier;
use rcgen::SigningKey as _;
use x509_cert::Certificate;

use super::{certificate, oids, request};
use crate::protocol::apple::identity::{
    CONTEXT_0, INTEGER, IdentityError, NULL, OCTET_STRING, SEQUENCE, SET, attribute, names, oid,
    oids as cms_oids, signed_attributes, tlv, verify,
};
use crate::scep::RsaKey;

/// Longest value of an attribute that is read, in bytes.
const LONGEST: usize = 1024;

/// `messageType` (RFC 8894 §3.2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageType {
    CertRep,
    RenewalReq,
    PkcsReq,
    CertPoll,
}

impl MessageType {
    const ALL: [(Self, &'static str); 4] = [
        (Self::CertRep, "3"),
        (Self::RenewalReq, "17"),
        (Self::PkcsReq, "19"),
        (Self::CertPoll, "20"),
    ];

    fn number(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, number)| number)
    }

    fn from_number(number: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == number)
            .map(|(kind, _)| *kind)
    }
}

/// `pkiStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PkiStatus {
    Success,
    Pending,
    /// With `failInfo` and `failInfoText`.
    Failure(String, Option<String>),
}

/// A message to be written.
pub(crate) struct Outgoing<'a> {
    pub(crate) kind: MessageType,
    pub(crate) transaction: &'a str,
    pub(crate) sender_nonce: &'a [u8],
    pub(crate) recipient_nonce: Option<&'a [u8]>,
    pub(crate) status: Option<&'a PkiStatus>,
    /// The encrypted part.
    pub(crate) content: Option<&'a [u8]>,
}

/// Who signs a message.
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a RsaKey,
    /// DER of its certificate.
    pub(crate) certificate: &'a [u8],
    /// SHA-256, or else SHA-1.
    pub(crate) sha256: bool,
}

/// Writes and signs a message.
pub(crate) fn encode(
    message: &Outgoing<'_>,
    signer: &Signer<'_>,
) -> Result<Vec<u8>, IdentityError> {
    let (digest_oid, algorithm) = if signer.sha256 {
        (cms_oids::SHA256, &ring::digest::SHA256)
    } else {
        (cms_oids::SHA1, &ring::digest::SHA1_FOR_LEGACY_USE_ONLY)
    };
    let content = message.content.unwrap_or_default();
    let digest = ring::digest::digest(algorithm, content);
    let mut attributes = vec![
        attribute(cms_oids::CONTENT_TYPE, &oid(cms_oids::DATA)),
        attribute(cms_oids::MESSAGE_DIGEST, &request::octets(digest.as_ref())),
        attribute(
            oids::TRANSACTION_ID,
            &request::printable(message.transaction),
        ),
        attribute(
            oids::MESSAGE_TYPE,
            &request::printable(message.kind.number()),
        ),
        attribute(oids::SENDER_NONCE, &request::octets(message.sender_nonce)),
    ];
    if let Some(nonce) = message.recipient_nonce {
        attributes.push(attribute(oids::RECIPIENT_NONCE, &request::octets(nonce)));
    }
    if let Some(status) = message.status {
        let number = match status {
            PkiStatus::Success => "0",
            PkiStatus::Failure(..) => "2",
            PkiStatus::Pending => "3",
        };
        attributes.push(attribute(oids::PKI_STATUS, &request::printable(number)));
        if let PkiStatus::Failure(info, text) = status {
            attributes.push(attribute(oids::FAIL_INFO, &request::printable(info)));
            if let Some(text) = text {
                attributes.push(attribute(oids::FAIL_INFO_TEXT, &request::utf8(text)));
            }
        }
    }
    // Elements of a set are ordered by their encoding.
    attributes.sort();
    let attributes = attributes.concat();
    let to_sign = tlv(SET, &[&attributes]);
    let (signature, signature_oid) = if signer.sha256 {
        let signature = signer
            .key
            .pair()
            .sign(&to_sign)
            .map_err(|error| IdentityError(format!("the key cannot sign: {error}")))?;
        (signature, cms_oids::SHA256_WITH_RSA)
    } else {
        // Older servers know the bare key algorithm only.
        (signer.key.sign_sha1(&to_sign)?, cms_oids::RSA)
    };
    let version = tlv(INTEGER, &[&[1]]);
    let digest_algorithm = tlv(SEQUENCE, &[&oid(digest_oid), &tlv(NULL, &[])]);
    let signer_info = tlv(
        SEQUENCE,
        &[
            &version,
            &certificate::issuer_and_serial(&certificate::read(signer.certificate)?)?,
            &digest_algorithm,
            &tlv(CONTEXT_0, &[&attributes]),
            &tlv(SEQUENCE, &[&oid(signature_oid), &tlv(NULL, &[])]),
            &tlv(OCTET_STRING, &[&signature]),
        ],
    );
    let encapsulated = match message.content {
        Some(content) => tlv(CONTEXT_0, &[&tlv(OCTET_STRING, &[content])]),
        None => Vec::new(),
    };
    let data = tlv(
        SEQUENCE,
        &[
            &version,
            &tlv(SET, &[&digest_algorithm]),
            &tlv(SEQUENCE, &[&oid(cms_oids::DATA), &encapsulated]),
            &tlv(CONTEXT_0, &[signer.certificate]),
            &tlv(SET, &[&signer_info]),
        ],
    );
    Ok(tlv(
        SEQUENCE,
        &[&oid(cms_oids::SIGNED_DATA), &tlv(CONTEXT_0, &[&data])],
    ))
}

/// A message as read, its signature verified against the certificate it names.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) kind: MessageType,
    pub(crate) transaction: String,
    pub(crate) sender_nonce: Vec<u8>,
    pub(crate) recipient_nonce: Option<Vec<u8>>,
    pub(crate) status: Option<PkiStatus>,
    pub(crate) content: Option<Vec<u8>>,
    /// The signer's certificate; whether it may be trusted is the reader's to judge.
    pub(crate) signer: Certificate,
    pub(crate) sha256: bool,
}

/// Reads a message. Signers' certificates are looked for in the message and in `known`.
pub(crate) fn decode(bytes: &[u8], known: &[Certificate]) -> Result<Incoming, IdentityError> {
    let unreadable = |error: der::Error| IdentityError(format!("the message is not CMS: {error}"));
    let wrong = |what: &str| IdentityError(what.to_owned());
    let info = ContentInfo::from_der(bytes)
        .or_else(|_| ContentInfo::from_ber(bytes))
        .map_err(unreadable)?;
    if info.content_type != cms_oids::SIGNED_DATA {
        return Err(wrong("the message is CMS, but not signed data"));
    }
    let data: SignedData = info
        .content
        .decode_as()
        .or_else(|_| info.content.decode_as_encoding(der::EncodingRules::Ber))
        .map_err(unreadable)?;
    let content = data
        .encap_content_info
        .econtent
        .as_ref()
        .map(|content| content.value().to_vec());
    let signer = data
        .signer_infos
        .0
        .get(0)
        .ok_or_else(|| wrong("the message has no signature"))?;
    let certificate = certificate::certificates_of(&data)
        .into_iter()
        .chain(known.iter().cloned())
        .find(|certificate| names(&signer.sid, certificate))
        .ok_or_else(|| wrong("the signer's certificate is neither in the message nor known"))?;
    let covered = signed_attributes(signer, content.as_deref().unwrap_or_default())?
        .ok_or_else(|| wrong("the message has no signed attributes"))?;
    verify(
        certificate.tbs_certificate().subject_public_key_info(),
        signer.signature_algorithm.oid,
        Some(signer.digest_alg.oid),
        &covered,
        signer.signature.as_bytes(),
    )?;
    let value = |name: ObjectIdentifier| {
        signer
            .signed_attrs
            .iter()
            .flat_map(|attributes| attributes.iter())
            .find(|attribute| attribute.oid == name)
            .and_then(|attribute| attribute.values.get(0))
            .map(|value| value.value().to_vec())
            .filter(|value| value.len() <= LONGEST)
    };
    let text = |name| value(name).and_then(|value| String::from_utf8(value).ok());
    let number = text(oids::MESSAGE_TYPE).ok_or_else(|| wrong("messageType is missing"))?;
    let status = match text(oids::PKI_STATUS).as_deref() {
        None => None,
        Some("0") => Some(PkiStatus::Success),
        Some("3") => Some(PkiStatus::Pending),
        Some("2") => Some(PkiStatus::Failure(
            text(oids::FAIL_INFO).unwrap_or_default(),
            text(oids::FAIL_INFO_TEXT),
        )),
        Some(other) => {
            return Err(IdentityError(format!(
                "the pkiStatus `{other}` is not known"
            )));
        }
    };
    Ok(Incoming {
        kind: MessageType::from_number(&number)
            .ok_or_else(|| IdentityError(format!("the messageType `{number}` is not known")))?,
        transaction: text(oids::TRANSACTION_ID).ok_or_else(|| wrong("transactionID is missing"))?,
        sender_nonce: value(oids::SENDER_NONCE).unwrap_or_default(),
        recipient_nonce: value(oids::RECIPIENT_NONCE),
        status,
        content: content.filter(|content| !content.is_empty()),
        signer: certificate,
        sha256: signer.digest_alg.oid != cms_oids::SHA1,
    })
}

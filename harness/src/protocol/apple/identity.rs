//! Device identities: a key and a certificate, and the `Mdm-Signature` made with them.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::IssuerAndSerialNumber;
use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use rcgen::{KeyPair, SigningKey as _};
use x509_cert::Certificate;

mod attached;
mod header;
mod issuer;
pub(crate) mod oids;
#[cfg(test)]
mod tests;
mod verify;

pub use attached::{Attached, open_signed, subject_of, vouched};
pub use header::{certificate_from_header, certificate_header, certificate_header_pem};
pub use issuer::IdentityIssuer;
pub use verify::{TrustAnchor, VerifiedSigner, verify_certificate, verify_mdm_signature};
pub(crate) use verify::{names, signed_attributes, verify};

/// What an identity signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256: cheap, the default.
    P256,
    /// RSA with 2,048 bits and SHA-256, as identities from SCEP usually are. Twenty times the cost of P-256.
    Rsa2048,
}

/// A device identity. Keys may be shared between identities; certificates never are. Ten thousand devices hold one
/// each, so that it keeps encoded bytes only.
pub struct ClientIdentity {
    key: Arc<KeyPair>,
    certificate: Box<[u8]>,
    /// `IssuerAndSerialNumber`, encoded.
    signer: Box<[u8]>,
}

/// A signature could not be made or did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdentityError(pub String);

impl IdentityError {
    fn new(what: &str, cause: impl fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

impl ClientIdentity {
    /// Puts a key and the DER of its certificate together. That they belong together is the caller's to see to.
    pub fn new(key: Arc<KeyPair>, certificate: Vec<u8>) -> Result<Self, IdentityError> {
        let unreadable = |error| IdentityError::new("the certificate cannot be read", error);
        let parsed = Certificate::from_der(&certificate).map_err(unreadable)?;
        let tbs = parsed.tbs_certificate();
        let signer = IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        };
        Ok(Self {
            key,
            certificate: certificate.into_boxed_slice(),
            signer: signer.to_der().map_err(unreadable)?.into_boxed_slice(),
        })
    }

    /// What it signs with.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        if is_rsa(&self.key) {
            KeyKind::Rsa2048
        } else {
            KeyKind::P256
        }
    }

    /// The key, for TLS with a client certificate.
    #[must_use]
    pub fn key(&self) -> &Arc<KeyPair> {
        &self.key
    }

    /// DER of the certificate.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The value of the `Mdm-Signature` header: base64 of a detached CMS signature over `body`, with the signer's
    /// certificate and signed attributes. There is no signing time, so that no clock is needed.
    pub fn mdm_signature(&self, body: &[u8]) -> Result<String, IdentityError> {
        self.cms(body, false)
            .map(|signature| STANDARD.encode(signature))
    }

    /// The content with a CMS signature around it, as signed profiles and `MachineInfo` travel.
    pub fn signed(&self, content: &[u8]) -> Result<Vec<u8>, IdentityError> {
        self.cms(content, true)
    }

    /// RFC 5652 `ContentInfo` with `SignedData`. Everything but digest and signature is known beforehand, so that
    /// the bytes are put together directly; a tree of owned values would cost as much as the signature itself.
    fn cms(&self, body: &[u8], with_content: bool) -> Result<Vec<u8>, IdentityError> {
        let digest = ring::digest::digest(&ring::digest::SHA256, body);
        // Elements of a set are ordered by their encoding: the content type is the shorter one.
        let attributes = [
            attribute(oids::CONTENT_TYPE, &oid(oids::DATA)),
            attribute(oids::MESSAGE_DIGEST, &tlv(OCTET_STRING, &[digest.as_ref()])),
        ]
        .concat();
        let signature = self
            .key
            .sign(&tlv(SET, &[&attributes]))
            .map_err(|error| IdentityError::new("the key cannot sign", error))?;
        let version = tlv(INTEGER, &[&[1]]);
        let digest_algorithm = tlv(SEQUENCE, &[&oid(oids::SHA256)]);
        let signature_algorithm = match self.kind() {
            KeyKind::P256 => tlv(SEQUENCE, &[&oid(oids::ECDSA_WITH_SHA256)]),
            KeyKind::Rsa2048 => tlv(SEQUENCE, &[&oid(oids::SHA256_WITH_RSA), &tlv(NULL, &[])]),
        };
        let signer = tlv(
            SEQUENCE,
            &[
                &version,
                &self.signer,
                &digest_algorithm,
                &tlv(CONTEXT_0, &[&attributes]),
                &signature_algorithm,
                &tlv(OCTET_STRING, &[&signature]),
            ],
        );
        let content = if with_content {
            let inner = tlv(CONTEXT_0, &[&tlv(OCTET_STRING, &[body])]);
            tlv(SEQUENCE, &[&oid(oids::DATA), &inner])
        } else {
            tlv(SEQUENCE, &[&oid(oids::DATA)])
        };
        let data = tlv(
            SEQUENCE,
            &[
                &version,
                &tlv(SET, &[&digest_algorithm]),
                &content,
                &tlv(CONTEXT_0, &[&self.certificate]),
                &tlv(SET, &[&signer]),
            ],
        );
        Ok(tlv(
            SEQUENCE,
            &[&oid(oids::SIGNED_DATA), &tlv(CONTEXT_0, &[&data])],
        ))
    }
}

pub(crate) fn is_rsa(key: &KeyPair) -> bool {
    key.is_compatible(&rcgen::PKCS_RSA_SHA256)
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const CONTEXT_0: u8 = 0xa0;

pub(crate) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(OBJECT_IDENTIFIER, &[oid.as_bytes()])
}

pub(crate) fn attribute(name: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&oid(name), &tlv(SET, &[value])])
}

/// A DER element: tag, length, and its parts one after the other.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    let bytes = length.to_be_bytes();
    let significant = &bytes[(length.leading_zeros() / 8) as usize..];
    match (length, u8::try_from(significant.len())) {
        (128.., Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(significant);
        }
        _ => out.push(bytes[bytes.len() - 1]),
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

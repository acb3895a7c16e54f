//! Device identities: a key and a certificate, and the `Mdm-Signature` made with them.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode as _, Encode as _, Tag};
use rcgen::{KeyPair, SigningKey as _};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

mod header;
mod issuer;
mod oids;
#[cfg(test)]
mod tests;
mod verify;

pub use header::{certificate_from_header, certificate_header, certificate_header_pem};
pub use issuer::IdentityIssuer;
pub use verify::{TrustAnchor, VerifiedSigner, verify_certificate, verify_mdm_signature};

/// What an identity signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256: cheap, the default.
    P256,
    /// RSA with 2,048 bits and SHA-256, as identities from SCEP usually are. Twenty times the cost of P-256.
    Rsa2048,
}

/// A device identity. Keys may be shared between identities; certificates never are.
pub struct ClientIdentity {
    key: Arc<KeyPair>,
    certificate: Vec<u8>,
    parts: SignatureParts,
}

/// What every signature of an identity repeats.
struct SignatureParts {
    certificate: Certificate,
    signer: SignerIdentifier,
    digest: AlgorithmIdentifierOwned,
    signature: AlgorithmIdentifierOwned,
    content_type: Attribute,
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
    /// Puts a key and its certificate together.
    fn new(key: Arc<KeyPair>, certificate: Vec<u8>) -> Result<Self, IdentityError> {
        let parsed = Certificate::from_der(&certificate)
            .map_err(|error| IdentityError::new("the certificate cannot be read", error))?;
        let signature = if is_rsa(&key) {
            AlgorithmIdentifierOwned {
                oid: oids::SHA256_WITH_RSA,
                parameters: Some(Any::null()),
            }
        } else {
            AlgorithmIdentifierOwned {
                oid: oids::ECDSA_WITH_SHA256,
                parameters: None,
            }
        };
        let tbs = parsed.tbs_certificate();
        let signer = SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        });
        let content_type = attribute(
            oids::CONTENT_TYPE,
            Any::encode_from(&oids::DATA)
                .map_err(|error| IdentityError::new("the content type", error))?,
        )?;
        Ok(Self {
            key,
            certificate,
            parts: SignatureParts {
                certificate: parsed,
                signer,
                digest: AlgorithmIdentifierOwned {
                    oid: oids::SHA256,
                    parameters: None,
                },
                signature,
                content_type,
            },
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

    /// DER of the certificate.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The value of the `Mdm-Signature` header: base64 of a detached CMS signature over `body`, with the signer's
    /// certificate and signed attributes. There is no signing time, so that no clock is needed.
    pub fn mdm_signature(&self, body: &[u8]) -> Result<String, IdentityError> {
        self.detached(body)
            .map(|signature| STANDARD.encode(signature))
    }

    fn detached(&self, body: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let asn1 = |error: der::Error| IdentityError::new("the signature cannot be encoded", error);
        let digest = ring::digest::digest(&ring::digest::SHA256, body);
        let digest = Any::new(Tag::OctetString, digest.as_ref()).map_err(asn1)?;
        let attributes = SetOfVec::try_from(vec![
            self.parts.content_type.clone(),
            attribute(oids::MESSAGE_DIGEST, digest)?,
        ])
        .map_err(asn1)?;
        let message = attributes.to_der().map_err(asn1)?;
        let signature = self
            .key
            .sign(&message)
            .map_err(|error| IdentityError::new("the key cannot sign", error))?;
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: self.parts.signer.clone(),
            digest_alg: self.parts.digest.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: self.parts.signature.clone(),
            signature: OctetString::new(signature).map_err(asn1)?,
            unsigned_attrs: None,
        };
        let certificate = CertificateChoices::Certificate(self.parts.certificate.clone());
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![self.parts.digest.clone()]).map_err(asn1)?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: oids::DATA,
                econtent: None,
            },
            certificates: Some(CertificateSet::try_from(vec![certificate]).map_err(asn1)?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![signer]).map_err(asn1)?,
        };
        ContentInfo {
            content_type: oids::SIGNED_DATA,
            content: Any::encode_from(&data).map_err(asn1)?,
        }
        .to_der()
        .map_err(asn1)
    }
}

fn is_rsa(key: &KeyPair) -> bool {
    key.is_compatible(&rcgen::PKCS_RSA_SHA256)
}

fn attribute(oid: der::asn1::ObjectIdentifier, value: Any) -> Result<Attribute, IdentityError> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])
            .map_err(|error| IdentityError::new("a signed attribute", error))?,
    })
}

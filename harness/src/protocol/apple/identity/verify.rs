//! Verifies `Mdm-Signature` and client certificates against a CA.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::ObjectIdentifier;
use der::{Decode as _, DecodePem as _, Encode as _};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::signature as scheme;
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectKeyIdentifier};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::{IdentityError, oids};

/// Longest `Mdm-Signature` that is read, in bytes of base64. A usual one has under two thousand.
const LONGEST_SIGNATURE: usize = 64 * 1024;
/// Most certificates remembered as verified; the memory is dropped as a whole when it is full.
const REMEMBERED: usize = 100_000;

/// A CA that device certificates must come from. Clones share what they have verified.
#[derive(Clone, Debug)]
pub struct TrustAnchor {
    inner: Arc<Anchor>,
}

#[derive(Debug)]
struct Anchor {
    certificate: Certificate,
    judged_at: Option<Duration>,
    verified: Mutex<HashMap<[u8; 32], Arc<Leaf>>>,
}

/// A certificate that chains to the anchor.
#[derive(Debug)]
struct Leaf {
    signer: VerifiedSigner,
    key: SubjectPublicKeyInfoOwned,
}

/// Who made a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSigner {
    /// SHA-256 of the certificate's DER.
    pub fingerprint: [u8; 32],
    /// Subject, in the notation of RFC 4514.
    pub subject: String,
    /// Serial number as the certificate has it, big endian.
    pub serial: Vec<u8>,
}

impl TrustAnchor {
    /// Reads a CA certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, IdentityError> {
        Certificate::from_der(der)
            .map(Self::new)
            .map_err(|error| IdentityError::new("the CA certificate cannot be read", error))
    }

    /// Reads a CA certificate from PEM.
    pub fn from_pem(pem: &str) -> Result<Self, IdentityError> {
        Certificate::from_pem(pem)
            .map(Self::new)
            .map_err(|error| IdentityError::new("the CA certificate is not PEM", error))
    }

    /// Judges validity dates at this instant. Without it they are not judged: virtual devices live at the date
    /// that a run looks at, not at the date of the machine.
    #[must_use]
    pub fn judged_at(&self, instant: jiff::Timestamp) -> Self {
        Self {
            inner: Arc::new(Anchor {
                certificate: self.inner.certificate.clone(),
                judged_at: Some(Duration::from_secs(
                    u64::try_from(instant.as_second()).unwrap_or_default(),
                )),
                verified: Mutex::default(),
            }),
        }
    }

    fn new(certificate: Certificate) -> Self {
        Self {
            inner: Arc::new(Anchor {
                certificate,
                judged_at: None,
                verified: Mutex::default(),
            }),
        }
    }

    /// DER of the CA's certificate.
    pub(super) fn der(&self) -> Result<Vec<u8>, IdentityError> {
        self.inner
            .certificate
            .to_der()
            .map_err(|error| IdentityError::new("the CA certificate cannot be written", error))
    }

    /// The CA's public key as the certificate carries it.
    pub(super) fn public_key(&self) -> &[u8] {
        self.inner
            .certificate
            .tbs_certificate()
            .subject_public_key_info()
            .subject_public_key
            .raw_bytes()
    }

    fn leaf(&self, der: &[u8], certificate: &Certificate) -> Result<Arc<Leaf>, IdentityError> {
        let fingerprint = fingerprint(der);
        if let Some(leaf) = self.lock().get(&fingerprint) {
            return Ok(leaf.clone());
        }
        self.chain(certificate)?;
        let tbs = certificate.tbs_certificate();
        let leaf = Arc::new(Leaf {
            signer: VerifiedSigner {
                fingerprint,
                subject: tbs.subject().to_string(),
                serial: tbs.serial_number().as_bytes().to_vec(),
            },
            key: tbs.subject_public_key_info().clone(),
        });
        let mut verified = self.lock();
        if verified.len() >= REMEMBERED {
            verified.clear();
        }
        verified.insert(fingerprint, leaf.clone());
        Ok(leaf)
    }

    fn chain(&self, certificate: &Certificate) -> Result<(), IdentityError> {
        let tbs = certificate.tbs_certificate();
        let anchor = self.inner.certificate.tbs_certificate();
        if tbs.issuer() != anchor.subject() {
            return Err(IdentityError(format!(
                "the certificate was issued by `{}`, not by `{}`",
                tbs.issuer(),
                anchor.subject()
            )));
        }
        let signed = tbs
            .to_der()
            .map_err(|error| IdentityError::new("the certificate cannot be read", error))?;
        verify(
            anchor.subject_public_key_info(),
            certificate.signature_algorithm().oid,
            None,
            &signed,
            certificate.signature().raw_bytes(),
        )
        .map_err(|error| IdentityError::new("the certificate is not from the CA", error))?;
        // A certificate without the extension may be used for anything (RFC 5280 §4.2.1.12).
        let usage = tbs
            .get_extension::<ExtendedKeyUsage>()
            .map_err(|error| IdentityError::new("the extended key usage cannot be read", error))?;
        if let Some((_, usage)) = usage
            && !usage
                .0
                .iter()
                .any(|oid| [oids::CLIENT_AUTH, oids::ANY_EXTENDED_KEY_USAGE].contains(oid))
        {
            return Err(IdentityError(
                "the certificate's extended key usage does not allow client authentication"
                    .to_owned(),
            ));
        }
        if let Some(now) = self.inner.judged_at {
            let validity = tbs.validity();
            if now < validity.not_before.to_unix_duration()
                || now > validity.not_after.to_unix_duration()
            {
                return Err(IdentityError(format!(
                    "the certificate is valid from {} to {} only",
                    validity.not_before, validity.not_after
                )));
            }
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<Leaf>>> {
        self.inner
            .verified
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Verifies a client certificate (DER), as taken from a header or from TLS.
pub fn verify_certificate(
    der: &[u8],
    anchor: &TrustAnchor,
) -> Result<VerifiedSigner, IdentityError> {
    let certificate = Certificate::from_der(der)
        .map_err(|error| IdentityError::new("the certificate cannot be read", error))?;
    anchor
        .leaf(der, &certificate)
        .map(|leaf| leaf.signer.clone())
}

/// Verifies the value of an `Mdm-Signature` header over a body: a detached CMS signature by exactly one signer
/// whose certificate is included and comes from the anchor. P-256 with SHA-256 and RSA with SHA-256 or SHA-1 (the
/// default of older device simulators) hold, with and without signed attributes.
pub fn verify_mdm_signature(
    header: &str,
    body: &[u8],
    anchor: &TrustAnchor,
) -> Result<VerifiedSigner, IdentityError> {
    if header.len() > LONGEST_SIGNATURE {
        return Err(IdentityError(format!(
            "the signature is longer than {LONGEST_SIGNATURE} bytes"
        )));
    }
    let bytes = STANDARD
        .decode(header.trim())
        .map_err(|error| IdentityError::new("the signature is not base64", error))?;
    let data = signed_data(&bytes)?;
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err(IdentityError(
            "the signature has not exactly one signer".to_owned(),
        ));
    };
    let certificate = data
        .certificates
        .iter()
        .flat_map(|set| set.0.iter())
        .find_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) if names(&signer.sid, certificate) => {
                Some(certificate)
            }
            _ => None,
        })
        .ok_or_else(|| {
            IdentityError("the signer's certificate is not in the signature".to_owned())
        })?;
    let der = certificate
        .to_der()
        .map_err(|error| IdentityError::new("the certificate cannot be read", error))?;
    let leaf = anchor.leaf(&der, certificate)?;
    let attributes = signed_attributes(signer, body)?;
    verify(
        &leaf.key,
        signer.signature_algorithm.oid,
        Some(signer.digest_alg.oid),
        attributes.as_deref().unwrap_or(body),
        signer.signature.as_bytes(),
    )
    .map_err(|error| IdentityError::new("the signature does not fit the body", error))?;
    Ok(leaf.signer.clone())
}

fn signed_data(bytes: &[u8]) -> Result<SignedData, IdentityError> {
    let unreadable = |error| IdentityError::new("the signature is not CMS", error);
    // Real devices sign with DER; some libraries write indefinite lengths.
    let info = ContentInfo::from_der(bytes)
        .or_else(|_| ContentInfo::from_ber(bytes))
        .map_err(unreadable)?;
    if info.content_type != oids::SIGNED_DATA {
        return Err(IdentityError(
            "the signature is CMS, but not signed data".to_owned(),
        ));
    }
    let data: SignedData = info
        .content
        .decode_as()
        .or_else(|_| info.content.decode_as_encoding(der::EncodingRules::Ber))
        .map_err(unreadable)?;
    if data.encap_content_info.econtent.is_some() {
        return Err(IdentityError(
            "the signature carries its own content; a detached one is expected".to_owned(),
        ));
    }
    Ok(data)
}

/// Whether a signature names this certificate as its signer's.
pub(crate) fn names(signer: &SignerIdentifier, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => matches!(
            tbs.get_extension::<SubjectKeyIdentifier>(),
            Ok(Some((_, own))) if own == *id
        ),
    }
}

/// The bytes that were signed: the attributes when there are any, whose digest must then fit the body.
pub(crate) fn signed_attributes(
    signer: &SignerInfo,
    body: &[u8],
) -> Result<Option<Vec<u8>>, IdentityError> {
    let Some(attributes) = &signer.signed_attrs else {
        return Ok(None);
    };
    let expected = digest_of(signer.digest_alg.oid, body)?;
    let stated = attributes
        .iter()
        .find(|attribute| attribute.oid == oids::MESSAGE_DIGEST)
        .and_then(|attribute| attribute.values.get(0))
        .map(der::Any::value);
    if stated != Some(expected.as_ref()) {
        return Err(IdentityError(
            "the signature does not fit the body: another digest was signed".to_owned(),
        ));
    }
    attributes
        .to_der()
        .map(Some)
        .map_err(|error| IdentityError::new("the signed attributes cannot be read", error))
}

/// A digest by the name of its algorithm.
fn digest_of(
    algorithm: ObjectIdentifier,
    body: &[u8],
) -> Result<ring::digest::Digest, IdentityError> {
    match algorithm {
        oids::SHA256 => Ok(digest(&SHA256, body)),
        oids::SHA1 => Ok(digest(&SHA1_FOR_LEGACY_USE_ONLY, body)),
        oids::SHA512 => Ok(digest(&ring::digest::SHA512, body)),
        other => Err(IdentityError(format!(
            "the digest {other} is not supported; SHA-256, SHA-1 and SHA-512 are"
        ))),
    }
}

/// Verifies a signature by a certificate's key.
pub(crate) fn verify(
    key: &SubjectPublicKeyInfoOwned,
    signature_algorithm: ObjectIdentifier,
    digest: Option<ObjectIdentifier>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), IdentityError> {
    let algorithm = algorithm(key, signature_algorithm, digest).ok_or_else(|| {
        IdentityError(format!(
            "the signature algorithm {signature_algorithm} with a key of {} is not supported",
            key.algorithm.oid
        ))
    })?;
    UnparsedPublicKey::new(algorithm, key.subject_public_key.raw_bytes())
        .verify(message, signature)
        .map_err(|_| IdentityError("the signature is wrong".to_owned()))
}

/// RSA signers may name the bare key algorithm and leave the digest to its own field (RFC 5652 §5.3).
fn algorithm(
    key: &SubjectPublicKeyInfoOwned,
    signature: ObjectIdentifier,
    digest: Option<ObjectIdentifier>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = || {
        key.algorithm
            .parameters
            .as_ref()
            .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
    };
    if key.algorithm.oid == oids::EC_PUBLIC_KEY {
        return match (curve()?, signature) {
            (oids::P256, oids::ECDSA_WITH_SHA256) => Some(&scheme::ECDSA_P256_SHA256_ASN1),
            (oids::P256, oids::EC_PUBLIC_KEY) if digest == Some(oids::SHA256) => {
                Some(&scheme::ECDSA_P256_SHA256_ASN1)
            }
            (oids::P256, oids::ECDSA_WITH_SHA384) => Some(&scheme::ECDSA_P256_SHA384_ASN1),
            (oids::P384, oids::ECDSA_WITH_SHA256) => Some(&scheme::ECDSA_P384_SHA256_ASN1),
            (oids::P384, oids::ECDSA_WITH_SHA384) => Some(&scheme::ECDSA_P384_SHA384_ASN1),
            _ => None,
        };
    }
    if key.algorithm.oid != oids::RSA {
        return None;
    }
    match (signature, digest) {
        (oids::SHA256_WITH_RSA, _) | (oids::RSA, Some(oids::SHA256)) => {
            Some(&scheme::RSA_PKCS1_2048_8192_SHA256)
        }
        (oids::SHA1_WITH_RSA, _) | (oids::RSA, Some(oids::SHA1)) => {
            Some(&scheme::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        (oids::SHA384_WITH_RSA, _) => Some(&scheme::RSA_PKCS1_2048_8192_SHA384),
        (oids::SHA512_WITH_RSA, _) | (oids::RSA, Some(oids::SHA512)) => {
            Some(&scheme::RSA_PKCS1_2048_8192_SHA512)
        }
        _ => None,
    }
}

pub(super) fn fingerprint(der: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, der).as_ref());
    out
}

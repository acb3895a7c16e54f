//! CMS with its content inside: opened and judged.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::{Decode as _, Encode as _};
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;

use super::verify::{names, signed_attributes, verify};
use super::{IdentityError, oids};

/// Most certificates of a message that are looked at, and the longest chain.
const CERTIFICATES: usize = 16;

/// The content of a signed message whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The content.
    pub content: Vec<u8>,
    /// The signer's certificate (DER).
    pub signer: Vec<u8>,
    /// All certificates of the message (DER).
    pub chain: Vec<Vec<u8>>,
}

/// Opens CMS `SignedData` and checks the first signer's signature over the content. Whether the signer is to be
/// trusted is another question: see [`vouched`].
pub fn open_signed(bytes: &[u8]) -> Result<Attached, IdentityError> {
    let unreadable = |error| IdentityError::new("it is not signed data (CMS)", error);
    let info = ContentInfo::from_der(bytes)
        .or_else(|_| ContentInfo::from_ber(bytes))
        .map_err(unreadable)?;
    if info.content_type != oids::SIGNED_DATA {
        return Err(IdentityError("it is CMS, but not signed data".to_owned()));
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
        .ok_or_else(|| IdentityError("it has no content inside".to_owned()))?
        .value()
        .to_vec();
    let signer = data
        .signer_infos
        .0
        .as_slice()
        .first()
        .ok_or_else(|| IdentityError("nobody signed it".to_owned()))?;
    let certificates: Vec<&Certificate> = data
        .certificates
        .iter()
        .flat_map(|set| set.0.iter())
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        })
        .take(CERTIFICATES)
        .collect();
    let own = certificates
        .iter()
        .find(|certificate| names(&signer.sid, certificate))
        .ok_or_else(|| IdentityError("the signer's certificate is not in it".to_owned()))?;
    let attributes = signed_attributes(signer, &content)?;
    verify(
        own.tbs_certificate().subject_public_key_info(),
        signer.signature_algorithm.oid,
        Some(signer.digest_alg.oid),
        attributes.as_deref().unwrap_or(&content),
        signer.signature.as_bytes(),
    )
    .map_err(|error| IdentityError::new("the signature does not fit the content", error))?;
    let der = |certificate: &Certificate| certificate.to_der().map_err(unreadable);
    Ok(Attached {
        signer: der(own)?,
        chain: certificates
            .iter()
            .map(|certificate| der(certificate))
            .collect::<Result<_, _>>()?,
        content,
    })
}

/// Whether a certificate chains through `chain` to one of `anchors` (all DER). Dates are not judged.
pub fn vouched<'a>(
    leaf: &[u8],
    chain: &[Vec<u8>],
    anchors: impl Iterator<Item = &'a [u8]>,
) -> Result<(), IdentityError> {
    let unreadable = |error| IdentityError::new("a certificate cannot be read", error);
    let anchors: Vec<Certificate> = anchors
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect();
    let chain: Vec<Certificate> = chain
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect();
    let mut at = Certificate::from_der(leaf).map_err(unreadable)?;
    for _ in 0..CERTIFICATES {
        if anchors.contains(&at) || anchors.iter().any(|anchor| issued(anchor, &at)) {
            return Ok(());
        }
        let next = chain
            .iter()
            .find(|issuer| **issuer != at && is_ca(issuer) && issued(issuer, &at));
        match next {
            Some(issuer) => at = issuer.clone(),
            None => break,
        }
    }
    Err(IdentityError(format!(
        "no trusted CA issued `{}`",
        at.tbs_certificate().issuer()
    )))
}

/// The subject of a certificate (DER), in the notation of RFC 4514.
#[must_use]
pub fn subject_of(der: &[u8]) -> String {
    Certificate::from_der(der).map_or_else(
        |_| "(unreadable)".to_owned(),
        |certificate| certificate.tbs_certificate().subject().to_string(),
    )
}

fn is_ca(certificate: &Certificate) -> bool {
    matches!(
        certificate.tbs_certificate().get_extension::<BasicConstraints>(),
        Ok(Some((_, constraints))) if constraints.ca
    )
}

fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    let Ok(signed) = tbs.to_der() else {
        return false;
    };
    tbs.issuer() == issuer.tbs_certificate().subject()
        && verify(
            issuer.tbs_certificate().subject_public_key_info(),
            certificate.signature_algorithm().oid,
            None,
            &signed,
            certificate.signature().raw_bytes(),
        )
        .is_ok()
}

//! Certificates put together from parts that stay as they came: subject and key of a request are copied byte by byte.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::Decode as _;
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use x509_cert::Certificate;
use x509_cert::time::Time;

use super::oids;
use crate::protocol::apple::identity::{
    CONTEXT_0, INTEGER, IdentityError, NULL, OCTET_STRING, SEQUENCE, SET, is_rsa, oid,
    oids as cms_oids, tlv, verify,
};

/// Most certificates of an authority that are read.
const CHAIN: usize = 16;
const BIT_STRING: u8 = 0x03;
const BOOLEAN: u8 = 0x01;

/// What goes into a certificate.
pub(crate) struct Parts<'a> {
    pub(crate) serial: &'a [u8],
    /// DER of the names.
    pub(crate) issuer: &'a [u8],
    pub(crate) subject: &'a [u8],
    /// DER of the public key.
    pub(crate) key: &'a [u8],
    /// Seconds since 1970.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// DER of the extensions, one after the other.
    pub(crate) extensions: Vec<Vec<u8>>,
}

/// Signs a certificate.
pub(crate) fn issue(parts: &Parts<'_>, signer: &KeyPair) -> Result<Vec<u8>, IdentityError> {
    let algorithm = signature_algorithm(signer);
    let mut serial = parts.serial.to_vec();
    if serial.first().is_none_or(|first| first & 0x80 != 0) {
        serial.insert(0, 0);
    }
    let mut fields = vec![
        tlv(CONTEXT_0, &[&tlv(INTEGER, &[&[2]])]),
        tlv(INTEGER, &[&serial]),
        algorithm.clone(),
        parts.issuer.to_vec(),
        tlv(
            SEQUENCE,
            &[&time(parts.not_before)?, &time(parts.not_after)?],
        ),
        parts.subject.to_vec(),
        parts.key.to_vec(),
    ];
    if !parts.extensions.is_empty() {
        fields.push(tlv(0xa3, &[&tlv(SEQUENCE, &[&parts.extensions.concat()])]));
    }
    signed(&tlv(SEQUENCE, &[&fields.concat()]), &algorithm, signer)
}

/// `SEQUENCE { what, algorithm, signature }`, the shape of certificates and requests.
pub(crate) fn signed(
    what: &[u8],
    algorithm: &[u8],
    signer: &KeyPair,
) -> Result<Vec<u8>, IdentityError> {
    let signature = signer
        .sign(what)
        .map_err(|error| IdentityError(format!("the key cannot sign: {error}")))?;
    Ok(tlv(
        SEQUENCE,
        &[what, algorithm, &tlv(BIT_STRING, &[&[0], &signature])],
    ))
}

/// The algorithm a key signs with, always over SHA-256 (P-384 keys over SHA-384).
pub(crate) fn signature_algorithm(key: &KeyPair) -> Vec<u8> {
    if is_rsa(key) {
        tlv(
            SEQUENCE,
            &[&oid(cms_oids::SHA256_WITH_RSA), &tlv(NULL, &[])],
        )
    } else if key.is_compatible(&rcgen::PKCS_ECDSA_P384_SHA384) {
        tlv(SEQUENCE, &[&oid(cms_oids::ECDSA_WITH_SHA384)])
    } else {
        tlv(SEQUENCE, &[&oid(cms_oids::ECDSA_WITH_SHA256)])
    }
}

/// DER of a key's `SubjectPublicKeyInfo`.
pub(crate) fn public_key(key: &KeyPair) -> Vec<u8> {
    key.subject_public_key_info()
}

/// `keyUsage`, critical; the bits as in [`crate::scep::ScepRequest::key_usage`].
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    // The first bit of the string is digitalSignature, the third keyEncipherment.
    let mut byte = 0_u8;
    if bits & crate::scep::DIGITAL_SIGNATURE != 0 {
        byte |= 0x80;
    }
    if bits & crate::scep::KEY_ENCIPHERMENT != 0 {
        byte |= 0x20;
    }
    let unused = u8::try_from(byte.trailing_zeros().min(7)).unwrap_or(7);
    extension(oids::KEY_USAGE, true, &tlv(BIT_STRING, &[&[unused, byte]]))
}

/// `extendedKeyUsage` with client authentication.
pub(crate) fn client_authentication() -> Vec<u8> {
    extension(
        oids::EXTENDED_KEY_USAGE,
        false,
        &tlv(SEQUENCE, &[&oid(cms_oids::CLIENT_AUTH)]),
    )
}

/// An extension with its DER value.
pub(crate) fn extension(
    name: der::asn1::ObjectIdentifier,
    critical: bool,
    value: &[u8],
) -> Vec<u8> {
    let critical = if critical {
        tlv(BOOLEAN, &[&[0xff]])
    } else {
        Vec::new()
    };
    tlv(
        SEQUENCE,
        &[&oid(name), &critical, &tlv(OCTET_STRING, &[value])],
    )
}

/// `IssuerAndSerialNumber` of a certificate.
pub(crate) fn issuer_and_serial(certificate: &Certificate) -> Result<Vec<u8>, IdentityError> {
    let tbs = certificate.tbs_certificate();
    Ok(tlv(
        SEQUENCE,
        &[&der_of(tbs.issuer())?, &der_of(tbs.serial_number())?],
    ))
}

/// Reads a certificate.
pub(crate) fn read(der: &[u8]) -> Result<Certificate, IdentityError> {
    Certificate::from_der(der)
        .map_err(|error| IdentityError(format!("a certificate cannot be read: {error}")))
}

/// DER of a value.
pub(crate) fn der_of(value: &impl der::Encode) -> Result<Vec<u8>, IdentityError> {
    value
        .to_der()
        .map_err(|error| IdentityError(format!("a value cannot be encoded: {error}")))
}

/// Whether `issuer` signed `certificate`.
pub(crate) fn issued_by(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), IdentityError> {
    let tbs = certificate.tbs_certificate();
    if tbs.issuer() != issuer.tbs_certificate().subject() {
        return Err(IdentityError("the names do not fit".to_owned()));
    }
    verify(
        issuer.tbs_certificate().subject_public_key_info(),
        certificate.signature_algorithm().oid,
        None,
        &der_of(tbs)?,
        certificate.signature().raw_bytes(),
    )
}

/// Degenerate `SignedData`: certificates and nothing else (RFC 8894 §3.4).
pub(crate) fn bundle(certificates: &[Vec<u8>]) -> Vec<u8> {
    let data = tlv(
        SEQUENCE,
        &[
            &tlv(INTEGER, &[&[1]]),
            &tlv(SET, &[]),
            &tlv(SEQUENCE, &[&oid(cms_oids::DATA)]),
            &tlv(CONTEXT_0, &[&certificates.concat()]),
            &tlv(SET, &[]),
        ],
    );
    tlv(
        SEQUENCE,
        &[&oid(cms_oids::SIGNED_DATA), &tlv(CONTEXT_0, &[&data])],
    )
}

/// The certificates of a `ContentInfo` with `SignedData`.
pub(crate) fn unbundle(bytes: &[u8]) -> Result<Vec<Certificate>, IdentityError> {
    let unreadable =
        |error: der::Error| IdentityError(format!("the certificates cannot be read: {error}"));
    let info = ContentInfo::from_der(bytes)
        .or_else(|_| ContentInfo::from_ber(bytes))
        .map_err(unreadable)?;
    if info.content_type != cms_oids::SIGNED_DATA {
        return Err(IdentityError(format!(
            "the content is {}, not a bundle of certificates",
            info.content_type
        )));
    }
    let data: SignedData = info
        .content
        .decode_as()
        .or_else(|_| info.content.decode_as_encoding(der::EncodingRules::Ber))
        .map_err(unreadable)?;
    Ok(certificates_of(&data))
}

/// The certificates that a `SignedData` carries.
pub(crate) fn certificates_of(data: &SignedData) -> Vec<Certificate> {
    let all = data.certificates.iter().flat_map(|set| set.0.iter());
    all.take(CHAIN)
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
            CertificateChoices::Other(_) => None,
        })
        .collect()
}

/// Validity as seconds since 1970.
pub(crate) fn validity(certificate: &Certificate) -> (i64, i64) {
    let validity = certificate.tbs_certificate().validity();
    let seconds =
        |time: &Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    (seconds(&validity.not_before), seconds(&validity.not_after))
}

fn time(seconds: i64) -> Result<Vec<u8>, IdentityError> {
    let since = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    // UTCTime reaches to 2049 (RFC 5280 §4.1.2.5).
    let time = der::asn1::UtcTime::from_unix_duration(since)
        .map(Time::UtcTime)
        .or_else(|_| der::asn1::GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime))
        .map_err(|error| IdentityError(format!("a date cannot be written: {error}")))?;
    der_of(&time)
}

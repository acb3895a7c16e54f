//! `EnvelopedData` (RFC 5652 §6) for one recipient with an RSA key.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{RecipientInfo, RecipientInfos};
use der::asn1::ObjectIdentifier;
use der::{Any, Decode as _, Reader as _, Sequence, SliceReader};
use des::{Des, TdesEde3};
use ring::rand::{SecureRandom as _, SystemRandom};
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{certificate, oids};
use crate::protocol::apple::identity::{
    CONTEXT_0, INTEGER, IdentityError, NULL, OCTET_STRING, SEQUENCE, SET, oid, oids as cms_oids,
    tlv,
};
use crate::scep::RsaKey;

/// Most recipients of a message that are looked at.
const RECIPIENTS: usize = 16;

/// Content encryption, each in CBC mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cipher {
    /// Read and written only because servers in use still answer with it.
    Des,
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

impl Cipher {
    const ALL: [Self; 5] = [
        Self::Des,
        Self::TripleDes,
        Self::Aes128,
        Self::Aes192,
        Self::Aes256,
    ];

    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Des => oids::DES_CBC,
            Self::TripleDes => oids::DES_EDE3_CBC,
            Self::Aes128 => oids::AES_128_CBC,
            Self::Aes192 => oids::AES_192_CBC,
            Self::Aes256 => oids::AES_256_CBC,
        }
    }

    /// Lengths of key and initialization vector, in bytes.
    const fn lengths(self) -> (usize, usize) {
        match self {
            Self::Des => (8, 8),
            Self::TripleDes => (24, 8),
            Self::Aes128 => (16, 16),
            Self::Aes192 => (24, 16),
            Self::Aes256 => (32, 16),
        }
    }

    fn encrypt(self, key: &[u8], iv: &[u8], plain: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let length = |_| IdentityError("a key of the wrong length".to_owned());
        Ok(match self {
            Self::Des => cbc::Encryptor::<Des>::new_from_slices(key, iv)
                .map_err(length)?
                .encrypt_padded_vec::<Pkcs7>(plain),
            Self::TripleDes => cbc::Encryptor::<TdesEde3>::new_from_slices(key, iv)
                .map_err(length)?
                .encrypt_padded_vec::<Pkcs7>(plain),
            Self::Aes128 => cbc::Encryptor::<Aes128>::new_from_slices(key, iv)
                .map_err(length)?
                .encrypt_padded_vec::<Pkcs7>(plain),
            Self::Aes192 => cbc::Encryptor::<Aes192>::new_from_slices(key, iv)
                .map_err(length)?
                .encrypt_padded_vec::<Pkcs7>(plain),
            Self::Aes256 => cbc::Encryptor::<Aes256>::new_from_slices(key, iv)
                .map_err(length)?
                .encrypt_padded_vec::<Pkcs7>(plain),
        })
    }

    fn decrypt(self, key: &[u8], iv: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Des => cbc::Decryptor::<Des>::new_from_slices(key, iv)
                .ok()?
                .decrypt_padded_vec::<Pkcs7>(message)
                .ok(),
            Self::TripleDes => cbc::Decryptor::<TdesEde3>::new_from_slices(key, iv)
                .ok()?
                .decrypt_padded_vec::<Pkcs7>(message)
                .ok(),
            Self::Aes128 => cbc::Decryptor::<Aes128>::new_from_slices(key, iv)
                .ok()?
                .decrypt_padded_vec::<Pkcs7>(message)
                .ok(),
            Self::Aes192 => cbc::Decryptor::<Aes192>::new_from_slices(key, iv)
                .ok()?
                .decrypt_padded_vec::<Pkcs7>(message)
                .ok(),
            Self::Aes256 => cbc::Decryptor::<Aes256>::new_from_slices(key, iv)
                .ok()?
                .decrypt_padded_vec::<Pkcs7>(message)
                .ok(),
        }
    }
}

/// Encrypts for the holder of a certificate; gives a `ContentInfo`.
pub(crate) fn seal(
    plain: &[u8],
    recipient: &Certificate,
    cipher: Cipher,
) -> Result<Vec<u8>, IdentityError> {
    let (key_length, iv_length) = cipher.lengths();
    let key = random(key_length)?;
    let iv = random(iv_length)?;
    let encrypted_key = RsaKey::encrypt_for(
        &certificate::der_of(recipient.tbs_certificate().subject_public_key_info())?,
        &key,
    )?;
    let recipient = tlv(
        SEQUENCE,
        &[
            &tlv(INTEGER, &[&[0]]),
            &certificate::issuer_and_serial(recipient)?,
            &tlv(SEQUENCE, &[&oid(cms_oids::RSA), &tlv(NULL, &[])]),
            &tlv(OCTET_STRING, &[&encrypted_key]),
        ],
    );
    let content = tlv(
        SEQUENCE,
        &[
            &oid(cms_oids::DATA),
            &tlv(SEQUENCE, &[&oid(cipher.oid()), &tlv(OCTET_STRING, &[&iv])]),
            // [0] IMPLICIT OCTET STRING
            &tlv(0x80, &[&cipher.encrypt(&key, &iv, plain)?]),
        ],
    );
    let data = tlv(
        SEQUENCE,
        &[&tlv(INTEGER, &[&[0]]), &tlv(SET, &[&recipient]), &content],
    );
    Ok(tlv(
        SEQUENCE,
        &[&oid(oids::ENVELOPED_DATA), &tlv(CONTEXT_0, &[&data])],
    ))
}

/// `EnvelopedData` as servers in use write it: the encrypted content may be one string or, constructed, several.
#[derive(Sequence)]
struct Envelope {
    version: CmsVersion,
    recipients: RecipientInfos,
    content: EncryptedContent,
    attributes: Option<Any>,
}

#[derive(Sequence)]
struct EncryptedContent {
    kind: ObjectIdentifier,
    algorithm: AlgorithmIdentifierOwned,
    encrypted: Option<Any>,
}

/// The bytes of `[0] IMPLICIT OCTET STRING`, put together when it is constructed (X.690 §8.7).
fn octets(any: &Any) -> der::Result<Vec<u8>> {
    let bytes = any.value();
    if !der::Tagged::tag(any).is_constructed() {
        return Ok(bytes.to_vec());
    }
    let mut reader = SliceReader::new(bytes)?;
    let mut all = Vec::with_capacity(bytes.len());
    while !reader.is_finished() {
        all.extend_from_slice(Any::decode(&mut reader)?.value());
    }
    Ok(all)
}

/// Decrypts a `ContentInfo` with the recipient's key; also tells the cipher, so that an answer can use the same.
pub(crate) fn open(message: &[u8], key: &RsaKey) -> Result<(Vec<u8>, Cipher), IdentityError> {
    let unreadable =
        |error: der::Error| IdentityError(format!("the encrypted part cannot be read: {error}"));
    let info = ContentInfo::from_der(message)
        .or_else(|_| ContentInfo::from_ber(message))
        .map_err(unreadable)?;
    if info.content_type != oids::ENVELOPED_DATA {
        return Err(IdentityError("the content is not encrypted".to_owned()));
    }
    let data: Envelope = info
        .content
        .decode_as()
        .or_else(|_| info.content.decode_as_encoding(der::EncodingRules::Ber))
        .map_err(unreadable)?;
    let content = &data.content;
    let algorithm = &content.algorithm;
    let cipher = Cipher::ALL
        .into_iter()
        .find(|cipher| cipher.oid() == algorithm.oid)
        .ok_or_else(|| {
            IdentityError(format!(
                "the content encryption {} is not supported; AES and DES in CBC mode are",
                algorithm.oid
            ))
        })?;
    let iv = algorithm
        .parameters
        .as_ref()
        .map(der::Any::value)
        .unwrap_or_default();
    let encrypted = match &content.encrypted {
        Some(any) => octets(any).map_err(unreadable)?,
        None => Vec::new(),
    };
    for recipient in data.recipients.0.iter().take(RECIPIENTS) {
        let RecipientInfo::Ktri(recipient) = recipient else {
            continue;
        };
        // A recipient that someone else is gives bytes without meaning, which the padding tells.
        if let Ok(content_key) = key.decrypt(recipient.enc_key.as_bytes())
            && content_key.len() == cipher.lengths().0
            && let Some(plain) = cipher.decrypt(&content_key, iv, &encrypted)
        {
            return Ok((plain, cipher));
        }
    }
    Err(IdentityError(
        "it is not encrypted for this key, or was changed on the way".to_owned(),
    ))
}

/// Random bytes of the operating system.
pub(crate) fn random(length: usize) -> Result<Vec<u8>, IdentityError> {
    let mut bytes = vec![0; length];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| IdentityError("the operating system gives no randomness".to_owned()))?;
    Ok(bytes)
}

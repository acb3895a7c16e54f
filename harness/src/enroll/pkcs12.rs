//! PKCS#12 (RFC 7292) as enrollment profiles carry identities: a bounded reader, and a writer for the reference server.
//!
//! Read are PBES2 (PBKDF2 with HMAC-SHA-1 or SHA-2; AES-CBC, triple DES) and the older schemes of PKCS#12 itself
//! (SHA-1 with triple DES or RC2), with DER lengths, as OpenSSL writes them with and without `-legacy`.

use std::num::NonZeroU32;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyIvInit as _};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};
use ring::{digest, hmac, pbkdf2};

use crate::protocol::apple::identity::{oid, tlv};

/// Longest container, in bytes.
const LONGEST: usize = 1024 * 1024;
/// Most rounds of key derivation; OpenSSL uses 2,048, Windows 2,000, Java 10,000.
const ROUNDS: u32 = 1_000_000;
/// Most bags.
const BAGS: usize = 64;

const fn id(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}
const DATA: ObjectIdentifier = id("1.2.840.113549.1.7.1");
const ENCRYPTED: ObjectIdentifier = id("1.2.840.113549.1.7.6");
const KEY_BAG: ObjectIdentifier = id("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier = id("1.2.840.113549.1.12.10.1.2");
const CERT_BAG: ObjectIdentifier = id("1.2.840.113549.1.12.10.1.3");
const X509: ObjectIdentifier = id("1.2.840.113549.1.9.22.1");
const PBE_3DES: ObjectIdentifier = id("1.2.840.113549.1.12.1.3");
const PBE_RC2_128: ObjectIdentifier = id("1.2.840.113549.1.12.1.5");
const PBE_RC2_40: ObjectIdentifier = id("1.2.840.113549.1.12.1.6");
const PBES2: ObjectIdentifier = id("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = id("1.2.840.113549.1.5.12");
const HMAC_SHA1: ObjectIdentifier = id("1.2.840.113549.2.7");
const HMAC_SHA256: ObjectIdentifier = id("1.2.840.113549.2.9");
const HMAC_SHA384: ObjectIdentifier = id("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = id("1.2.840.113549.2.11");
const AES128: ObjectIdentifier = id("2.16.840.1.101.3.4.1.2");
const AES192: ObjectIdentifier = id("2.16.840.1.101.3.4.1.22");
const AES256: ObjectIdentifier = id("2.16.840.1.101.3.4.1.42");
const DES3: ObjectIdentifier = id("1.2.840.113549.3.7");
const SHA1: ObjectIdentifier = id("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = id("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = id("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = id("2.16.840.1.101.3.4.2.3");

/// What a container holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    /// Private keys (PKCS#8).
    pub keys: Vec<Vec<u8>>,
    /// Certificates (DER).
    pub certificates: Vec<Vec<u8>>,
}

/// Why a container can not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs12Error {
    /// Damaged, or not PKCS#12.
    #[error("it is damaged or no PKCS#12 ({0})")]
    Damaged(String),
    /// The word does not open it.
    #[error("the Password key of the payload does not open it")]
    WrongWord,
    /// A scheme that is not read.
    #[error(
        "it is protected by {0}, which is not read; export it again with AES-256 or triple DES"
    )]
    Scheme(String),
}

fn damaged(what: &str) -> Pkcs12Error {
    Pkcs12Error::Damaged(what.to_owned())
}

type Read<T> = Result<T, Pkcs12Error>;

/// The elements inside an element, one after the other.
fn parts<'a>(bytes: &'a [u8], what: &str) -> Read<Vec<AnyRef<'a>>> {
    let wrong = |error: der::Error| Pkcs12Error::Damaged(format!("{what}: {error}"));
    let mut reader = SliceReader::new(bytes).map_err(wrong)?;
    let mut out = Vec::new();
    while !reader.is_finished() {
        if out.len() >= BAGS {
            return Err(damaged("more elements than are read"));
        }
        out.push(AnyRef::decode(&mut reader).map_err(wrong)?);
    }
    Ok(out)
}

fn sequence<'a>(any: &AnyRef<'a>, what: &str) -> Read<Vec<AnyRef<'a>>> {
    match any.tag() {
        Tag::Sequence
        | Tag::Set
        | Tag::ContextSpecific {
            constructed: true, ..
        } => parts(any.value(), what),
        _ => Err(damaged(what)),
    }
}

fn object(any: Option<&AnyRef<'_>>, what: &str) -> Read<ObjectIdentifier> {
    any.and_then(|any| any.decode_as().ok())
        .ok_or_else(|| damaged(what))
}

fn octets<'a>(any: Option<&AnyRef<'a>>, what: &str) -> Read<&'a [u8]> {
    match any {
        Some(any)
            if matches!(
                any.tag(),
                Tag::OctetString
                    | Tag::ContextSpecific {
                        constructed: false,
                        ..
                    }
            ) =>
        {
            Ok(any.value())
        }
        _ => Err(damaged(what)),
    }
}

fn rounds(any: Option<&AnyRef<'_>>) -> Read<NonZeroU32> {
    any.and_then(|any| any.decode_as::<u32>().ok())
        .filter(|rounds| *rounds <= ROUNDS)
        .and_then(NonZeroU32::new)
        .ok_or_else(|| damaged("the number of rounds"))
}

/// Opens a container.
pub fn open(bytes: &[u8], word: &str) -> Read<Contents> {
    if bytes.len() > LONGEST {
        return Err(damaged("it is too long"));
    }
    let whole = AnyRef::from_der(bytes).map_err(|error| Pkcs12Error::Damaged(error.to_string()))?;
    let whole = sequence(&whole, "the container")?;
    let safe = whole.get(1).ok_or_else(|| damaged("no content"))?;
    let safe = sequence(safe, "the content")?;
    if object(safe.first(), "the kind of content")? != DATA {
        return Err(Pkcs12Error::Scheme("a public key".to_owned()));
    }
    let inner = safe.get(1).ok_or_else(|| damaged("no content"))?;
    let inner = sequence(inner, "the content")?;
    let safe = octets(inner.first(), "the content")?;
    if let Some(mac) = whole.get(2) {
        check(&sequence(mac, "the check value")?, safe, word)?;
    }
    let mut contents = Contents {
        keys: Vec::new(),
        certificates: Vec::new(),
    };
    let safe = AnyRef::from_der(safe).map_err(|error| Pkcs12Error::Damaged(error.to_string()))?;
    for part in sequence(&safe, "the safe")? {
        let part = sequence(&part, "a part of the safe")?;
        let kind = object(part.first(), "the kind of a part")?;
        let inner = part.get(1).ok_or_else(|| damaged("an empty part"))?;
        let inner = sequence(inner, "a part of the safe")?;
        if kind == DATA {
            bags(octets(inner.first(), "a part")?, word, &mut contents)?;
        } else if kind == ENCRYPTED {
            let data = inner.first().ok_or_else(|| damaged("an encrypted part"))?;
            let data = sequence(data, "an encrypted part")?;
            let data = data.get(1).ok_or_else(|| damaged("an encrypted part"))?;
            let data = sequence(data, "an encrypted part")?;
            let scheme = data.get(1).ok_or_else(|| damaged("an encrypted part"))?;
            let plain = decrypt(scheme, octets(data.get(2), "an encrypted part")?, word)?;
            bags(&plain, word, &mut contents)?;
        } else {
            return Err(Pkcs12Error::Scheme(kind.to_string()));
        }
    }
    Ok(contents)
}

fn bags(bytes: &[u8], word: &str, contents: &mut Contents) -> Read<()> {
    // Padding can come out right although the key was wrong; then this is no element.
    let safe = AnyRef::from_der(bytes).map_err(|_| Pkcs12Error::WrongWord)?;
    for bag in sequence(&safe, "the bags")? {
        let bag = sequence(&bag, "a bag")?;
        let kind = object(bag.first(), "the kind of a bag")?;
        let value = bag.get(1).ok_or_else(|| damaged("an empty bag"))?;
        if kind == KEY_BAG {
            contents.keys.push(value.value().to_vec());
        } else if kind == SHROUDED_KEY_BAG {
            let inner = sequence(value, "a key")?;
            let inner = sequence(inner.first().ok_or_else(|| damaged("a key"))?, "a key")?;
            let scheme = inner.first().ok_or_else(|| damaged("a key"))?;
            let key = decrypt(scheme, octets(inner.get(1), "a key")?, word)?;
            contents.keys.push(key);
        } else if kind == CERT_BAG {
            let inner = sequence(value, "a certificate")?;
            let inner = inner.first().ok_or_else(|| damaged("a certificate"))?;
            let inner = sequence(inner, "a certificate")?;
            if object(inner.first(), "the kind of a certificate")? == X509 {
                let value = inner.get(1).ok_or_else(|| damaged("a certificate"))?;
                let value = sequence(value, "a certificate")?;
                contents
                    .certificates
                    .push(octets(value.first(), "a certificate")?.to_vec());
            }
        }
    }
    Ok(())
}

/// The check value over the content, by which a wrong word shows itself.
fn check(mac: &[AnyRef<'_>], content: &[u8], word: &str) -> Read<()> {
    let info = sequence(
        mac.first().ok_or_else(|| damaged("the check value"))?,
        "the check value",
    )?;
    let scheme = sequence(
        info.first().ok_or_else(|| damaged("the check value"))?,
        "the check value",
    )?;
    let oid = object(scheme.first(), "the check value")?;
    let (hash, keyed) = match oid {
        SHA1 => (
            &digest::SHA1_FOR_LEGACY_USE_ONLY,
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        ),
        SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        other => return Err(Pkcs12Error::Scheme(format!("a check value by {other}"))),
    };
    let salt = octets(mac.get(1), "the check value's salt")?;
    let rounds = match mac.get(2) {
        None => NonZeroU32::MIN,
        rounds => self::rounds(rounds)?,
    };
    let key = derive(hash, word, salt, rounds, 3, hash.output_len());
    hmac::verify(
        &hmac::Key::new(keyed, &key),
        content,
        octets(info.get(1), "the check value")?,
    )
    .map_err(|_| Pkcs12Error::WrongWord)
}

fn decrypt(scheme: &AnyRef<'_>, data: &[u8], word: &str) -> Read<Vec<u8>> {
    let scheme = sequence(scheme, "the scheme")?;
    let oid = object(scheme.first(), "the scheme")?;
    let parameters = scheme.get(1).ok_or_else(|| damaged("the scheme"))?;
    let parameters = sequence(parameters, "the scheme")?;
    if oid == PBES2 {
        return pbes2(&parameters, data, word);
    }
    let length = match oid {
        PBE_3DES => 24,
        PBE_RC2_128 => 16,
        PBE_RC2_40 => 5,
        other => return Err(Pkcs12Error::Scheme(other.to_string())),
    };
    let salt = octets(parameters.first(), "the salt")?;
    let rounds = rounds(parameters.get(1))?;
    let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    let key = derive(hash, word, salt, rounds, 1, length);
    let iv = derive(hash, word, salt, rounds, 2, 8);
    if oid == PBE_3DES {
        return plain::<des::TdesEde3>(&key, &iv, data);
    }
    // The block cipher takes keys of any length, with as many effective bits.
    let cipher = rc2::Rc2::new_with_eff_key_len(&key, length * 8);
    let iv = iv
        .as_slice()
        .try_into()
        .map_err(|_| Pkcs12Error::WrongWord)?;
    cbc::Decryptor::inner_iv_init(cipher, iv)
        .decrypt_padded_vec::<Pkcs7>(data)
        .map_err(|_| Pkcs12Error::WrongWord)
}

fn plain<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Read<Vec<u8>>
where
    C: aes::cipher::BlockCipherDecrypt + aes::cipher::KeyInit,
{
    cbc::Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| damaged("the initialization vector"))?
        .decrypt_padded_vec::<Pkcs7>(data)
        .map_err(|_| Pkcs12Error::WrongWord)
}

fn pbes2(parameters: &[AnyRef<'_>], data: &[u8], word: &str) -> Read<Vec<u8>> {
    let kdf = sequence(
        parameters
            .first()
            .ok_or_else(|| damaged("the key derivation"))?,
        "the key derivation",
    )?;
    let cipher = sequence(
        parameters.get(1).ok_or_else(|| damaged("the cipher"))?,
        "the cipher",
    )?;
    if object(kdf.first(), "the key derivation")? != PBKDF2 {
        return Err(Pkcs12Error::Scheme(
            "another key derivation than PBKDF2".to_owned(),
        ));
    }
    let kdf = sequence(
        kdf.get(1).ok_or_else(|| damaged("the key derivation"))?,
        "the key derivation",
    )?;
    let salt = octets(kdf.first(), "the salt")?;
    let rounds = rounds(kdf.get(1))?;
    let by = kdf.iter().skip(2).find(|part| part.tag() == Tag::Sequence);
    let by = match by {
        None => HMAC_SHA1,
        Some(by) => object(
            sequence(by, "the key derivation")?.first(),
            "the key derivation",
        )?,
    };
    let by = match by {
        HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
        HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
        HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
        HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
        other => return Err(Pkcs12Error::Scheme(format!("PBKDF2 with {other}"))),
    };
    let oid = object(cipher.first(), "the cipher")?;
    let iv = octets(cipher.get(1), "the cipher")?;
    let length = match oid {
        AES128 => 16,
        AES192 | DES3 => 24,
        AES256 => 32,
        other => return Err(Pkcs12Error::Scheme(other.to_string())),
    };
    let mut key = vec![0; length];
    pbkdf2::derive(by, rounds, salt, word.as_bytes(), &mut key);
    match oid {
        AES128 => plain::<aes::Aes128>(&key, iv, data),
        AES192 => plain::<aes::Aes192>(&key, iv, data),
        AES256 => plain::<aes::Aes256>(&key, iv, data),
        _ => plain::<des::TdesEde3>(&key, iv, data),
    }
}

/// The key derivation of PKCS#12 (RFC 7292 appendix B.2); `purpose` is 1 for keys, 2 for vectors, 3 for check values.
fn derive(
    hash: &'static digest::Algorithm,
    word: &str,
    salt: &[u8],
    rounds: NonZeroU32,
    purpose: u8,
    length: usize,
) -> Vec<u8> {
    let v = hash.block_len();
    let mut bmp: Vec<u8> = word.encode_utf16().flat_map(u16::to_be_bytes).collect();
    bmp.extend([0, 0]);
    let fill = |bytes: &[u8]| -> Vec<u8> {
        let length = bytes.len().div_ceil(v) * v;
        bytes.iter().copied().cycle().take(length).collect()
    };
    let mut state = fill(salt);
    state.extend(fill(&bmp));
    let mut out = Vec::with_capacity(length + hash.output_len());
    while out.len() < length {
        let mut context = digest::Context::new(hash);
        context.update(&vec![purpose; v]);
        context.update(&state);
        let mut block = context.finish();
        for _ in 1..rounds.get() {
            block = digest::digest(hash, block.as_ref());
        }
        out.extend_from_slice(block.as_ref());
        let b: Vec<u8> = block.as_ref().iter().copied().cycle().take(v).collect();
        for chunk in state.chunks_mut(v) {
            // chunk = chunk + b + 1, modulo 2^(8v)
            let mut carry = 1_u16;
            for (at, add) in chunk.iter_mut().zip(&b).rev() {
                let sum = u16::from(*at) + u16::from(*add) + carry;
                let [high, low] = sum.to_be_bytes();
                *at = low;
                carry = u16::from(high);
            }
        }
    }
    out.truncate(length);
    out
}

/// Rounds of what is written here: enough for a word that stands in the same profile.
const WRITTEN_ROUNDS: NonZeroU32 = NonZeroU32::new(2048).unwrap();

/// Writes a container with one key (PKCS#8) and its certificate, as OpenSSL 3 does: PBES2 with AES-256 and SHA-256.
pub fn write(key: &[u8], certificate: &[u8], word: &str) -> Read<Vec<u8>> {
    let shrouded = tlv(
        0x30,
        &encrypted(key, word)?
            .iter()
            .map(Vec::as_slice)
            .collect::<Vec<_>>(),
    );
    let key_bag = bag(SHROUDED_KEY_BAG, &shrouded);
    let value = tlv(0xa0, &[&tlv(0x04, &[certificate])]);
    let cert_bag = bag(CERT_BAG, &tlv(0x30, &[&oid(X509), &value]));
    let content = |bags: &[u8]| {
        let data = tlv(0x04, &[&tlv(0x30, &[bags])]);
        tlv(0x30, &[&oid(DATA), &tlv(0xa0, &[&data])])
    };
    let safe = tlv(0x30, &[&content(&cert_bag), &content(&key_bag)]);
    let salt = random::<16>()?;
    let hash = &digest::SHA256;
    let mac_key = derive(hash, word, &salt, WRITTEN_ROUNDS, 3, hash.output_len());
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &mac_key), &safe);
    let info = tlv(
        0x30,
        &[
            &tlv(0x30, &[&oid(SHA256), &tlv(0x05, &[])]),
            &tlv(0x04, &[mac.as_ref()]),
        ],
    );
    let mac = tlv(
        0x30,
        &[&info, &tlv(0x04, &[&salt]), &number(WRITTEN_ROUNDS.get())?],
    );
    let content = tlv(0x30, &[&oid(DATA), &tlv(0xa0, &[&tlv(0x04, &[&safe])])]);
    Ok(tlv(0x30, &[&tlv(0x02, &[&[3]]), &content, &mac]))
}

fn bag(kind: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&oid(kind), &tlv(0xa0, &[value])])
}

fn number(number: u32) -> Read<Vec<u8>> {
    number
        .to_der()
        .map_err(|error| Pkcs12Error::Damaged(error.to_string()))
}

fn random<const N: usize>() -> Read<[u8; N]> {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| damaged("the operating system gives no randomness"))?;
    Ok(bytes)
}

/// `AlgorithmIdentifier` and ciphertext.
fn encrypted(plain: &[u8], word: &str) -> Read<[Vec<u8>; 2]> {
    let (salt, iv) = (random::<16>()?, random::<16>()?);
    let mut key = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        WRITTEN_ROUNDS,
        &salt,
        word.as_bytes(),
        &mut key,
    );
    let data = cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &iv)
        .map_err(|_| damaged("the key"))?
        .encrypt_padded_vec::<Pkcs7>(plain);
    let prf = tlv(0x30, &[&oid(HMAC_SHA256), &tlv(0x05, &[])]);
    let kdf = tlv(
        0x30,
        &[&tlv(0x04, &[&salt]), &number(WRITTEN_ROUNDS.get())?, &prf],
    );
    let kdf = tlv(0x30, &[&oid(PBKDF2), &kdf]);
    let cipher = tlv(0x30, &[&oid(AES256), &tlv(0x04, &[&iv])]);
    let scheme = tlv(0x30, &[&oid(PBES2), &tlv(0x30, &[&kdf, &cipher])]);
    Ok([scheme, tlv(0x04, &[&data])])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/it/fixtures/pkcs12/", $name)).as_slice()
        };
    }

    #[test]
    fn containers_of_openssl_are_read() {
        let table = [
            ("aes", fixture!("aes.p12"), "fixture"),
            ("legacy", fixture!("rc2_3des.p12"), "fixture"),
            ("triple DES", fixture!("3des.p12"), "fixture"),
            ("open", fixture!("open.p12"), ""),
        ];
        let mut seen = Vec::new();
        for (name, bytes, word) in table {
            let contents = open(bytes, word).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                (contents.keys.len(), contents.certificates.len()),
                (1, 1),
                "{name}"
            );
            seen.push(contents.certificates);
            if !word.is_empty() {
                assert_eq!(
                    open(bytes, "another").err(),
                    Some(Pkcs12Error::WrongWord),
                    "{name}"
                );
            }
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn what_is_written_is_read_back_and_the_word_matters() {
        let bytes = write(b"a key", b"a certificate", "w\u{f6}rd").expect("written");
        let contents = open(&bytes, "w\u{f6}rd").expect("read");
        assert_eq!(contents.keys, [b"a key".to_vec()]);
        assert_eq!(contents.certificates, [b"a certificate".to_vec()]);
        assert_eq!(open(&bytes, "word").err(), Some(Pkcs12Error::WrongWord));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_damage_makes_it_panic(at in 0usize..1200, byte in any::<u8>(), cut in 0usize..1200) {
            let mut bytes = fixture!("open.p12").to_vec();
            let length = bytes.len();
            bytes[at % length] = byte;
            let _ = open(&bytes, "");
            bytes.truncate(cut % length);
            let _ = open(&bytes, "");
        }
    }
}

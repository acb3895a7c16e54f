//! A certificate authority for device identities.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SerialNumber, date_time_ymd,
};
use ring::rand::SecureRandom as _;
use rsa::pkcs8::EncodePrivateKey as _;

use super::{ClientIdentity, IdentityError, KeyKind, TrustAnchor};

/// Keys shared by all P-256 identities; servers tell identities apart by certificate, so more would only cost time.
const P256_KEYS: u64 = 16;
/// Keys shared by all RSA identities; one costs 20 to 200 ms.
const RSA_KEYS: u64 = 2;
/// Bits of RSA keys.
const RSA_BITS: usize = 2048;

/// Issues device identities by number, each once.
pub struct IdentityIssuer {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    anchor: TrustAnchor,
    pool: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    keys: HashMap<(KeyKind, u64), Arc<KeyPair>>,
    identities: HashMap<(KeyKind, u64), Arc<ClientIdentity>>,
}

impl fmt::Debug for IdentityIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityIssuer").finish_non_exhaustive()
    }
}

impl IdentityIssuer {
    /// Makes an authority with a new key. The key is random; nothing that is recorded depends on it.
    pub fn generate() -> Result<Self, IdentityError> {
        KeyPair::generate()
            .map_err(|error| IdentityError::new("no key can be generated", error))
            .and_then(Self::generate_with)
    }

    /// Makes an authority with this key, P-256 or RSA.
    pub fn generate_with(key: KeyPair) -> Result<Self, IdentityError> {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "Verification harness device CA");
        let mut params = dated(name, SerialNumber::from(1));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let certificate = params
            .self_signed(&key)
            .map_err(|error| IdentityError::new("the CA certificate cannot be made", error))?;
        let anchor = TrustAnchor::from_der(certificate.der())?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            anchor,
            pool: Mutex::default(),
        })
    }

    /// Loads an authority from the PEM of its certificate and of its key (PKCS#8).
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, IdentityError> {
        let key = KeyPair::from_pem(key).map_err(|error| {
            IdentityError::new(
                "the identity CA's key cannot be read (PKCS#8 PEM is expected, P-256, P-384 or RSA)",
                error,
            )
        })?;
        let anchor = TrustAnchor::from_pem(certificate)?;
        if anchor.public_key() != key.der_bytes() {
            return Err(IdentityError(
                "the identity CA's key does not belong to its certificate".to_owned(),
            ));
        }
        let issuer = Issuer::from_ca_cert_pem(certificate, key).map_err(|error| {
            IdentityError::new("the identity CA's certificate cannot be read", error)
        })?;
        Ok(Self {
            issuer,
            certificate_pem: certificate.to_owned(),
            anchor,
            pool: Mutex::default(),
        })
    }

    /// The authority's key, for certificates that are put together elsewhere.
    pub(crate) fn signing_key(&self) -> &KeyPair {
        self.issuer.key()
    }

    /// DER of the authority's certificate.
    pub(crate) fn certificate_der(&self) -> Result<Vec<u8>, IdentityError> {
        self.anchor.der()
    }

    /// PEM of the authority's certificate.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// PEM of the authority's key, for handing it to another process.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// What servers trust.
    #[must_use]
    pub fn trust_anchor(&self) -> TrustAnchor {
        self.anchor.clone()
    }

    /// The P-256 identity with this number.
    pub fn issue(&self, number: u64) -> Result<Arc<ClientIdentity>, IdentityError> {
        self.issue_kind(number, KeyKind::P256)
    }

    /// The identity with this number and kind of key; issued at the first call, the same ever after.
    pub fn issue_kind(
        &self,
        number: u64,
        kind: KeyKind,
    ) -> Result<Arc<ClientIdentity>, IdentityError> {
        let known = self.lock().identities.get(&(kind, number)).cloned();
        if let Some(identity) = known {
            return Ok(identity);
        }
        let key = self.key(kind, number)?;
        let certificate = self.certificate(number, kind, &key)?;
        let identity = Arc::new(ClientIdentity::new(key, certificate)?);
        // Another task may have issued the same number meanwhile: the first one stays.
        Ok(self
            .lock()
            .identities
            .entry((kind, number))
            .or_insert(identity)
            .clone())
    }

    fn certificate(
        &self,
        number: u64,
        kind: KeyKind,
        key: &KeyPair,
    ) -> Result<Vec<u8>, IdentityError> {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, format!("Virtual device {number}"));
        let mut serial = vec![match kind {
            KeyKind::P256 => 0x10,
            KeyKind::Rsa2048 => 0x20,
        }];
        serial.extend_from_slice(&number.to_be_bytes());
        let mut params = dated(name, SerialNumber::from(serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params
            .signed_by(key, &self.issuer)
            .map(|certificate| certificate.der().to_vec())
            .map_err(|error| IdentityError::new("a device certificate cannot be made", error))
    }

    /// A certificate for another purpose from the same authority.
    #[cfg(test)]
    pub(super) fn certificate_for_test(&self, usage: ExtendedKeyUsagePurpose) -> Vec<u8> {
        let key = KeyPair::generate().expect("a key");
        let mut params = dated(DistinguishedName::new(), SerialNumber::from(99));
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        certificate.der().to_vec()
    }

    fn key(&self, kind: KeyKind, number: u64) -> Result<Arc<KeyPair>, IdentityError> {
        let slot = (
            kind,
            number
                % match kind {
                    KeyKind::P256 => P256_KEYS,
                    KeyKind::Rsa2048 => RSA_KEYS,
                },
        );
        if let Some(key) = self.lock().keys.get(&slot) {
            return Ok(key.clone());
        }
        let key = match kind {
            KeyKind::P256 => KeyPair::generate()
                .map_err(|error| IdentityError::new("no key can be generated", error))?,
            KeyKind::Rsa2048 => rsa_key()?,
        };
        Ok(self
            .lock()
            .keys
            .entry(slot)
            .or_insert(Arc::new(key))
            .clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parameters whose dates cover every release the harness knows, so that no clock is needed.
fn dated(name: DistinguishedName, serial: SerialNumber) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2007, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params.serial_number = Some(serial);
    params.distinguished_name = name;
    params
}

fn rsa_key() -> Result<KeyPair, IdentityError> {
    let failed =
        |cause: &dyn fmt::Display| IdentityError::new("no RSA key can be generated", cause);
    let key = rsa::PrivateKey::new(&mut SystemRng(ring::rand::SystemRandom::new()), RSA_BITS)
        .map_err(|error| failed(&error))?;
    let pkcs8 = key.to_pkcs8_der().map_err(|error| failed(&error))?;
    KeyPair::try_from(pkcs8.as_bytes()).map_err(|error| failed(&error))
}

/// Randomness of the operating system for the `rsa` crate, so that no second random crate is needed.
struct SystemRng(ring::rand::SystemRandom);

impl rsa::rand_core::TryRng for SystemRng {
    type Error = NoRandomness;

    fn try_next_u32(&mut self) -> Result<u32, NoRandomness> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandomness> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill(into).map_err(|_| NoRandomness)
    }
}

impl rsa::rand_core::TryCryptoRng for SystemRng {}

#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no randomness")]
struct NoRandomness;

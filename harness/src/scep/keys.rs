//! RSA keys for devices: generated when they are first needed, shared by those that come later.

use std::fmt;
use std::sync::Arc;

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rcgen::KeyPair;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _};
use tokio::sync::OnceCell;

use crate::protocol::apple::identity::IdentityError;

/// Bits of a key, as SCEP payloads for Apple devices ask for.
const BITS: usize = 2048;
/// Most keys of a pool; a thousand devices share this many without a server taking notice.
pub const MOST_KEYS: usize = 1024;

/// An RSA key that signs (by `ring`) and decrypts (by `rsa`).
pub struct RsaKey {
    pair: Arc<KeyPair>,
    private: rsa::PrivateKey,
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaKey").finish_non_exhaustive()
    }
}

impl RsaKey {
    /// Generates a key of 2,048 bits; takes 20 to 200 ms of one core. The same seed gives the same key; without one
    /// it is random.
    pub fn generate(seed: Option<u64>) -> Result<Self, IdentityError> {
        let mut random = match seed {
            Some(seed) => Random(ChaCha20Rng::seed_from_u64(seed)),
            None => Random(ChaCha20Rng::from_seed(random_seed()?)),
        };
        let private = rsa::PrivateKey::new(&mut random, BITS)
            .map_err(|error| IdentityError(format!("no RSA key can be generated: {error}")))?;
        let document = private
            .to_pkcs8_der()
            .map_err(|error| IdentityError(format!("the RSA key cannot be encoded: {error}")))?;
        Self::new(document.as_bytes(), private)
    }

    /// Reads a key from PKCS#8 (DER).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, IdentityError> {
        let private = rsa::PrivateKey::from_pkcs8_der(der)
            .map_err(|error| IdentityError(format!("the key is no RSA key in PKCS#8: {error}")))?;
        Self::new(der, private)
    }

    fn new(pkcs8: &[u8], private: rsa::PrivateKey) -> Result<Self, IdentityError> {
        let pair = KeyPair::try_from(pkcs8)
            .map_err(|error| IdentityError(format!("the RSA key cannot be used: {error}")))?;
        Ok(Self {
            pair: Arc::new(pair),
            private,
        })
    }

    /// The key as identities and certificates use it.
    #[must_use]
    pub fn pair(&self) -> &Arc<KeyPair> {
        &self.pair
    }

    /// RSAES-PKCS1-v1_5 for the holder of a public key (DER of `SubjectPublicKeyInfo`).
    pub(crate) fn encrypt_for(public: &[u8], message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let key = rsa::PublicKey::from_public_key_der(public).map_err(|error| {
            IdentityError(format!(
                "the recipient's key is no RSA key, so that nothing can be encrypted for it: {error}"
            ))
        })?;
        key.encrypt(
            &mut Random(ChaCha20Rng::from_seed(random_seed()?)),
            rsa::Pkcs1v15Encrypt,
            message,
        )
        .map_err(|error| IdentityError(format!("nothing can be encrypted: {error}")))
    }

    /// RSASSA-PKCS1-v1_5 over SHA-1, for authorities that know nothing newer; `ring` does not make such signatures.
    pub(crate) fn sign_sha1(&self, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, message);
        // DigestInfo of SHA-1 (RFC 8017 §9.2, note 1).
        let prefix = [
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
            0x14,
        ];
        let padding = rsa::Pkcs1v15Sign {
            hash_len: Some(20),
            prefix: prefix.into(),
        };
        self.private
            .sign(padding, digest.as_ref())
            .map_err(|error| IdentityError(format!("the key cannot sign: {error}")))
    }

    /// Undoes RSAES-PKCS1-v1_5. A message for another key gives bytes without meaning, not an error.
    pub(crate) fn decrypt(&self, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        self.private
            .decrypt(rsa::Pkcs1v15Encrypt, message)
            .map_err(|error| IdentityError(format!("the message cannot be decrypted: {error}")))
    }
}

/// A bounded number of RSA keys, each generated once when it is first asked for. Devices take them round-robin by
/// their number: with fewer keys than devices several devices share a key. Their certificates differ all the same, and
/// servers tell devices apart by certificate; what is not exercised then is a server that refuses a key it has seen.
#[derive(Clone, Debug)]
pub struct RsaKeyPool {
    keys: Arc<[OnceCell<Arc<RsaKey>>]>,
    seed: Option<u64>,
}

impl RsaKeyPool {
    /// A pool of `size` keys (at least 1, at most [`MOST_KEYS`]). A seed gives the same keys again, for tests only.
    #[must_use]
    pub fn new(size: usize, seed: Option<u64>) -> Self {
        Self {
            keys: (0..size.clamp(1, MOST_KEYS))
                .map(|_| OnceCell::new())
                .collect(),
            seed,
        }
    }

    /// How many keys there are, generated or not.
    #[must_use]
    pub fn size(&self) -> usize {
        self.keys.len()
    }

    /// The key for the device with this number; generated off the runtime's workers.
    pub async fn key(&self, number: u64) -> Result<Arc<RsaKey>, IdentityError> {
        let size = u64::try_from(self.keys.len()).unwrap_or(1);
        let slot = number % size;
        let seed = self
            .seed
            .map(|seed| seed.wrapping_mul(MOST_KEYS as u64).wrapping_add(slot));
        self.keys[usize::try_from(slot).unwrap_or_default()]
            .get_or_try_init(|| async move {
                tokio::task::spawn_blocking(move || RsaKey::generate(seed).map(Arc::new))
                    .await
                    .map_err(|error| IdentityError(format!("key generation broke off: {error}")))?
            })
            .await
            .cloned()
    }

    /// Generates every key now, on as many threads as the machine has cores.
    pub async fn fill(&self) -> Result<(), IdentityError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut tasks = tokio::task::JoinSet::new();
        for slot in 0..self.keys.len() {
            if tasks.len() >= threads {
                joined(tasks.join_next().await)?;
            }
            let pool = self.clone();
            tasks.spawn(async move { pool.key(slot as u64).await.map(|_| ()) });
        }
        while let Some(done) = tasks.join_next().await {
            joined(Some(done))?;
        }
        Ok(())
    }
}

fn joined(
    done: Option<Result<Result<(), IdentityError>, tokio::task::JoinError>>,
) -> Result<(), IdentityError> {
    match done {
        None => Ok(()),
        Some(Ok(result)) => result,
        Some(Err(error)) => Err(IdentityError(format!("key generation broke off: {error}"))),
    }
}

fn random_seed() -> Result<[u8; 32], IdentityError> {
    let mut seed = [0; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut seed)
        .map_err(|_| IdentityError("the operating system gives no randomness".to_owned()))?;
    Ok(seed)
}

/// A generator in the shape that the `rsa` crate asks for.
struct Random(ChaCha20Rng);

impl rsa::rand_core::TryRng for Random {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill_bytes(into);
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for Random {}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::PublicKeyData as _;

    #[tokio::test]
    async fn devices_share_keys_round_robin_and_a_seed_gives_them_again() {
        let pool = RsaKeyPool::new(2, Some(7));
        let first = pool.key(0).await.expect("a key");
        assert!(Arc::ptr_eq(&first, &pool.key(2).await.expect("a key")));
        assert!(!Arc::ptr_eq(&first, &pool.key(1).await.expect("a key")));
        let again = RsaKeyPool::new(2, Some(7)).key(0).await.expect("a key");
        assert_eq!(first.pair().der_bytes(), again.pair().der_bytes());
        assert_eq!(RsaKeyPool::new(0, None).size(), 1);
        assert_eq!(RsaKeyPool::new(usize::MAX, None).size(), MOST_KEYS);
    }
}

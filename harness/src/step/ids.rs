//! Ids and randomness of a case: derived from the seed and the names of things, never from the order of work.

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// The randomness of one attempt of a case.
#[derive(Clone, Debug)]
pub struct Ids {
    rng: ChaCha8Rng,
}

impl Ids {
    /// Randomness for what `names` name; other names give other randomness.
    #[must_use]
    pub fn new(seed: u64, names: &[&str]) -> Self {
        Self {
            rng: ChaCha8Rng::from_seed(derive(seed, names)),
        }
    }

    /// A random (version 4) UUID in the upper-case form that Apple's servers use.
    pub fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .hyphenated()
            .to_string()
            .to_uppercase()
    }
}

/// Thirty-two bytes that depend on the seed and on every name.
#[must_use]
pub fn derive(seed: u64, names: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for name in names {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name.as_bytes());
    }
    hash.finalize().into()
}

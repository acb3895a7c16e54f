//! The cost of signing and verifying one message.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};

/// Microseconds of one call, the median of five batches.
pub fn micros(batch: Duration, mut work: impl FnMut()) -> f64 {
    work();
    let mut batches: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let mut calls = 0_u32;
            while start.elapsed() < batch / 5 || calls == 0 {
                work();
                calls += 1;
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}

/// Microseconds to sign and to verify a body with P-256 alone, without the envelope around it: what no encoding of
/// signatures can go below. `None` when the system has no randomness.
#[must_use]
pub fn p256(body: &[u8], batch: Duration) -> Option<(f64, f64)> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
    let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).ok()?;
    let signature = key.sign(&random, body).ok()?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key().as_ref());
    public.verify(body, signature.as_ref()).ok()?;
    let sign = micros(batch, || {
        black_box(key.sign(&random, black_box(body)).is_ok());
    });
    let verify = micros(batch, || {
        black_box(public.verify(black_box(body), signature.as_ref()).is_ok());
    });
    Some((sign, verify))
}

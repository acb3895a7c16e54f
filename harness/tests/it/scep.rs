//! SCEP between the harness's own client and authority: every way to succeed, and every planted fault with the
//! sentence that a person reads.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use harness::protocol::apple::identity::{
    IdentityIssuer, KeyKind, TrustAnchor, verify_mdm_signature,
};
use harness::scep::server::{
    EVERY_CAPABILITY, ScepAuthority, ScepFault, ScepPolicy, router, rsa_issuer,
};
use harness::scep::{
    DIGITAL_SIGNATURE, InProcess, KEY_ENCIPHERMENT, RsaKey, ScepError, ScepHttp, ScepMethod,
    ScepReply, ScepRequest, ScepTransport, SubjectName, obtain,
};
use harness::server::clock::Clock;

const CHALLENGE: &str = "open sesame";

pub(crate) static KEYS: LazyLock<[Arc<RsaKey>; 2]> =
    LazyLock::new(|| [1, 2].map(|seed| Arc::new(RsaKey::generate(Some(seed)).expect("a key"))));

pub(crate) fn clock() -> Clock {
    Clock::fixed("2026-11-23T00:00:00Z".parse().expect("an instant"))
}

fn issuer() -> Arc<IdentityIssuer> {
    Arc::new(IdentityIssuer::generate().expect("an issuer"))
}

fn authority(issuer: Arc<IdentityIssuer>, policy: ScepPolicy) -> Arc<ScepAuthority> {
    ScepAuthority::new(issuer, KEYS[1].clone(), policy, clock()).expect("an authority")
}

pub(crate) fn request(url: &str) -> ScepRequest {
    let mut request = ScepRequest::new(url, KEYS[0].clone());
    request.challenge = Some(CHALLENGE.to_owned());
    request.subject = vec![
        vec![("O".to_owned(), "Example 株式会社".to_owned())],
        vec![("OU".to_owned(), "one".to_owned())],
        vec![("OU".to_owned(), "two".to_owned())],
        vec![
            ("CN".to_owned(), "device 1".to_owned()),
            ("2.5.4.5".to_owned(), "SERIAL1".to_owned()),
        ],
    ];
    request.key_usage = DIGITAL_SIGNATURE | KEY_ENCIPHERMENT;
    request.sans = vec![
        SubjectName::Dns("device1.example.org".to_owned()),
        SubjectName::NtPrincipal("device1@example.org".to_owned()),
    ];
    request
}

/// Spoils a request.
type Change = fn(&mut ScepRequest);

const URL: &str = "http://scep.invalid/?tenant=7";

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn a_certificate_comes_whatever_the_authority_can_do() {
    let rsa = Arc::new(rsa_issuer(&KEYS[1]).expect("an issuer"));
    let table: [(&[&str], Arc<IdentityIssuer>); 6] = [
        (&EVERY_CAPABILITY, issuer()),
        (&EVERY_CAPABILITY, rsa.clone()),
        (&["SCEPStandard"], rsa.clone()),
        // By GET with AES and SHA-256, by POST with triple DES and SHA-1, and by GET with the latter.
        (&["AES", "SHA-256"], rsa.clone()),
        (&["POSTPKIOperation"], rsa.clone()),
        (&[], rsa),
    ];
    for (capabilities, issuer) in table {
        let policy = ScepPolicy {
            challenge: Some(CHALLENGE.to_owned()),
            capabilities: words(capabilities),
            ..ScepPolicy::default()
        };
        let authority = authority(issuer.clone(), policy);
        let transport = InProcess(router(authority));
        let identity = obtain(&transport, &request(URL), &clock())
            .await
            .unwrap_or_else(|error| panic!("{capabilities:?}: {error}"));
        assert_eq!(identity.kind(), KeyKind::Rsa2048);
        let signature = identity.mdm_signature(b"body").expect("a signature");
        let anchor = TrustAnchor::from_pem(issuer.certificate_pem())
            .expect("an anchor")
            .judged_at(clock().now());
        let signer = verify_mdm_signature(&signature, b"body", &anchor).expect("the CA vouches");
        for part in ["OU=one", "OU=two", "CN=device 1", "Example 株式会社"] {
            assert!(
                signer.subject.contains(part),
                "{part} in {}",
                signer.subject
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pending_is_polled_until_it_comes_or_the_retries_end() {
    let policy = ScepPolicy {
        pending_polls: 3,
        ..ScepPolicy::default()
    };
    let authority = authority(issuer(), policy);
    let transport = InProcess(router(authority));
    let mut wanted = request(URL);
    wanted.retries = 2;
    let begin = tokio::time::Instant::now();
    let error = obtain(&transport, &wanted, &clock())
        .await
        .expect_err("pending");
    assert_eq!(error, ScepError::Pending { polls: 2 });
    assert!(error.to_string().contains("Approve it at the authority"));
    assert!(begin.elapsed() >= Duration::from_secs(20));
    wanted.retries = 3;
    obtain(&transport, &wanted, &clock())
        .await
        .expect("a certificate");
}

#[tokio::test]
async fn a_renewal_needs_no_challenge() {
    let policy = ScepPolicy {
        challenge: Some(CHALLENGE.to_owned()),
        ..ScepPolicy::default()
    };
    let transport = InProcess(router(authority(issuer(), policy)));
    let mut wanted = request(URL);
    let first = obtain(&transport, &wanted, &clock())
        .await
        .expect("a certificate");
    wanted.challenge = None;
    wanted.renews = Some(first.clone());
    let second = obtain(&transport, &wanted, &clock())
        .await
        .expect("a renewal");
    assert_ne!(first.certificate_der(), second.certificate_der());
    wanted.renews = None;
    let refused = obtain(&transport, &wanted, &clock())
        .await
        .expect_err("refused");
    assert_eq!(refused.reason(), "scep_refused");
    wanted.renews = Some(second);
    wanted.key = KEYS[1].clone();
    let wrong = obtain(&transport, &wanted, &clock())
        .await
        .expect_err("another key");
    assert_eq!(wrong.reason(), "scep_request");
}

#[tokio::test(start_paused = true)]
async fn planted_faults_end_in_sentences() {
    let table = [
        (
            ScepFault::Refuse(0),
            "scep_refused",
            "badAlg: refused by a planted fault",
        ),
        (ScepFault::Refuse(4), "scep_refused", "badCertId"),
        (
            ScepFault::WrongKey,
            "scep_other_key",
            "for another key than the device's",
        ),
        (
            ScepFault::Expired,
            "scep_certificate_not_valid",
            "to 2026-11-22T00:00:00Z, and it is 2026-11-23",
        ),
        (
            ScepFault::ForeignIssuer,
            "scep_chain_unknown",
            "none of the certificates that GetCACert",
        ),
        (
            ScepFault::NoCertificate,
            "scep_no_certificate",
            "sent no certificate",
        ),
        (ScepFault::Replay, "scep_answer", "repeats an older answer"),
        (
            ScepFault::LoginPage,
            "scep_garbage",
            "a web page (`<!DOCTYPE html><title>Sign in",
        ),
        (
            ScepFault::HttpStatus(503),
            "scep_http_error",
            "HTTP 503: a planted fault",
        ),
        (
            ScepFault::Nothing,
            "scep_garbage",
            "was answered with nothing",
        ),
        (
            ScepFault::Silence,
            "scep_silent",
            "no answer from http://scep.invalid/ within 30 s",
        ),
    ];
    let issuer = issuer();
    for (fault, reason, sentence) in table {
        let policy = ScepPolicy {
            fault: Some(fault.clone()),
            ..ScepPolicy::default()
        };
        let transport = InProcess(router(authority(issuer.clone(), policy)));
        let error = obtain(&transport, &request(URL), &clock())
            .await
            .expect_err("a fault");
        assert_eq!(error.reason(), reason, "{fault:?}: {error}");
        assert!(error.to_string().contains(sentence), "{fault:?}: {error}");
        assert!(!error.to_string().contains(CHALLENGE), "{error}");
    }
}

#[tokio::test]
async fn mistakes_of_the_profile_end_in_sentences() {
    let policy = ScepPolicy {
        challenge: Some(CHALLENGE.to_owned()),
        ..ScepPolicy::default()
    };
    let authority = authority(issuer(), policy);
    let ca = authority.chain()[1].clone();
    let transport = InProcess(router(authority));
    let table: [(Change, &str, &str); 6] = [
        (
            |r| r.challenge = Some("wrong".to_owned()),
            "scep_refused",
            "Usually the Challenge",
        ),
        (
            |r| r.url = "ftp://x".to_owned(),
            "scep_request",
            "no web address",
        ),
        (
            |r| r.ca_fingerprint = Some(vec![1; 20]),
            "scep_ca_fingerprint",
            "SHA-1 fingerprint",
        ),
        (
            |r| r.ca_fingerprint = Some(vec![1; 16]),
            "scep_ca_fingerprint",
            "MD5 fingerprint",
        ),
        (
            |r| r.ca_fingerprint = Some(vec![1; 5]),
            "scep_request",
            "CAFingerprint of 5 bytes",
        ),
        (
            |r| r.subject[0][0].0 = "XYZ".to_owned(),
            "scep_request",
            "`XYZ` in Subject",
        ),
    ];
    for (change, reason, sentence) in table {
        let mut wanted = request(URL);
        change(&mut wanted);
        let error = obtain(&transport, &wanted, &clock())
            .await
            .expect_err("a mistake");
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.to_string().contains(sentence), "{error}");
    }
    let mut wanted = request(URL);
    let digest = ring::digest::digest(&ring::digest::SHA256, &ca);
    wanted.ca_fingerprint = Some(digest.as_ref().to_vec());
    obtain(&transport, &wanted, &clock())
        .await
        .expect("the right fingerprint");
}

/// Changes what comes back of the operation.
struct Tampering {
    inner: InProcess,
    change: fn(&mut Vec<u8>),
}

#[async_trait]
impl ScepTransport for Tampering {
    async fn send(&self, request: ScepHttp) -> Result<ScepReply, String> {
        let operation = request.method == ScepMethod::Post;
        let mut reply = self.inner.send(request).await?;
        if operation {
            let mut body = reply.body.to_vec();
            (self.change)(&mut body);
            reply.body = Bytes::from(body);
        }
        Ok(reply)
    }
}

#[tokio::test]
async fn tampered_and_broken_answers_are_refused() {
    let changes: [fn(&mut Vec<u8>); 5] = [
        |body| {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        },
        |body| {
            if let Some(last) = body.last_mut() {
                *last ^= 1;
            }
        },
        |body| body.truncate(100),
        |body| body.truncate(1),
        |body| *body = vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
    ];
    let authority = authority(issuer(), ScepPolicy::default());
    for (number, change) in changes.into_iter().enumerate() {
        let transport = Tampering {
            inner: InProcess(router(authority.clone())),
            change,
        };
        let error = obtain(&transport, &request(URL), &clock())
            .await
            .expect_err("refused");
        assert!(matches!(error, ScepError::Answer(_)), "{number}: {error}");
    }
}

#[tokio::test]
async fn an_authority_answers_garbage_with_an_error() {
    let transport = InProcess(router(authority(issuer(), ScepPolicy::default())));
    let post = |url: &str, body: Vec<u8>| ScepHttp {
        method: ScepMethod::Post,
        url: format!("http://x/{url}"),
        body: Some(body.into()),
    };
    let table = [
        (post("?operation=PKIOperation", Vec::new()), 400),
        (post("?operation=PKIOperation", vec![0x30; 4096]), 400),
        (post("?operation=Else", Vec::new()), 400),
        (post("", Vec::new()), 400),
        (post("pkiclient.exe?operation=GetCACaps", Vec::new()), 200),
    ];
    for (request, status) in table {
        let url = request.url.clone();
        assert_eq!(
            transport.send(request).await.expect("an answer").status,
            status,
            "{url}"
        );
    }
}

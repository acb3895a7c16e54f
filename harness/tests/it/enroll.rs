//! Enrollment by profile on real sockets: what ends well, and what a person would read where it does not.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_matrix::enrollment::EnrollmentType;
use harness::device::{DeviceError, DeviceUnderTest as _, MessageBody};
use harness::enroll::{Ask, EnrollmentKit, ProfileInvitation, ProfileSource, Secret, pkcs12};
use harness::protocol::apple::identity::IdentityIssuer;
use harness::protocol::apple::{codec, profile};
use harness::push::PushHub;
use harness::scep::RsaKeyPool;
use harness::server::Invitation;
use harness::server::clock::Clock;
use harness::server::reference::{EnrollmentOptions, IdentityBy, ServeOptions, serve};
use harness::server::tls::TlsSettings;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::device_support::Setup;

const IDENTITY: &str = "11111111-2222-3333-4444-555555555555";

fn invitation(source: ProfileSource, trusted: &[String]) -> ProfileInvitation {
    let kit = EnrollmentKit::new(trusted, RsaKeyPool::new(1, Some(1)), Clock::system());
    ProfileInvitation {
        source,
        ask: Ask::ByEnrollmentType,
        token: None,
        user: "user@example.invalid".to_owned(),
        accept_untrusted: true,
        key: 0,
        kit: Arc::new(kit.expect("a kit")),
        push: PushHub::default(),
    }
}

/// Serves plain HTTP on loopback.
async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
            tokio::spawn(async move { drop(served.await) });
        }
    });
    format!("http://{address}")
}

async fn refused(invitation: ProfileInvitation, setup: Setup) -> (&'static str, String) {
    let mut device = setup.device();
    let invitation = Invitation::Profile(Box::new(invitation));
    match device.enroll_by(&invitation).await {
        Err(DeviceError::Enrollment { reason, sentence }) => (reason, sentence),
        other => panic!("{other:?}"),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "calls read better without a borrow"
)]
fn mdm(more: Value) -> Value {
    let mut mdm = json!({
        "PayloadType": "com.apple.mdm",
        "ServerURL": "http://127.0.0.1:9/mdm",
        "Topic": "com.apple.mgmt.External.test",
        "AccessRights": 8191,
        "IdentityCertificateUUID": IDENTITY,
        "SignMessage": true,
    });
    let object = mdm.as_object_mut().expect("an object");
    for (key, value) in more.as_object().expect("an object") {
        if value.is_null() {
            object.remove(key);
        } else {
            object.insert(key.clone(), value.clone());
        }
    }
    mdm
}

fn bytes(payloads: &[Value]) -> Vec<u8> {
    profile::build_xml("com.example.enroll", payloads).expect("a profile")
}

fn container(expired: bool, other_key: bool, word: &str) -> Value {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    if expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let certificate = params.self_signed(&key).expect("a certificate");
    let key = if other_key {
        KeyPair::generate().expect("a key")
    } else {
        key
    };
    let bytes = pkcs12::write(&key.serialize_der(), certificate.der(), "word").expect("written");
    json!({
        "PayloadType": "com.apple.security.pkcs12",
        "PayloadUUID": IDENTITY,
        "Password": word,
        "PayloadContent": { "$data": STANDARD.encode(bytes) },
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "calls read better without a borrow"
)]
fn payload(kind: &str, content: Value) -> Value {
    json!({ "PayloadType": kind, "PayloadUUID": IDENTITY, "PayloadContent": content })
}

#[tokio::test]
async fn a_profile_that_cannot_be_used_says_what_to_change() {
    let good = || container(false, false, "word");
    let signed = |issuer: &IdentityIssuer, bytes: &[u8]| {
        issuer
            .issue(1)
            .and_then(|identity| identity.signed(bytes))
            .expect("signed")
    };
    let issuer = IdentityIssuer::generate().expect("a CA");
    let mut broken = signed(&issuer, &bytes(&[good(), mdm(json!({}))]));
    let middle = broken.len() / 2;
    broken[middle] ^= 0x40;
    let dead = json!({ "URL": "http://127.0.0.1:9/scep", "Retries": 0 });
    let table: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("nothing", Vec::new(), "enrollment_profile", "is empty"),
        (
            "a page",
            b"<!DOCTYPE html><title>Sign in</title>".to_vec(),
            "enrollment_profile",
            "(sign in), probably a login page",
        ),
        (
            "junk",
            b"junk".to_vec(),
            "enrollment_profile",
            "no enrollment profile",
        ),
        (
            "broken signature",
            broken,
            "enrollment_profile",
            "is broken",
        ),
        (
            "no mdm",
            bytes(&[good()]),
            "enrollment_profile",
            "no payload com.apple.mdm",
        ),
        (
            "no rights",
            bytes(&[good(), mdm(json!({ "AccessRights": 0 }))]),
            "enrollment_profile",
            "AccessRights 0",
        ),
        (
            "odd rights",
            bytes(&[good(), mdm(json!({ "AccessRights": 2 }))]),
            "enrollment_profile",
            "have 2 without 1",
        ),
        (
            "a topic",
            bytes(&[good(), mdm(json!({ "Topic": "x" }))]),
            "enrollment_profile",
            "com.apple.mgmt.",
        ),
        (
            "plain HTTP",
            bytes(&[good(), mdm(json!({ "ServerURL": "http://mdm.example/" }))]),
            "enrollment_profile",
            "https only",
        ),
        (
            "no identity named",
            bytes(&[good(), mdm(json!({ "IdentityCertificateUUID": null }))]),
            "enrollment_identity",
            "has no IdentityCertificateUUID",
        ),
        (
            "no identity",
            bytes(&[mdm(json!({}))]),
            "enrollment_identity",
            "no payload of the profile has that PayloadUUID",
        ),
        (
            "unknown identity",
            bytes(&[payload("com.example.identity", json!({})), mdm(json!({}))]),
            "enrollment_identity",
            "com.example.identity, which gives no identity",
        ),
        (
            "ACME",
            bytes(&[
                payload("com.apple.security.acme", json!({})),
                mdm(json!({})),
            ]),
            "enrollment_identity",
            "do not speak",
        ),
        (
            "wrong word",
            bytes(&[container(false, false, "another"), mdm(json!({}))]),
            "enrollment_identity",
            "does not open the container",
        ),
        (
            "expired",
            bytes(&[container(true, false, "word"), mdm(json!({}))]),
            "enrollment_identity",
            "expired on 2020-01-01",
        ),
        (
            "another key",
            bytes(&[container(false, true, "word"), mdm(json!({}))]),
            "enrollment_identity",
            "is for another key",
        ),
        (
            "SCEP is down",
            bytes(&[payload("com.apple.security.scep", dead), mdm(json!({}))]),
            "enrollment_identity",
            "SCEP",
        ),
    ];
    for (name, bytes, reason, word) in table {
        let source = ProfileSource::Bytes(bytes.into());
        let setup = Setup::iphone("18.0").unsupervised(EnrollmentType::Profile);
        let said = refused(invitation(source, &[]), setup).await;
        assert_eq!(said.0, reason, "{name}: {}", said.1);
        assert!(said.1.contains(word), "{name}: {}", said.1);
    }
}

#[tokio::test]
async fn only_a_trusted_signer_is_verified() {
    let issuer = IdentityIssuer::generate().expect("a CA");
    let plain = bytes(&[container(false, false, "word"), mdm(json!({}))]);
    let signed = issuer
        .issue(1)
        .and_then(|identity| identity.signed(&plain))
        .expect("signed");
    let trusted = [issuer.certificate_pem().to_owned()];
    let table: [(&[u8], &[String], &str); 3] = [
        (&plain, &trusted, "unsigned"),
        (&signed, &[], "whom nobody vouches for"),
        // Comes as far as the server, where nobody listens.
        (&signed, &trusted, ""),
    ];
    for (bytes, trusted, word) in table {
        let mut invitation = invitation(ProfileSource::Bytes(bytes.into()), trusted);
        invitation.accept_untrusted = false;
        let mut device = Setup::iphone("18.0")
            .unsupervised(EnrollmentType::Profile)
            .device();
        let invited = Invitation::Profile(Box::new(invitation));
        match device.enroll_by(&invited).await {
            Err(DeviceError::Enrollment { sentence, .. }) => {
                assert!(!word.is_empty() && sentence.contains(word), "{sentence}");
            }
            Err(DeviceError::Unreachable(_)) => assert!(word.is_empty()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_the_enrollment_url_answers_becomes_a_sentence() {
    const UPDATE: &str =
        r#"{"code":"com.apple.softwareupdate.required","details":{"OSVersion":"26.0"}}"#;
    let table = [
        (
            EnrollmentType::Profile,
            StatusCode::OK,
            "text/html",
            "<p>Welcome",
            "enrollment_profile",
            "login page",
        ),
        (
            EnrollmentType::Profile,
            StatusCode::OK,
            "text/plain",
            "",
            "enrollment_profile",
            "is empty",
        ),
        (
            EnrollmentType::Profile,
            StatusCode::UNAUTHORIZED,
            "text/plain",
            "",
            "server_unauthorized",
            "--enroll-token",
        ),
        (
            EnrollmentType::Profile,
            StatusCode::NOT_FOUND,
            "text/plain",
            "",
            "server_error",
            "the enrollment URL's path",
        ),
        (
            EnrollmentType::Ade,
            StatusCode::FORBIDDEN,
            "application/json",
            UPDATE,
            "enrollment_refused",
            "on 26.0 or later",
        ),
        (
            EnrollmentType::AccountUser,
            StatusCode::OK,
            "text/html",
            "<html>",
            "server_garbage",
            "a web page",
        ),
        (
            EnrollmentType::AccountUser,
            StatusCode::OK,
            "application/json",
            "{\"Servers\":[]}",
            "server_garbage",
            "mdm-byod",
        ),
    ];
    for (kind, status, content_type, body, reason, word) in table {
        let router = Router::new().fallback(any(move || async move {
            (status, [("content-type", content_type)], body)
        }));
        let url = listen(router).await;
        let source = ProfileSource::Url(format!("{url}/enroll"));
        let said = refused(
            invitation(source, &[]),
            Setup::iphone("18.0").unsupervised(kind),
        )
        .await;
        assert_eq!(said.0, reason, "{}", said.1);
        assert!(said.1.contains(word), "{}", said.1);
    }
    let nobody = ProfileSource::Url("http://127.0.0.1:9/enroll".to_owned());
    let said = refused(invitation(nobody, &[]), Setup::iphone("18.0")).await;
    assert_eq!(said.0, "server_unreachable");
}

/// Starts the reference server with TLS; returns its address.
async fn secured(tls: TlsSettings, token: Option<&str>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let issuer = Arc::new(IdentityIssuer::generate().expect("a CA"));
    let mut options = ServeOptions::new("", issuer.certificate_pem());
    options.tls = Some(tls);
    let mut enrollment = EnrollmentOptions::new(issuer, IdentityBy::Pkcs12);
    enrollment.token = token.map(Secret::new);
    enrollment.access_rights = 1;
    options.enrollment = Some(enrollment);
    tokio::spawn(serve(listener, options, std::future::pending()));
    address
}

#[tokio::test]
async fn every_enrollment_type_gets_its_profile_over_tls() {
    let tls = TlsSettings::private(&[], jiff::Timestamp::now()).expect("a certificate");
    let ca = tls.ca.clone().expect("a CA");
    let address = secured(tls, Some("t0ken")).await;
    let source = ProfileSource::Url(format!("https://{address}/enroll"));
    for kind in [
        EnrollmentType::Profile,
        EnrollmentType::Ade,
        EnrollmentType::AccountDevice,
        EnrollmentType::AccountUser,
    ] {
        let mut invitation = invitation(source.clone(), std::slice::from_ref(&ca));
        invitation.token = Some(Secret::new("t0ken"));
        let mut device = Setup::iphone("18.0").unsupervised(kind).device();
        let invited = Invitation::Profile(Box::new(invitation.clone()));
        device
            .enroll_by(&invited)
            .await
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let messages = device.take_messages();
        let shown = format!("{messages:?}");
        assert!(!shown.contains("t0ken"), "{kind:?}");
        assert!(messages.iter().any(|message| {
            message.what.starts_with("enrollment profile")
                && matches!(&message.body, MessageBody::Plist(plist) if codec::encode_xml(plist).is_ok())
        }));
        if kind == EnrollmentType::AccountUser {
            invitation.token = None;
            let said = refused(invitation, Setup::iphone("18.0").unsupervised(kind)).await;
            assert_eq!(said.0, "server_unauthorized");
            assert!(said.1.contains("Sign in once"), "{}", said.1);
        }
    }
}

#[tokio::test]
async fn a_server_that_tls_does_not_vouch_for_is_named() {
    let private = || TlsSettings::private(&[], jiff::Timestamp::now()).expect("a certificate");
    let own = |names: Vec<String>, until: i32| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(names).expect("parameters");
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        TlsSettings {
            ca: Some(certificate.clone()),
            certificate,
            key: key.serialize_pem(),
            clients: None,
        }
    };
    let table = [
        ("unknown", private(), false, "nobody vouches"),
        (
            "expired",
            own(vec!["127.0.0.1".to_owned()], 2020),
            true,
            "has expired",
        ),
        (
            "another name",
            own(vec!["mdm.example".to_owned()], 2040),
            true,
            "for another name",
        ),
    ];
    for (name, tls, trust, word) in table {
        let trusted: Vec<String> = tls.ca.clone().filter(|_| trust).into_iter().collect();
        let address = secured(tls, None).await;
        let source = ProfileSource::Url(format!("https://{address}/enroll"));
        let said = refused(invitation(source, &trusted), Setup::iphone("18.0")).await;
        assert_eq!(said.0, "server_tls", "{name}: {}", said.1);
        assert!(said.1.contains(word), "{name}: {}", said.1);
    }
}

#[tokio::test]
async fn from_27_on_the_demands_are_named() {
    // A server that speaks TLS no later than 1.1 answers every hello with the alert `protocol_version`.
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&[21, 3, 2, 0, 2, 2, 70]).await;
            let _ = stream.shutdown().await;
        }
    });
    for (version, word) in [
        ("27.0", "27.0 manages devices only through TLS 1.2"),
        ("18.0", "may still connect"),
    ] {
        let tls = TlsSettings::private(&[], jiff::Timestamp::now()).expect("a certificate");
        let source = ProfileSource::Url(format!("https://{address}/enroll"));
        let trusted: Vec<String> = tls.ca.into_iter().collect();
        let said = refused(invitation(source, &trusted), Setup::iphone(version)).await;
        assert_eq!(said.0, "server_tls", "{}", said.1);
        assert!(said.1.contains(word), "{}", said.1);
    }
}

//! The stand-in for Apple's push service: over TLS by both versions of HTTP, directly and through `CONNECT`.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use harness::apns::{
    Apns, ApnsCa, ApnsClientOptions, ApnsFault, ApnsOptions, ApnsRoute, ApnsSettings, Started,
};
use harness::push::PushHub;
use harness::server::StartError;
use reqwest::Client;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use crate::nanomdm::ANY;
use crate::scep::clock;

async fn start(hub: PushHub, settings: ApnsSettings) -> Result<Started, StartError> {
    let mut options = ApnsOptions::new(ANY.into());
    options.settings = settings;
    Apns::start(options, hub, clock()).await
}

/// A sender as others write one: nothing of the harness's own client.
fn sender(
    started: &Started,
    protocol: &[u8],
    proxy: bool,
    identity: Option<(&str, &str)>,
) -> Client {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(started.ca_pem.as_bytes()) {
        roots.add(certificate.expect("PEM")).expect("a root");
    }
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("versions")
    .with_root_certificates(roots);
    let mut tls = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key"),
            )
            .expect("an identity"),
    };
    tls.alpn_protocols = vec![protocol.to_vec()];
    let mut client = Client::builder().tls_backend_preconfigured(tls).no_proxy();
    if protocol == b"http/1.1" {
        client = client.http1_only();
    }
    if proxy {
        client = client.proxy(reqwest::Proxy::https(started.proxy_url()).expect("a proxy"));
    }
    client.build().expect("a client")
}

async fn push(client: &Client, base: &str, token: &str, magic: &str) -> (u16, bool, Value) {
    let answer = client
        .post(format!("{base}/3/device/{token}"))
        .json(&json!({ "mdm": magic }))
        .send()
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    let has_id = answer.headers().contains_key("apns-id");
    (status, has_id, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn both_versions_of_http_directly_and_through_connect() {
    let hub = PushHub::default();
    let mut wake = hub.register(&[0xab, 0xcd], "magic");
    let mut other = hub.register(&[0x01, 0x02], "magic");
    let started = start(hub, ApnsSettings::default()).await.expect("listens");
    for protocol in [b"h2".as_slice(), b"http/1.1"] {
        for base in [
            "",
            "https://api.push.apple.com",
            "https://api.sandbox.push.apple.com",
        ] {
            let client = sender(&started, protocol, !base.is_empty(), None);
            let direct = started.url();
            let base = if base.is_empty() {
                direct.as_str()
            } else {
                base
            };
            let (status, has_id, _) = push(&client, base, "abcd", "magic").await;
            assert_eq!((status, has_id), (200, true), "{base}");
            assert!(wake.take(), "{base}");
            // The service does not know magics; the device is not woken.
            assert_eq!(push(&client, base, "abcd", "wrong").await.0, 200);
            assert!(!wake.take());
            let (status, _, body) = push(&client, base, "0000", "magic").await;
            let gone = json!({ "reason": "Unregistered", "timestamp": 1_795_392_000_000_i64 });
            assert_eq!((status, body), (410, gone));
            let (status, _, body) = push(&client, base, "xyz", "magic").await;
            assert_eq!((status, body), (400, json!({ "reason": "BadDeviceToken" })));
            assert_eq!(
                started.seen().last().map(|push| push.http2),
                Some(protocol == b"h2")
            );
        }
    }
    assert!(!other.take(), "nobody else is woken");
}

#[tokio::test]
async fn faults_are_switched_while_it_runs() {
    let hub = PushHub::default();
    let mut wake = hub.register(&[0xab, 0xcd], "magic");
    let started = start(hub, ApnsSettings::default()).await.expect("listens");
    let client = sender(&started, b"h2", false, None);
    let fault = |fault| ApnsSettings {
        fault: Some(fault),
        ..ApnsSettings::default()
    };
    let url = started.url();
    for (wanted, status, reason) in [
        (
            ApnsFault::TooManyRequests,
            429,
            json!({ "reason": "TooManyRequests" }),
        ),
        (ApnsFault::NeverDelivers, 200, Value::Null),
        (
            ApnsFault::Refuses(403, "Forbidden".to_owned()),
            403,
            json!({ "reason": "Forbidden" }),
        ),
    ] {
        started.set(fault(wanted.clone()));
        let (found, _, body) = push(&client, &url, "abcd", "magic").await;
        assert_eq!((found, body), (status, reason), "{wanted:?}");
        assert!(!wake.take(), "{wanted:?}");
    }
    started.set(fault(ApnsFault::NeverAnswers));
    let silent = client
        .post(format!("{url}/3/device/abcd"))
        .json(&json!({ "mdm": "magic" }))
        .timeout(Duration::from_millis(200))
        .send()
        .await;
    assert!(silent.expect_err("silence").is_timeout());
    started.set(ApnsSettings {
        topics: ["com.apple.mgmt.External.one".to_owned()].into(),
        fault: None,
    });
    for (topic, status) in [("com.apple.mgmt.External.one", 200), ("another", 403)] {
        let answer = client
            .post(format!("{url}/3/device/abcd"))
            .header("apns-topic", topic)
            .json(&json!({ "mdm": "magic" }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{topic}");
    }
    assert!(wake.take());
}

#[tokio::test]
async fn the_topic_of_a_push_certificate_is_noted() {
    let hub = PushHub::default();
    let _wake = hub.register(&[0xab, 0xcd], "magic");
    let started = start(hub, ApnsSettings::default()).await.expect("listens");
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(
        rcgen::DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 1]),
        "com.apple.mgmt.External.two",
    );
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let client = sender(
        &started,
        b"h2",
        true,
        Some((&certificate, &key.serialize_pem())),
    );
    let base = "https://api.push.apple.com";
    assert_eq!(push(&client, base, "abcd", "magic").await.0, 200);
    let seen = started.seen();
    assert_eq!(
        seen[0].certificate_topic.as_deref(),
        Some("com.apple.mgmt.External.two")
    );
}

#[tokio::test]
async fn the_proxy_leads_nowhere_else_and_strangers_do_no_harm() {
    let started = start(PushHub::default(), ApnsSettings::default())
        .await
        .expect("listens");
    let address = started.address;
    let table: [(&[u8], &str); 5] = [
        (b"CONNECT example.org:443 HTTP/1.1\r\n\r\n", "403"),
        (b"CONNECT api.push.apple.com:22 HTTP/1.1\r\n\r\n", "403"),
        (b"GET / HTTP/1.1\r\n\r\n", "400"),
        (&[b'x'; 9000], ""),
        (b"\x16\x03\x01\x00\x05hello", ""),
    ];
    for (bytes, status) in table {
        let bytes = bytes.to_vec();
        let said = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).expect("connects");
            let _ = stream.write_all(&bytes);
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        })
        .await
        .expect("it ran");
        assert!(said.contains(status), "{said}");
        assert!(!said.contains("200"), "{said}");
    }
}

#[tokio::test]
async fn a_ca_can_be_kept() {
    let ca = ApnsCa::generate().expect("a CA");
    let mut options = ApnsOptions::new(ANY.into());
    options.ca = Some(ca.clone());
    let started = Apns::start(options, PushHub::default(), clock())
        .await
        .expect("listens");
    assert_eq!(started.ca_pem, ca.certificate_pem);
    // A sender that trusts another CA gets no connection.
    let mut stranger = ApnsOptions::new(ANY.into());
    stranger.ca = Some(ApnsCa::generate().expect("a CA"));
    let other = Apns::start(stranger, PushHub::default(), clock())
        .await
        .expect("listens");
    let client = sender(&other, b"h2", false, None);
    let sent = client
        .post(format!("{}/3/device/ab", started.url()))
        .send()
        .await;
    assert!(sent.expect_err("no trust").is_connect());
    let route = ApnsRoute::Direct("https://127.0.0.1:1/".to_owned());
    let options = ApnsClientOptions {
        route,
        ca_pem: ca.certificate_pem,
        certificate_pem: None,
        http1_only: false,
    };
    assert_eq!(options.base(), "https://127.0.0.1:1");
}

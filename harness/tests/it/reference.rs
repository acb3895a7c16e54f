//! The embedded reference server: conformance, its settings, and its planted faults.

use std::sync::Arc;
use std::time::Duration;

use harness::protocol::apple::identity::{IdentityIssuer, KeyKind};
use harness::push::PushHub;
use harness::server::clock::Clock;
use harness::server::reference::{
    IdentityProof, ReferenceConfig, ReferenceServer, ServerQuirks, UserAuthenticate,
};
use harness::server::{ServerUnderTest as _, Signing, Wake};
use scenarios::fault::{ANY, About, Behavior, Does};
use serde_json::json;

use crate::conformance::conform;
use crate::scripted::Device;

const WITHIN: Duration = Duration::from_secs(10);

pub(crate) fn config() -> ReferenceConfig {
    let issuer = Arc::new(IdentityIssuer::generate().expect("an issuer"));
    let clock = Clock::fixed("2026-11-23T00:00:00Z".parse().expect("an instant"));
    ReferenceConfig::new(issuer, PushHub::default(), clock)
}

fn quirky(about: About, does: Does) -> Arc<ReferenceServer> {
    let mut config = config();
    config.quirks = ServerQuirks::new([Behavior::server(about, does)]);
    ReferenceServer::embedded(config).expect("starts")
}

#[tokio::test]
async fn the_embedded_server_conforms() {
    let server = ReferenceServer::embedded(config()).expect("starts");
    conform(server.as_ref()).await;
}

#[tokio::test]
async fn the_embedded_server_conforms_over_a_socket_with_rsa_and_certificate_headers() {
    let mut over_socket = config();
    over_socket.keys = KeyKind::Rsa2048;
    over_socket.proof = IdentityProof::CertificateHeader("X-Client-Cert".to_owned());
    over_socket.user_authenticate = UserAuthenticate::Gone;
    over_socket.server_capabilities.clear();
    over_socket.return_to_service = None;
    let server = ReferenceServer::embedded_on(over_socket, ([127, 0, 0, 1], 0).into())
        .await
        .expect("starts");
    conform(server.as_ref()).await;
}

#[test]
fn it_says_so_when_there_is_no_runtime() {
    let error = ReferenceServer::embedded(config()).expect_err("no runtime");
    assert!(error.to_string().contains("tokio"), "{error}");
}

#[tokio::test]
async fn a_device_without_a_registered_token_cannot_be_woken() {
    let server = ReferenceServer::embedded(config()).expect("starts");
    let mut device = Device::new(server.as_ref(), 1).await;
    assert_eq!(server.wake(&device.id).await, Ok(Wake::Failed));
    device.enroll().await;
    assert_eq!(server.wake(&device.id).await, Ok(Wake::Pushed));
    device.grant.push.unregister(&1_u64.to_be_bytes());
    assert_eq!(server.wake(&device.id).await, Ok(Wake::Failed));
}

#[tokio::test]
async fn users_authenticate_in_two_rounds_or_one() {
    let server = ReferenceServer::embedded(config()).expect("starts");
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    let mut user = device.user(2, "USER").await;
    let challenge = user.checkin("UserAuthenticate", json!({})).await.plist();
    let text = challenge["DigestChallenge"].as_str().expect("a challenge");
    assert!(text.starts_with("Digest nonce="), "{text}");
    let response = json!({ "DigestResponse": "Digest username=\"taro\"" });
    let token = user.checkin("UserAuthenticate", response).await.plist();
    assert!(!token["AuthToken"].as_str().expect("a token").is_empty());

    let mut zero = config();
    zero.user_authenticate = UserAuthenticate::ZeroLengthChallenge;
    let server = ReferenceServer::embedded(zero).expect("starts");
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    let mut user = device.user(2, "USER").await;
    let challenge = user.checkin("UserAuthenticate", json!({})).await.plist();
    assert_eq!(challenge, json!({ "DigestChallenge": "" }));
}

#[tokio::test]
async fn tokens_and_returns_to_service_are_answered() {
    let server = ReferenceServer::embedded(config()).expect("starts");
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    let token = device
        .checkin("GetToken", json!({ "TokenServiceType": "com.apple.maid" }))
        .await
        .plist();
    assert!(token["TokenData"]["$data"].is_string(), "{token}");
    device
        .checkin(
            "SetBootstrapToken",
            json!({ "BootstrapToken": { "$data": "AAEC" } }),
        )
        .await;
    let answer = device.checkin("ReturnToService", json!({})).await.plist();
    assert_eq!(
        answer,
        json!({ "ReturnToService": { "Enabled": true, "BootstrapToken": { "$data": "AAEC" } } })
    );
}

#[tokio::test]
async fn altered_commands_reach_the_device_altered() {
    let about = || About::command("DeviceInformation");
    let command = json!({ "RequestType": "DeviceInformation", "Queries": ["OSVersion"] });
    let table = [
        (
            Does::drop("/Command/Queries".to_owned()),
            json!({ "RequestType": "DeviceInformation" }),
        ),
        (
            Does::rename("/Command/Queries".to_owned(), "Querries".to_owned()),
            json!({ "RequestType": "DeviceInformation", "Querries": ["OSVersion"] }),
        ),
        (
            Does::set("/Command/Queries/0".to_owned(), json!("IMEI")),
            json!({ "RequestType": "DeviceInformation", "Queries": ["IMEI"] }),
        ),
    ];
    for (alteration, expected) in table {
        let server = quirky(about(), alteration);
        let mut device = Device::new(server.as_ref(), 1).await;
        device.enroll().await;
        server
            .enqueue(&device.id, "1", &command)
            .await
            .expect("queued");
        let got = device
            .report("Idle", None, json!({}))
            .await
            .expect("a command");
        assert_eq!(got["Command"], expected);
    }
}

#[tokio::test]
async fn swallowed_and_repeated_commands_and_failing_answers() {
    let command = json!({ "RequestType": "ProfileList" });
    let server = quirky(About::command(ANY), Does::Never);
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    server
        .enqueue(&device.id, "1", &command)
        .await
        .expect("accepted");
    assert_eq!(device.next("Idle", None).await, None);

    let server = quirky(About::command(ANY), Does::Duplicate);
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    server
        .enqueue(&device.id, "1", &command)
        .await
        .expect("accepted");
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("1"));
    assert_eq!(
        device.next("Acknowledged", Some("1")).await.as_deref(),
        Some("1")
    );
    assert_eq!(device.next("Acknowledged", Some("1")).await, None);

    let server = quirky(About::command(ANY), Does::Http(503));
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    server
        .enqueue(&device.id, "1", &command)
        .await
        .expect("accepted");
    assert_eq!(device.report_raw("Idle", None, json!({})).await.status, 503);

    let server = quirky(About::checkin("Authenticate"), Does::Http(401));
    let mut device = Device::new(server.as_ref(), 1).await;
    assert_eq!(device.checkin("Authenticate", json!({})).await.status, 401);
}

#[tokio::test]
async fn altered_declarations_and_stale_status() {
    let kind = "com.apple.configuration.passcode.settings";
    let declaration = json!({ "Type": kind, "Identifier": "p", "Payload": { "MinimumLength": 6 } });
    let server = quirky(
        About::declaration(kind),
        Does::set("/Payload/MinimumLength".to_owned(), json!(4)),
    );
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    let all = [declaration];
    server
        .set_declarations(&device.id, &all)
        .await
        .expect("set");
    let got = device
        .declarative("declaration/configuration/p", None)
        .await
        .json();
    assert_eq!(got["Payload"]["MinimumLength"], 4);

    let server = quirky(About::StatusReport, Does::Never);
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    for compliant in [false, true] {
        let report = json!({ "StatusItems": { "passcode": { "is-compliant": compliant } } });
        device.declarative("status", Some(&report)).await;
    }
    let view = server
        .declarations(&device.id, 1, WITHIN)
        .await
        .expect("a view");
    assert_eq!(view.reports, 2);
    assert_eq!(
        view.status,
        serde_json::Value::Null,
        "what the server knew, which is nothing, stays"
    );
}

#[tokio::test]
async fn without_proof_nobody_is_refused() {
    let mut open = config();
    open.proof = IdentityProof::None;
    let server = ReferenceServer::embedded(open).expect("starts");
    let mut device = Device::new(server.as_ref(), 1).await;
    assert!(matches!(device.grant.signing, Signing::None));
    device.enroll().await;
    assert_eq!(device.next("Idle", None).await, None);
}

#[tokio::test]
async fn hostile_devices_get_an_error_and_nothing_else() {
    let server = ReferenceServer::embedded(config()).expect("starts");
    let mut device = Device::new(server.as_ref(), 1).await;
    device.enroll().await;
    let checkin = "application/x-apple-aspen-mdm-checkin";
    for body in [
        Vec::new(),
        b"bplist00".to_vec(),
        b"<plist><array/></plist>".to_vec(),
        vec![0xff; 1000],
    ] {
        let answer = device.send("/mdm", checkin, body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let huge = device
        .send("/mdm", checkin, vec![b' '; 5 * 1024 * 1024])
        .await;
    assert_eq!(huge.status, 413);
    let mut device = Device::new(server.as_ref(), 2).await;
    device.enroll().await;
    let bad = device
        .declarative("status", Some(&json!("no object")))
        .await;
    assert_eq!(bad.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_stops_in_the_middle_is_let_go() {
    use harness::transport::Connection;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = ReferenceServer::embedded(config()).expect("starts");
    let device = Device::new(server.as_ref(), 1).await;
    let Connection::Duplex(mut pipe) = device.grant.carrier.dial().await.expect("a pipe") else {
        panic!("the embedded server is reached through a pipe");
    };
    pipe.write_all(b"PUT /mdm HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        .await
        .expect("written");
    let mut answer = vec![0; 64];
    let read = pipe.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// The suite itself can fail: every planted fault turns it red.
#[tokio::test]
async fn the_suite_sees_every_planted_fault() {
    let command = || About::command(ANY);
    let declaration = || About::declaration(ANY);
    let checkin = |kind: &str| About::checkin(kind);
    let faults = [
        (command(), Does::Never),
        (command(), Does::Duplicate),
        (command(), Does::drop("/Command/Queries".to_owned())),
        (
            command(),
            Does::rename("/CommandUUID".to_owned(), "UUID".to_owned()),
        ),
        (
            command(),
            Does::set("/Command/Queries".to_owned(), json!([])),
        ),
        (command(), Does::Http(500)),
        (declaration(), Does::Never),
        (declaration(), Does::drop("/Payload".to_owned())),
        (
            declaration(),
            Does::set("/ServerToken".to_owned(), json!("old")),
        ),
        (About::StatusReport, Does::Never),
        (checkin("Authenticate"), Does::Http(401)),
        (checkin("TokenUpdate"), Does::Http(500)),
        (checkin("CheckOut"), Does::Http(500)),
        (checkin("GetBootstrapToken"), Does::Never),
        (checkin("GetToken"), Does::Http(500)),
        (checkin("UserAuthenticate"), Does::Http(410)),
        (checkin("ReturnToService"), Does::Http(500)),
    ];
    for (target, alteration) in faults {
        let name = format!("{target:?} {alteration:?}");
        let server = quirky(target, alteration);
        let suite = tokio::spawn(async move { conform(server.as_ref()).await });
        assert!(
            suite.await.is_err_and(|error| error.is_panic()),
            "{name} is not seen"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_devices_at_once_get_their_own_commands_and_results() {
    let server = ReferenceServer::embedded(config()).expect("starts");
    let devices = (0..64).map(|number| {
        let server = server.clone();
        tokio::spawn(async move {
            let mut device = Device::new(server.as_ref(), number).await;
            device.enroll().await;
            for round in 0..10 {
                let uuid = format!("{number}-{round}");
                let command = json!({ "RequestType": "DeviceInformation", "Queries": [uuid] });
                server
                    .enqueue(&device.id, &uuid, &command)
                    .await
                    .expect("queued");
                let waiter = {
                    let (server, id, uuid) = (server.clone(), device.id.clone(), uuid.clone());
                    tokio::spawn(async move { server.result(&id, &uuid, WITHIN).await })
                };
                assert_eq!(server.wake(&device.id).await, Ok(Wake::Pushed));
                assert!(device.woken().await);
                let got = device
                    .report("Idle", None, json!({}))
                    .await
                    .expect("a command");
                assert_eq!(got["Command"], command);
                let answer = json!({ "QueryResponses": { "Echo": uuid } });
                assert_eq!(
                    device.report("Acknowledged", Some(&uuid), answer).await,
                    None
                );
                let result = waiter.await.expect("ends").expect("a result");
                assert_eq!(result.body["QueryResponses"]["Echo"], uuid.as_str());
            }
        })
    });
    for device in devices.collect::<Vec<_>>() {
        device.await.expect("well");
    }
}

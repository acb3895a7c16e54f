//! Servers that send what a device must survive.

use harness::device::{DeviceError, DeviceUnderTest as _, MessageBody};
use scenarios::scenario::ChannelWord;
use serde_json::json;

use crate::device_support::{Setup, plist_bytes};

fn nested(levels: usize) -> Vec<u8> {
    let open = "<array>".repeat(levels);
    let close = "</array>".repeat(levels);
    format!("<plist version=\"1.0\"><dict><key>a</key>{open}{close}</dict></plist>").into_bytes()
}

#[tokio::test]
async fn bytes_that_are_no_command_end_the_session_with_an_error() {
    let whole =
        plist_bytes(&json!({"CommandUUID": "c", "Command": {"RequestType": "ProfileList"}}));
    for bytes in [
        b"<html><body>Bad Gateway</body></html>".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        nested(100_000),
        vec![b'a'; 17 * 1024 * 1024],
        b"bplist00\xff\xff\xff\xff".to_vec(),
        b"{\"json\": true}".to_vec(),
        plist_bytes(&json!({"Command": {"RequestType": "ProfileList"}})),
        plist_bytes(&json!({"CommandUUID": 5})),
    ] {
        let (server, mut device) = Setup::iphone("18.0").enrolled().await;
        server.with(|script| {
            script
                .raw
                .insert("command".to_owned(), (200, bytes.clone()))
        });
        let error = device.session(ChannelWord::Device).await.unwrap_err();
        assert!(matches!(error, DeviceError::Garbage { .. }), "{error}");
        for message in device.take_messages() {
            if let MessageBody::Undecodable(text) = message.body {
                assert!(text.len() < 4_000);
            }
        }
    }
}

#[tokio::test]
async fn a_command_in_the_wrong_shape_is_answered() {
    for command in [
        json!("text"),
        json!({}),
        json!({"RequestType": 5}),
        json!([1]),
    ] {
        let (server, mut device) = Setup::iphone("18.0").enrolled().await;
        server.queue("c", command);
        device.session(ChannelWord::Device).await.unwrap();
        assert_eq!(server.answers()[0]["Status"], "CommandFormatError");
    }
}

#[tokio::test]
async fn hostile_declarations_end_with_an_error() {
    for (endpoint, status, body) in [
        ("tokens", 200, &b"<html>"[..]),
        ("tokens", 200, b""),
        ("tokens", 500, b"down"),
        ("declaration-items", 200, b"{\"Declarations\": 5}"),
        ("declaration-items", 404, b""),
        ("status", 500, b""),
    ] {
        let (server, mut device) = Setup::iphone("18.0").enrolled().await;
        server.with(|script| {
            script
                .raw
                .insert(endpoint.to_owned(), (status, body.to_vec()))
        });
        server.queue("d", json!({"RequestType": "DeclarativeManagement"}));
        let error = device.session(ChannelWord::Device).await.unwrap_err();
        assert!(
            matches!(
                error,
                DeviceError::Garbage { .. } | DeviceError::Status { .. }
            ),
            "{endpoint} {status}: {error}"
        );
    }
}

#[tokio::test]
async fn profiles_that_cannot_be_read_are_refused() {
    for bytes in [
        &b"junk"[..],
        b"\x30\x82\x10\x00",
        b"<plist><dict/></plist>",
        b"",
    ] {
        let (server, mut device) = Setup::iphone("18.0").enrolled().await;
        let data = harness::protocol::apple::codec::to_json(&plist::Value::Data(bytes.to_vec()));
        server.queue(
            "p",
            json!({"RequestType": "InstallProfile", "Payload": data}),
        );
        device.session(ChannelWord::Device).await.unwrap();
        assert_eq!(server.answers()[0]["Status"], "Error");
        assert_eq!(device.effects().unwrap()["profiles"], json!({}));
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_unreachable() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let (dialer, listener) = harness::transport::duplex_listener();
    drop(listener);
    let mut grant = server.grant.clone();
    grant.carrier = harness::transport::Carrier::Duplex(dialer);
    let error = device.enroll(&grant).await.unwrap_err();
    assert!(matches!(error, DeviceError::Unreachable(_)), "{error}");
}

//! Enrollment: order and keys of check-in messages, channels, leaving.

use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::Hardware;
use device_matrix::platform::Platform;
use harness::device::apple::testing::{model, release};
use harness::device::{DeviceError, DeviceUnderTest as _};
use harness::protocol::apple::checkin::CheckinMessage;
use harness::protocol::apple::codec;
use harness::push::Pushed;
use scenarios::scenario::{ChannelWord, DeviceAction};
use serde_json::{Value, json};

use crate::device_support::{Server, Setup, plist_bytes};

fn keys(message: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = message
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// Key sets of messages that real devices sent (test data of micromdm/nanomdm, MIT): an iPad on 9.3.5 and an iMac on
/// 10.12.6. The iMac's `Challenge` is in no documentation and is left out here.
#[tokio::test]
async fn messages_have_the_keys_of_real_devices() {
    let setup = |id: &str, platform: Platform, version: &str| Setup {
        model: model(id, platform, &[]),
        release: release(platform, version, "13G36"),
        enrollment: EnrollmentType::Profile,
        supervised: false,
        ..Setup::iphone("18.0")
    };
    let (server, _) = setup("iPad2,5", Platform::Ipados, "9.3.5").enrolled().await;
    let authenticate = &server.checkin("Authenticate")[0];
    assert_eq!(
        keys(authenticate),
        [
            "BuildVersion",
            "MessageType",
            "OSVersion",
            "ProductName",
            "SerialNumber",
            "Topic",
            "UDID"
        ]
    );
    assert_eq!(authenticate["UDID"].as_str().unwrap().len(), 40);
    assert_eq!(
        keys(&server.checkin("TokenUpdate")[0]),
        [
            "AwaitingConfiguration",
            "MessageType",
            "PushMagic",
            "Token",
            "Topic",
            "UDID",
            "UnlockToken"
        ]
    );
    let (server, _) = setup("iMac14,2", Platform::Macos, "10.12.6")
        .enrolled()
        .await;
    let authenticate = &server.checkin("Authenticate")[0];
    assert_eq!(
        keys(authenticate),
        [
            "BuildVersion",
            "DeviceName",
            "MessageType",
            "Model",
            "ModelName",
            "OSVersion",
            "ProductName",
            "SerialNumber",
            "Topic",
            "UDID",
        ]
    );
    assert_eq!(authenticate["UDID"].as_str().unwrap().len(), 36);
    assert_eq!(
        keys(&server.checkin("TokenUpdate")[0]),
        [
            "AwaitingConfiguration",
            "MessageType",
            "PushMagic",
            "Token",
            "Topic",
            "UDID"
        ]
    );
}

#[tokio::test]
async fn messages_come_in_order_with_their_content_types() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    assert_eq!(server.checkins(), ["Authenticate", "TokenUpdate"]);
    device.session(ChannelWord::Device).await.unwrap();
    let seen = server.with(|script| script.seen.clone());
    assert_eq!(seen[0].1, "application/x-apple-aspen-mdm-checkin");
    assert_eq!(seen[2].0, "/mdm");
    assert_eq!(seen[2].1, "application/x-apple-aspen-mdm");
    assert_eq!(keys(&seen[2].2), ["Status", "UDID"]);
    let shown: Vec<String> = device
        .take_messages()
        .into_iter()
        .map(|message| message.what)
        .collect();
    assert_eq!(
        shown,
        [
            "Authenticate",
            "Authenticate",
            "TokenUpdate",
            "TokenUpdate",
            "Idle",
            "empty"
        ]
    );
    assert!(device.take_messages().is_empty());
}

#[tokio::test]
async fn user_enrollment_hides_what_identifies_the_device() {
    let setup = Setup::iphone("18.0").unsupervised(EnrollmentType::AccountUser);
    let (server, device) = setup.enrolled().await;
    for message in [
        &server.checkin("Authenticate")[0],
        &server.checkin("TokenUpdate")[0],
    ] {
        for hidden in ["UDID", "SerialNumber", "IMEI", "MEID", "UnlockToken"] {
            assert!(message.get(hidden).is_none(), "{hidden}");
        }
        let id = message["EnrollmentID"].as_str().unwrap();
        assert_eq!(device.enrollment_id(ChannelWord::Device).0, id);
    }
}

#[tokio::test]
async fn a_mac_opens_its_user_channel_or_is_declined() {
    let (server, mut device) = Setup::mac("15.0").enrolled().await;
    assert_eq!(
        server.checkins(),
        [
            "Authenticate",
            "TokenUpdate",
            "SetBootstrapToken",
            "UserAuthenticate",
            "TokenUpdate"
        ]
    );
    let user = &server.checkin("TokenUpdate")[1];
    assert_eq!(user["UserShortName"], "alex");
    assert_eq!(user["NotOnConsole"], json!(false));
    let body = codec::from_json(user).unwrap().into_dictionary().unwrap();
    let id = CheckinMessage::parse(&body)
        .unwrap()
        .ids()
        .resolve()
        .unwrap();
    assert_eq!(device.enrollment_id(ChannelWord::User).0, id);
    device.session(ChannelWord::User).await.unwrap();

    let server = Server::start();
    server.with(|script| {
        script
            .raw
            .insert("UserAuthenticate".to_owned(), (410, Vec::new()))
    });
    let mut declined = Setup::mac("15.0").device();
    declined.enroll(&server.grant).await.unwrap();
    assert_eq!(server.checkin("TokenUpdate").len(), 1);
    assert!(declined.session(ChannelWord::User).await.is_err());
    assert_eq!(
        declined.effects().unwrap()["management"]["user_channel"],
        json!(false)
    );
}

#[tokio::test]
async fn user_authentication_takes_two_rounds() {
    let server = Server::start();
    let challenge = plist_bytes(&json!({"DigestChallenge": "nonce"}));
    server.with(|script| {
        script
            .raw
            .insert("UserAuthenticate".to_owned(), (200, challenge))
    });
    let mut device = Setup::mac("15.0").device();
    device.enroll(&server.grant).await.unwrap();
    let rounds = server.checkin("UserAuthenticate");
    assert_eq!(rounds.len(), 2);
    assert!(rounds[0].get("DigestResponse").is_none());
    assert!(
        rounds[1]["DigestResponse"]
            .as_str()
            .unwrap()
            .contains("nonce")
    );
}

#[tokio::test]
async fn shared_ipad_names_its_user() {
    let setup = Setup {
        model: model("iPad13,18", Platform::Ipados, &[Hardware::SharedIpad]),
        release: release(Platform::Ipados, "18.0", "22A3354"),
        enrollment: EnrollmentType::SharedIpad,
        ..Setup::iphone("18.0")
    };
    let (server, mut device) = setup.enrolled().await;
    assert_eq!(server.checkins(), ["Authenticate", "TokenUpdate"]);
    assert!(device.session(ChannelWord::User).await.is_err());
    device
        .act(&DeviceAction::UserLogin("kim@example.com".to_owned()))
        .await
        .unwrap();
    let user = &server.checkin("TokenUpdate")[1];
    assert_eq!(user["UserID"], "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF");
    assert_eq!(user["UserShortName"], "kim@example.com");
    assert!(
        device
            .enrollment_id(ChannelWord::User)
            .0
            .ends_with(":kim@example.com")
    );
    device.session(ChannelWord::User).await.unwrap();
}

#[tokio::test]
async fn pushes_wake_the_device_until_it_leaves() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let update = server.checkin("TokenUpdate").remove(0);
    let token = codec::from_json(&update["Token"])
        .unwrap()
        .as_data()
        .unwrap()
        .to_vec();
    let magic = update["PushMagic"].as_str().unwrap().to_owned();
    assert_eq!(server.grant.push.push(&token, &magic), Pushed::Woken);
    assert!(device.woken(std::time::Duration::from_secs(5)).await);
    assert!(!device.woken(std::time::Duration::from_millis(1)).await);
    device.act(&DeviceAction::RemoveManagement).await.unwrap();
    assert_eq!(
        server.checkins().last().map(String::as_str),
        Some("CheckOut")
    );
    assert_eq!(server.grant.push.push(&token, &magic), Pushed::Unregistered);
    assert_eq!(
        device.effects().unwrap()["management"]["enrolled"],
        json!(false)
    );
    // Coming back means a new token.
    device.enroll(&server.grant).await.unwrap();
    assert_eq!(server.checkins()[3..], ["Authenticate", "TokenUpdate"]);
}

#[tokio::test]
async fn the_same_seed_sends_the_same_bytes() {
    let (one, _) = Setup::mac("15.0").enrolled().await;
    let (two, _) = Setup::mac("15.0").enrolled().await;
    assert_eq!(
        one.with(|script| script.seen.clone()),
        two.with(|script| script.seen.clone())
    );
}

#[tokio::test]
async fn a_server_that_no_longer_knows_the_device_loses_it() {
    let unknown = serde_json::to_vec(&json!({"code": "com.apple.unrecognized.device"})).unwrap();
    for (version, status, body, gone) in [
        ("18.0", 401, Vec::new(), true),
        ("16.0", 401, Vec::new(), true),
        ("18.0", 403, unknown.clone(), true),
        ("16.0", 403, unknown, false),
        ("18.0", 403, b"{}".to_vec(), false),
        ("18.0", 500, Vec::new(), false),
    ] {
        let (server, mut device) = Setup::iphone(version).enrolled().await;
        server.with(|script| script.raw.insert("command".to_owned(), (status, body)));
        let error = device.session(ChannelWord::Device).await.unwrap_err();
        assert!(matches!(error, DeviceError::Status { status: seen, .. } if seen == status));
        let enrolled = device.effects().unwrap()["management"]["enrolled"] == json!(true);
        assert_eq!(enrolled, !gone, "{version} {status}");
    }
}

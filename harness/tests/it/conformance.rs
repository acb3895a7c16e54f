//! What every adapter of a server must do. The suite is one function over the trait.

use std::time::Duration;

use harness::server::{EnrollmentId, ServerError, ServerUnderTest, Signing, Wake};
use serde_json::{Value, json};

use crate::scripted::Device;

/// Generous: nothing here waits for time to pass unless something is broken.
const WITHIN: Duration = Duration::from_secs(10);
/// For what must not come. Events of a server arrive in order, so that a short wait tells.
const NOT_WITHIN: Duration = Duration::from_millis(50);

/// Runs the suite.
pub(crate) async fn conform(server: &dyn ServerUnderTest) {
    server.check().await.expect("the server is there");
    commands_reach_devices_and_results_come_back(server).await;
    not_now_is_not_final_and_is_delivered_again(server).await;
    results_of_unknown_commands_are_tolerated(server).await;
    strangers_are_refused(server).await;
    a_new_enrollment_starts_empty(server).await;
    an_id_is_accepted_once(server).await;
    user_channels_have_queues_of_their_own(server).await;
    bootstrap_tokens_come_back(server).await;
    declarations_are_synchronized(server).await;
    check_ins_are_seen(server).await;
    a_reset_empties_the_queue_or_says_why_not(server).await;
    undeclared_messages_fail(server).await;
}

fn query() -> Value {
    json!({ "RequestType": "DeviceInformation", "Queries": ["OSVersion", "SerialNumber"] })
}

async fn enrolled(server: &dyn ServerUnderTest, number: u64) -> Device {
    let mut device = Device::new(server, number).await;
    device.enroll().await;
    device
}

async fn enqueue(server: &dyn ServerUnderTest, id: &EnrollmentId, uuid: &str) {
    server.enqueue(id, uuid, &query()).await.expect("queued");
}

async fn commands_reach_devices_and_results_come_back(server: &dyn ServerUnderTest) {
    let mut device = enrolled(server, 101).await;
    assert_eq!(device.next("Idle", None).await, None);
    enqueue(server, &device.id, "C-101-1").await;
    enqueue(server, &device.id, "C-101-2").await;
    match server.wake(&device.id).await.expect("a push") {
        Wake::Pushed => assert!(device.woken().await, "the push does not arrive"),
        other => assert!(!server.capabilities().push, "{other:?}"),
    }
    let command = device
        .report("Idle", None, json!({}))
        .await
        .expect("a command");
    assert_eq!(
        command,
        json!({ "CommandUUID": "C-101-1", "Command": query() })
    );
    let response = json!({
        "QueryResponses": { "OSVersion": "18.1", "Blob": { "$data": "AAEC" } }
    });
    let next = device
        .report("Acknowledged", Some("C-101-1"), response)
        .await
        .expect("the second command");
    assert_eq!(next["CommandUUID"], "C-101-2");
    let chain =
        json!({ "ErrorChain": [{ "ErrorCode": 12021, "ErrorDomain": "MCMDMErrorDomain" }] });
    assert_eq!(device.report("Error", Some("C-101-2"), chain).await, None);
    if !server.shows_results() {
        return;
    }
    let first = server
        .result(&device.id, "C-101-1", WITHIN)
        .await
        .expect("a result");
    assert_eq!(first.body["Status"], "Acknowledged");
    assert_eq!(
        first.body["QueryResponses"],
        json!({ "OSVersion": "18.1", "Blob": { "$data": "AAEC" } })
    );
    let second = server
        .result(&device.id, "C-101-2", WITHIN)
        .await
        .expect("a result");
    assert_eq!(second.body["Status"], "Error");
    assert_eq!(second.body["ErrorChain"][0]["ErrorCode"], 12021);
}

async fn not_now_is_not_final_and_is_delivered_again(server: &dyn ServerUnderTest) {
    let mut device = enrolled(server, 102).await;
    enqueue(server, &device.id, "C-102-1").await;
    enqueue(server, &device.id, "C-102-2").await;
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("C-102-1"));
    let next = device.next("NotNow", Some("C-102-1")).await;
    assert_eq!(next.as_deref(), Some("C-102-2"));
    assert_eq!(device.next("NotNow", Some("C-102-2")).await, None);
    if server.shows_results() {
        let early = server.result(&device.id, "C-102-1", NOT_WITHIN).await;
        assert!(
            matches!(early, Err(ServerError::Timeout { .. })),
            "{early:?}"
        );
    }
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("C-102-1"));
    let next = device.next("Acknowledged", Some("C-102-1")).await;
    assert_eq!(next.as_deref(), Some("C-102-2"));
    assert_eq!(device.next("Acknowledged", Some("C-102-2")).await, None);
    for uuid in ["C-102-1", "C-102-2"] {
        if !server.shows_results() {
            break;
        }
        let result = server
            .result(&device.id, uuid, WITHIN)
            .await
            .expect("a result");
        assert_eq!(result.body["Status"], "Acknowledged");
    }
}

async fn results_of_unknown_commands_are_tolerated(server: &dyn ServerUnderTest) {
    let mut device = enrolled(server, 103).await;
    assert_eq!(
        device.next("Acknowledged", Some("nobody-asked")).await,
        None
    );
    enqueue(server, &device.id, "C-103-1").await;
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("C-103-1"));
    let answer = device.report_raw("Acknowledged", None, json!({})).await;
    assert_eq!(
        answer.status, 500,
        "a result without CommandUUID: {answer:?}"
    );
    let answer = device
        .send("/mdm", "application/x-apple-aspen-mdm", b"garbage".to_vec())
        .await;
    assert!((400..=500).contains(&answer.status), "{answer:?}");
    assert_eq!(device.next("Acknowledged", Some("C-103-1")).await, None);
    if server.shows_results() {
        server
            .result(&device.id, "C-103-1", WITHIN)
            .await
            .expect("a result");
    }
}

async fn strangers_are_refused(server: &dyn ServerUnderTest) {
    let mut device = enrolled(server, 104).await;
    let mut other = enrolled(server, 105).await;
    enqueue(server, &device.id, "C-104-1").await;
    let own = device.grant.signing.clone();
    // The other device's certificate for this device.
    device.grant.signing = other.grant.signing.clone();
    let answer = device.report_raw("Idle", None, json!({})).await;
    assert_eq!(answer.status, 500, "another's certificate: {answer:?}");
    let answer = device
        .checkin("Authenticate", json!({ "Topic": "t" }))
        .await;
    assert_eq!(
        answer.status, 500,
        "Authenticate with another's certificate: {answer:?}"
    );
    device.grant.signing = Signing::None;
    let answer = device.report_raw("Idle", None, json!({})).await;
    assert_eq!(answer.status, 400, "no certificate: {answer:?}");
    device.grant.signing = own;
    // A device that never enrolled.
    let mut never = Device::new(server, 106).await;
    let answer = never.report_raw("Idle", None, json!({})).await;
    assert_eq!(answer.status, 500, "never enrolled: {answer:?}");
    // None of this harms the two.
    assert_eq!(other.next("Idle", None).await, None);
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("C-104-1"));
    assert_eq!(device.next("Acknowledged", Some("C-104-1")).await, None);
}

async fn a_new_enrollment_starts_empty(server: &dyn ServerUnderTest) {
    let mut device = enrolled(server, 107).await;
    enqueue(server, &device.id, "C-107-1").await;
    device.enroll().await;
    assert_eq!(device.next("Idle", None).await, None);
}

async fn an_id_is_accepted_once(server: &dyn ServerUnderTest) {
    let mut device = enrolled(server, 108).await;
    enqueue(server, &device.id, "C-108-1").await;
    let again = server.enqueue(&device.id, "C-108-1", &query()).await;
    match again {
        Err(error @ ServerError::Status { .. }) => {
            assert!(error.to_string().contains("already exists"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("C-108-1"));
    assert_eq!(device.next("Acknowledged", Some("C-108-1")).await, None);
    let nonsense = server.enqueue(&device.id, "C-108-2", &json!({})).await;
    assert!(
        matches!(nonsense, Err(ServerError::Status { .. })),
        "{nonsense:?}"
    );
}

async fn user_channels_have_queues_of_their_own(server: &dyn ServerUnderTest) {
    if !server.capabilities().user_channel {
        return;
    }
    let mut device = enrolled(server, 109).await;
    let mut user = device
        .user(209, "0A1B2C3D-0000-0000-0000-000000000501")
        .await;
    user.update_token().await;
    enqueue(server, &user.id, "C-109-U").await;
    enqueue(server, &device.id, "C-109-D").await;
    assert_eq!(user.next("Idle", None).await.as_deref(), Some("C-109-U"));
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("C-109-D"));
    assert_eq!(user.next("Acknowledged", Some("C-109-U")).await, None);
    assert_eq!(device.next("Acknowledged", Some("C-109-D")).await, None);
    server
        .result(&user.id, "C-109-U", WITHIN)
        .await
        .expect("the user's result");
    let wrong = server.result(&device.id, "C-109-U", NOT_WITHIN).await;
    assert!(
        matches!(wrong, Err(ServerError::Timeout { .. })),
        "{wrong:?}"
    );
}

async fn bootstrap_tokens_come_back(server: &dyn ServerUnderTest) {
    if !server.capabilities().bootstrap_token {
        return;
    }
    let mut device = enrolled(server, 110).await;
    let none = device.checkin("GetBootstrapToken", json!({})).await;
    assert_eq!((none.status, none.body.len()), (200, 0));
    assert!(
        !server
            .view(&device.id, 2, WITHIN)
            .await
            .expect("a view")
            .bootstrap_token
    );
    let token = json!({ "$data": "c2VjcmV0" });
    let set = device
        .checkin("SetBootstrapToken", json!({ "BootstrapToken": token }))
        .await;
    assert_eq!(set.status, 200);
    let got = device.checkin("GetBootstrapToken", json!({})).await;
    assert_eq!(got.plist(), json!({ "BootstrapToken": token }));
    settle(server, &mut device, "C-110-S").await;
    assert!(
        server
            .view(&device.id, 2, WITHIN)
            .await
            .expect("a view")
            .bootstrap_token
    );
}

async fn declarations_are_synchronized(server: &dyn ServerUnderTest) {
    if !server.capabilities().declarations {
        let refused = server
            .set_declarations(&EnrollmentId("X".to_owned()), &[])
            .await;
        assert!(
            matches!(refused, Err(ServerError::Unsupported { .. })),
            "{refused:?}"
        );
        return;
    }
    let mut device = enrolled(server, 111).await;
    let declarations = [
        json!({
            "Type": "com.apple.configuration.passcode.settings",
            "Identifier": "org.example/passcode 1",
            "Payload": { "RequirePasscode": true }
        }),
        json!({
            "Type": "com.apple.activation.simple",
            "Identifier": "org.example.activation",
            "Payload": { "StandardConfigurations": ["org.example/passcode 1"] }
        }),
    ];
    server
        .set_declarations(&device.id, &declarations)
        .await
        .expect("set");
    let command = device
        .report("Idle", None, json!({}))
        .await
        .expect("a command");
    assert_eq!(command["Command"]["RequestType"], "DeclarativeManagement");
    let uuid = command["CommandUUID"].as_str().expect("an id").to_owned();
    assert_eq!(device.next("Acknowledged", Some(&uuid)).await, None);

    let tokens = device.declarative("tokens", None).await.json();
    let token = tokens["SyncTokens"]["DeclarationsToken"]
        .as_str()
        .expect("a token");
    assert!(tokens["SyncTokens"]["Timestamp"].is_string());
    let items = device.declarative("declaration-items", None).await.json();
    assert_eq!(items["DeclarationsToken"], token);
    let configurations = items["Declarations"]["Configurations"]
        .as_array()
        .expect("rows");
    assert_eq!(configurations.len(), 1);
    assert_eq!(configurations[0]["Identifier"], "org.example/passcode 1");
    let body = device
        .declarative("declaration/configuration/org.example/passcode 1", None)
        .await
        .json();
    assert_eq!(body["Payload"], json!({ "RequirePasscode": true }));
    assert_eq!(body["ServerToken"], configurations[0]["ServerToken"]);
    for unknown in [
        "declaration/asset/org.example.activation",
        "declaration/x",
        "else",
    ] {
        let answer = device.declarative(unknown, None).await;
        assert_eq!(answer.status, 404, "{unknown}: {answer:?}");
    }
    let row = json!({
        "identifier": "org.example/passcode 1",
        "server-token": body["ServerToken"],
        "active": true,
        "valid": "valid"
    });
    let report = json!({
        "StatusItems": {
            "management": { "declarations": { "activations": [], "configurations": [row], "assets": [], "management": [] } },
            "passcode": { "is-compliant": false }
        },
        "Errors": []
    });
    let answer = device.declarative("status", Some(&report)).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let view = server
        .declarations(&device.id, 0, WITHIN)
        .await
        .expect("a view");
    assert_eq!(view.reports, 1);
    assert_eq!(view.declarations["org.example/passcode 1"], row);
    assert_eq!(view.status["passcode"]["is-compliant"], false);
    let early = server.declarations(&device.id, 1, NOT_WITHIN).await;
    assert!(
        matches!(early, Err(ServerError::Timeout { .. })),
        "{early:?}"
    );

    // Later reports carry only what changed.
    let change = json!({ "StatusItems": { "passcode": { "is-compliant": true } }, "Errors": [] });
    device.declarative("status", Some(&change)).await;
    let view = server
        .declarations(&device.id, 1, WITHIN)
        .await
        .expect("a view");
    assert_eq!(view.status["passcode"]["is-compliant"], true);
    assert_eq!(view.declarations["org.example/passcode 1"], row);

    // The same again changes no token; less does.
    server
        .set_declarations(&device.id, &declarations)
        .await
        .expect("set");
    let same = device.declarative("tokens", None).await.json();
    assert_eq!(same["SyncTokens"]["DeclarationsToken"], token);
    server.set_declarations(&device.id, &[]).await.expect("set");
    let fewer = device.declarative("tokens", None).await.json();
    assert_ne!(fewer["SyncTokens"]["DeclarationsToken"], token);
    let gone = device
        .declarative("declaration/configuration/org.example/passcode 1", None)
        .await;
    assert_eq!(gone.status, 404);
}

async fn check_ins_are_seen(server: &dyn ServerUnderTest) {
    if !server.shows_check_ins() {
        let refused = server
            .view(&EnrollmentId("X".to_owned()), 0, NOT_WITHIN)
            .await;
        assert!(
            matches!(refused, Err(ServerError::Unsupported { .. })),
            "{refused:?}"
        );
        return;
    }
    let mut device = enrolled(server, 112).await;
    device.update_token().await;
    settle(server, &mut device, "C-112-1").await;
    let view = server.view(&device.id, 3, WITHIN).await.expect("a view");
    assert_eq!(
        view.checkins,
        ["Authenticate", "TokenUpdate", "TokenUpdate"]
    );
    assert_eq!(view.token_updates, 2);
    device.enroll().await;
    assert_eq!(device.checkin("CheckOut", json!({})).await.status, 200);
    settle(server, &mut device, "C-112-2").await;
    let view = server.view(&device.id, 6, WITHIN).await.expect("a view");
    assert_eq!(view.token_updates, 1);
    assert_eq!(view.checkins.last().map(String::as_str), Some("CheckOut"));
}

async fn a_reset_empties_the_queue_or_says_why_not(server: &dyn ServerUnderTest) {
    let mut device = enrolled(server, 113).await;
    server.reset(&device.id).await.expect("nothing waits");
    enqueue(server, &device.id, "C-113-1").await;
    match server.reset(&device.id).await {
        Ok(()) => {}
        Err(ServerError::Unsupported { .. }) => device.enroll().await,
        Err(error) => panic!("{error}"),
    }
    assert_eq!(device.next("Idle", None).await, None);
}

async fn undeclared_messages_fail(server: &dyn ServerUnderTest) {
    let capabilities = server.capabilities();
    let mut device = enrolled(server, 114).await;
    let token = json!({ "TokenServiceType": "com.apple.maid" });
    let answer = device.checkin("GetToken", token).await;
    assert_eq!(answer.status == 200, capabilities.get_token, "{answer:?}");
    let answer = device.checkin("ReturnToService", json!({})).await;
    assert_eq!(
        answer.status == 200,
        capabilities.return_to_service,
        "{answer:?}"
    );
    let answer = device.checkin("Nonsense", json!({})).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let mut user = device
        .user(214, "0A1B2C3D-0000-0000-0000-000000000502")
        .await;
    let answer = user.checkin("UserAuthenticate", json!({})).await;
    let expected = if capabilities.user_authenticate {
        200
    } else {
        410
    };
    assert_eq!(answer.status, expected, "{answer:?}");
}

/// Lets a command through, so that everything a server tells of earlier messages has arrived.
async fn settle(server: &dyn ServerUnderTest, device: &mut Device, uuid: &str) {
    enqueue(server, &device.id, uuid).await;
    assert_eq!(device.next("Idle", None).await.as_deref(), Some(uuid));
    assert_eq!(device.next("Acknowledged", Some(uuid)).await, None);
    if server.shows_results() {
        server
            .result(&device.id, uuid, WITHIN)
            .await
            .expect("a result");
    }
}

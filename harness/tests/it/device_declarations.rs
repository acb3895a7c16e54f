//! Declarative management: synchronization, rows, status items.

use device_matrix::platform::Platform;
use harness::device::apple::testing::release;
use harness::device::{DeviceError, DeviceUnderTest as _};
use scenarios::scenario::{ChannelWord, DeviceAction};
use serde_json::{Value, json};

use crate::device_support::{Server, Setup, command_to};

#[expect(
    clippy::needless_pass_by_value,
    reason = "calls read better without a borrow"
)]
fn declaration(kind: &str, identifier: &str, payload: Value) -> Value {
    json!({"Type": format!("com.apple.{kind}"), "Identifier": identifier, "ServerToken": "7c6d85989e823101", "Payload": payload})
}

fn activation(names: &[&str]) -> Value {
    declaration(
        "activation.simple",
        "activation",
        json!({"StandardConfigurations": names}),
    )
}

async fn sync(
    server: &Server,
    device: &mut harness::device::apple::VirtualDevice,
    declarations: Vec<Value>,
) -> Value {
    server.with(|script| script.declarations = declarations);
    command_to(
        server,
        device,
        json!({"RequestType": "DeclarativeManagement"}),
    )
    .await;
    server.reports().pop().unwrap()
}

fn rows<'a>(report: &'a Value, kind: &str) -> &'a Value {
    &report["StatusItems"]["management"]["declarations"][kind]
}

#[tokio::test]
async fn the_exchange_runs_as_documented() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let passcode = declaration(
        "configuration.passcode.settings",
        "passcode",
        json!({"RequirePasscode": true}),
    );
    let report = sync(
        &server,
        &mut device,
        vec![activation(&["passcode"]), passcode],
    )
    .await;
    assert_eq!(
        server.checkins()[2..],
        [
            "tokens",
            "declaration-items",
            "declaration/activation/activation",
            "declaration/configuration/passcode",
            "tokens",
            "status",
        ]
    );
    let good = |identifier: &str| json!([{"active": true, "identifier": identifier, "valid": "valid", "server-token": "7c6d85989e823101"}]);
    assert_eq!(*rows(&report, "activations"), good("activation"));
    assert_eq!(*rows(&report, "configurations"), good("passcode"));
    assert_eq!(report["Errors"], json!([]));
    let effects = device.effects().unwrap();
    assert_eq!(effects["passcode"]["policy"], json!({"forcePIN": true}));
    assert_eq!(effects["passcode"]["compliant"], json!(false));
    // Taken back: the declarations and what they did are gone.
    let report = sync(&server, &mut device, Vec::new()).await;
    assert_eq!(*rows(&report, "configurations"), json!([]));
    assert_eq!(device.effects().unwrap()["passcode"]["policy"], json!({}));
}

/// Rows that real devices sent (test data of jessepeterson/kmfddm, MIT), and those of fleet #30835.
#[tokio::test]
async fn rows_have_the_shapes_of_real_devices() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let report = sync(
        &server,
        &mut device,
        vec![
            activation(&["old", "later", "typo", "no-asset"]),
            declaration(
                "configuration.passcode.settings",
                "com.example.test",
                json!({}),
            ),
            declaration(
                "configuration.softwareupdate.enforcement.specific",
                "old",
                json!({"TargetOSVersion": "17.0"}),
            ),
            declaration("configuration.app.settings", "later", json!({})),
            declaration(
                "configuration.passcode.settings",
                "typo",
                json!({"MinimumLenght": 4}),
            ),
            declaration(
                "configuration.account.mail",
                "no-asset",
                json!({"HostName": "m", "UserIdentityAssetReference": "a"}),
            ),
            declaration("management.properties", "properties", json!({"any": 1})),
        ],
    )
    .await;
    let row = |identifier: &str| {
        let all = rows(&report, "configurations").as_array().unwrap();
        all.iter()
            .find(|row| row["identifier"] == identifier)
            .unwrap()
            .clone()
    };
    assert_eq!(
        row("com.example.test"),
        json!({
            "reasons": [{
                "details": {"Identifier": "com.example.test", "ServerToken": "7c6d85989e823101"},
                "description": "Configuration “com.example.test:7c6d85989e823101” is not referenced by an activation.",
                "code": "Info.NotReferencedByActivation",
            }],
            "active": false,
            "identifier": "com.example.test",
            "valid": "unknown",
            "server-token": "7c6d85989e823101",
        })
    );
    for (identifier, active, code, details) in [
        (
            "old",
            true,
            "Error.ConfigurationCannotBeApplied",
            json!({"Error": "The target version is older than the current version."}),
        ),
        (
            "later",
            false,
            "Error.UnknownDeclarationType",
            json!({"UnknownDeclarationType": "com.apple.configuration.app.settings"}),
        ),
        (
            "typo",
            false,
            "Error.UnknownPayloadKeys",
            json!({"UnknownPayloadKeys": ["MinimumLenght"]}),
        ),
        (
            "no-asset",
            true,
            "Error.MissingAssets",
            json!({"Identifiers": ["a"]}),
        ),
    ] {
        let row = row(identifier);
        assert_eq!(row["active"], json!(active), "{identifier}");
        assert_eq!(row["valid"], "invalid");
        assert_eq!(row["reasons"][0]["code"], code);
        assert_eq!(row["reasons"][0]["details"], details);
    }
    let management = &rows(&report, "management")[0];
    assert_eq!(
        (&management["active"], &management["valid"]),
        (&json!(false), &json!("valid"))
    );
}

#[tokio::test]
async fn activations_fail_by_missing_configurations_and_predicates() {
    for (payload, active, valid, code) in [
        (
            json!({"StandardConfigurations": ["nowhere"]}),
            false,
            "invalid",
            "Error.MissingConfigurations",
        ),
        (
            json!({"StandardConfigurations": ["c"], "Predicate": "FALSEPREDICATE"}),
            false,
            "valid",
            "Info.Predicate",
        ),
        (
            json!({"StandardConfigurations": ["c"], "Predicate": "((("}),
            false,
            "invalid",
            "Error.UnableToParsePredicate",
        ),
        (json!({}), false, "invalid", "Error.InvalidPayload"),
    ] {
        let (server, mut device) = Setup::iphone("18.0").enrolled().await;
        let declarations = vec![
            declaration("activation.simple", "a", payload.clone()),
            declaration(
                "configuration.passcode.settings",
                "c",
                json!({"MinimumLength": 6}),
            ),
        ];
        let report = sync(&server, &mut device, declarations).await;
        let row = &rows(&report, "activations")[0];
        assert_eq!(
            (&row["active"], &row["valid"]),
            (&json!(active), &json!(valid)),
            "{payload}"
        );
        assert_eq!(row["reasons"][0]["code"], code);
        assert_eq!(rows(&report, "configurations")[0]["active"], json!(false));
        assert_eq!(device.effects().unwrap()["passcode"]["policy"], json!({}));
    }
}

#[tokio::test]
async fn the_first_report_tells_capabilities_and_an_update_tells_them_again() {
    let (server, mut device) = Setup::iphone("16.0").enrolled().await;
    let report = sync(&server, &mut device, Vec::new()).await;
    let capabilities = &report["StatusItems"]["management"]["client-capabilities"];
    assert_eq!(capabilities["supported-versions"], json!(["1.0.0"]));
    let declarations = &capabilities["supported-payloads"]["declarations"];
    // Assets are told only when a configuration refers to them.
    assert_eq!(
        declarations["assets"],
        json!(["com.apple.asset.useridentity"])
    );
    let updates = "com.apple.configuration.softwareupdate.settings";
    assert!(
        !declarations["configurations"]
            .as_array()
            .unwrap()
            .contains(&json!(updates))
    );
    assert_eq!(report["StatusItems"]["device"]["model"]["family"], "iPhone");

    let before = server.reports().len();
    device
        .update_to(release(Platform::Ios, "18.0", "22A3354"))
        .await
        .unwrap();
    let report = server.reports().pop().unwrap();
    assert_eq!(server.reports().len(), before + 1);
    let capabilities = &report["StatusItems"]["management"]["client-capabilities"];
    let configurations = &capabilities["supported-payloads"]["declarations"]["configurations"];
    assert!(configurations.as_array().unwrap().contains(&json!(updates)));
}

#[tokio::test]
async fn subscribed_items_are_told_when_they_change() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let subscribe = declaration(
        "configuration.management.status-subscriptions",
        "s",
        json!({"StatusItems": [{"Name": "passcode.is-compliant"}, {"Name": "not.an.item"}]}),
    );
    let passcode = declaration(
        "configuration.passcode.settings",
        "p",
        json!({"RequirePasscode": true}),
    );
    let report = sync(
        &server,
        &mut device,
        vec![activation(&["s", "p"]), subscribe, passcode],
    )
    .await;
    assert_eq!(
        report["StatusItems"]["passcode"]["is-compliant"],
        json!(false)
    );
    assert_eq!(report["Errors"][0]["StatusItem"], "not.an.item");
    assert!(report["Errors"][0]["Reasons"][0]["Code"].is_string());
    let before = server.reports().len();
    device.session(ChannelWord::Device).await.unwrap();
    assert_eq!(server.reports().len(), before);
    device
        .act(&DeviceAction::SetPasscode("183642".to_owned()))
        .await
        .unwrap();
    device.act(&DeviceAction::Poll).await.unwrap();
    assert_eq!(
        server.reports()[before]["StatusItems"]["passcode"]["is-compliant"],
        json!(true)
    );
}

#[tokio::test]
async fn updates_are_deferred_and_enforced_by_declarations() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let declarations = vec![
        activation(&["defer", "enforce"]),
        declaration(
            "configuration.softwareupdate.settings",
            "defer",
            json!({"Deferrals": {"CombinedPeriodInDays": 14}}),
        ),
        declaration(
            "configuration.softwareupdate.enforcement.specific",
            "enforce",
            json!({"TargetOSVersion": "18.1"}),
        ),
    ];
    sync(&server, &mut device, declarations).await;
    let update = &device.effects().unwrap()["update"];
    assert_eq!(
        *update,
        json!({"deferral_days": 14, "pending": "18.1", "enforced": "18.1"})
    );
    device
        .act(&DeviceAction::InstallPendingUpdate)
        .await
        .unwrap();
    assert_eq!(device.effects().unwrap()["os"]["version"], "18.1");
    assert_eq!(
        device.effects().unwrap()["update"],
        json!({"deferral_days": 14})
    );
}

/// A server whose token changes during synchronization traps devices (fleet #43050); this one gets out.
#[tokio::test]
async fn a_restless_server_does_not_trap_the_device() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    server.with(|script| script.restless = true);
    server.queue("d", json!({"RequestType": "DeclarativeManagement"}));
    let error = device.session(ChannelWord::Device).await.unwrap_err();
    assert!(matches!(error, DeviceError::Garbage { .. }), "{error}");
    assert!(server.checkins().len() < 40);
}

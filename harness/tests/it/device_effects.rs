//! The effect model: installed is not in force.

use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::Platform;
use harness::device::DeviceUnderTest as _;
use harness::device::apple::testing::release;
use scenarios::scenario::DeviceAction;
use serde_json::{Value, json};

use crate::device_support::{Setup, chain, command_to, install};

#[expect(
    clippy::needless_pass_by_value,
    reason = "calls read better without a borrow"
)]
fn restrict(keys: Value) -> Value {
    let mut payload = json!({"PayloadType": "com.apple.applicationaccess"});
    payload
        .as_object_mut()
        .unwrap()
        .extend(keys.as_object().unwrap().clone());
    payload
}

#[tokio::test]
async fn restrictions_are_in_force_only_where_the_release_heeds_them() {
    let keys = json!({
        "allowCamera": false, "allowAppInstallation": false, "allowLater": false, "allowNonsense": false,
        "forceDelayedSoftwareUpdates": true, "enforcedSoftwareUpdateDelay": 20,
    });
    let profile = |version: &str| Setup::iphone(version).unsupervised(EnrollmentType::Profile);
    for (setup, in_force, deferral) in [
        (
            Setup::iphone("18.0"),
            json!({
                "allowCamera": false, "allowAppInstallation": false,
                "forceDelayedSoftwareUpdates": true, "enforcedSoftwareUpdateDelay": 20,
            }),
            Some(20),
        ),
        (profile("18.0"), json!({"allowCamera": false}), None),
        (
            profile("26.0"),
            json!({"allowCamera": false, "allowLater": false}),
            None,
        ),
        (
            Setup::iphone("27.0"),
            json!({"allowCamera": false, "allowAppInstallation": false, "allowLater": false}),
            None,
        ),
    ] {
        let (server, mut device) = setup.enrolled().await;
        let answer = command_to(
            &server,
            &mut device,
            install("p", &[restrict(keys.clone())]),
        )
        .await;
        assert_eq!(answer["Status"], "Acknowledged");
        let effects = device.effects().unwrap();
        assert_eq!(effects["restrictions"], in_force);
        assert_eq!(
            effects
                .pointer("/update/deferral_days")
                .and_then(Value::as_i64),
            deferral
        );
        // Read-back tells that the profile is there, whatever of it is in force.
        let list = command_to(&server, &mut device, json!({"RequestType": "ProfileList"})).await;
        assert_eq!(list["ProfileList"][0]["PayloadIdentifier"], "p");
    }
}

#[tokio::test]
async fn the_most_restrictive_of_several_profiles_wins() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let one = restrict(
        json!({"allowCamera": true, "allowListedAppBundleIDs": ["a", "b"], "enforcedSoftwareUpdateDelay": 5}),
    );
    let two = restrict(
        json!({"allowCamera": false, "allowListedAppBundleIDs": ["b", "c"], "enforcedSoftwareUpdateDelay": 9}),
    );
    command_to(&server, &mut device, install("one", &[one])).await;
    command_to(&server, &mut device, install("two", &[two])).await;
    let both = json!({"allowCamera": false, "allowListedAppBundleIDs": ["b"], "enforcedSoftwareUpdateDelay": 9});
    assert_eq!(device.effects().unwrap()["restrictions"], both);
    command_to(
        &server,
        &mut device,
        json!({"RequestType": "RemoveProfile", "Identifier": "two"}),
    )
    .await;
    assert_eq!(
        device.effects().unwrap()["restrictions"]["allowCamera"],
        json!(true)
    );
}

#[tokio::test]
async fn restrictions_in_force_restrict() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    command_to(
        &server,
        &mut device,
        install("p", &[restrict(json!({"allowAppInstallation": false}))]),
    )
    .await;
    let app = json!({"RequestType": "InstallApplication", "iTunesStoreID": 42});
    let answer = command_to(&server, &mut device, app.clone()).await;
    assert_eq!(chain(&answer)[0].1, 12031);
    command_to(
        &server,
        &mut device,
        json!({"RequestType": "RemoveProfile", "Identifier": "p"}),
    )
    .await;
    assert_eq!(
        command_to(&server, &mut device, app.clone()).await["Status"],
        "Acknowledged"
    );
    assert_eq!(
        chain(&command_to(&server, &mut device, app).await)[0].1,
        12025
    );
    let list = command_to(
        &server,
        &mut device,
        json!({"RequestType": "ManagedApplicationList"}),
    )
    .await;
    assert_eq!(
        list["ManagedApplicationList"]["store.42"]["Status"],
        "Managed"
    );
}

#[tokio::test]
async fn payloads_are_refused_inert_or_taken_as_preferences() {
    let lock = [json!({"PayloadType": "com.apple.app.lock"})];
    let other = [json!({"PayloadType": "com.example.unknown", "Key": 1})];
    let firewall = [json!({"PayloadType": "com.apple.security.firewall", "EnableFirewall": true})];
    let unsupervised = Setup::iphone("18.0").unsupervised(EnrollmentType::Profile);
    let (server, mut device) = unsupervised.enrolled().await;
    let answer = command_to(&server, &mut device, install("p", &lock)).await;
    let expected = [
        ("MCInstallationErrorDomain", 4001),
        ("MCInstallationErrorDomain", 4001),
        ("MCProfileErrorDomain", 1009),
        ("MCInstallationErrorDomain", 4025),
    ];
    assert_eq!(
        chain(&answer),
        expected.map(|(domain, code)| (domain.to_owned(), code))
    );
    for (setup, payloads, standing) in [
        (Setup::iphone("18.0"), &other, "inert"),
        (Setup::iphone("18.0"), &firewall, "inert"),
        (Setup::mac("15.0"), &other, "applied"),
        (Setup::mac("15.0"), &firewall, "applied"),
    ] {
        let (server, mut device) = setup.enrolled().await;
        let answer = command_to(&server, &mut device, install("p", payloads)).await;
        assert_eq!(answer["Status"], "Acknowledged");
        let effects = device.effects().unwrap();
        let kind = payloads[0]["PayloadType"].as_str().unwrap();
        assert_eq!(effects["profiles"]["p"]["payloads"][kind], standing);
        assert_eq!(
            effects["payloads"].get(kind).is_some(),
            standing == "applied"
        );
    }
}

/// R3: macOS 15.0 removes the firewall's logging keys; the profile stays installed and listed.
#[tokio::test]
async fn a_removed_key_loses_its_effect_and_its_profile_stays() {
    let payload = json!({"PayloadType": "com.apple.security.firewall", "EnableFirewall": true, "EnableLogging": true});
    let (server, mut device) = Setup::mac("14.5").enrolled().await;
    command_to(&server, &mut device, install("fw", &[payload])).await;
    assert_eq!(
        device.effects().unwrap()["firewall"]["EnableLogging"],
        json!(true)
    );
    device
        .update_to(release(Platform::Macos, "15.0", "24A335"))
        .await
        .unwrap();
    let effects = device.effects().unwrap();
    assert_eq!(
        effects["firewall"],
        json!({"EnableFirewall": true, "enabled": true})
    );
    assert_eq!(effects["os"]["version"], "15.0");
    assert_eq!(effects["power"]["reboots"], json!(1));
    let list = command_to(&server, &mut device, json!({"RequestType": "ProfileList"})).await;
    assert_eq!(list["ProfileList"][0]["PayloadIdentifier"], "fw");
}

#[tokio::test]
async fn passcode_policy_and_compliance() {
    let policy = json!({"PayloadType": "com.apple.mobiledevice.passwordpolicy", "forcePIN": true, "minLength": 6});
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    command_to(&server, &mut device, install("pc", &[policy])).await;
    for (passcode, compliant) in [("", false), ("1234", false), ("183642", true)] {
        device
            .act(&DeviceAction::SetPasscode(passcode.to_owned()))
            .await
            .unwrap();
        assert_eq!(
            device.effects().unwrap()["passcode"]["compliant"],
            json!(compliant)
        );
        let info = command_to(&server, &mut device, json!({"RequestType": "SecurityInfo"})).await;
        assert_eq!(info["SecurityInfo"]["PasscodeCompliant"], json!(compliant));
    }
    assert_eq!(
        device.effects().unwrap()["passcode"]["policy"],
        json!({"forcePIN": true, "minLength": 6})
    );
}

#[tokio::test]
async fn an_update_in_place_installs_what_was_scheduled() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let schedule = json!({"RequestType": "ScheduleOSUpdate", "Updates": [
        {"ProductVersion": "18.1", "InstallAction": "InstallASAP"},
    ]});
    command_to(&server, &mut device, schedule).await;
    assert_eq!(device.effects().unwrap()["update"]["pending"], "18.1");
    device
        .act(&DeviceAction::InstallPendingUpdate)
        .await
        .unwrap();
    let effects = device.effects().unwrap();
    assert_eq!(effects["os"]["version"], "18.1");
    assert_eq!(effects["update"], json!({}));
}

/// Vendors document that a restriction which a release moves to supervised devices stays until its profile is replaced.
#[tokio::test]
async fn a_restriction_outlives_the_rule_that_would_forbid_it() {
    for (outlives, after) in [
        (true, json!({"allowAppInstallation": false})),
        (false, json!({})),
    ] {
        let mut setup = Setup::iphone("12.4").unsupervised(EnrollmentType::Profile);
        setup.settings.restriction_outlives_supervision_rule = outlives;
        let (server, mut device) = setup.enrolled().await;
        let profile = install("p", &[restrict(json!({"allowAppInstallation": false}))]);
        command_to(&server, &mut device, profile.clone()).await;
        assert_eq!(
            device.effects().unwrap()["restrictions"],
            json!({"allowAppInstallation": false})
        );
        device
            .update_to(release(Platform::Ios, "13.0", "17A577"))
            .await
            .unwrap();
        assert_eq!(device.effects().unwrap()["restrictions"], after);
        command_to(&server, &mut device, profile).await;
        assert_eq!(device.effects().unwrap()["restrictions"], json!({}));
    }
}

#[tokio::test]
async fn a_key_that_is_forbidden_for_the_enrollment_is_ignored() {
    let asked =
        json!({"RequestType": "InstallApplication", "iTunesStoreID": 7, "InstallAsManaged": true});
    for (kind, managed) in [
        (EnrollmentType::Profile, true),
        (EnrollmentType::AccountUser, false),
    ] {
        let (server, mut device) = Setup::mac("15.0").unsupervised(kind).enrolled().await;
        let answer = command_to(&server, &mut device, asked.clone()).await;
        assert_eq!(answer["Status"], "Acknowledged");
        let effects = device.effects().unwrap_or_default();
        assert_eq!(effects["apps"]["store.7"]["managed"], managed, "{kind:?}");
    }
}

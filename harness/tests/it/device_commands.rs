//! Commands: what a device refuses, drops, defers and repeats.

use device_matrix::enrollment::EnrollmentType;
use harness::device::apple::{unmodeled, unmodeled_queries};
use harness::device::{DeviceError, DeviceUnderTest as _};
use scenarios::fault::{About, Behavior, Does, LostAfter, Refusal};
use scenarios::scenario::{ChannelWord, DeviceAction};
use serde_json::{Value, json};

use crate::device_support::{Setup, catalogue, chain, command_to, install, plist_bytes};

fn camera(allowed: bool) -> Value {
    json!({"PayloadType": "com.apple.applicationaccess", "allowCamera": allowed})
}

#[tokio::test]
async fn refusals_speak_as_the_platform_does() {
    let (server, mut phone) = Setup::iphone("18.0").enrolled().await;
    let answer = command_to(&server, &mut phone, json!({"RequestType": "Nonsense"})).await;
    assert_eq!(answer["Status"], "Error");
    assert_eq!(
        answer["ErrorChain"][0],
        json!({
            "ErrorCode": 12021,
            "ErrorDomain": "MCMDMErrorDomain",
            "LocalizedDescription": "“Nonsense” is not a valid request type.",
            "USEnglishDescription": "“Nonsense” is not a valid request type.",
        })
    );
    let (server, mut mac) = Setup::mac("15.0").enrolled().await;
    let answer = command_to(&server, &mut mac, json!({"RequestType": "Nonsense"})).await;
    assert_eq!(
        answer["ErrorChain"][0],
        json!({
            "ErrorCode": 12021,
            "ErrorDomain": "MCMDMErrorDomain",
            "LocalizedDescription": "Unknown command: Nonsense <MDMClientError:91>",
        })
    );
}

/// Request, who is asked, and the status and first code of the answer.
#[tokio::test]
async fn the_facts_of_the_release_decide() {
    let restart = json!({"RequestType": "RestartDevice"});
    let update =
        json!({"RequestType": "ScheduleOSUpdate", "Updates": [{"InstallAction": "Default"}]});
    let erase = json!({"RequestType": "EraseDevice"});
    let lock = json!({"RequestType": "DeviceLock"});
    let profile = Setup::iphone("18.0").unsupervised(EnrollmentType::Profile);
    let user = Setup::iphone("18.0").unsupervised(EnrollmentType::AccountUser);
    let few_rights = Setup {
        access_rights: 1,
        ..Setup::iphone("18.0")
    };
    for (setup, command, status, code) in [
        (profile, &restart, "Error", Some(12021)),
        (Setup::iphone("18.0"), &restart, "Acknowledged", None),
        (Setup::iphone("9.0"), &restart, "Error", Some(12021)),
        (Setup::iphone("26.4"), &update, "Acknowledged", None),
        (Setup::iphone("27.0"), &update, "Error", Some(12021)),
        (user, &erase, "Error", Some(12021)),
        (few_rights, &lock, "Error", Some(12007)),
        (
            Setup::iphone("18.0"),
            &json!({"RequestType": "RemoveProfile"}),
            "Error",
            Some(12008),
        ),
        (
            Setup::iphone("18.0"),
            &json!({"RequestType": "RemoveProfile", "Identifier": 1}),
            "Error",
            Some(12008),
        ),
        (
            Setup::iphone("18.0"),
            &json!({"RequestType": "RemoveProfile", "Identifier": "x"}),
            "Error",
            Some(12075),
        ),
        (
            Setup::mac("15.0"),
            &json!({"RequestType": "RemoveProfile", "Identifier": "x"}),
            "Error",
            Some(89),
        ),
        (
            Setup::iphone("18.0"),
            &json!({"NoRequestType": true}),
            "CommandFormatError",
            None,
        ),
        (
            Setup::iphone("18.0"),
            &json!({"RequestType": "AvailableOSUpdates"}),
            "Error",
            Some(2213),
        ),
        (
            Setup::iphone("18.0"),
            &json!({"RequestType": "BrandNewCommand"}),
            "Error",
            Some(1),
        ),
    ] {
        let (server, mut device) = setup.enrolled().await;
        let answer = command_to(&server, &mut device, command.clone()).await;
        let first = chain(&answer).first().map(|(_, code)| *code);
        assert_eq!(
            (answer["Status"].as_str(), first),
            (Some(status), code),
            "{command}"
        );
    }
    assert_eq!(unmodeled(&catalogue()), ["BrandNewCommand"]);
    assert!(unmodeled_queries(&catalogue()).is_empty());
}

/// R1: iOS 26.0 takes the cellular queries away; the command is acknowledged all the same.
#[tokio::test]
async fn queries_that_do_not_apply_are_dropped() {
    let ask = json!({
        "RequestType": "DeviceInformation",
        "Queries": ["OSVersion", "IMEI", "ServiceSubscriptions", "SerialNumber", "EthernetMAC", "Nonsense"],
    });
    let user = Setup::iphone("18.0").unsupervised(EnrollmentType::AccountUser);
    let few_rights = Setup {
        access_rights: 1,
        ..Setup::iphone("18.0")
    };
    for (setup, told) in [
        (
            Setup::iphone("18.0"),
            vec!["IMEI", "OSVersion", "SerialNumber", "ServiceSubscriptions"],
        ),
        (
            Setup::iphone("26.0"),
            vec!["OSVersion", "SerialNumber", "ServiceSubscriptions"],
        ),
        (
            Setup::mac("15.0"),
            vec!["EthernetMAC", "OSVersion", "SerialNumber"],
        ),
        (user, vec!["IMEI", "OSVersion"]),
        (few_rights, vec!["OSVersion", "SerialNumber"]),
    ] {
        let (server, mut device) = setup.enrolled().await;
        let answer = command_to(&server, &mut device, ask.clone()).await;
        assert_eq!(answer["Status"], "Acknowledged");
        let mut keys: Vec<&str> = answer["QueryResponses"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(keys, told);
    }
}

#[tokio::test]
async fn a_locked_phone_says_not_now_and_comes_back() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    device
        .act(&DeviceAction::SetPasscode("183642".to_owned()))
        .await
        .unwrap();
    device.act(&DeviceAction::Lock).await.unwrap();
    server.queue("later", install("p", &[camera(false)]));
    server.queue("now", json!({"RequestType": "ProfileList"}));
    let session = device.session(ChannelWord::Device).await.unwrap();
    assert_eq!((session.answered, session.not_now), (1, 1));
    let statuses = |server: &crate::device_support::Server| -> Vec<(String, String)> {
        let pair = |answer: Value| {
            let of = |key: &str| answer[key].as_str().unwrap().to_owned();
            (of("CommandUUID"), of("Status"))
        };
        server.answers().into_iter().map(pair).collect()
    };
    let pair = |uuid: &str, status: &str| (uuid.to_owned(), status.to_owned());
    assert_eq!(
        statuses(&server),
        [pair("later", "NotNow"), pair("now", "Acknowledged")]
    );
    // NotNow was not the last status, so the device does not come back by itself.
    device.act(&DeviceAction::Unlock).await.unwrap();
    assert_eq!(statuses(&server).len(), 2);
    device.session(ChannelWord::Device).await.unwrap();
    assert_eq!(statuses(&server)[2], pair("later", "Acknowledged"));

    device.act(&DeviceAction::Lock).await.unwrap();
    server.queue("again", install("p", &[camera(true)]));
    device.session(ChannelWord::Device).await.unwrap();
    device.act(&DeviceAction::Unlock).await.unwrap();
    assert_eq!(
        statuses(&server)[3..],
        [pair("again", "NotNow"), pair("again", "Acknowledged")]
    );
}

#[tokio::test]
async fn a_result_that_the_connection_lost_is_repeated() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    server.queue("one", install("p", &[camera(false)]));
    server.with(|script| script.drop_next_result = true);
    let error = device.session(ChannelWord::Device).await.unwrap_err();
    assert!(matches!(error, DeviceError::Unreachable(_)), "{error}");
    assert!(server.answers().is_empty());
    // It was carried out once, and is told before anything else.
    assert_eq!(
        device.effects().unwrap()["restrictions"]["allowCamera"],
        json!(false)
    );
    let session = device.session(ChannelWord::Device).await.unwrap();
    assert_eq!(session.answered, 1);
    assert_eq!(server.answers()[0]["CommandUUID"], "one");
}

#[tokio::test]
async fn lost_mode_refuses_everything_else() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let lose = json!({"RequestType": "EnableLostMode", "Message": "call"});
    assert_eq!(
        command_to(&server, &mut device, lose).await["Status"],
        "Acknowledged"
    );
    assert_eq!(
        device.effects().unwrap()["lost_mode"],
        json!({"enabled": true, "message": "call", "sound_played": false})
    );
    let answer = command_to(&server, &mut device, json!({"RequestType": "ProfileList"})).await;
    assert_eq!(chain(&answer)[0].1, 12078);
    let ask = json!({"RequestType": "DeviceInformation", "Queries": ["IsMDMLostModeEnabled"]});
    let answer = command_to(&server, &mut device, ask).await;
    assert_eq!(
        answer["QueryResponses"]["IsMDMLostModeEnabled"],
        json!(true)
    );
    command_to(
        &server,
        &mut device,
        json!({"RequestType": "DisableLostMode"}),
    )
    .await;
    assert_eq!(
        device.effects().unwrap()["lost_mode"],
        json!({"enabled": false})
    );
}

#[tokio::test]
async fn settings_are_answered_item_by_item() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let set = json!({"RequestType": "Settings", "Settings": [
        {"Item": "DeviceName", "DeviceName": "Front desk"},
        {"Item": "Teleport", "Enabled": true},
        {"Item": "Bluetooth"},
        {"Item": "Bluetooth", "Enabled": false},
    ]});
    let answer = command_to(&server, &mut device, set).await;
    assert_eq!(answer["Status"], "Acknowledged");
    let statuses: Vec<&str> = answer["Settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["Status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["Acknowledged", "Error", "Error", "Acknowledged"]);
    let settings = &device.effects().unwrap()["settings"];
    assert_eq!(
        *settings,
        json!({"DeviceName": "Front desk", "Bluetooth": false})
    );
}

#[tokio::test]
async fn the_escrow_clears_the_passcode() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    device
        .act(&DeviceAction::SetPasscode("183642".to_owned()))
        .await
        .unwrap();
    device.act(&DeviceAction::Lock).await.unwrap();
    let wrong = json!({"RequestType": "ClearPasscode", "UnlockToken": {"$data": "AAAA"}});
    assert_eq!(
        command_to(&server, &mut device, wrong).await["Status"],
        "Error"
    );
    let token = server.checkin("TokenUpdate")[0]["UnlockToken"].clone();
    let right = json!({"RequestType": "ClearPasscode", "UnlockToken": token});
    assert_eq!(
        command_to(&server, &mut device, right).await["Status"],
        "Acknowledged"
    );
    assert_eq!(device.effects().unwrap()["passcode"]["set"], json!(false));
    assert_eq!(device.effects().unwrap()["lock"]["locked"], json!(false));
}

#[tokio::test]
async fn an_erased_device_is_gone() {
    let (server, mut device) = Setup::iphone("18.0").enrolled().await;
    let answer = command_to(
        &server,
        &mut device,
        json!({"RequestType": "EraseDevice", "PreserveDataPlan": true}),
    )
    .await;
    assert_eq!(answer["Status"], "Acknowledged");
    let effects = device.effects().unwrap();
    assert_eq!(effects["erase"]["erased"], json!(true));
    assert_eq!(effects["erase"]["preserve_data_plan"], json!(true));
    assert_eq!(effects["management"]["enrolled"], json!(false));
    assert!(matches!(
        device.session(ChannelWord::Device).await,
        Err(DeviceError::State(_))
    ));
    device.enroll(&server.grant).await.unwrap();
    assert_eq!(device.effects().unwrap()["erase"]["erased"], json!(false));
}

/// Each planted fault shows, and shows only where it was planted.
#[tokio::test]
async fn planted_faults_show() {
    let list = json!({"RequestType": "ProfileList"});
    let all = || About::command("ProfileList");
    let override_ = Behavior::device(all(), Does::Refuse(Refusal::NotNow));
    let (server, mut device) = Setup::iphone("18.0").quirk(override_).enrolled().await;
    assert_eq!(
        command_to(&server, &mut device, list.clone()).await["Status"],
        "NotNow"
    );

    let drop_key = Behavior::device(all(), Does::drop("/ProfileList"));
    let (server, mut device) = Setup::iphone("18.0").quirk(drop_key).enrolled().await;
    assert!(
        command_to(&server, &mut device, list.clone())
            .await
            .get("ProfileList")
            .is_none()
    );

    let wrong = Behavior::device(
        About::command("DeviceInformation"),
        Does::set("/QueryResponses/OSVersion", json!("1.0")),
    );
    let (server, mut device) = Setup::iphone("18.0").quirk(wrong).enrolled().await;
    let ask = json!({"RequestType": "DeviceInformation", "Queries": ["OSVersion"]});
    assert_eq!(
        command_to(&server, &mut device, ask).await["QueryResponses"]["OSVersion"],
        "1.0"
    );

    let silent = Behavior::device(all(), Does::Never);
    let (server, mut device) = Setup::iphone("18.0").quirk(silent).enrolled().await;
    assert_eq!(
        command_to(&server, &mut device, list.clone()).await,
        Value::Null
    );

    let garbage = Behavior::device(all(), Does::Garbage);
    let (server, mut device) = Setup::iphone("18.0").quirk(garbage).enrolled().await;
    command_to(&server, &mut device, list).await;
    assert_eq!(
        server.with(|script| script.seen.last().unwrap().2.clone()),
        Value::Null
    );
}

#[tokio::test]
async fn planted_faults_of_effects_leave_read_back_alone() {
    let missing = Behavior::device(About::effect("/restrictions/allowCamera"), Does::Missing);
    let ignored = Behavior::device(About::Restriction("allowCamera".to_owned()), Does::Missing);
    for quirk in [missing, ignored] {
        let (server, mut device) = Setup::iphone("18.0").quirk(quirk).enrolled().await;
        assert_eq!(
            command_to(&server, &mut device, install("p", &[camera(false)])).await["Status"],
            "Acknowledged"
        );
        assert!(
            device
                .effects()
                .unwrap()
                .pointer("/restrictions/allowCamera")
                .is_none()
        );
        let told = command_to(&server, &mut device, json!({"RequestType": "Restrictions"})).await;
        let camera = "/GlobalRestrictions/restrictedBool/allowCamera/value";
        assert_eq!(told.pointer(camera), Some(&json!(false)));
    }
    let lost = Behavior::device(
        About::effect("/restrictions/allowCamera"),
        Does::LostAfter(LostAfter::Reboot),
    );
    let stays = Behavior::device(About::effect("/restrictions/allowCamera"), Does::Stays);
    let (server, mut device) = Setup::iphone("18.0").quirk(lost).enrolled().await;
    let seen = |device: &harness::device::apple::VirtualDevice| {
        device
            .effects()
            .unwrap()
            .pointer("/restrictions/allowCamera")
            .cloned()
    };
    command_to(&server, &mut device, install("p", &[camera(false)])).await;
    assert_eq!(seen(&device), Some(json!(false)));
    device.act(&DeviceAction::Reboot).await.unwrap();
    assert_eq!(seen(&device), None);
    command_to(&server, &mut device, install("p", &[camera(false)])).await;
    assert_eq!(seen(&device), Some(json!(false)));

    let (server, mut device) = Setup::iphone("18.0").quirk(stays).enrolled().await;
    command_to(&server, &mut device, install("p", &[camera(false)])).await;
    command_to(
        &server,
        &mut device,
        json!({"RequestType": "RemoveProfile", "Identifier": "p"}),
    )
    .await;
    assert_eq!(seen(&device), Some(json!(false)));
}

#[tokio::test]
async fn an_erased_device_may_ask_whether_it_returns_to_service() {
    let mut setup = Setup::iphone("26.0");
    setup.settings.return_to_service_check_in = true;
    let (server, mut device) = setup.enrolled().await;
    let body = plist_bytes(&json!({"ReturnToService": {"Enabled": true}}));
    server.with(|script| script.raw.insert("ReturnToService".to_owned(), (200, body)));
    command_to(&server, &mut device, json!({"RequestType": "EraseDevice"})).await;
    assert_eq!(
        server.checkins().last().map(String::as_str),
        Some("ReturnToService")
    );
    assert_eq!(
        device.effects().unwrap()["erase"]["return_to_service"],
        json!(true)
    );
}

/// The keys of an answer that an iMac on 10.12.6 sent (test data of micromdm/nanomdm, MIT).
#[tokio::test]
async fn an_answer_has_the_keys_of_a_real_mac() {
    let (server, mut device) = Setup::mac("10.12.6").enrolled().await;
    let ask = json!({"RequestType": "DeviceInformation", "Queries": ["OSVersion"]});
    let answer = command_to(&server, &mut device, ask).await;
    let mut keys: Vec<&str> = answer
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "CommandUUID",
            "QueryResponses",
            "RequestType",
            "Status",
            "UDID"
        ]
    );
}

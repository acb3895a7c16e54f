//! Messages against the committed facts: message in, violations out.

use std::path::Path;
use std::sync::OnceLock;

use device_matrix::capability::check::check_message;
use device_matrix::capability::{Context, Facts, Kind, Role, Scope, read_sources};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::Platform;
use serde_json::{Value, json};

fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Facts::load(&read_sources(&root).expect("data")).expect("loads")
    })
}

fn device(platform: Platform, release: &str, enrollment: EnrollmentType) -> Context {
    Context {
        platform,
        version: release.parse().expect(release),
        enrollment,
        supervised: enrollment == EnrollmentType::Ade,
        scope: Scope::Device,
        access_rights: 8191,
    }
}

fn found(kind: Kind, id: &str, role: Role, body: &Value, context: &Context) -> Vec<String> {
    check_message(facts(), kind, id, role, body, context)
        .iter()
        .map(|one| {
            let why = match &one.what {
                device_matrix::capability::check::Wrong::NotApplicable(why) => why.to_string(),
                other => other.as_str().to_owned(),
            };
            format!("{}: {why}", one.path)
        })
        .collect()
}

#[test]
fn commands() {
    let ade = device(Platform::Ios, "18.1", EnrollmentType::Ade);
    let byod = device(Platform::Ios, "18.1", EnrollmentType::AccountUser);
    let profile = device(Platform::Ios, "18.1", EnrollmentType::Profile);
    let newer = device(Platform::Ios, "26.0", EnrollmentType::Ade);
    let mac27 = device(Platform::Macos, "27.0", EnrollmentType::Ade);
    let queries = json!({"RequestType": "DeviceInformation", "Queries": ["UDID", "IMEI"]});
    let cases: Vec<(&str, Value, Context, &[&str])> = vec![
        ("DeviceInformation", queries.clone(), ade, &[]),
        (
            "DeviceInformation",
            queries.clone(),
            newer,
            &["Queries[1]: removed(26.0)"],
        ),
        (
            "DeviceInformation",
            queries,
            byod,
            &[
                "Queries[0]: forbidden_for_user_enrollment",
                "Queries[1]: forbidden_for_user_enrollment",
            ],
        ),
        (
            "DeviceInformation",
            json!({"Queries": ["Nothing"]}),
            ade,
            &["Queries[0]: not_in_range"],
        ),
        (
            "DeviceInformation",
            json!({"Queries": "UDID"}),
            ade,
            &["Queries: wrong_type"],
        ),
        (
            "DeviceInformation",
            json!({}),
            ade,
            &["Queries: missing_required"],
        ),
        (
            "RestartDevice",
            json!({"Surprise": 1}),
            ade,
            &["Surprise: unknown_key"],
        ),
        (
            "RestartDevice",
            json!({}),
            profile,
            &[": needs_supervision"],
        ),
        (
            "ScheduleOSUpdate",
            json!({"Updates": []}),
            mac27,
            &[": removed(27.0)", "Updates: removed(27.0)"],
        ),
        (
            "Settings",
            json!({"Settings": [
                {"Item": "Bluetooth", "Enabled": true},
                {"Item": "Bluetooth"},
                {"Item": "Nonsense"},
                {"Enabled": true},
            ]}),
            ade,
            &[
                "Settings[1].Enabled: missing_required",
                "Settings[2].Item: not_in_range",
                "Settings[3].Item: missing_required",
            ],
        ),
        ("NoSuchCommand", json!({}), ade, &[": unknown_item"]),
        ("DeviceInformation", json!([]), ade, &[": wrong_type"]),
    ];
    for (id, body, context, want) in cases {
        assert_eq!(
            found(Kind::Command, id, Role::Payload, &body, &context),
            want,
            "{id} {body}"
        );
    }
}

#[test]
fn a_right_that_was_not_granted() {
    let mut context = device(Platform::Ios, "18.1", EnrollmentType::Ade);
    context.access_rights = 8191 & !8;
    assert_eq!(
        found(
            Kind::Command,
            "EraseDevice",
            Role::Payload,
            &json!({}),
            &context
        ),
        [": no_access_right(8)"]
    );
}

#[test]
fn channels() {
    // The device channel erases, whoever is logged in.
    let mut shared = device(Platform::Ipados, "18.1", EnrollmentType::SharedIpad);
    shared.supervised = true;
    let erase = |context: &Context| {
        found(
            Kind::Command,
            "EraseDevice",
            Role::Payload,
            &json!({}),
            context,
        )
    };
    assert_eq!(erase(&shared), Vec::<String>::new());
    shared.scope = Scope::User;
    assert_eq!(erase(&shared), [": wrong_channel"]);
    let mut phone = device(Platform::Ios, "18.1", EnrollmentType::Ade);
    phone.scope = Scope::User;
    assert_eq!(erase(&phone), [": wrong_channel"]);
    // Only a Shared iPad has these keys.
    let quota = json!({"Settings": [{"Item": "SharedDeviceConfiguration", "QuotaSize": 1}]});
    phone.scope = Scope::Device;
    let on_phone = found(Kind::Command, "Settings", Role::Payload, &quota, &phone);
    assert_eq!(on_phone, ["Settings[0]: enrollment_not_allowed"]);
}

#[test]
fn check_in_messages_carry_the_identity_of_their_enrollment() {
    // Required is conditional: each enrollment has its own identifier.
    let common = json!({
        "MessageType": "TokenUpdate",
        "Topic": "com.apple.mgmt.External.x",
        "Token": {"$data": "AA=="},
        "PushMagic": "magic",
    });
    let with = |name: &str| {
        let mut body = common.clone();
        body[name] = json!("0B5A4C6E-8D1F-4B7A-9C3E-2F6D8A1B4C5E");
        body
    };
    let ade = device(Platform::Ios, "18.1", EnrollmentType::Ade);
    let byod = device(Platform::Ios, "18.1", EnrollmentType::AccountUser);
    let check = |body: &Value, context: &Context| {
        found(Kind::Checkin, "TokenUpdate", Role::Payload, body, context)
    };
    assert_eq!(check(&with("UDID"), &ade), Vec::<String>::new());
    assert_eq!(check(&with("EnrollmentID"), &byod), Vec::<String>::new());
    assert_eq!(
        check(&with("UDID"), &byod),
        [
            "UDID: forbidden_for_user_enrollment",
            "EnrollmentID: missing_required"
        ]
    );
    assert_eq!(
        check(&with("EnrollmentID"), &ade),
        [
            "EnrollmentID: enrollment_not_allowed",
            "UDID: missing_required"
        ]
    );
    let mut text_token = with("UDID");
    text_token["Token"] = json!("AA==");
    assert_eq!(check(&text_token, &ade), ["Token: wrong_type"]);
}

#[test]
fn profiles_and_declarations() {
    let ade = device(Platform::Ios, "18.1", EnrollmentType::Ade);
    let profile = device(Platform::Ios, "18.1", EnrollmentType::Profile);
    let mac = device(Platform::Macos, "15.0", EnrollmentType::Ade);
    let restrictions = "com.apple.applicationaccess";
    let payload = |id: &str, body: Value, context: &Context| {
        found(Kind::Profile, id, Role::Payload, &body, context)
    };
    let none = Vec::<String>::new();
    let envelope = json!({
        "PayloadType": restrictions,
        "PayloadIdentifier": "x",
        "PayloadUUID": "x",
        "PayloadVersion": 1,
        "allowAppRemoval": false,
    });
    assert_eq!(payload(restrictions, envelope.clone(), &ade), none);
    assert_eq!(
        payload(restrictions, envelope, &profile),
        ["allowAppRemoval: needs_supervision"]
    );
    assert_eq!(
        payload(
            "com.apple.security.firewall",
            json!({"EnableFirewall": true, "EnableLogging": true}),
            &mac
        ),
        ["EnableLogging: removed(15.0)"]
    );
    // One id, six files: a key of any of them is known.
    assert_eq!(
        payload("com.apple.MCX", json!({"DisableGuestAccount": true}), &mac),
        none
    );
    let declaration = |id: &str, body: Value, context: &Context| {
        found(Kind::Declaration, id, Role::Payload, &body, context)
    };
    assert_eq!(
        declaration("com.apple.configuration.app.settings", json!({}), &mac),
        [": not_yet(27.0)"]
    );
    assert_eq!(
        declaration(
            "com.apple.configuration.passcode.settings",
            json!({"MinimumLength": 99}),
            &mac
        ),
        ["MinimumLength: not_in_range"]
    );
    // No source says how the new declaration behaves on a device that is not supervised.
    let newer = device(Platform::Ios, "27.0", EnrollmentType::Profile);
    assert_eq!(
        declaration("com.apple.configuration.network.relay", json!({}), &newer),
        [": unknown_applicability"]
    );
}

#[test]
fn hostile_bodies_end() {
    let ade = device(Platform::Ios, "18.1", EnrollmentType::Ade);
    let mut deep = json!("x");
    for _ in 0..200 {
        deep = json!({ "Payload": [deep] });
    }
    let _ = found(
        Kind::Command,
        "InstallApplication",
        Role::Payload,
        &json!({"Configuration": deep, "Attributes": {}}),
        &ade,
    );
    let wide: Value = (0..20_000)
        .map(|n| (format!("k{n}"), json!(n)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let found = found(Kind::Command, "RestartDevice", Role::Payload, &wide, &ade);
    assert_eq!(found.len(), 1_000);
}

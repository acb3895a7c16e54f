//! The device model against the whole catalogue: nothing applicable is without a model, and what the schema calls a
//! valid minimal command, profile or declaration is taken.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use device_matrix::capability::instance::minimal_instance;
use device_matrix::capability::{Context, Facts, Kind, Role, Scope, ValueType, read_sources};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::Hardware;
use device_matrix::platform::Platform;
use harness::device::DeviceUnderTest as _;
use harness::device::apple::settings::BehaviorSettings;
use harness::device::apple::testing::{model, release, version};
use harness::device::apple::{
    DeviceSpec, VirtualDevice, client_capabilities, unmodeled, unmodeled_queries,
};
use serde_json::{Value, json};

use crate::device_support::{Server, chain, command_to, install};

fn catalogue() -> Arc<Facts> {
    static FACTS: OnceLock<Arc<Facts>> = OnceLock::new();
    let load = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        Arc::new(Facts::load(&read_sources(root).unwrap()).unwrap())
    };
    Arc::clone(FACTS.get_or_init(load))
}

#[test]
fn every_command_and_query_has_a_model() {
    assert_eq!(unmodeled(&catalogue()), [""; 0]);
    assert_eq!(unmodeled_queries(&catalogue()), [""; 0]);
}

fn context(platform: Platform, number: &str, enrollment: EnrollmentType) -> Context {
    Context {
        platform,
        version: version(number),
        enrollment,
        supervised: enrollment == EnrollmentType::Ade,
        scope: Scope::Device,
        access_rights: 8191,
    }
}

/// What an iPhone10,2 on the beta 20A5303i of iOS 16.0 reported under user enrollment: activations, assets, configurations,
/// management, status items (test data of jessepeterson/kmfddm, MIT).
const IPHONE: [&[&str]; 5] = [
    &["com.apple.activation.simple"],
    &[
        "com.apple.asset.credential.userpassword",
        "com.apple.asset.useridentity",
    ],
    &[
        "com.apple.configuration.account.caldav",
        "com.apple.configuration.account.carddav",
        "com.apple.configuration.account.exchange",
        "com.apple.configuration.account.google",
        "com.apple.configuration.account.ldap",
        "com.apple.configuration.account.mail",
        "com.apple.configuration.account.subscribed-calendar",
        "com.apple.configuration.legacy",
        "com.apple.configuration.legacy.interactive",
        "com.apple.configuration.management.status-subscriptions",
        "com.apple.configuration.management.test",
        "com.apple.configuration.passcode.settings",
    ],
    &[
        "com.apple.management.organization-info",
        "com.apple.management.properties",
        "com.apple.management.server-capabilities",
    ],
    &[
        "account.list.caldav",
        "account.list.carddav",
        "account.list.exchange",
        "account.list.google",
        "account.list.ldap",
        "account.list.mail.incoming",
        "account.list.mail.outgoing",
        "account.list.subscribed-calendar",
        "device.model.family",
        "device.model.identifier",
        "device.model.marketing-name",
        "device.operating-system.build-version",
        "device.operating-system.family",
        "device.operating-system.marketing-name",
        "device.operating-system.version",
        "management.client-capabilities",
        "management.declarations",
        "mdm.app",
        "passcode.is-compliant",
        "passcode.is-present",
        "test.array-value",
        "test.boolean-value",
        "test.dictionary-value",
        "test.error-value",
        "test.integer-value",
        "test.real-value",
        "test.string-value",
    ],
];

/// What a supervised Mac on 13.3.1 (22E261) reported on the device channel (the same source).
const MAC: [&[&str]; 5] = [
    &["com.apple.activation.simple"],
    &[],
    &[
        "com.apple.configuration.legacy",
        "com.apple.configuration.legacy.interactive",
        "com.apple.configuration.management.status-subscriptions",
        "com.apple.configuration.management.test",
        "com.apple.configuration.passcode.settings",
    ],
    &[
        "com.apple.management.organization-info",
        "com.apple.management.properties",
        "com.apple.management.server-capabilities",
    ],
    &[
        "device.identifier.serial-number",
        "device.identifier.udid",
        "device.model.family",
        "device.model.identifier",
        "device.model.marketing-name",
        "device.operating-system.build-version",
        "device.operating-system.family",
        "device.operating-system.marketing-name",
        "device.operating-system.supplemental.build-version",
        "device.operating-system.supplemental.extra-version",
        "device.operating-system.version",
        "management.client-capabilities",
        "management.declarations",
        "test.array-value",
        "test.boolean-value",
        "test.dictionary-value",
        "test.error-value",
        "test.integer-value",
        "test.real-value",
        "test.string-value",
    ],
];

#[test]
fn capabilities_are_those_of_two_real_devices() {
    for (context, reported) in [
        (
            context(Platform::Ios, "16.0", EnrollmentType::AccountUser),
            IPHONE,
        ),
        (context(Platform::Macos, "13.3.1", EnrollmentType::Ade), MAC),
    ] {
        let told = client_capabilities(&catalogue(), &context);
        let lists = [
            "/supported-payloads/declarations/activations",
            "/supported-payloads/declarations/assets",
            "/supported-payloads/declarations/configurations",
            "/supported-payloads/declarations/management",
            "/supported-payloads/status-items",
        ];
        for (list, reported) in lists.iter().zip(reported) {
            assert_eq!(told.pointer(list), Some(&json!(reported)), "{list}");
        }
    }
}

fn device(context: &Context) -> VirtualDevice {
    let (id, hardware) = match context.platform {
        Platform::Macos => ("Mac14,2", vec![Hardware::AppleSilicon, Hardware::Battery]),
        Platform::Tvos => ("AppleTV14,1", vec![]),
        Platform::Visionos => ("RealityDevice14,1", vec![Hardware::Battery]),
        Platform::Watchos => ("Watch7,1", vec![Hardware::Cellular, Hardware::Battery]),
        _ => ("iPhone17,2", vec![Hardware::Cellular, Hardware::Battery]),
    };
    VirtualDevice::new(DeviceSpec {
        model: model(id, context.platform, &hardware),
        release: release(context.platform, &context.version.to_string(), "22A1"),
        enrollment: context.enrollment,
        supervised: context.supervised,
        facts: catalogue(),
        settings: Arc::new(BehaviorSettings::default()),
        quirks: Arc::default(),
        seed: 1,
        timeout: Duration::from_secs(5),
    })
}

const CELLS: [(Platform, &str); 9] = [
    (Platform::Ios, "17.0"),
    (Platform::Ios, "18.0"),
    (Platform::Ios, "26.0"),
    (Platform::Ios, "27.0"),
    (Platform::Macos, "15.0"),
    (Platform::Macos, "27.0"),
    (Platform::Tvos, "18.0"),
    (Platform::Visionos, "26.0"),
    (Platform::Watchos, "11.0"),
];

/// Commands whose smallest instance a device out of the box refuses for a reason of its state, and the code.
const REFUSED: [(&str, i64); 20] = [
    ("ApplyRedemptionCode", 12038),
    ("AvailableOSUpdates", 2213),
    ("ClearPasscode", 5013),
    ("DeleteUser", 12070),
    ("DeviceLocation", 12067),
    ("DisableLostMode", 12069),
    ("EnableLostMode", 12008),
    ("InstallApplication", 12008),
    ("InstallEnterpriseApplication", 12024),
    ("InstallProfile", 4001),
    ("PlayLostModeSound", 12067),
    ("RemoveApplication", 12038),
    ("RemoveMedia", 12038),
    ("RemoveProfile", 12075),
    ("RemoveProfile", 89),
    ("RemoveProvisioningProfile", 12013),
    ("RotateFileVaultKey", 12008),
    ("SetAutoAdminPassword", 12008),
    ("SetFirmwarePassword", 12008),
    ("UnlockUserAccount", 12070),
];

#[tokio::test]
async fn minimal_commands_are_answered() {
    for (platform, number) in CELLS {
        for enrollment in [
            EnrollmentType::Ade,
            EnrollmentType::AccountUser,
            EnrollmentType::Profile,
        ] {
            let context = context(platform, number, enrollment);
            for item in catalogue()
                .items()
                .iter()
                .filter(|item| item.kind == Kind::Command)
            {
                let Some(mut body) = minimal_instance(item, &context) else {
                    continue;
                };
                body["RequestType"] = json!(item.id);
                let server = Server::start();
                let mut device = device(&context);
                device.enroll(&server.grant).await.unwrap();
                let answer = command_to(&server, &mut device, body.clone()).await;
                let fits = match chain(&answer).first() {
                    None => answer["Status"] == "Acknowledged",
                    Some((_, code)) => REFUSED.contains(&(item.id.as_str(), *code)),
                };
                assert!(fits, "{platform} {number} {enrollment}: {body} → {answer}");
            }
        }
    }
}

#[tokio::test]
async fn minimal_profiles_are_in_force() {
    for (platform, number) in CELLS {
        let context = context(platform, number, EnrollmentType::Ade);
        let payloads = catalogue();
        let payloads = payloads.items().iter().filter(|item| {
            item.kind == Kind::Profile
                && !matches!(
                    item.id.as_str(),
                    "Configuration" | "CommonPayloadKeys" | "TopLevel"
                )
        });
        for item in payloads {
            let Some(minimal) = minimal_instance(item, &context) else {
                continue;
            };
            if minimal.get("PayloadIdentifier").is_some() {
                continue;
            }
            let mut payload = minimal.clone();
            payload["PayloadType"] = json!(item.id);
            let server = Server::start();
            let mut device = device(&context);
            device.enroll(&server.grant).await.unwrap();
            let answer = command_to(&server, &mut device, install("p", &[payload])).await;
            assert_eq!(
                answer["Status"], "Acknowledged",
                "{platform} {number} {}: {answer}",
                item.file
            );
            let effects = device.effects().unwrap();
            assert_eq!(
                effects["payloads"][&item.id],
                json!([minimal]),
                "{platform} {number} {}",
                item.file
            );
        }
    }
}

/// Counts taken from the schema's files by hand-written script: all restrictions that apply to a supervised device,
/// and those that need supervision.
#[tokio::test]
async fn as_many_restrictions_are_in_force_as_the_schema_has() {
    for (platform, number, all, supervised_only) in [
        (Platform::Ios, "18.0", 152, 101),
        (Platform::Tvos, "18.0", 21, 14),
        (Platform::Visionos, "2.0", 44, 24),
        (Platform::Watchos, "11.0", 13, 6),
    ] {
        for (enrollment, count) in [
            (EnrollmentType::Ade, all),
            (EnrollmentType::Profile, all - supervised_only),
        ] {
            let facts = catalogue();
            let (_, item) = facts
                .find(Kind::Profile, "com.apple.applicationaccess")
                .next()
                .unwrap();
            let mut payload = json!({"PayloadType": "com.apple.applicationaccess"});
            for (_, key) in item.children(None, Role::Payload) {
                payload[key.name()] = match key.value_type {
                    ValueType::Boolean => json!(false),
                    ValueType::Array => json!([]),
                    ValueType::String => json!("us"),
                    _ => json!(1),
                };
            }
            let server = Server::start();
            let mut device = device(&context(platform, number, enrollment));
            device.enroll(&server.grant).await.unwrap();
            command_to(&server, &mut device, install("p", &[payload])).await;
            let effects = device.effects().unwrap();
            assert_eq!(
                effects["restrictions"].as_object().unwrap().len(),
                count,
                "{platform} {enrollment}"
            );
        }
    }
}

/// Codes with which the smallest instance of a declaration is answered: what it refers to is not there.
const ROWS: [&str; 4] = [
    "Error.ConfigurationCannotBeApplied",
    "Error.MissingAssets",
    "Error.MissingConfigurations",
    "Info.NotReferencedByConfiguration",
];

#[tokio::test]
async fn minimal_declarations_are_understood() {
    for (platform, number) in CELLS {
        let context = context(platform, number, EnrollmentType::Ade);
        for item in catalogue()
            .items()
            .iter()
            .filter(|item| item.id.starts_with("com.apple."))
        {
            let (Kind::Declaration, Some(body)) = (item.kind, minimal_instance(item, &context))
            else {
                continue;
            };
            let declaration = |kind: &str, id: &str, payload: Value| json!({"Type": kind, "Identifier": id, "ServerToken": "1", "Payload": payload});
            let mut all = vec![declaration(&item.id, "x", body.clone())];
            if item.id.contains(".configuration.") {
                let activation = json!({"StandardConfigurations": ["x"]});
                all.push(declaration("com.apple.activation.simple", "a", activation));
            }
            let server = Server::start();
            let mut device = device(&context);
            device.enroll(&server.grant).await.unwrap();
            server.with(|script| script.declarations = all);
            command_to(
                &server,
                &mut device,
                json!({"RequestType": "DeclarativeManagement"}),
            )
            .await;
            let report = server.reports().pop().unwrap();
            let rows = report["StatusItems"]["management"]["declarations"]
                .as_object()
                .unwrap();
            let row = rows
                .values()
                .filter_map(Value::as_array)
                .flatten()
                .find(|row| row["identifier"] == "x");
            let row = row.unwrap();
            let understood = row["valid"] == "valid"
                || ROWS.contains(&row["reasons"][0]["code"].as_str().unwrap());
            assert!(
                understood,
                "{platform} {number} {}: {body} → {row}",
                item.id
            );
        }
    }
}

#[tokio::test]
async fn every_status_item_has_a_value() {
    for (platform, number) in CELLS {
        let context = context(platform, number, EnrollmentType::Ade);
        let os = platform.schema_os().unwrap();
        let facts = catalogue();
        let names = facts.items().iter().filter(|item| {
            let support = item.support(platform);
            item.kind == Kind::Status
                && item.id.contains('.')
                && support.is_some_and(|support| support.applies(os, &context).is_yes())
        });
        let names: Vec<Value> = names.map(|item| json!({"Name": item.id})).collect();
        let subscription = "com.apple.configuration.management.status-subscriptions";
        let server = Server::start();
        let mut device = device(&context);
        device.enroll(&server.grant).await.unwrap();
        server.with(|script| {
            script.declarations = vec![
                json!({"Type": subscription, "Identifier": "x", "ServerToken": "1", "Payload": {"StatusItems": names}}),
                json!({
                    "Type": "com.apple.activation.simple", "Identifier": "a", "ServerToken": "1",
                    "Payload": {"StandardConfigurations": ["x"]},
                }),
            ];
        });
        command_to(
            &server,
            &mut device,
            json!({"RequestType": "DeclarativeManagement"}),
        )
        .await;
        let report = server.reports().pop().unwrap();
        let missing: Vec<&Value> = report["Errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["StatusItem"])
            .collect();
        // This one is an error by its purpose.
        assert_eq!(missing, ["test.error-value"], "{platform} {number}");
    }
}

fn leaves(value: &Value, path: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (key, value) in inner {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                leaves(value, &path, out);
            }
        }
        _ => out.push(path.to_owned()),
    }
}

/// Items of the first reports of the two real devices named above, beside `management`.
#[tokio::test]
async fn first_reports_have_the_items_of_real_devices() {
    let phone = [
        "device.model.family",
        "device.model.identifier",
        "device.model.marketing-name",
        "device.operating-system.build-version",
        "device.operating-system.family",
        "device.operating-system.marketing-name",
        "device.operating-system.version",
    ];
    let mac = [
        "device.identifier.serial-number",
        "device.identifier.udid",
        "device.model.family",
        "device.operating-system.build-version",
        "device.operating-system.family",
        "device.operating-system.supplemental.extra-version",
        "device.operating-system.version",
    ];
    for (context, told) in [
        (
            context(Platform::Ios, "16.0", EnrollmentType::AccountUser),
            phone,
        ),
        (context(Platform::Macos, "13.3.1", EnrollmentType::Ade), mac),
    ] {
        let server = Server::start();
        let mut device = device(&context);
        device.enroll(&server.grant).await.unwrap();
        command_to(
            &server,
            &mut device,
            json!({"RequestType": "DeclarativeManagement"}),
        )
        .await;
        let report = server.reports().remove(0);
        let mut names = Vec::new();
        leaves(&report["StatusItems"], "", &mut names);
        names.retain(|name| !name.starts_with("management."));
        names.sort();
        assert_eq!(names, told);
    }
}

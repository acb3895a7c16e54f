//! The committed catalogue against figures that were counted apart from it.
//!
//! The figures were taken by script from the vendor's files (github.com/apple/device-management, release 18.1,
//! revision b6202ca), not from this crate's output.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use device_matrix::capability::check::check_message;
use device_matrix::capability::client_capabilities::client_capabilities;
use device_matrix::capability::features::{FeatureChange, Range, features};
use device_matrix::capability::features_json::FeaturesJson;
use device_matrix::capability::instance::{instance_with_key, minimal_instance};
use device_matrix::capability::lint::lint;
use device_matrix::capability::{
    Applicability, Change, Context, Facts, Item, ItemIndex, Key, KeyIndex, Kind, Layer,
    NotApplicable, Role, Scope, Since, ValueType, read_sources,
};
use device_matrix::diag::{Severity, SourceFile, render};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::known::Known;
use device_matrix::platform::{Platform, SchemaOs};
use device_matrix::version::VersionNumber;

fn sources() -> &'static [SourceFile] {
    static SOURCES: OnceLock<Vec<SourceFile>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        read_sources(&root).expect("the data folder can be read")
    })
}

fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(|| load(sources()))
}

fn load(sources: &[SourceFile]) -> Facts {
    Facts::load(sources).unwrap_or_else(|found| panic!("{}", render(&found, sources, false)))
}

fn version(text: &str) -> VersionNumber {
    text.parse().expect(text)
}

/// The releases the figures are for, in the order of [`SchemaOs::ALL`].
fn releases() -> [(SchemaOs, VersionNumber); 5] {
    ["18.0", "15.0", "18.0", "2.0", "11.0"]
        .map(version)
        .into_iter()
        .zip(SchemaOs::ALL)
        .map(|(version, os)| (os, version))
        .collect::<Vec<_>>()
        .try_into()
        .expect("five")
}

fn items(facts: &Facts) -> impl Iterator<Item = (ItemIndex, &Item)> {
    facts
        .items()
        .iter()
        .enumerate()
        .map(|(at, item)| (ItemIndex(u32::try_from(at).expect("small")), item))
        .filter(|(index, _)| facts.layer(*index, None) == Layer::Schema)
}

fn keys<'f>(
    facts: &'f Facts,
    index: ItemIndex,
    item: &'f Item,
) -> impl Iterator<Item = (KeyIndex, &'f Key)> {
    item.keys
        .iter()
        .enumerate()
        .map(|(at, key)| (KeyIndex(u32::try_from(at).expect("small")), key))
        .filter(move |(key, _)| facts.layer(index, Some(*key)) == Layer::Schema)
}

/// Available by the schema alone. One payload states no OS at all (`wapi-identity`); the figures count it as
/// available, this crate as unknown.
fn counted(
    facts: &Facts,
    item: ItemIndex,
    key: Option<KeyIndex>,
    os: SchemaOs,
    v: &VersionNumber,
) -> bool {
    facts
        .schema_support(item, key, os)
        .is_some_and(|support| !matches!(support.available(v), Applicability::No(_)))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    items: usize,
    payload_keys: usize,
    response_keys: usize,
    placeholders: usize,
    available: BTreeMap<&'static str, [usize; 5]>,
    applicable_payload: [usize; 5],
    applicable_response: [usize; 5],
}

fn group(item: &Item) -> &'static str {
    match item.kind {
        Kind::Command => "command",
        Kind::Checkin => "checkin",
        Kind::Profile => "profile",
        Kind::Declaration => "declaration",
        Kind::Status => "status",
        _ => "rest",
    }
}

fn count(facts: &Facts) -> Counts {
    let mut out = Counts::default();
    for (index, item) in items(facts) {
        out.items += 1;
        for (position, (os, v)) in releases().iter().enumerate() {
            let row = out.available.entry(group(item)).or_default();
            row[position] += usize::from(counted(facts, index, None, *os, v));
        }
        for (key_index, key) in keys(facts, index, item) {
            let (all, applicable) = match key.role {
                Role::Payload => (&mut out.payload_keys, &mut out.applicable_payload),
                Role::Response => (&mut out.response_keys, &mut out.applicable_response),
            };
            *all += 1;
            for (position, (os, v)) in releases().iter().enumerate() {
                applicable[position] += usize::from(counted(facts, index, Some(key_index), *os, v));
            }
            // The members of the one tagged union are no placeholders of an element.
            let parent = key.parent.map(|parent| item.key(parent));
            let element = parent.is_some_and(|p| p.value_type == ValueType::Array);
            let union = parent.is_some_and(|p| p.path == ["Settings"] && item.id == "Settings");
            out.placeholders += usize::from(element && !union);
        }
    }
    out
}

fn expected() -> Counts {
    Counts {
        items: 302,
        payload_keys: 3_347,
        response_keys: 548,
        placeholders: 395,
        available: [
            ("command", [49, 50, 26, 26, 21]),
            ("checkin", [5, 8, 4, 5, 4]),
            ("profile", [51, 109, 24, 35, 17]),
            ("declaration", [32, 36, 17, 25, 17]),
            ("status", [42, 41, 24, 34, 26]),
            ("rest", [15, 15, 12, 12, 12]),
        ]
        .into_iter()
        .collect(),
        applicable_payload: [1_933, 2_632, 793, 1_309, 632],
        applicable_response: [307, 382, 185, 174, 172],
    }
}

#[test]
fn the_schema_layer_has_what_was_counted_in_the_vendors_files() {
    assert_eq!(count(facts()), expected());
}

#[test]
fn restrictions_and_supervised_only_restrictions_by_release() {
    let facts = facts();
    let (index, item) = facts
        .find(Kind::Profile, "com.apple.applicationaccess")
        .next()
        .expect("restrictions");
    let mut applicable = [0; 5];
    let mut supervised = [0; 5];
    let mut all = 0;
    for (key_index, key) in keys(facts, index, item) {
        if key.placeholder {
            continue;
        }
        all += 1;
        for (position, (os, v)) in releases().iter().enumerate() {
            let support = facts
                .schema_support(index, Some(key_index), *os)
                .expect("stated");
            if support.available(v).is_yes() {
                applicable[position] += 1;
                supervised[position] += usize::from(support.supervised == Known::Known(true));
            }
        }
    }
    assert_eq!(all, 188);
    assert_eq!(applicable, [152, 78, 21, 44, 13]);
    assert_eq!(supervised, [101, 4, 14, 24, 6]);
}

#[test]
fn every_query_of_device_information_is_a_capability_of_its_own() {
    let facts = facts();
    let queries = |id: &str| {
        let (index, item) = facts.find(Kind::Command, id).next().expect("command");
        keys(facts, index, item)
            .filter(|(_, key)| key.enum_value)
            .count()
    };
    assert_eq!(queries("DeviceInformation"), 85);
    assert_eq!(queries("SecurityInfo"), 3);
    let recursive: Vec<String> = facts
        .items()
        .iter()
        .flat_map(|item| item.keys.iter().filter(|key| key.recursive))
        .map(Key::dotted)
        .collect();
    assert_eq!(
        recursive,
        [
            "whiteList.whiteListItem.subApps",
            "Dock.IconItem.Pages.PagesItem",
            "Pages.PagesItem.IconItem.Pages",
        ]
    );
}

#[test]
fn one_changed_fact_changes_the_counts() {
    // File, a text to look from, and the first occurrence behind it that is replaced.
    let changes = [
        (
            "schema/mdm/profiles/com.apple.applicationaccess.toml",
            "[\"allowCamera\"]",
            "introduced = \"10.11\"",
            "introduced = \"15.1\"",
        ),
        (
            "schema/mdm/commands/device.erase.toml",
            "macOS",
            "introduced = \"10.7\"",
            "introduced = \"15.1\"",
        ),
        (
            "schema/mdm/commands/information.device.toml",
            "[\"Queries\", \"QueriesItem\"]",
            "type = \"string\"",
            "type = \"string\", tvOS = { introduced = \"n/a\" }",
        ),
        (
            "schema/declarative/status/passcode.is-present.toml",
            "file",
            "kind = \"status\"",
            "kind = \"other\"",
        ),
        (
            "schema/mdm/profiles/com.apple.security.firewall.toml",
            "[\"EnableLogging\"]",
            "removed = \"15.0\"",
            "removed = \"15.1\"",
        ),
    ];
    for (file, anchor, from, to) in changes {
        let mut sources = sources().to_vec();
        let source = sources
            .iter_mut()
            .find(|source| source.path.ends_with(file))
            .expect(file);
        let at = source.text.find(anchor).expect(anchor);
        let (before, after) = source.text.split_at(at);
        assert!(after.contains(from), "{file}: {from}");
        source.text = format!("{before}{}", after.replacen(from, to, 1));
        assert_ne!(count(&load(&sources)), expected(), "{file}");
    }
}

fn changed(
    platform: Platform,
    release: &str,
    change: Change,
    kind: Kind,
    role: Role,
) -> Vec<String> {
    let facts = facts();
    features(facts, platform, Range::At(version(release)))
        .changes
        .iter()
        .filter(|one| one.change == change && one.item_in(facts).kind == kind)
        .filter_map(|one: &FeatureChange| {
            let key = one.key_in(facts)?;
            (key.role == role).then(|| format!("{}:{}", one.item_in(facts).id, key.dotted()))
        })
        .collect()
}

fn changed_items(platform: Platform, release: &str, change: Change) -> Vec<String> {
    let facts = facts();
    let mut out: Vec<String> = features(facts, platform, Range::At(version(release)))
        .changes
        .iter()
        .filter(|one| one.change == change && one.key.is_none())
        .map(|one| one.item_in(facts).id.clone())
        .collect();
    out.sort();
    out
}

/// Source: the vendor's 27.0 schema seed, read by third parties; see the head of the later layer.
#[test]
fn ios_26_removes_thirteen_cellular_queries() {
    let mut removed: Vec<String> = changed(
        Platform::Ios,
        "26.0",
        Change::Removed,
        Kind::Command,
        Role::Payload,
    )
    .into_iter()
    .map(|name| name.replace("DeviceInformation:Queries.QueriesItem.", ""))
    .collect();
    removed.sort();
    assert_eq!(
        removed,
        [
            "CarrierSettingsVersion",
            "CurrentCarrierNetwork",
            "CurrentMCC",
            "CurrentMNC",
            "ICCID",
            "IMEI",
            "IsRoaming",
            "MEID",
            "PhoneNumber",
            "SubscriberCarrierNetwork",
            "SubscriberMCC",
            "SubscriberMNC",
            "VoiceRoamingEnabled",
        ]
    );
    // The replacement is there and stays.
    let (_, item) = facts()
        .find(Kind::Command, "DeviceInformation")
        .next()
        .expect("command");
    let key = item
        .keys
        .iter()
        .find(|key| key.enum_value && key.name() == "ServiceSubscriptions")
        .expect("replacement");
    let support = key.support(Platform::Ios).expect("iOS");
    assert_eq!(support.introduced, Since::Version(version("12.0")));
    assert!(support.available(&version("27.0")).is_yes());
}

/// Source: Apple's page of removed commands and profiles, 27.0.
#[test]
fn version_27_removes_the_old_software_update_management() {
    assert_eq!(
        changed_items(Platform::Macos, "27.0", Change::Removed),
        [
            "AvailableOSUpdates",
            "OSUpdateStatus",
            "ScheduleOSUpdate",
            "ScheduleOSUpdateScan",
            "com.apple.SoftwareUpdate",
            "com.apple.system.logging",
        ]
    );
    for (platform, restrictions) in [
        (
            Platform::Tvos,
            &["enforcedSoftwareUpdateDelay", "forceDelayedSoftwareUpdates"][..],
        ),
        (
            Platform::Ios,
            &[
                "allowRapidSecurityResponseInstallation",
                "allowRapidSecurityResponseRemoval",
                "enforcedSoftwareUpdateDelay",
                "forceDelayedSoftwareUpdates",
            ],
        ),
    ] {
        let mut removed: Vec<String> = changed(
            platform,
            "27.0",
            Change::Removed,
            Kind::Profile,
            Role::Payload,
        )
        .into_iter()
        .filter_map(|name| {
            Some(
                name.strip_prefix("com.apple.applicationaccess:")?
                    .to_owned(),
            )
        })
        .collect();
        removed.sort();
        assert_eq!(removed, restrictions, "{platform}");
    }
    let removed = changed_items(Platform::Tvos, "27.0", Change::Removed);
    assert_eq!(
        removed,
        ["AvailableOSUpdates", "OSUpdateStatus", "ScheduleOSUpdate"]
    );
    let deprecated = changed_items(Platform::Ios, "26.0", Change::Deprecated);
    for id in ["AvailableOSUpdates", "OSUpdateStatus", "ScheduleOSUpdate"] {
        assert!(deprecated.iter().any(|one| one == id), "{id}");
    }
}

/// Source: the vendor's 18.1 schema: deprecated and removed in the same release, no grace.
#[test]
fn macos_15_removes_the_firewall_log_without_grace() {
    for change in [Change::Deprecated, Change::Removed] {
        let found = changed(
            Platform::Macos,
            "15.0",
            change,
            Kind::Profile,
            Role::Payload,
        );
        for key in ["EnableLogging", "LoggingOption"] {
            let name = format!("com.apple.security.firewall:{key}");
            assert!(found.contains(&name), "{name} {change:?}");
        }
    }
    let (_, item) = facts()
        .find(Kind::Profile, "com.apple.security.firewall")
        .next()
        .expect("firewall");
    let key = item
        .keys
        .iter()
        .find(|key| key.name() == "EnableLogging")
        .expect("key");
    let support = key.support(Platform::Macos).expect("macOS");
    assert!(support.available(&version("14.5")).is_yes());
    assert_eq!(
        support.available(&version("15.0")),
        Applicability::No(NotApplicable::Removed(version("15.0")))
    );
}

#[test]
fn the_published_json_of_a_release() {
    let facts = facts();
    let found = features(facts, Platform::Ios, Range::At(version("18.1")));
    insta::assert_json_snapshot!(FeaturesJson::new(facts, Platform::Ios, "18.1", &found));
}

#[test]
fn a_stretch_of_versions_is_the_sum_of_its_releases() {
    let facts = facts();
    for platform in Platform::APPLE {
        let stretch = Range::Since {
            after: version("17.5"),
            upto: version("18.1"),
        };
        let whole = features(facts, platform, stretch).changes;
        for one in &whole {
            assert!(stretch.contains(&one.version));
            let single = features(facts, platform, Range::At(one.version)).changes;
            let same = single
                .iter()
                .any(|s| (s.item, s.key, s.change) == (one.item, one.key, one.change));
            assert!(same, "{platform} {one:?}");
        }
    }
    // iPadOS is stated as iOS.
    let at = Range::At(version("18.0"));
    assert_eq!(
        features(facts, Platform::Ios, at),
        features(facts, Platform::Ipados, at)
    );
    assert!(features(facts, Platform::Windows, at).changes.is_empty());
}

#[test]
fn what_no_source_states_is_unknown() {
    let facts = facts();
    let restriction = |name: &str| {
        let (_, item) = facts
            .find(Kind::Profile, "com.apple.applicationaccess")
            .next()
            .expect("restrictions");
        item.keys
            .iter()
            .find(|key| key.name() == name)
            .expect("key")
            .clone()
    };
    // Read from one later schema file, iOS only.
    let siri = restriction("allowSiriAI");
    assert_eq!(
        siri.support(Platform::Ios).expect("iOS").introduced,
        Since::Version(version("27.0"))
    );
    assert_eq!(
        siri.support(Platform::Macos).expect("macOS").introduced,
        Since::Unknown
    );
    // A new declaration: nothing says how it behaves under user enrollment.
    let (_, item) = facts
        .find(Kind::Declaration, "com.apple.configuration.network.relay")
        .next()
        .expect("relay");
    let support = item.support(Platform::Ios).expect("iOS");
    assert_eq!(support.user_enrollment, Known::Unknown);
    assert_eq!(support.supervised, Known::Unknown);
    // An old restriction keeps its value where the later row is silent.
    let camera = restriction("allowCamera");
    assert_eq!(
        camera.support(Platform::Ios).expect("iOS").introduced,
        Since::Version(version("4.0"))
    );
}

fn context(platform: Platform, release: &str, enrollment: EnrollmentType, scope: Scope) -> Context {
    Context {
        platform,
        version: version(release),
        enrollment,
        supervised: matches!(enrollment, EnrollmentType::Ade | EnrollmentType::SharedIpad),
        scope,
        access_rights: 8191,
    }
}

/// What an iPhone (iPhone10,2, iOS 16.0 beta 20A5303i, user enrollment) reported. Source: test data of
/// jessepeterson/kmfddm (MIT).
const IPHONE: [&str; 45] = [
    "com.apple.activation.simple",
    "com.apple.asset.credential.userpassword",
    "com.apple.asset.useridentity",
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
    "com.apple.management.organization-info",
    "com.apple.management.properties",
    "com.apple.management.server-capabilities",
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
];

/// What a Mac (13.3.1, 22E261, supervised, system scope) reported. Source: test data of jessepeterson/kmfddm (MIT).
const MAC: [&str; 29] = [
    "com.apple.activation.simple",
    "com.apple.configuration.legacy",
    "com.apple.configuration.legacy.interactive",
    "com.apple.configuration.management.status-subscriptions",
    "com.apple.configuration.management.test",
    "com.apple.configuration.passcode.settings",
    "com.apple.management.organization-info",
    "com.apple.management.properties",
    "com.apple.management.server-capabilities",
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
];

#[test]
fn derived_client_capabilities_are_those_that_real_devices_reported() {
    let iphone = context(
        Platform::Ios,
        "16.0",
        EnrollmentType::AccountUser,
        Scope::Device,
    );
    let mac = context(
        Platform::Macos,
        "13.3.1",
        EnrollmentType::Ade,
        Scope::Device,
    );
    for (context, reported) in [(iphone, &IPHONE[..]), (mac, &MAC[..])] {
        let derived = client_capabilities(facts(), &context);
        assert_eq!(derived.names().collect::<Vec<_>>(), reported);
    }
}

/// Instances that the facts themselves can not make sound: file, key, why. None is known.
const NOT_SOUND: &[(&str, &str, &str)] = &[];

#[test]
fn what_is_built_from_the_facts_fits_the_facts() {
    let facts = facts();
    let contexts = [
        context(Platform::Ios, "18.0", EnrollmentType::Ade, Scope::Device),
        context(
            Platform::Ios,
            "18.1",
            EnrollmentType::AccountUser,
            Scope::Device,
        ),
        context(
            Platform::Ios,
            "26.0",
            EnrollmentType::Profile,
            Scope::Device,
        ),
        context(
            Platform::Ipados,
            "26.0",
            EnrollmentType::SharedIpad,
            Scope::User,
        ),
        context(Platform::Macos, "15.0", EnrollmentType::Ade, Scope::User),
        context(Platform::Macos, "27.0", EnrollmentType::Ade, Scope::Device),
        context(Platform::Tvos, "27.0", EnrollmentType::Ade, Scope::Device),
        context(
            Platform::Visionos,
            "26.0",
            EnrollmentType::Ade,
            Scope::Device,
        ),
    ];
    let mut built = 0;
    let mut unsound = Vec::new();
    let mut missing = Vec::new();
    for context in &contexts {
        let os = context.platform.schema_os().expect("Apple");
        for item in facts.items() {
            let applies = item.os[&os].applies(os, context).is_yes();
            let minimal = minimal_instance(item, context);
            assert_eq!(minimal.is_some(), applies, "{}", item.file);
            let whole = minimal.map(|body| (String::new(), Role::Payload, body));
            let with_keys = item.keys.iter().enumerate().filter_map(|(at, key)| {
                let index = KeyIndex(u32::try_from(at).expect("small"));
                let body = instance_with_key(item, index, context);
                let mut chain = Some(index);
                let mut all = applies;
                while let Some(at) = chain {
                    all &= item.key(at).os[&os].applies(os, context).is_yes();
                    chain = item.key(at).parent;
                }
                if body.is_some() != all {
                    missing.push(format!("{}: {}", item.file, key.dotted()));
                }
                Some((key.dotted(), key.role, body?))
            });
            for (key, role, body) in whole.into_iter().chain(with_keys) {
                built += 1;
                let found = check_message(facts, item.kind, &item.id, role, &body, context);
                let known = NOT_SOUND
                    .iter()
                    .any(|(file, name, _)| *file == item.file && *name == key);
                if !found.is_empty() && !known {
                    unsound.push(format!("{} {key}: {found:?}", item.file));
                }
            }
        }
    }
    assert!(built > 14_000, "{built}");
    assert_eq!(missing, Vec::<String>::new());
    assert_eq!(unsound, Vec::<String>::new());
}

#[test]
fn an_instance_with_a_key_carries_the_key() {
    let facts = facts();
    let ade = context(Platform::Ios, "18.1", EnrollmentType::Ade, Scope::Device);
    for (kind, id, path, text) in [
        (
            Kind::Command,
            "DeviceInformation",
            &["Queries", "QueriesItem", "SerialNumber"][..],
            r#"{"Queries":["SerialNumber"]}"#,
        ),
        (
            Kind::Command,
            "Settings",
            &["Settings", "Bluetooth"],
            r#"{"Settings":[{"Item":"Bluetooth","Enabled":true}]}"#,
        ),
        (
            Kind::Profile,
            "com.apple.applicationaccess",
            &["allowCamera"],
            r#"{"allowCamera":true}"#,
        ),
    ] {
        let (_, item) = facts.find(kind, id).next().expect(id);
        let at = item.keys.iter().position(|key| key.path == path).expect(id);
        let index = KeyIndex(u32::try_from(at).expect("small"));
        let body = instance_with_key(item, index, &ade).expect(id);
        assert_eq!(body.to_string(), text);
    }
}

#[test]
fn the_committed_data_has_no_lint_errors() {
    let found = lint(facts(), sources());
    let errors: Vec<_> = found
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .cloned()
        .collect();
    assert!(errors.is_empty(), "{}", render(&errors, sources(), false));
    // What the vendor's files and the documentation themselves have wrong; a new one is to be looked at.
    let warnings: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    insta::assert_debug_snapshot!(warnings);
}

#[test]
fn conflicts_are_kept_and_no_row_of_the_later_source_is_lost() {
    let facts = facts();
    assert!(
        !facts
            .disagreements()
            .iter()
            .any(|row| row.field == "unmatched")
    );
    let roaming = facts
        .disagreements()
        .iter()
        .find(|row| {
            row.place
                .path
                .last()
                .is_some_and(|name| name == "IsRoaming")
        })
        .expect("the deprecation that the schema lacks");
    assert_eq!(roaming.field, "deprecated");
    assert_eq!(roaming.other, "16.0");
    let ids: Vec<&str> = facts
        .vanished()
        .iter()
        .filter(|row| row.last_seen == "17.5")
        .map(|row| row.place.id.as_str())
        .collect();
    assert_eq!(ids, ["com.apple.ManagedClient.preferences"; 9]);
}

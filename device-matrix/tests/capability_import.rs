//! The import against small hand-made checkouts that have each peculiarity of the vendor's schema once.

use std::fmt::Write as _;

use device_matrix::capability::{
    AccessRight, Confidence, Facts, Item, Key, Kind, Layer, Mode, NotApplicable, Role, Scalar,
    Since,
};
use device_matrix::diag::{SourceFile, render};
use device_matrix::import::apple::diff::diff;
use device_matrix::import::apple::{Checkout, ImportError, Imported, import};
use device_matrix::known::Known;
use device_matrix::platform::SchemaOs;
use device_matrix::version::VersionNumber;
use proptest::prelude::*;

const COMMAND: &str = "
title: Some command
payload:
  requesttype: DoIt
  supportedOS:
    iOS:
      introduced: '4.0'
      accessrights: Special Case
      supervised: true
      userenrollment:
        mode: forbidden
      sharedipad:
        mode: allowed
        devicechannel: true
        userchannel: false
    macOS:
      introduced: '10.7'
      accessrights: DeviceLockAndRemovePasscode
    tvOS:
      introduced: n/a
    visionOS:
      introduced: all
    watchOS:
      introduced: '10.0'
      removed: '0'
payloadkeys:
- key: Queries
  type: <array>
  presence: required
  subkeys:
  - key: QueriesItem
    type: <string>
    subkeys:
    - key: IMEI
      type: <string>
      supportedOS:
        iOS:
          introduced: 3.9
          deprecated: '16.0'
          accessrights: AllowQueryNetworkInformation
    - key: UDID
      type: <string>
- key: Level
  type: <integer>
  range:
    min: 1
    max: 18.10
  rangelist: [0]
  default: 1
  supportedOS:
    iOS:
      introduced: 18.10
      supervised: false
      sharedipad:
        mode: forbidden
    tvOS:
      introduced: '9.0'
- key: Free
  type: <dictionary>
  brandnew: 7
  subkeys:
  - key: ANY name
    type: <string>
    format: ^[0-9]$
responsekeys:
- key: Queries
  type: <string>
";

const LAYOUT: &str = "
payload:
  payloadtype: com.example.layout
  supportedOS:
    iOS:
      introduced: '9.3'
payloadkeys:
- key: Pages
  type: <array>
  subkeys: &pages
  - key: Page
    type: <dictionary>
    subkeys:
    - key: Name
      type: <string>
    - key: Pages
      type: <array>
      subkeys: *pages
- key: Dock
  type: <array>
  subkeys: *pages
";

fn checkout(label: &str, files: &[(&str, &str)]) -> Checkout {
    Checkout {
        label: label.to_owned(),
        revision: "abc".to_owned(),
        license: "MIT, Example".to_owned(),
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
    }
}

fn both(label: &str) -> Checkout {
    checkout(
        label,
        &[
            ("mdm/commands/do.it.yaml", COMMAND),
            ("mdm/profiles/layout.yaml", LAYOUT),
            ("docs/schema.yaml", "not: a schema file"),
            ("README.md", "text"),
        ],
    )
}

fn load(imported: &Imported) -> Facts {
    let sources: Vec<SourceFile> = imported
        .files
        .iter()
        .map(|file| SourceFile {
            path: file.path.clone(),
            text: file.text.clone(),
        })
        .collect();
    Facts::load(&sources).unwrap_or_else(|found| panic!("{}", render(&found, &sources, false)))
}

fn run(checkouts: &[Checkout], later: Option<&str>, values: Option<&str>) -> (Imported, Facts) {
    let imported = import(checkouts, later, values).expect("imports");
    let facts = load(&imported);
    (imported, facts)
}

fn item<'f>(facts: &'f Facts, kind: Kind, id: &str) -> &'f Item {
    facts.find(kind, id).next().expect(id).1
}

fn key<'i>(item: &'i Item, dotted: &str) -> &'i Key {
    item.keys
        .iter()
        .find(|key| key.dotted() == dotted && key.role == Role::Payload)
        .expect(dotted)
}

fn version(text: &str) -> VersionNumber {
    text.parse().expect(text)
}

#[test]
fn attributes_are_inherited_one_by_one_per_os() {
    let (imported, facts) = run(&[both("18.1")], None, None);
    assert_eq!(
        imported.warnings,
        [
            "18.1/mdm/commands/do.it.yaml:60: attribute `brandnew` of a key is not known and left out"
        ]
    );
    let command = item(&facts, Kind::Command, "DoIt");
    assert_eq!(command.file, "mdm/commands/do.it.yaml");
    let ios = |name| &key(command, name).os[&SchemaOs::Ios];
    // The key is older than its item: the maximum holds; what it does not say it inherits.
    let imei = ios("Queries.QueriesItem.IMEI");
    assert_eq!(imei.introduced, Since::Version(version("4.0")));
    assert_eq!(imei.deprecated, Some(version("16.0")));
    assert_eq!(imei.access_right, AccessRight::Bit(32));
    assert_eq!(imei.supervised, Known::Known(true));
    assert_eq!(
        ios("Queries.QueriesItem.UDID").access_right,
        AccessRight::SpecialCase
    );
    // An unquoted version is no number, and a sub-table is overlaid attribute by attribute.
    let level = ios("Level");
    assert_eq!(level.introduced, Since::Version(version("18.10")));
    assert_eq!(level.supervised, Known::Known(false));
    assert_eq!(level.user_enrollment, Known::Known(Mode::Forbidden));
    let Known::Known(Some(shared)) = &level.shared_ipad else {
        panic!("{level:?}");
    };
    assert_eq!(
        (shared.mode, shared.device_channel),
        (Mode::Forbidden, Some(true))
    );
    // Not available above is not available below, and is kept as a conflict.
    let tv = &key(command, "Level").os[&SchemaOs::Tvos];
    assert_eq!(tv.introduced, Since::NotAvailable);
    let conflicts: Vec<String> = facts
        .disagreements()
        .iter()
        .map(|row| {
            format!(
                "{} {} {} kept {}",
                row.place.path.join("."),
                row.os,
                row.other,
                row.kept
            )
        })
        .collect();
    assert_eq!(
        conflicts,
        [
            "Level tvOS 9.0 kept n/a",
            "Queries.QueriesItem.IMEI iOS 3.9 kept 4.0"
        ]
    );
    // `all` is since ever, `removed: '0'` never.
    assert!(
        command.os[&SchemaOs::Visionos]
            .available(&version("1.0"))
            .is_yes()
    );
    assert_eq!(
        command.os[&SchemaOs::Watchos].available(&version("10.0")),
        device_matrix::capability::Applicability::No(NotApplicable::Removed(version("0")))
    );
    assert_eq!(
        command.os[&SchemaOs::Macos].access_right,
        AccessRight::Bit(4)
    );
    // An OS that is not stated is unknown.
    let layout = item(&facts, Kind::Profile, "com.example.layout");
    assert_eq!(layout.os[&SchemaOs::Tvos].introduced, Since::Unknown);
}

#[test]
fn placeholders_enumerated_values_and_ranges() {
    let (_, facts) = run(&[both("18.1")], None, None);
    let command = item(&facts, Kind::Command, "DoIt");
    let marks = |name| {
        let key = key(command, name);
        (key.placeholder, key.enum_value)
    };
    assert_eq!(marks("Queries"), (false, false));
    assert_eq!(marks("Queries.QueriesItem"), (true, false));
    assert_eq!(marks("Queries.QueriesItem.IMEI"), (false, true));
    assert_eq!(marks("Free.ANY name"), (true, false));
    let level = key(command, "Level");
    assert_eq!(level.rangelist, [Scalar::Integer(0)]);
    assert_eq!(
        level.range,
        (Some(Scalar::Integer(1)), Some(Scalar::Real(18.10)))
    );
    assert_eq!(
        key(command, "Free.ANY name").format.as_deref(),
        Some("^[0-9]$")
    );
    // The same name on the other side of the exchange is another key.
    let response = command.keys.iter().find(|key| key.role == Role::Response);
    assert_eq!(response.expect("response").dotted(), "Queries");
}

#[test]
fn a_file_that_contains_itself_ends() {
    let (_, facts) = run(&[both("18.1")], None, None);
    let layout = item(&facts, Kind::Profile, "com.example.layout");
    let keys: Vec<(String, bool)> = layout
        .keys
        .iter()
        .map(|key| (key.dotted(), key.recursive))
        .collect();
    let want = [
        ("Pages", false),
        ("Pages.Page", false),
        ("Pages.Page.Name", false),
        ("Pages.Page.Pages", true),
        ("Dock", false),
        ("Dock.Page", false),
        ("Dock.Page.Name", false),
        ("Dock.Page.Pages", true),
    ];
    assert_eq!(
        keys,
        want.map(|(name, recursive)| (name.to_owned(), recursive))
    );
}

#[test]
fn checkouts_tell_since_when_and_what_vanished_and_a_seed_only_adds() {
    let older = COMMAND
        .replace("ANY name", "<some name>")
        .replace("key: Level", "key: OldLevel");
    let newer = COMMAND
        .replace("introduced: '10.7'", "introduced: '11.0'")
        .replace(
            "- key: Level",
            "- key: Extra\n  type: <boolean>\n- key: Level",
        );
    let checkouts = [
        checkout(
            "18.2-seed1",
            &[
                ("mdm/commands/do.it.yaml", &newer),
                ("mdm/profiles/layout.yaml", LAYOUT),
            ],
        ),
        both("18.1"),
        checkout("17.5", &[("mdm/commands/do.it.yaml", &older)]),
    ];
    let (_, facts) = run(&checkouts, None, None);
    let (index, command) = facts.find(Kind::Command, "DoIt").next().expect("command");
    let at = |name: &str| {
        let at = command
            .keys
            .iter()
            .position(|key| key.dotted() == name)
            .expect(name);
        device_matrix::capability::KeyIndex(u32::try_from(at).expect("small"))
    };
    let provenance = facts.provenance(index).expect("loaded");
    assert_eq!(provenance.first_seen, None);
    assert_eq!(provenance.key_first_seen(at("Level")), Some("18.1"));
    // A renamed placeholder is the same key.
    assert_eq!(provenance.key_first_seen(at("Free.ANY name")), None);
    let gone: Vec<String> = facts
        .vanished()
        .iter()
        .map(|row| format!("{} {}", row.place.path.join("."), row.last_seen))
        .collect();
    assert_eq!(gone, ["OldLevel 17.5"]);
    // The seed's other opinion of what is released is not taken.
    assert_eq!(
        command.os[&SchemaOs::Macos].introduced,
        Since::Version(version("10.7"))
    );
    assert_eq!(facts.layer(index, Some(at("Extra"))), Layer::Seed);
    let extra = &command.key(at("Extra")).os[&SchemaOs::Ios];
    assert_eq!(extra.confidence, Confidence::Facts);
    let layout = facts
        .find(Kind::Profile, "com.example.layout")
        .next()
        .expect("layout")
        .0;
    let seen = &facts.provenance(layout).expect("loaded").first_seen;
    assert_eq!(seen.as_deref(), Some("18.1"));
}

const LATER: &str = r#"{
  "_header": {"base": "release 18.1", "docs_commit": "0123456789", "docs_date": "2026-08-18"},
  "rows": [
    {"kind": "command", "id": "DoIt", "key": "Queries.QueriesItem.IMEI", "type": "string", "part": "request",
     "change": ["delisted"], "c": "docs-absent+facts", "file": "mdm/commands/do.it.yaml",
     "os": {"iOS": {"introduced": "4.0", "deprecated": "16.0", "removed": "26.0", "supervised": true}}},
    {"kind": "command", "id": "DoIt", "key": "Queries[].Fresh", "type": "string", "part": "request",
     "change": ["new_key"], "c": "docs", "file": "mdm/commands/do.it.yaml",
     "os": {"iOS": {"introduced": "26.0", "deprecated": null, "removed": null},
            "tvOS": {"introduced": "26.0", "deprecated": null, "removed": null}}},
    {"kind": "command", "id": "DoIt", "key": "Level", "type": "integer", "part": "request",
     "change": ["deprecated"], "c": "conflict", "file": null,
     "os": {"iOS": {"introduced": "18.10", "deprecated": null, "removed": null}},
     "conflict": [{"os": "iOS", "field": "deprecated", "docs": null, "facts": "27.0"}]},
    {"kind": "status", "id": "a.b", "key": null, "type": "array", "part": "request",
     "change": ["new_item"], "c": "docs+facts", "os": {"macOS": {"introduced": "26.0", "deprecated": null, "removed": null}}},
    {"kind": "status", "id": "a.b", "key": "a.b[].c", "type": "array", "etype": "string", "part": "request",
     "change": ["new_item_key"], "c": "docs", "os": {"macOS": {"introduced": "26.0", "deprecated": null, "removed": null}}},
    {"kind": "profile", "id": "com.example.lost", "key": "x", "type": "string", "part": "request",
     "change": ["delisted"], "c": "docs-absent", "os": {}}
  ]
}"#;

#[test]
fn a_later_source_is_merged_with_its_confidence_and_nothing_is_lost() {
    let values = r#"[{"kind": "command", "id": "DoIt", "key": "Level", "part": "request", "added": ["5"], "gone": []},
        {"kind": "command", "id": "DoIt", "key": "Nowhere", "part": "request", "added": ["5"], "gone": []}]"#;
    let (imported, facts) = run(&[both("18.1")], Some(LATER), Some(values));
    let figures = imported.summary;
    assert_eq!(
        (
            figures.later_rows,
            figures.later_matched,
            figures.later_added
        ),
        (6, 2, 3)
    );
    assert_eq!(
        (figures.later_unmatched, figures.value_rows_matched),
        (1, 1)
    );
    let unmatched: Vec<&str> = facts
        .disagreements()
        .iter()
        .filter(|row| row.field == "unmatched")
        .map(|row| row.place.id.as_str())
        .collect();
    assert_eq!(unmatched, ["DoIt", "com.example.lost"]);

    let (index, command) = facts.find(Kind::Command, "DoIt").next().expect("command");
    let imei = &key(command, "Queries.QueriesItem.IMEI").os;
    assert_eq!(imei[&SchemaOs::Ios].removed, Some(version("26.0")));
    assert_eq!(imei[&SchemaOs::Ios].confidence, Confidence::Facts);
    // An OS that the row does not state keeps what the schema says.
    assert_eq!(
        imei[&SchemaOs::Macos].introduced,
        Since::Version(version("10.7"))
    );
    assert_eq!(imei[&SchemaOs::Macos].confidence, Confidence::Schema);
    // What the schema alone said is still there.
    let at = command
        .keys
        .iter()
        .position(|key| key.name() == "IMEI")
        .expect("IMEI");
    let at = device_matrix::capability::KeyIndex(u32::try_from(at).expect("small"));
    let before = facts
        .schema_support(index, Some(at), SchemaOs::Ios)
        .expect("schema");
    assert_eq!(before.removed, None);

    // A new key: stated, refused by its item, not stated.
    let fresh = key(command, "Queries.QueriesItem.Fresh");
    assert!(fresh.enum_value);
    assert_eq!(
        fresh.os[&SchemaOs::Ios].introduced,
        Since::Version(version("26.0"))
    );
    assert_eq!(
        fresh.os[&SchemaOs::Ios].user_enrollment,
        Known::Known(Mode::Forbidden)
    );
    assert_eq!(fresh.os[&SchemaOs::Tvos].introduced, Since::NotAvailable);
    assert_eq!(fresh.os[&SchemaOs::Macos].introduced, Since::Unknown);
    assert_eq!(fresh.os[&SchemaOs::Macos].user_enrollment, Known::Unknown);

    // Silent documentation does not outweigh a deprecation that was read; both are kept.
    let level = key(command, "Level");
    assert_eq!(level.os[&SchemaOs::Ios].deprecated, Some(version("27.0")));
    assert_eq!(level.os[&SchemaOs::Ios].confidence, Confidence::Conflict);
    assert_eq!(level.rangelist, [Scalar::Integer(0), Scalar::Integer(5)]);

    // A new item: the file's name follows the vendor's, and says so.
    let (index, status) = facts.find(Kind::Status, "a.b").next().expect("status");
    assert_eq!(status.file, "declarative/status/a.b.yaml");
    assert!(facts.provenance(index).expect("loaded").file_inferred);
    let names: Vec<Vec<&str>> = status
        .keys
        .iter()
        .map(|key| key.path.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(
        names,
        [
            vec!["a.b"],
            vec!["a.b", "[]"],
            vec!["a.b", "[]", "c"],
            vec!["a.b", "[]", "c", "[]"],
        ]
    );
    assert_eq!(status.os[&SchemaOs::Ios].introduced, Since::Unknown);
}

#[test]
fn two_checkouts_are_compared_by_effective_facts() {
    let newer = COMMAND
        .replace("introduced: '4.0'", "introduced: '5.0'")
        .replace("ANY name", "<other name>")
        .replace("key: UDID", "key: Serial");
    let from = both("18.0");
    let to = checkout(
        "18.1",
        &[
            ("mdm/commands/do.it.yaml", &newer),
            ("mdm/profiles/renamed.yaml", LAYOUT),
        ],
    );
    let found = diff(&from, &to).expect("compares");
    let paths = |list: &[device_matrix::import::apple::diff::PlaceJson]| -> Vec<String> {
        list.iter().map(|place| place.path.clone()).collect()
    };
    assert_eq!(paths(&found.keys_added), ["Queries.QueriesItem.Serial"]);
    assert_eq!(paths(&found.keys_gone), ["Queries.QueriesItem.UDID"]);
    assert_eq!(found.items_renamed.len(), 1);
    assert!(found.items_added.is_empty() && found.items_gone.is_empty());
    let changed: Vec<String> = found
        .changed
        .iter()
        .flat_map(|one| {
            one.facts.iter().map(|f| {
                format!(
                    "{}: {} {} {}->{}",
                    one.place.path, f.os, f.field, f.from, f.to
                )
            })
        })
        .collect();
    // Every key inherits the item's new first version, but for the one that is younger.
    assert_eq!(
        changed,
        [
            ": iOS introduced 4.0->5.0",
            "Free: iOS introduced 4.0->5.0",
            "Free.<other name>: iOS introduced 4.0->5.0",
            "Queries: iOS introduced 4.0->5.0",
            "Queries: iOS introduced 4.0->5.0",
            "Queries.QueriesItem: iOS introduced 4.0->5.0",
            "Queries.QueriesItem.IMEI: iOS introduced 4.0->5.0",
        ]
    );
    assert_eq!(diff(&from, &from).expect("compares").changed, []);
}

#[test]
fn the_files_of_an_import_are_reviewable() {
    let (imported, _) = run(&[both("17.5"), both("18.1")], Some(LATER), None);
    let mut text = String::new();
    for file in &imported.files {
        let _ = write!(text, "=== {}\n{}", file.path.display(), file.text);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_can_not_be_imported_says_why() {
    assert!(matches!(
        import(&[], None, None),
        Err(ImportError::NoCheckout)
    ));
    let seed = both("18.2-seed1");
    assert!(matches!(
        import(&[seed], None, None),
        Err(ImportError::NoCheckout)
    ));
    let unnamed = both("main");
    assert!(matches!(
        import(&[unnamed], None, None),
        Err(ImportError::Label(_))
    ));
    let broken = checkout(
        "18.1",
        &[
            ("mdm/commands/a.yaml", "a: [1"),
            ("mdm/commands/b.yaml", "x: y"),
        ],
    );
    let Err(ImportError::Schema(found)) = import(&[broken], None, None) else {
        panic!("must not import");
    };
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(matches!(
        import(&[both("18.1")], Some("{}"), None),
        Err(ImportError::Later(..))
    ));
}

proptest! {
    #[test]
    fn no_text_makes_the_import_panic(text in "[-a-z:<>&*\\[\\]{}'\"#|\\n ]{0,200}", cut in 0_usize..2_000) {
        let torn: String = COMMAND.chars().take(cut).chain(text.chars()).collect();
        for body in [text.as_str(), torn.as_str()] {
            let _ = import(&[checkout("18.1", &[("mdm/commands/x.yaml", body)])], None, None);
        }
    }
}

//! Mistakes in data files are all reported at once, with place and help.

use device_matrix::diag::{SourceFile, render};
use scenarios::action::ActionTable;
use scenarios::load::{load_actions, load_excuses, load_features, load_scenario, parse_overlay};
use scenarios::scenario::{Action, ChannelWord};
use scenarios::suite::Suite;
use serde_json::json;

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.into(),
        text: text.to_owned(),
    }
}

const GOOD: &str = r#"
id = "lock"
feature = "remote-lock"
title = { ja = "ロック", en = "Lock" }

[[applies]]
on = ["iOS 4.0.."]

[[parts]]
id = "lock"
name = { ja = "ロック", en = "Lock" }
essential = true
[[parts.expect]]
works = true
source = "Apple"

[[apply]]
command = "DeviceLock"
look = [{ part = "lock", at = "/Status", equals = "Acknowledged" }]

[[verify]]
effect = true
look = [{ part = "lock", at = "/lock/locked", equals = true }]

[[undo]]
device = "unlock"
"#;

#[test]
fn a_good_scenario_loads() {
    let loaded = load_scenario(&source("apple/lock.toml", GOOD), &ActionTable::default())
        .expect("no complaints");
    assert_eq!(loaded.scenario.apply.len(), 1);
}

#[test]
fn every_mistake_of_a_scenario_is_reported_at_once() {
    let text = r#"
id = "lock"
feature = "remote-lock"
title = { ja = "ロック", english = "Lock" }
destrutive = true
smoke = "yes"

[[applies]]
on = ["iOS 18", "ios 17.0..", "macOS 15.0..14.0"]
enrollments = ["shared_ipad"]
hardware = ["!celular"]

[[parts]]
id = "lock"
name = { ja = "ロック", en = "Lock" }
[[parts.expect]]
works = true
lost = true
source = " "

[[apply]]
command = "DeviceLock"
effect = true

[[apply]]
device = "restart"

[[verify]]
effect = true
look = [
    { part = "lock", at = "lock/locked", equals = true },
    { part = "lock", at = "/locks/locked", equals = true, absent = true },
    { part = "lock", at = "/lock/locked", equal = true },
]

[[undo]]
channel = "usr"
install_profile = { identifer = "x", payloads = [{ Type = "com.apple.x" }] }
"#;
    let file = source("apple/other.toml", text);
    let found = load_scenario(&file, &ActionTable::default()).expect_err("full of mistakes");
    insta::assert_snapshot!(render(&found, &[file], false));
}

#[test]
fn what_is_no_toml_is_underlined() {
    let file = source("apple/lock.toml", "id = \"lock\nfeature = 3");
    let found = load_scenario(&file, &ActionTable::default()).expect_err("no TOML");
    insta::assert_snapshot!(render(&found, &[file], false));
}

#[test]
fn mistakes_of_features_and_excuses_are_reported_at_once() {
    let features = source(
        "features.toml",
        r#"
[[feature]]
id = "remote-lock"
name = { ja = "ロック", en = "Lock" }
category = "remote-operation"
level = "feature"
[feature.offers]
iOs = { offered = "yes" }
macOS = { offered = "maybe", min_os = "10.x" }
[[feature.mappings]]
kind = "command"
element = "DeviceLock"
marking = "guessed"
"#,
    );
    let excuses = source(
        "not_by_protocol.toml",
        "[[feature]]\nid = \"portal\"\nneeds = \"needs_consol\"\ntext = { ja = \"画面\", en = \"Screen\" }\n",
    );
    let mut found = load_features(&features).expect_err("mistakes");
    found.extend(load_excuses(&excuses).expect_err("mistakes"));
    insta::assert_snapshot!(render(&found, &[features, excuses], false));
}

#[test]
fn an_overlay_of_an_unknown_feature_is_an_error() {
    let overlay = source(
        "features.overlay.toml",
        "[[feature]]\nid = \"remote-lok\"\nsource = \"me\"\n",
    );
    let found = parse_overlay(&overlay, &mut []).expect_err("unknown");
    assert_eq!(found[0].code, "SC0016");
}

/// Each fault planted into a good suite is found, by its own code.
#[test]
fn the_lints_can_fail() {
    let features = source(
        "features.toml",
        r#"
[[feature]]
id = "remote-lock"
name = { ja = "ロック", en = "Lock" }
category = "remote-operation"
level = "function"
[feature.offers]
iOS = { offered = "yes" }
"#,
    );
    let plant = |from: &str, to: &str| {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from} is in the text");
        Suite::load(&[features.clone(), source("apple/lock.toml", &text)])
            .map(|_| ())
            .map_err(|found| found.iter().map(|one| one.code).collect::<Vec<_>>())
    };
    let good = [features.clone(), source("apple/lock.toml", GOOD)];
    assert!(Suite::load(&good).is_ok());
    let rows = [
        (
            "feature = \"remote-lock\"",
            "feature = \"remote-lok\"",
            vec!["SC0016", "SC0017"],
        ),
        ("[[undo]]\ndevice = \"unlock\"", "", vec!["SC0013"]),
        ("effect = true", "server_view = true", vec!["SC0012"]),
        (
            "look = [{ part = \"lock\", at = \"/Status\"",
            "look = [{ part = \"lok\", at = \"/Status\"",
            vec!["SC0011"],
        ),
        (
            "[[parts.expect]]\nworks = true\nsource = \"Apple\"\n",
            "",
            vec!["SC0021"],
        ),
        ("source = \"Apple\"", "source = \"\"", vec!["SC0014"]),
        (
            "on = [\"iOS 4.0..\"]",
            "on = [\"macOS 10.7..\"]",
            vec!["SC0017"],
        ),
        (
            "id = \"lock\"\nfeature",
            "id = \"lick\"\nfeature",
            vec!["SC0018"],
        ),
    ];
    for (from, to, codes) in rows {
        assert_eq!(plant(from, to), Err(codes), "{from} -> {to}");
    }
}

#[test]
fn every_code_is_explained_once() {
    let mut codes: Vec<_> = scenarios::codes::EXPLANATIONS
        .iter()
        .map(|(code, _)| *code)
        .collect();
    let count = codes.len();
    codes.dedup();
    assert_eq!(count, codes.len());
    assert!(codes.is_sorted());
    assert_eq!(codes.last(), Some(&"SC0032"));
}

const TABLE: &str = r#"
[[action]]
id = "remote-lock"
name = { ja = "ロック", en = "Lock" }
command = "DeviceLock"
args = { pin = "PIN" }

[[action]]
id = "install-profile"
name = { ja = "配布", en = "Distribute" }
command = "InstallProfile"
"#;

#[test]
fn an_action_stands_for_its_command() {
    let actions = load_actions(&source("actions.toml", TABLE)).expect("no complaints");
    let text = GOOD.replacen(
        "command = \"DeviceLock\"",
        "action = \"remote-lock\"\nargs = { pin = \"123456\" }",
        1,
    );
    assert_ne!(text, GOOD, "the fixture names the command");
    let loaded = load_scenario(&source("apple/lock.toml", &text), &actions).expect("no complaints");
    let step = &loaded.scenario.apply[0];
    assert_eq!(
        step.action,
        Action::Command {
            request_type: "DeviceLock".to_owned(),
            args: json!({ "PIN": "123456" }),
            channel: ChannelWord::Device,
        }
    );
    let named = step.named.as_ref().expect("named");
    assert_eq!(named.action, "remote-lock");
    assert_eq!(named.args, json!({ "pin": "123456" }));
}

#[test]
fn wrong_actions_are_told_with_the_nearest_name() {
    let actions = load_actions(&source("actions.toml", TABLE)).expect("no complaints");
    for (step, code, help) in [
        ("action = \"remote-lok\"", "SC0023", "remote-lock"),
        (
            "action = \"remote-lock\"\nargs = { pim = \"1\" }",
            "SC0023",
            "pin",
        ),
        (
            "action = \"install-profile\"\nargs = { identifier = \"a\" }",
            "SC0003",
            "",
        ),
    ] {
        let text = GOOD.replacen("command = \"DeviceLock\"", step, 1);
        let found = load_scenario(&source("apple/lock.toml", &text), &actions).expect_err("wrong");
        assert!(
            found
                .iter()
                .any(|one| one.code == code
                    && one.help.as_deref().unwrap_or_default().contains(help)),
            "{step}: {found:?}"
        );
    }
}

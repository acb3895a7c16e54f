//! The fault catalogue: bad data is told at once, and every story of the data is told.

use std::path::{Path, PathBuf};

use device_matrix::diag::{self, SourceFile};
use scenarios::fault::{About, Behavior, By, Does, Kind};
use scenarios::load::{approved_text, load_approved, load_faults};
use scenarios::suite::{self, Suite};

fn source(text: &str) -> SourceFile {
    SourceFile {
        path: PathBuf::from("scenarios/data/faults/x.toml"),
        text: text.to_owned(),
    }
}

#[test]
fn all_errors_are_told_at_once() {
    let source = source(
        r#"stories = ["S1", "S2"]

[[fault]]
id = "a"
story = "S3"
title = { ja = "あ", en = "a" }
happened = "Something."
source = "somewhere"
confidence = "hihg"
kind = "injected"
runs = "now"
party = "os"
applies = { on = ["iOS 18.0.."], editions = ["ultimate"] }
behaviors = [
    { by = "devise", command = "DeviceLock", never = true },
    { by = "device", command = "DeviceLock", effect = "/lock", never = true },
    { by = "device", effect = "/lokc", missing = true },
    { by = "device", command = "DeviceLock", drop = "Status", extra_key = 1 },
    { by = "device", effect = "/lock", lost_after = "lunch" },
]
detect = [{ feature = "remote-lock", outcome = "failed", party = "os" }]
shown = { target = "ios18.1", enrollments = ["adee"] }
"#,
    );
    let found = load_faults(&source).expect_err("errors");
    insta::assert_snapshot!(diag::render(&found, &[source], false));
}

#[test]
fn what_runs_must_be_interpreted_and_detected_and_what_is_documented_plants_nothing() {
    let fault = |kind: &str, runs: &str, rest: &str| {
        let text = format!(
            "stories = [\"S\"]\n[[fault]]\nid = \"a\"\nstory = \"S\"\ntitle = {{ ja = \"あ\", en = \"a\" }}\n\
             happened = \"x\"\nsource = \"y\"\nconfidence = \"high\"\nkind = \"{kind}\"\nruns = \"{runs}\"\n\
             party = \"os\"\n{rest}"
        );
        match load_faults(&source(&text)) {
            Ok(_) => "fine".to_owned(),
            Err(found) => {
                let texts: Vec<_> = found.iter().map(|one| one.message.clone()).collect();
                texts.join("; ")
            }
        }
    };
    let ios = "applies = { on = [\"iOS 18.0..\"] }\n";
    let windows = "applies = { on = [\"Windows\"] }\n";
    let lock = "behaviors = [{ by = \"device\", command = \"DeviceLock\", never = true }]\n";
    let node = "behaviors = [{ by = \"device\", node = \"./x\", refuse = 405 }]\n";
    let detect = "detect = [{ feature = \"f\", outcome = \"fails\", party = \"os\" }]\n";
    let other = "detect = [{ feature = \"f\", outcome = \"fails\", party = \"product\" }]\n";
    let shown = "shown = { target = \"ios18.1\" }\n";
    let rows = [
        (
            "injected",
            "now",
            format!("{ios}{lock}{detect}{shown}"),
            "fine",
        ),
        (
            "injected",
            "now",
            format!("{ios}{detect}{shown}"),
            "plants nothing",
        ),
        (
            "injected",
            "now",
            format!("{ios}{node}{detect}{shown}"),
            "nothing interprets",
        ),
        (
            "injected",
            "now",
            format!("{ios}{lock}{other}{shown}"),
            "no detection names it",
        ),
        (
            "injected",
            "now",
            format!("{ios}{lock}"),
            "needs `shown` and `detect`",
        ),
        (
            "injected",
            "now",
            format!("{windows}{node}{detect}{shown}"),
            "no device yet",
        ),
        (
            "injected",
            "with_device",
            format!("{windows}{node}expected = \"e\"\n"),
            "fine",
        ),
        (
            "injected",
            "with_device",
            format!("{windows}{node}"),
            "must be seen of it",
        ),
        (
            "injected",
            "with_device",
            format!("{ios}{lock}expected = \"e\"\n"),
            "must run now",
        ),
        (
            "documented_change",
            "now",
            format!("{ios}{lock}{detect}{shown}"),
            "plants something",
        ),
        (
            "documented_change",
            "now",
            format!("{ios}{detect}{shown}"),
            "fine",
        ),
    ];
    for (kind, runs, rest, expected) in rows {
        let said = fault(kind, runs, &rest);
        assert!(said.contains(expected), "{kind} {runs} {rest}: {said}");
    }
}

#[test]
fn the_catalogue_tells_all_stories_of_three_vendors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let suite = Suite::load(&suite::read_sources(&root).expect("files")).expect("suite");
    let catalogue = &suite.faults;
    let with = |start: &str| {
        let told = catalogue.faults.iter().map(|fault| fault.story.as_str());
        let untold = catalogue
            .not_expressible
            .iter()
            .map(|row| row.story.as_str());
        let stories: std::collections::BTreeSet<_> = told
            .chain(untold)
            .filter(|story| story.starts_with(start))
            .collect();
        stories.len()
    };
    assert_eq!((with("R"), with("W-"), with("A-")), (5, 17, 23));
    let running: Vec<_> = catalogue
        .faults
        .iter()
        .filter(|fault| fault.runs())
        .collect();
    for party in ["os", "product", "external_service", "as_specified"] {
        assert!(running.iter().any(|fault| fault.party == party), "{party}");
    }
    for fault in running {
        assert_eq!(
            fault.behaviors.is_empty(),
            fault.kind == Kind::DocumentedChange
        );
    }
}

#[test]
fn the_approved_list_reads_what_it_writes() {
    let text = "\n[[finding]]\ntarget = \"t\"\nfeature = \"f\"\npart = 'a \"b\"'\nparty = \"os\"\n\
                groups = [\"g\"]\nby = \"me\"\nwhy = \"so\"\n";
    let read = load_approved(&source(text)).expect("fine");
    let again = load_approved(&source(&approved_text(&read))).expect("fine");
    assert_eq!(read, again);
    let twice = load_approved(&source(&format!("{text}{text}"))).expect_err("twice");
    assert!(twice[0].message.contains("twice"));
}

#[test]
fn behaviors_have_stable_names_and_say_who_interprets_them() {
    let rows = [
        (
            Behavior::device(About::effect("/lock"), Does::Missing),
            "device:missing:effect:/lock",
            true,
        ),
        (
            Behavior::server(About::command("InstallProfile"), Does::drop("/Command/X")),
            "server:drop:command:InstallProfile/Command/X",
            true,
        ),
        (
            Behavior {
                by: By::Network,
                about: About::Push,
                does: Does::Never,
            },
            "network:never:push",
            true,
        ),
        (
            Behavior::device(About::Field("f".to_owned()), Does::AcknowledgeOnly),
            "device:acknowledge_only:field:f",
            false,
        ),
    ];
    for (behavior, id, runs) in rows {
        assert_eq!((behavior.id().as_str(), behavior.runs()), (id, runs));
    }
}

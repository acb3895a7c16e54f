//! Bad data files: every error at once, at its place, with the nearest known name.

use std::path::PathBuf;

use device_matrix::capability::explain::EXPLANATIONS;
use device_matrix::capability::lint::lint;
use device_matrix::capability::{DATA_FOLDER, Facts};
use device_matrix::diag::{SourceFile, render};
use proptest::prelude::*;

const HEAD: &str = "revision = \"r\"\nreach = \"2026-08-18\"\nschema = \"18.1\"\ncheckouts = [\"18.1\"]\nschema_reach = { iOS = \"18.1\" }\n";

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: PathBuf::from(DATA_FOLDER).join(path),
        text: text.to_owned(),
    }
}

#[test]
fn all_errors_are_shown_at_once() {
    let sources = [
        source("catalog.toml", "revision = \"r\"\nreech = \"2026-08-18\"\n"),
        source(
            "schema/mdm/commands/a.toml",
            r#"file = "mdm/commands/a.yaml"
kind = "comand"
id = "A"
iOS = { introduced = "eighteen", supervized = true }
keys = [
  { path = ["X"], type = "strng" },
  { path = ["Y"], type = "boolean", required = "yes", macOS = { userenrollment = "forbiden" } },
  { path = ["Z", "Deep"], type = "boolean" },
  { path = ["Y"], type = "boolean" },
  { type = "boolean" },
]
"#,
        ),
        source(
            "schema/mdm/commands/b.toml",
            "file = \"mdm/commands/b.yaml\"\nid = \"B\"\nkeys = [ { path = [\"X\" } ]\n",
        ),
        source(
            "schema/mdm/commands/b2.toml",
            "file = \"mdm/commands/b.yaml\"\nkind = \"other\"\nid = \"B\"\n",
        ),
        source(
            "later/mdm/commands/c.toml",
            "file = \"mdm/commands/c.yaml\"\nkind = \"command\"\nid = \"C\"\nadds = false\n",
        ),
        source("notes.toml", ""),
    ];
    let found = Facts::load(&sources).expect_err("bad data");
    insta::assert_snapshot!(render(&found, &sources, false));
}

#[test]
fn facts_that_contradict_themselves_are_found() {
    let sources = [
        source("catalog.toml", &HEAD.replace("2026-08-18", "soon")),
        source(
            "schema/mdm/commands/a.toml",
            r#"file = "mdm/commands/a.yaml"
kind = "command"
id = "A"
iOS = { introduced = "9.0" }
keys = [
  { path = ["Gone"], type = "string", iOS = { introduced = "12.0", removed = "11.0" } },
  { path = ["Gone", "Value"], type = "string" },
  { path = ["Late"], type = "string", iOS = { deprecated = "13.0", removed = "12.0" } },
  { path = ["Word"], type = "integer", default = "five" },
  { path = ["Span"], type = "integer", min = 5, max = 1 },
  { path = ["Fine"], type = "real", min = 0, max = 1.5, default = 1.0, rangelist = [0.5, 1] },
]
"#,
        ),
    ];
    let facts = Facts::load(&sources).expect("loads");
    let found: Vec<String> = lint(&facts, &sources)
        .iter()
        .map(|one| format!("{} {:?} {}", one.code, one.severity, one.message))
        .collect();
    assert_eq!(
        found,
        [
            "DM1020 Error `reach` is `soon`, which is no date",
            "DM1021 Warning Gone: iOS: removed in 11.0, introduced in 12.0",
            "DM1021 Warning Late: iOS: deprecated in 13.0, after its removal",
            "DM1022 Error Word: the default String(\"five\") is not of the key's type",
            "DM1022 Error Span: the range runs from 5 to 1",
        ]
    );
}

#[test]
fn every_code_is_explained_once_and_in_order() {
    assert!(EXPLANATIONS.is_sorted_by(|a, b| a.0 < b.0));
    let text = [
        include_str!("../src/capability/read.rs"),
        include_str!("../src/capability/reader.rs"),
        include_str!("../src/capability/load.rs"),
        include_str!("../src/capability/lint.rs"),
    ]
    .concat();
    for (at, _) in text.match_indices("\"DM1") {
        let code = &text[at + 1..at + 7];
        assert!(
            EXPLANATIONS.iter().any(|(known, _)| *known == code),
            "{code}"
        );
    }
    for (code, _) in EXPLANATIONS {
        assert!(text.contains(code), "{code} is never reported");
    }
}

proptest! {
    #[test]
    fn no_text_makes_loading_panic(text in "[-a-z=\"\\[\\]{},.0-9\\n ]{0,200}") {
        let body = format!("file = \"a\"\nid = \"b\"\nkind = \"command\"\n{text}");
        for text in [text, body] {
            let _ = Facts::load(&[source("catalog.toml", HEAD), source("later/a.toml", &text)]);
        }
    }
}

//! Architecture invariants over `cargo metadata`: the direction of dependencies, who may reach sockets, one TLS
//! provider, permissive licenses.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// What each crate of the workspace may depend on in the workspace (normal dependencies).
const ALLOWED: [(&str, &[&str]); 6] = [
    ("device-matrix", &[]),
    ("scenarios", &["device-matrix"]),
    ("snapshots", &["device-matrix", "scenarios"]),
    ("harness", &["device-matrix", "scenarios", "snapshots"]),
    ("reports", &["device-matrix", "scenarios", "snapshots"]),
    (
        "xtask",
        &[
            "device-matrix",
            "scenarios",
            "snapshots",
            "harness",
            "reports",
        ],
    ),
];

/// Crates that only `harness`, and `xtask` through it, may reach.
const NETWORK: [&str; 6] = ["tokio", "reqwest", "axum", "hyper", "rustls", "ring"];

/// Crates that must not be in the tree at all: a second TLS provider, C libraries for it, unmaintained YAML readers.
const BANNED: [&str; 5] = [
    "aws-lc-sys",
    "aws-lc-rs",
    "openssl-sys",
    "serde_yaml",
    "native-tls",
];

/// SPDX ids that may stand alone or on one side of an OR.
const PERMISSIVE: [&str; 14] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "BSL-1.0",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "Zlib",
    "CDLA-Permissive-2.0",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        // Crates of other platforms were never downloaded; without the filter cargo would want them.
        .other_options(vec![
            "--locked".to_owned(),
            "--offline".to_owned(),
            "--filter-platform".to_owned(),
            host(),
        ])
        .exec()
        .expect("cargo metadata of this workspace")
}

/// The platform this toolchain builds for.
fn host() -> String {
    let output = std::process::Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc of the toolchain that builds this test");
    let text = String::from_utf8(output.stdout).expect("plain text");
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("a host line")
        .to_owned()
}

fn names(metadata: &Metadata) -> BTreeMap<&PackageId, &str> {
    metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect()
}

/// Everything a workspace crate reaches by normal dependencies, by name.
fn closure<'a>(metadata: &'a Metadata, root: &str) -> BTreeSet<&'a str> {
    let names = names(metadata);
    let nodes: BTreeMap<_, _> = metadata
        .resolve
        .as_ref()
        .expect("a resolved graph")
        .nodes
        .iter()
        .map(|node| (&node.id, node))
        .collect();
    let mut open: Vec<&PackageId> = metadata
        .workspace_members
        .iter()
        .filter(|id| names[id] == root)
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let normal = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal);
            if normal && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| names[id]).collect()
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let workspace: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in ALLOWED {
        let reached = closure(&metadata, name);
        let inside: BTreeSet<&str> = reached.intersection(&workspace).copied().collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert!(
            inside.is_subset(&allowed),
            "{name} reaches {:?}",
            inside.difference(&allowed).collect::<Vec<_>>()
        );
    }
}

#[test]
fn only_the_harness_reaches_sockets() {
    let metadata = metadata();
    for name in ["device-matrix", "scenarios", "snapshots", "reports"] {
        let reached = closure(&metadata, name);
        for network in NETWORK {
            assert!(!reached.contains(network), "{name} reaches {network}");
        }
    }
    let harness = closure(&metadata, "harness");
    assert!(
        NETWORK.iter().all(|network| harness.contains(network)),
        "the closure walk finds what is there"
    );
}

#[test]
fn one_tls_provider_and_nothing_banned() {
    let metadata = metadata();
    for package in &metadata.packages {
        assert!(
            !BANNED.contains(&package.name.as_str()),
            "{} is in the tree",
            package.name
        );
    }
    let rustls = metadata
        .packages
        .iter()
        .filter(|package| package.name.as_str() == "rustls")
        .count();
    assert_eq!(rustls, 1, "one version of rustls");
}

#[test]
fn licenses_are_permissive() {
    let metadata = metadata();
    for package in &metadata.packages {
        let license = package
            .license
            .as_deref()
            .unwrap_or_else(|| panic!("{} states no license", package.name));
        assert!(permissive(license), "{}: {license}", package.name);
    }
    assert!(!permissive("GPL-3.0"), "the check can say no");
    assert!(!permissive("MIT AND GPL-3.0"), "an AND needs both sides");
    assert!(permissive("(MIT OR GPL-3.0) AND Unicode-3.0"));
}

/// Evaluates an SPDX expression of OR, AND and parentheses; `/` is the old spelling of OR.
fn permissive(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    if let Some((left, right)) = split_outside(expression, " AND ") {
        return permissive(&left) && permissive(&right);
    }
    if let Some((left, right)) = split_outside(expression, " OR ") {
        return permissive(&left) || permissive(&right);
    }
    if let Some(inner) = expression
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return permissive(inner);
    }
    PERMISSIVE.contains(&expression)
}

fn split_outside(expression: &str, word: &str) -> Option<(String, String)> {
    let mut depth = 0_u32;
    for (index, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 && expression[index..].starts_with(word) => {
                return Some((
                    expression[..index].to_owned(),
                    expression[index + word.len()..].to_owned(),
                ));
            }
            _ => {}
        }
    }
    None
}

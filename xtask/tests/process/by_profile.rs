//! Devices that enroll by the server's own profile over TLS are judged as those with a ready grant.

use crate::support::{AS_OF, Place, figures, run, words};

const RUN: [&str; 7] = [
    "ios18.1", "--tier", "smoke", "--as-of", AS_OF, "--seed", "7",
];

/// Options of the server beside TLS with a private CA.
fn same(place: &Place, server: &[&str], verify: &[&str]) {
    let ca = place.file("tls-ca.pem");
    let tls = ["--tls", "--tls-ca-out", &ca];
    let _server = place.serve_with(&[&tls, server].concat());
    let out = place.file("embedded");
    let embedded = run(&[&["verify", "--json", "--out", &out], RUN.as_slice()].concat());
    let more = [RUN.as_slice(), verify].concat();
    let other = run(&words(&place.verify_by_profile(&ca, &more)));
    assert_eq!(other.code, embedded.code, "{other:?}");
    assert_eq!(figures(&other.folder()), figures(&embedded.folder()));
    let evidence = all_evidence(&other.folder());
    assert!(
        evidence.contains("enrollment profile, "),
        "no profile in the record"
    );
    for secret in [
        "BEGIN CERTIFICATE PRIVATE",
        "enroll-t0ken",
        "sc3p-challenge",
    ] {
        assert!(!evidence.contains(secret), "{secret} is in the record");
    }
    assert!(evidence.contains("$redacted"));
}

fn all_evidence(folder: &std::path::Path) -> String {
    std::fs::read_dir(folder.join("evidence"))
        .expect("evidence")
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path()).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

#[test]
fn by_scep() {
    let place = Place::new(true);
    let server = [
        "--identity",
        "scep",
        "--scep-challenge",
        "sc3p-challenge",
        "--enroll-token",
        "enroll-t0ken",
    ];
    same(&place, &server, &["--enroll-token", "enroll-t0ken"]);
}

#[test]
fn by_pkcs12() {
    let place = Place::new(true);
    let server = [
        "--identity",
        "pkcs12",
        "--sign-profiles",
        "--enroll-token",
        "enroll-t0ken",
    ];
    same(&place, &server, &["--enroll-token", "enroll-t0ken"]);
}

#[test]
fn by_pkcs12_with_client_certificates() {
    let place = Place::new(false);
    let server = ["--identity", "pkcs12", "--tls-client-auth"];
    same(&place, &server, &["--enroll-download"]);
}

//! A console described by a file: the whole job through its buttons, a login page, a wrong token.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use harness::protocol::apple::identity::IdentityIssuer;
use harness::server::reference::fleet::{FleetOptions, FleetStandIn};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{AS_OF, Said, root, xtask};

const TOKEN: &str = "s3cr3t-fleet-token";

/// A stand-in, and a checkout whose verify.toml names it as the product.
struct Fleet {
    folder: TempDir,
    stand_in: FleetStandIn,
    _runtime: Runtime,
}

impl Fleet {
    fn start(change: impl FnOnce(&mut FleetOptions)) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let issuer = IdentityIssuer::generate().expect("an issuer");
        let mut options = FleetOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            token: TOKEN.to_owned(),
            ca_pem: issuer.certificate_pem().to_owned(),
            login_page: false,
            idle_buttons: false,
        };
        change(&mut options);
        let stand_in = runtime
            .block_on(FleetStandIn::start(options))
            .expect("listens");
        let folder = tempfile::tempdir().expect("a folder");
        for data in ["device-matrix", "scenarios", "reports", "servers"] {
            symlink(
                root().canonicalize().expect("a checkout").join(data),
                folder.path().join(data),
            )
            .expect("linked");
        }
        let own = fs::read_to_string(root().join("verify.toml")).expect("verify.toml");
        let server = "[[server]]\nid = \"staging\"\nadapter = \"console\"\norigin = \"product\"\nfile = \"servers/fleet.toml\"\n\n[evidence]";
        fs::write(
            folder.path().join("verify.toml"),
            own.replacen("[evidence]", server, 1),
        )
        .expect("written");
        fs::write(folder.path().join("ca.pem"), issuer.certificate_pem()).expect("written");
        fs::write(folder.path().join("ca.key"), issuer.key_pem()).expect("written");
        Self {
            folder,
            stand_in,
            _runtime: runtime,
        }
    }

    fn verify(&self, arguments: &[&str]) -> Said {
        let (url, mdm) = (self.stand_in.url(), self.stand_in.mdm_url());
        let mut all = vec!["verify"];
        all.extend_from_slice(arguments);
        all.extend_from_slice(&[
            "--as-of",
            AS_OF,
            "--json",
            "--out",
            "out",
            "--server",
            "staging",
            "--url",
            &url,
            "--mdm-url",
            &mdm,
            "--identity-ca",
            "ca.pem",
            "--identity-key",
            "ca.key",
        ]);
        self.run(&all)
    }

    fn run(&self, arguments: &[&str]) -> Said {
        xtask(arguments)
            .current_dir(self.folder.path())
            .env("FLEET_API_TOKEN", TOKEN)
            .output()
            .expect("the door")
            .into()
    }

    /// The whole record as text.
    fn record(&self) -> String {
        fn all(folder: &Path, into: &mut String) {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                if entry.path().is_dir() {
                    all(&entry.path(), into);
                } else {
                    into.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
                }
            }
        }
        let mut text = String::new();
        all(&self.folder.path().join("out"), &mut text);
        text
    }
}

fn assessment(fleet: &Fleet) -> Value {
    let run = fs::read_dir(fleet.folder.path().join("out"))
        .expect("runs")
        .flatten()
        .next()
        .expect("a run");
    let text = fs::read_to_string(run.path().join("assessment.json")).expect("assessment.json");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_products_own_button_is_what_the_report_speaks_of() {
    let fleet = Fleet::start(|_| {});
    let said = fleet.verify(&[
        "ios18.0",
        "--feature",
        "remote-wipe",
        "--feature",
        "lost-mode",
        "--feature",
        "remote-lock",
        "--enrollment",
        "ade",
    ]);
    assert!(matches!(said.code, Some(0 | 10 | 11)), "{said:?}");
    let record = fleet.record();
    for word in [
        "\"server_origin\":\"product\"",
        "actions_by_button",
        "action_not_described",
        "\"what\":\"perform\"",
    ] {
        assert!(record.contains(word), "{word}: {said:?}");
    }
    assert!(!record.contains(TOKEN), "a secret is in the record");
    let assessment = assessment(&fleet);
    let outcomes = |scenario: &str| -> Vec<String> {
        assessment["outcomes"]
            .as_array()
            .expect("cases")
            .iter()
            .filter(|case| case["feature"] == scenario)
            .map(|case| case["outcome"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let wipes = outcomes("remote-wipe");
    assert!(
        !wipes.is_empty() && wipes.iter().all(|one| one == "works"),
        "{wipes:?}"
    );
    let locks = outcomes("remote-lock");
    assert!(locks.iter().all(|one| one == "not_tested"), "{locks:?}");
}

#[test]
fn a_button_that_sends_nothing_is_the_products_fault() {
    let fleet = Fleet::start(|options| options.idle_buttons = true);
    let said = fleet.verify(&["ios18.0", "--feature", "remote-wipe", "--enrollment", "ade"]);
    assert_eq!(said.code, Some(10), "{said:?}");
    let record = fleet.record();
    assert!(record.contains("action_sent_nothing"), "{said:?}");
}

#[test]
fn a_smoke_run_goes_through_the_console() {
    let fleet = Fleet::start(|_| {});
    let said = fleet.verify(&["macos15.0", "--tier", "smoke"]);
    assert!(matches!(said.code, Some(0 | 10 | 11)), "{said:?}");
    assert!(fleet.record().contains("action_not_described"), "{said:?}");
}

#[test]
fn a_login_page_and_a_wrong_token_are_told_with_their_line() {
    let fleet = Fleet::start(|options| options.login_page = true);
    let said = fleet.verify(&["ios18.0", "--tier", "smoke"]);
    assert_eq!(said.code, Some(69), "{said:?}");
    for part in ["web page", "servers/fleet.toml:"] {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
    let fleet = Fleet::start(|options| options.token = "another-one".to_owned());
    let said = fleet.verify(&["ios18.0", "--tier", "smoke"]);
    assert_eq!(said.code, Some(69), "{said:?}");
    assert!(
        said.err.contains("401") && said.err.contains("servers/fleet.toml:"),
        "{said:?}"
    );
}

#[test]
fn a_check_shows_each_call_and_names_the_line() {
    let fleet = Fleet::start(|_| {});
    let url = fleet.stand_in.url();
    let said = fleet.run(&["server", "check", "fleet", "--url", &url]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("GET ") && said.out.contains("version: fits"),
        "{said:?}"
    );
    assert!(!said.out.contains(TOKEN), "{said:?}");
    // A device that is not there is the first thing that does not fit.
    let said = fleet.run(&[
        "server", "check", "staging", "--url", &url, "--device", "NOBODY", "--json",
    ]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let checked = said.summary();
    let last = checked["tried"]
        .as_array()
        .and_then(|tried| tried.last())
        .expect("tried");
    assert_eq!(last["what"], "device");
    assert!(
        last["error"]
            .as_str()
            .is_some_and(|text| text.contains("servers/fleet.toml:")),
        "{checked}"
    );
    let said = fleet.run(&["server", "check", "fleet", "--url", "http://127.0.0.1:9"]);
    assert_eq!(said.code, Some(69), "{said:?}");
}

//! The report, `due` and `agenda` name one due date for a release.

use crate::support::{AS_OF, Said, json, xtask};

#[test]
fn the_report_the_verb_and_the_agenda_agree() {
    let here = tempfile::tempdir().expect("a folder");
    super::data::copy_data(here.path());
    let append = |path: &str, text: &str| {
        let path = here.path().join(path);
        let old = std::fs::read_to_string(&path).expect("a file");
        std::fs::write(path, old + text).expect("written");
    };
    // Obtained two days after the release, and a day off that only this company has.
    append(
        "reports/data/register.toml",
        "\n[\"ios27.0\"]\nobtained = 2026-09-16\n",
    );
    append(
        "verify.toml",
        "\n[[closure]]\nfrom = 2026-09-24\nuntil = 2026-09-24\nname = { ja = \"創立記念日\", en = \"founding day\" }\nsource = \"made up\"\n",
    );
    let ask = |arguments: &[&str]| -> Said {
        let mut command = xtask(arguments);
        command
            .current_dir(here.path())
            .output()
            .expect("it runs")
            .into()
    };
    let run = ask(&[
        "verify",
        "ios27",
        "--tier",
        "smoke",
        "--json",
        "--as-of",
        AS_OF,
        "--out",
        &here.path().join("runs").display().to_string(),
    ]);
    let report = json(&run.folder().join("report.json"));
    let agenda = ask(&["agenda", "--json", "--as-of", AS_OF]).summary();
    let releases = report["head"]["releases"].as_array().expect("releases");
    assert!(!releases.is_empty());
    for release in releases {
        let id = release["id"].as_str().expect("an id");
        let due = ask(&["due", id, "--json", "--as-of", AS_OF]).summary();
        assert_eq!(release["due"]["due"], due["due"], "{id}");
        assert_eq!(release["due"]["counted"], due["counted"], "{id}");
        assert_eq!(release["due"]["state"], due["state"], "{id}");
        let entry = agenda["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .find(|entry| entry["clock"] == "report_due" && entry["subject"] == id)
            .expect("an entry");
        assert_eq!(entry["date"], due["due"], "{id}");
    }
    // Counted by hand: 17, 18, 25, 28, 29, 30 September, 1, 2, 5, 6 October.
    let first = &releases[0];
    assert_eq!(
        (first["id"].as_str(), first["due"]["due"].as_str()),
        (Some("ios27.0"), Some("2026-10-06"))
    );
}

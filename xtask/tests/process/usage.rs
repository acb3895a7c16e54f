//! Names that nothing has: 64, and the nearest ones.

use crate::support::run;

#[test]
fn unknown_names_come_with_the_nearest_ones() {
    let rows: [(&[&str], &[&str]); 9] = [
        (&["verify", "ios18.11"], &["ios18.11", "ios18.1"]),
        (&["verify", "iso18"], &["iso18", "ios18"]),
        (
            &["verify", "--model", "iPhone17,22"],
            &["iPhone17,22", "iPhone17,2"],
        ),
        (
            &["verify", "ios18", "--model", "iPhone17,22"],
            &["no model", "iPhone17,2"],
        ),
        (
            &["verify", "ios18", "--feature", "remote-lok"],
            &["did you mean `remote-lock`"],
        ),
        (
            &["verify", "ios18", "--enrollment", "profil"],
            &["did you mean `profile`", "ade"],
        ),
        (&["verfy", "ios18"], &["verify"]),
        (
            &["verify", "ios18", "--server", "nanomd"],
            &["no server `nanomd`", "nanomdm"],
        ),
        (
            &["verify", "ios18", "--delivered", "2026-11-20"],
            &["--delivered", "--model"],
        ),
    ];
    for (arguments, words) in rows {
        run(arguments).check(64, words);
    }
}

//! A reader that leaves: the door ends with its own answer, and not with a panic.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use crate::support::{AS_OF, xtask};

#[test]
fn a_closed_pipe_is_no_bug() {
    for (arguments, code) in [
        (&["support", "--json", "--as-of", AS_OF][..], 0),
        (&["agenda", "--json", "--as-of", AS_OF], 12),
        (&["matrix", "ios18", "--as-of", AS_OF], 0),
        (&["due", "ios27", "--as-of", AS_OF], 12),
        (&["explain", "exit"], 0),
        (&["due", "--acquired", "never"], 64),
    ] {
        // Nobody has ever read standard output.
        let mut child = xtask(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let mut err = String::new();
        let mut stream = child.stderr.take().expect("standard error");
        stream.read_to_string(&mut err).expect("text");
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(code), "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    }
    // Neither stream is read.
    let mut child = xtask(&["due", "--acquired", "never"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("it ends").code(), Some(64));
    // The first line is read, as `head -1` does.
    let mut child = xtask(&["support", "--json", "--as-of", AS_OF])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let mut lines = BufReader::with_capacity(1, child.stdout.take().expect("standard output"));
    lines.read_line(&mut line).expect("a line");
    drop(lines);
    assert_eq!(line, "{\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::fs::File::create("/dev/full").expect("a device");
    let said: crate::support::Said = xtask(&["due", "ios27", "--json", "--as-of", AS_OF])
        .stdout(Stdio::from(full))
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("it runs")
        .into();
    said.check(65, &["standard output can not be written"]);
}

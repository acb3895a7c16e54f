//! Processes that end with the test, and what they leave behind.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The day of every run here.
pub(crate) const AS_OF: &str = "2026-11-23";
/// The API key of every server here.
pub(crate) const KEY: &str = "door-key";

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The door in English, run in the checkout, deaf to the settings of whoever runs the tests.
pub(crate) fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .current_dir(root())
        .env_remove("HARNESS_API_KEY")
        .env("LC_ALL", "C")
        .args(["--lang", "en"])
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// What a process said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// The summary of a run.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The folder of the run.
    #[track_caller]
    pub(crate) fn folder(&self) -> PathBuf {
        PathBuf::from(self.summary()["run"].as_str().expect("a folder"))
    }

    /// All these words stand on standard error, and the process ended so.
    #[track_caller]
    pub(crate) fn check(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in {}", self.err);
        }
    }
}

/// Runs the door to its end.
pub(crate) fn run(arguments: &[&str]) -> Said {
    xtask(arguments).output().expect("it runs").into()
}

/// The assessment in a folder.
pub(crate) fn assessment(folder: &Path) -> Value {
    json(&folder.join("assessment.json"))
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

/// What was found out, without what says where and how often: verdict, outcomes with their parts, findings.
pub(crate) fn figures(folder: &Path) -> Value {
    let assessment = assessment(folder);
    let outcomes: Vec<Value> = assessment["outcomes"]
        .as_array()
        .expect("outcomes")
        .iter()
        .map(|case| {
            serde_json::json!([
                case["id"],
                case["outcome"],
                case["reason"],
                case["parts"],
                case["previous"]
            ])
        })
        .collect();
    serde_json::json!([
        assessment["complete"],
        assessment["verdict"],
        assessment["groups"],
        outcomes
    ])
}

/// An address on which nobody listens.
pub(crate) fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
}

/// A process that is killed when the test is over.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Waits for a line on standard error that holds `word`.
    pub(crate) fn wait_for(lines: &mut BufReader<ChildStderr>, word: &str) {
        let mut line = String::new();
        while lines.read_line(&mut line).expect("a line") > 0 {
            if line.contains(word) {
                return;
            }
            line.clear();
        }
        panic!("the process ended without saying `{word}`");
    }

    /// Waits for the end. What was said on standard error so far is not part of the answer.
    pub(crate) fn finish(mut self, mut lines: BufReader<ChildStderr>) -> Said {
        let mut err = String::new();
        let mut out = String::new();
        lines.read_to_string(&mut err).expect("standard error");
        if let Some(mut stdout) = self.0.stdout.take() {
            stdout.read_to_string(&mut out).expect("standard output");
        }
        let code = self.0.wait().expect("it ends").code();
        Said { code, out, err }
    }
}

/// Starts the door; standard error can be followed.
pub(crate) fn start(arguments: &[&str]) -> (Running, BufReader<ChildStderr>) {
    let mut child = xtask(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(child.stderr.take().expect("standard error"));
    (Running(child), lines)
}

/// A place for a server of its own process, and the harness beside it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) server: SocketAddr,
    webhook: SocketAddr,
    dm: SocketAddr,
    push: Option<SocketAddr>,
}

impl Place {
    pub(crate) fn new(push: bool) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            server: free(),
            webhook: free(),
            dm: free(),
            push: push.then(free),
        }
    }

    /// A free address.
    pub(crate) fn free() -> SocketAddr {
        free()
    }

    /// The path of a file here.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Starts the server and waits until it says that it serves.
    pub(crate) fn serve(&self) -> Running {
        self.serve_with(&[])
    }

    /// As [`Self::serve`], with more options.
    pub(crate) fn serve_with(&self, more: &[&str]) -> Running {
        let mut arguments: Vec<String> = [
            "server",
            "start",
            "--api-key",
            KEY,
            "--listen",
            &self.server.to_string(),
            "--ca",
            &self.file("ca.pem"),
            "--ca-key",
            &self.file("ca.key"),
            "--webhook-url",
            &format!("http://{}/", self.webhook),
            "--dm",
            &format!("http://{}/", self.dm),
        ]
        .map(str::to_owned)
        .to_vec();
        if let Some(push) = self.push {
            arguments.extend(["--push-url".to_owned(), format!("http://{push}")]);
        }
        arguments.extend(more.iter().map(|word| (*word).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut child = xtask(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let running = Running(child);
        let serves = lines.any(|line| line.is_ok_and(|line| line.contains("reference server on")));
        assert!(serves, "the server did not start");
        running
    }

    /// `verify` with what it needs to know of the server, recorded here.
    pub(crate) fn verify(&self, more: &[&str]) -> Vec<String> {
        let mut arguments: Vec<String> = [
            "verify",
            "--json",
            "--server",
            "nanomdm",
            "--api-key",
            KEY,
            "--url",
            &format!("http://{}", self.server),
            "--identity-ca",
            &self.file("ca.pem"),
            "--identity-key",
            &self.file("ca.key"),
            "--webhook-listen",
            &self.webhook.to_string(),
            "--dm-listen",
            &self.dm.to_string(),
            "--out",
            &self.file("runs"),
        ]
        .map(str::to_owned)
        .to_vec();
        if let Some(push) = self.push {
            arguments.extend(["--push-listen".to_owned(), push.to_string()]);
        }
        arguments.extend(more.iter().map(|word| (*word).to_owned()));
        arguments
    }
}

impl Place {
    /// `verify` in which devices enroll by the profile that the server gives out over TLS.
    pub(crate) fn verify_by_profile(&self, ca: &str, more: &[&str]) -> Vec<String> {
        let mut arguments = self.verify(more);
        let plain = format!("http://{}", self.server);
        let mut at = 0;
        while at < arguments.len() {
            if arguments[at].starts_with("--identity-") {
                arguments.drain(at..at + 2);
            } else {
                if arguments[at] == plain {
                    arguments[at] = format!("https://{}", self.server);
                }
                at += 1;
            }
        }
        let enroll = format!("https://{}/enroll", self.server);
        arguments.extend(["--enroll", &enroll, "--tls-ca", ca].map(str::to_owned));
        arguments
    }
}

/// Borrowed words.
pub(crate) fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

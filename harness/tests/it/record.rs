//! The record on disk: no secrets, clear errors, whole or absent.

use std::fs;

use harness::record::bound;
use harness::record::evidence::{Evidence, canonical};
use harness::record::reader::{RecordError, RecordReader, evidence};
use harness::record::redact;
use harness::record::writer::RecordWriter;
use scenarios::event::{Event, Transcript};
use scenarios::scenario::{Action, ChannelWord, Matcher};
use serde_json::{Value, json};

use crate::support::device::SECRETS;
use crate::support::server::FakeServer;
use crate::support::suite::{asking, cells, command, setting, step, world};

#[tokio::test]
async fn no_file_of_a_record_holds_a_secret() {
    let base = tempfile::tempdir().expect("a folder");
    let mut revealing = asking("revealing", "Reveal");
    revealing.apply[0].looks[0].pointer = "/UnlockToken".to_owned();
    revealing.apply[0].looks[0].matcher = Matcher::Equals(json!("s3cr3t-unlock"));
    let mut wifi = setting("wifi", "wifi");
    wifi.apply = vec![
        step(
            Action::InstallProfile {
                identifier: "wifi".to_owned(),
                payloads: vec![json!({
                    "PayloadType": "com.apple.wifi.managed", "SSID_STR": "office", "Password": "s3cr3t-wifi",
                })],
                channel: ChannelWord::Device,
            },
            &[],
        ),
        step(command("DeviceLock", json!({"PIN": "s3cr3t-pin"})), &[]),
    ];
    let world = world(FakeServer::default(), cells(2), vec![revealing, wifi]).keep(base.path());
    let (_, events) = world.run().await;
    let judged = events.iter().any(|event| {
        matches!(event, Event::Looked { pointer, judged: scenarios::event::Judged::Pass, .. } if pointer == "/UnlockToken")
    });
    assert!(judged, "the judgment is of the true value");
    let mut files = vec![base.path().join("events.jsonl")];
    files.extend(
        fs::read_dir(base.path().join("evidence"))
            .expect("evidence")
            .map(|entry| entry.expect("entry").path()),
    );
    assert!(files.len() > 3);
    let mut markers = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        markers += text.matches("$redacted").count();
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in {}", file.display());
            let encoded =
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, secret);
            assert!(!text.contains(&encoded), "{secret} in {}", file.display());
        }
        assert!(
            !inside_data(&text),
            "a secret inside data of {}",
            file.display()
        );
    }
    assert!(markers > 4, "{markers}");
}

/// Whether any base64 of the text hides a secret.
fn inside_data(text: &str) -> bool {
    text.split('"')
        .filter_map(|piece| {
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, piece).ok()
        })
        .any(|bytes| {
            let inner = String::from_utf8_lossy(&bytes).into_owned();
            SECRETS.iter().any(|secret| inner.contains(secret))
        })
}

#[test]
fn secrets_are_known_by_their_keys() {
    let rows = [
        (json!({"UnlockToken": {"$data": "AAAA"}}), true),
        (json!({"Token": "x"}), true),
        (json!({"PushMagic": "x"}), true),
        (json!({"BootstrapToken": {"$data": "AA=="}}), true),
        (json!({"a": [{"Password": "x"}]}), true),
        (json!({"OutgoingPassword": "x"}), true),
        (json!({"XAuthPassword": "x"}), true),
        (json!({"passwordHash": {"$data": "AA=="}}), true),
        (json!({"PIN": "123456"}), true),
        (json!({"PIN": 123_456}), true),
        (json!({"SharedSecret": "x"}), true),
        (
            json!({"PayloadType": "com.apple.security.pkcs12", "PayloadContent": {"$data": "AA=="}}),
            true,
        ),
        (
            json!({"PayloadType": "com.apple.security.root", "PayloadContent": {"$data": "AA=="}}),
            false,
        ),
        (json!({"askForPassword": true}), false),
        (json!({"forcePIN": true}), false),
        (
            json!({"DeclarationsToken": "x", "ServerToken": "y", "SyncTokens": {}}),
            false,
        ),
        (json!({"allowPasswordSharing": false}), false),
        (json!({"PasscodePresent": true}), false),
        (json!({"UDID": "x", "SerialNumber": "y"}), false),
    ];
    for (value, secret) in rows {
        let mut redacted = value.clone();
        assert_eq!(redact::redact(&mut redacted), secret, "{value}");
        assert_eq!(redacted != value, secret, "{value}");
        assert!(!redact::redact(&mut redacted), "once is enough: {redacted}");
    }
    assert!(redact::text("<key>UnlockToken</key><data>abc").starts_with('('));
    assert_eq!(redact::text("<html>not found"), "<html>not found");
}

#[test]
fn deep_and_long_values_are_cut() {
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    redact::redact(&mut deep);
    let cut = canonical(&bound::bounded(deep, bound::MESSAGE));
    assert!(String::from_utf8(cut).expect("text").contains("$cut"));
    let long = bound::bounded(
        json!({"a": "x".repeat(5_000), "b": vec![1; 500]}),
        bound::LOOK,
    );
    assert!(canonical(&long).len() < 1_000, "{long}");
    assert!(
        long["a"]
            .as_str()
            .is_some_and(|text| text.ends_with("(5000 characters)"))
    );
    let data = bound::bounded(json!({"$data": "A".repeat(5_000)}), bound::LOOK);
    assert_eq!(data, json!({"$cut": "data of 5000 base64 characters"}));
}

#[test]
fn equal_values_have_equal_bytes() {
    let left: Value =
        serde_json::from_str(r#"{"b": [1, {"z": null, "a": "あ"}], "a": 1.5}"#).expect("JSON");
    let right: Value =
        serde_json::from_str(r#"{"a": 1.5, "b": [1, {"a": "あ", "z": null}]}"#).expect("JSON");
    assert_eq!(canonical(&left), canonical(&right));
    assert_eq!(
        String::from_utf8(canonical(&left)).expect("text"),
        r#"{"a":1.5,"b":[1,{"a":"あ","z":null}]}"#
    );
}

async fn recorded() -> (tempfile::TempDir, Vec<Event>) {
    let base = tempfile::tempdir().expect("a folder");
    let world = world(FakeServer::default(), cells(1), vec![setting("a", "a")]).keep(base.path());
    let (_, events) = world.run().await;
    (base, events)
}

#[tokio::test]
async fn a_record_reads_back_as_it_was_heard() {
    let (base, events) = recorded().await;
    let read: Vec<Event> = RecordReader::open(base.path())
        .expect("record")
        .map(|event| event.expect("event"))
        .collect();
    assert_eq!(read, events);
}

#[tokio::test]
async fn a_truncated_last_line_is_left_out() {
    let (base, events) = recorded().await;
    let path = base.path().join("events.jsonl");
    let text = fs::read(&path).expect("text");
    fs::write(&path, &text[..text.len() - 7]).expect("write");
    let mut reader = RecordReader::open(base.path()).expect("record");
    let read: Vec<Event> = (&mut reader).map(|event| event.expect("event")).collect();
    assert_eq!(read.len(), events.len() - 1);
    assert!(reader.truncated());
    // Continuing cuts the torn line off instead of gluing the next one to it.
    let mut writer = RecordWriter::resume(base.path()).expect("writer");
    writer
        .event(&Event::Resumed { cases_open: 0 })
        .expect("event");
    writer.flush().expect("flush");
    drop(writer);
    let mut reader = RecordReader::open(base.path()).expect("record");
    let last = (&mut reader).map(|event| event.expect("event")).last();
    assert_eq!(last, Some(Event::Resumed { cases_open: 0 }));
    assert!(!reader.truncated());
}

#[tokio::test]
async fn what_is_wrong_with_a_record_is_said_with_its_place() {
    let (base, _) = recorded().await;
    let path = base.path().join("events.jsonl");
    let text = fs::read_to_string(&path).expect("text");
    let mut lines: Vec<&str> = text.lines().collect();
    let middle = lines[2].replace("\"event\"", "\"evnet\"");
    lines[2] = &middle;
    fs::write(&path, lines.join("\n")).expect("write");
    let error = RecordReader::open(base.path())
        .expect("record")
        .find_map(Result::err)
        .expect("an error");
    assert!(
        error.to_string().contains("events.jsonl:3: not an event"),
        "{error}"
    );

    fs::write(
        &path,
        text.replacen(
            "\"schema_version\":\"1.1\"",
            "\"schema_version\":\"2.0\"",
            1,
        ),
    )
    .expect("write");
    let error = RecordReader::open(base.path()).expect_err("an error");
    assert!(matches!(error, RecordError::Version { .. }), "{error}");
    fs::write(
        &path,
        text.replacen(
            "\"schema_version\":\"1.1\"",
            "\"schema_version\":\"1.9\"",
            1,
        ),
    )
    .expect("write");
    assert!(
        RecordReader::open(base.path()).is_ok(),
        "minor versions are read"
    );

    let headless: Vec<&str> = text.lines().skip(1).collect();
    fs::write(&path, headless.join("\n")).expect("write");
    let error = RecordReader::open(base.path()).expect_err("an error");
    assert!(matches!(error, RecordError::Headless { .. }), "{error}");
    assert!(RecordReader::open(&base.path().join("nowhere")).is_err());
}

#[tokio::test]
async fn evidence_is_checked_against_its_address() {
    let (base, events) = recorded().await;
    let sha = events
        .iter()
        .find_map(|event| match event {
            Event::CaseEnded { evidence, .. } => Some(evidence.clone()),
            _ => None,
        })
        .expect("an ending");
    let transcript = evidence(base.path(), &sha).expect("evidence");
    let sealed = Evidence::of(&transcript);
    assert_eq!(sealed.sha256, sha);
    let value = serde_json::to_value(&transcript).expect("JSON");
    assert_eq!(
        sealed.bytes,
        canonical(&value),
        "the fields stand in the order of their names"
    );
    let path = base.path().join("evidence").join(&sha);
    fs::write(&path, b"{\"messages\":[]}").expect("write");
    let error = evidence(base.path(), &sha).expect_err("altered");
    assert!(
        error.to_string().contains("does not have its address"),
        "{error}"
    );
    assert!(evidence(base.path(), "../events.jsonl").is_err());
}

#[test]
fn a_record_is_never_overwritten() {
    let base = tempfile::tempdir().expect("a folder");
    let mut writer = RecordWriter::create(base.path()).expect("writer");
    let empty = Evidence::of(&Transcript::default());
    writer.evidence(&empty).expect("evidence");
    writer.evidence(&empty).expect("twice is once");
    assert!(matches!(
        RecordWriter::create(base.path()),
        Err(RecordError::Exists { .. })
    ));
    let left: Vec<_> = fs::read_dir(base.path().join("evidence"))
        .expect("evidence")
        .collect();
    assert_eq!(left.len(), 1);
}

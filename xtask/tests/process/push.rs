//! A server in another process that pushes as to Apple's service, through the stand-in beside the run.

use harness::apns::ApnsCa;

use crate::support::{AS_OF, Place, run, words};

#[test]
fn pushes_over_tls_wake_the_devices() {
    let ca = ApnsCa::generate().expect("a CA");
    for proxied in [false, true] {
        let place = Place::new(false);
        let listen = Place::free().to_string();
        // A server is told the CA before the run begins; the run finds the same in the files.
        let file = place.file("apns.pem");
        std::fs::write(&file, &ca.certificate_pem).expect("written");
        std::fs::write(format!("{file}.key"), &ca.key_pem).expect("written");
        let url = format!("http{}://{listen}", if proxied { "" } else { "s" });
        let mut options = vec!["--apns", &url, "--apns-ca", &file];
        if proxied {
            options.push("--apns-proxy");
        }
        let _server = place.serve_with(&options);
        let plan = [
            "ios18.1",
            "--tier",
            "smoke",
            "--feature",
            "remote-lock",
            "--as-of",
            AS_OF,
            "--apns-listen",
            &listen,
            "--apns-ca-out",
            &file,
        ];
        let said = run(&words(&place.verify(&plan)));
        assert!(matches!(said.code, Some(0 | 10)), "{said:?}");
        let events = std::fs::read_to_string(said.folder().join("events.jsonl")).expect("a record");
        assert!(
            events.contains("\"push\":true"),
            "the record names pushes as exercised"
        );
    }
}

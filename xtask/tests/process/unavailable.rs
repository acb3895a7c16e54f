//! Servers that are not there, do not want us, are something else, or are slow: 69 and a sentence to act on.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use harness::protocol::apple::identity::IdentityIssuer;

use crate::support::{Place, run, words};

/// A place whose CA is there although no server has made it.
fn place() -> Place {
    let place = Place::new(false);
    let issuer = IdentityIssuer::generate().expect("a CA");
    let file = |name: &str| place.folder.path().join(name);
    std::fs::write(file("ca.pem"), issuer.certificate_pem()).expect("written");
    std::fs::write(file("ca.key"), issuer.key_pem().as_bytes()).expect("written");
    place
}

#[test]
fn nobody_listens() {
    let said = run(&words(&place().verify(&["ios18.1", "--tier", "smoke"])));
    said.check(
        69,
        &["no connection to", "Check that the server is running"],
    );
}

#[test]
fn another_key() {
    let place = Place::new(false);
    let _server = place.serve();
    let mut arguments = place.verify(&["ios18.1", "--tier", "smoke"]);
    for word in &mut arguments {
        if word == crate::support::KEY {
            "wrong".clone_into(word);
        }
    }
    run(&words(&arguments)).check(69, &["refused with HTTP 401", "Check the API key"]);
}

#[test]
fn a_web_page() {
    let mut place = place();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    place.server = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let page = "<!DOCTYPE html><title>Welcome</title>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            );
        }
    });
    let said = run(&words(&place.verify(&["ios18.1", "--tier", "smoke"])));
    said.check(
        69,
        &[
            "something else than expected",
            "a web page",
            "Check that the URL is the server's API",
        ],
    );
}

#[test]
fn a_server_that_never_answers() {
    let mut place = place();
    // The system takes connections for a listener that nobody asks.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    place.server = listener.local_addr().expect("an address");
    let said = run(&words(&place.verify(&[
        "ios18.1",
        "--tier",
        "smoke",
        "--timeout",
        "1",
    ])));
    said.check(
        69,
        &[
            "got no answer from the server within 1 s",
            "Check the server's load",
        ],
    );
}

//! SCEP with an implementation that others wrote: Debian's package `scep` (`scepserver`, `scepclient`). Where the
//! programs are missing each test says that it was skipped; `cargo xtask ci` installs them where it can.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use harness::protocol::apple::identity::IdentityIssuer;
use harness::scep::server::{ScepAuthority, ScepPolicy, router, rsa_issuer};
use harness::scep::{HttpTransport, obtain};
use harness::server::clock::Clock;

use crate::scep::{KEYS, request};

const CHALLENGE: &str = "interop";

fn missing(program: &str) -> bool {
    let there = Command::new(program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !there {
        println!("skipped: {program} is not installed (Debian: apt-get install scep)");
    }
    !there
}

fn run(program: &str, folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Ends a process that this test started.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn our_client_and_their_server() {
    if missing("scepserver") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (made, said) = run(
        "scepserver",
        folder.path(),
        &["ca", "-init", "-keySize", "2048"],
    );
    assert!(made, "{said}");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let server = Command::new("scepserver")
        .args([
            "-port",
            &port.to_string(),
            "-challenge",
            CHALLENGE,
            "-allowrenew",
            "0",
        ])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let _server = Ended(server);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut tries = 0;
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tries += 1;
        assert!(tries < 200, "it does not listen");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let transport = HttpTransport::new(Duration::from_secs(10), &[]).expect("a transport");
    let mut wanted = request(&format!("http://{address}/scep"));
    wanted.challenge = Some(CHALLENGE.to_owned());
    let clock = Clock::system();
    let identity = obtain(&transport, &wanted, &clock)
        .await
        .expect("a certificate");
    let certificate = folder.path().join("device.der");
    std::fs::write(&certificate, identity.certificate_der()).expect("written");
    println!(
        "scepserver issued {} bytes to our client",
        identity.certificate_der().len()
    );
    wanted.challenge = Some("wrong".to_owned());
    let refused = obtain(&transport, &wanted, &clock)
        .await
        .expect_err("refused");
    println!("scepserver, wrong challenge: {refused}");
    assert_eq!(refused.reason(), "scep_refused", "{refused}");
}

#[tokio::test]
async fn their_client_and_our_server() {
    if missing("scepclient") {
        return;
    }
    let rsa: Arc<IdentityIssuer> = Arc::new(rsa_issuer(&KEYS[1]).expect("an issuer"));
    for (pending, label) in [(0, "at once"), (1, "after a poll")] {
        let policy = ScepPolicy {
            challenge: Some(CHALLENGE.to_owned()),
            pending_polls: pending,
            ..ScepPolicy::default()
        };
        let authority = ScepAuthority::new(rsa.clone(), KEYS[1].clone(), policy, Clock::system())
            .expect("an authority");
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("listens");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            axum::serve(listener, router(authority))
                .await
                .expect("serves");
        });
        for (challenge, works) in [(CHALLENGE, pending == 0), ("wrong", false)] {
            let folder = tempfile::tempdir().expect("a folder");
            let place = folder.path().to_owned();
            let url = format!("http://{address}/");
            // A pending request is polled for every half minute by that program: what is looked at is that it polls.
            let seconds = if works || challenge == "wrong" {
                "30"
            } else {
                "2"
            };
            let (ended, said) = tokio::task::spawn_blocking(move || {
                run(
                    "timeout",
                    &place,
                    &[
                        seconds,
                        "scepclient",
                        "-private-key",
                        "client.key",
                        "-server-url",
                        &url,
                        "-challenge",
                        challenge,
                        "-debug",
                    ],
                )
            })
            .await
            .expect("it ran");
            assert_eq!(ended, works, "{label}, {challenge}: {said}");
            let issued = folder.path().join("client.pem");
            assert_eq!(issued.exists(), works, "{said}");
            println!("scepclient, {label}, challenge {challenge}: certificate {works}");
        }
        serving.abort();
    }
}

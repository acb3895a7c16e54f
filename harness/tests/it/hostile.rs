//! Servers that are slow, refuse, or talk nonsense: each gives the error that tells a person what to do.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use harness::server::nanomdm::{NanoMdmOptions, NanoMdmServer};
use harness::server::{EnrollmentId, ServerError, ServerUnderTest as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::nanomdm::{ANY, options};

/// What a hostile server does with every connection.
#[derive(Clone)]
enum Conduct {
    /// Sends these bytes, whatever was asked, and hangs up.
    Say(Vec<u8>),
    /// Reads and never answers.
    Silence,
}

fn http(status: &str, kind: &str, body: &str) -> Conduct {
    let length = body.len();
    Conduct::Say(
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

async fn hostile(conduct: Conduct) -> SocketAddr {
    let listener = TcpListener::bind(SocketAddr::from(ANY))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let conduct = conduct.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut buffer = [0; 4096];
                while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(read) if read > 0 => head.extend_from_slice(&buffer[..read]),
                        _ => return Ok::<(), Infallible>(()),
                    }
                }
                match conduct {
                    Conduct::Say(bytes) => {
                        let _ = stream.write_all(&bytes).await;
                        let _ = stream.shutdown().await;
                        while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {}
                    }
                    Conduct::Silence => std::future::pending::<()>().await,
                }
                Ok(())
            });
        }
    });
    address
}

async fn adapter(conduct: Conduct, change: impl FnOnce(&mut NanoMdmOptions)) -> Arc<NanoMdmServer> {
    let address = hostile(conduct).await;
    let (mut options, _) = options(format!("http://{address}"));
    options.push_listen = Some(ANY.into());
    change(&mut options);
    NanoMdmServer::start(options).await.expect("listens")
}

async fn ask(server: &NanoMdmServer) -> ServerError {
    let command = json!({ "RequestType": "ProfileList" });
    server
        .enqueue(&EnrollmentId("U".to_owned()), "1", &command)
        .await
        .expect_err("hostile")
}

#[tokio::test]
async fn every_wrong_answer_has_its_name_and_its_sentence() {
    let json = "application/json";
    let long = "x".repeat(2 * 1024 * 1024);
    let table: Vec<(&str, Conduct, &str, &str)> = vec![
        (
            "401",
            http("401 Unauthorized", json, "no"),
            "server_unauthorized",
            "Check the API key",
        ),
        (
            "403",
            http("403 Forbidden", json, "no"),
            "server_unauthorized",
            "HTTP 403",
        ),
        (
            "410",
            http("410 Gone", json, "gone"),
            "server_error",
            "HTTP 410: gone",
        ),
        (
            "500",
            http("500 Oops", "text/plain", "stack trace"),
            "server_error",
            "stack trace",
        ),
        (
            "503",
            http("503 Busy", "text/html", "<h1>Busy</h1>"),
            "server_error",
            "HTTP 503",
        ),
        (
            "302",
            http("302 Found", json, ""),
            "server_error",
            "HTTP 302",
        ),
        (
            "a page",
            http("200 OK", "text/html", "<html>Login</html>"),
            "server_garbage",
            "a web page",
        ),
        (
            "cut",
            http("200 OK", json, "{\"status\": {"),
            "server_garbage",
            "EOF",
        ),
        (
            "empty",
            http("200 OK", json, ""),
            "server_garbage",
            "Check that the URL",
        ),
        (
            "no names",
            http("200 OK", json, "{}"),
            "server_garbage",
            "neither",
        ),
        (
            "an array",
            http("200 OK", json, "[1]"),
            "server_garbage",
            "expected",
        ),
        (
            "huge",
            http("200 OK", json, &long),
            "server_garbage",
            "longer than",
        ),
        (
            "no HTTP",
            Conduct::Say(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()),
            "server_garbage",
            "HTTP",
        ),
        (
            "nothing",
            Conduct::Say(Vec::new()),
            "server_unreachable",
            "connection closed",
        ),
        (
            "short",
            Conduct::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}".to_vec()),
            "server_unreachable",
            "Check that the server is running",
        ),
        (
            "refused",
            http(
                "500 Oops",
                json,
                "{\"status\":{\"U\":{\"command_error\":\"storage is full\"}}}",
            ),
            "server_error",
            "storage is full",
        ),
    ];
    for (name, conduct, reason, sentence) in table {
        let server = adapter(conduct, |_| {}).await;
        let error = ask(&server).await;
        assert_eq!(error.reason(), reason, "{name}: {error}");
        assert!(error.to_string().contains(sentence), "{name}: {error}");
        assert!(error.to_string().len() < 600, "{name}: too long");
        assert!(server.check().await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_queued_command_counts_although_its_push_failed() {
    for status in ["200 OK", "207 Multi-Status", "500 Internal Server Error"] {
        let body = json!({
            "status": { "U": { "push_error": "proxyconnect: connection refused" } },
            "command_uuid": "1"
        });
        let answer = http(status, "application/json", &body.to_string());
        let server = adapter(answer, |_| {}).await;
        let command = json!({ "RequestType": "ProfileList" });
        let id = EnrollmentId("U".to_owned());
        server.enqueue(&id, "1", &command).await.expect(status);
    }
}

#[tokio::test]
async fn silence_ends_with_a_timeout() {
    let server = adapter(Conduct::Silence, |options| {
        options.timeout = Duration::from_millis(50);
    })
    .await;
    for error in [
        ask(&server).await,
        server.check().await.expect_err("silence"),
    ] {
        assert_eq!(error.reason(), "server_timeout", "{error}");
        assert!(error.to_string().contains("no answer"), "{error}");
    }
}

#[tokio::test]
async fn garbage_at_the_harness_listeners_is_refused_and_harmless() {
    let server = adapter(Conduct::Silence, |options| {
        options.dm_listen = Some(ANY.into());
    })
    .await;
    let client = client();
    let webhook = server.webhook_url();
    let dm = server.dm_url().expect("a URL");
    let payload = |plist: &str| base64::engine::general_purpose::STANDARD.encode(plist);
    let event = |raw: &str| -> Value {
        json!({
            "topic": "mdm.Connect",
            "created_at": "yesterday",
            "acknowledge_event": { "status": "Acknowledged", "command_uuid": "1", "raw_payload": raw }
        })
    };
    let nobody =
        payload("<plist><dict><key>Status</key><string>Acknowledged</string></dict></plist>");
    let posts: Vec<(String, Vec<u8>, u16)> = vec![
        (webhook.clone(), b"{".to_vec(), 400),
        (webhook.clone(), b"[]".to_vec(), 400),
        (webhook.clone(), event("%%%").to_string().into_bytes(), 400),
        (
            webhook.clone(),
            event(&payload("no plist")).to_string().into_bytes(),
            400,
        ),
        (
            webhook.clone(),
            event(&nobody).to_string().into_bytes(),
            400,
        ),
        (webhook.clone(), vec![b' '; 5 * 1024 * 1024], 413),
        (
            webhook.clone(),
            json!({ "topic": "mdm.Future" }).to_string().into_bytes(),
            200,
        ),
    ];
    for (url, body, status) in posts {
        let answer = client.post(url).body(body).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
    }
    let nameless = client
        .get(format!("{dm}tokens"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(nameless.status().as_u16(), 400);
    for (method, endpoint, status) in [
        (reqwest::Method::GET, "tokens", 200),
        (reqwest::Method::GET, "../tokens", 200),
        (reqwest::Method::GET, "declaration/configuration/none", 404),
        (reqwest::Method::PUT, "status", 400),
        (reqwest::Method::DELETE, "tokens", 405),
    ] {
        let answer = client
            .request(method, format!("{dm}{endpoint}"))
            .header("X-Enrollment-ID", "U")
            .body("garbage")
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{endpoint}");
    }
    // The listener still works: an event without `ids`, as older servers send it, is taken.
    let good = payload(
        "<plist><dict><key>UDID</key><string>U</string><key>Status</key><string>Acknowledged</string>\
         <key>CommandUUID</key><string>1</string></dict></plist>",
    );
    let answer = client
        .post(&webhook)
        .json(&event(&good))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    let id = EnrollmentId("U".to_owned());
    let result = server
        .result(&id, "1", Duration::ZERO)
        .await
        .expect("a result");
    assert_eq!(result.body["Status"], "Acknowledged");
}

pub(crate) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .expect("a client")
}

//! The API of the reference server as consoles see it: shapes and status codes.

use std::net::SocketAddr;
use std::time::Duration;

use harness::protocol::apple::identity::IdentityIssuer;
use harness::server::reference::{ServeOptions, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::hostile::client;
use crate::nanomdm::ANY;

const KEY: &str = "secret";
const COMMAND: &str = "<plist version=\"1.0\"><dict><key>CommandUUID</key><string>1</string><key>Command</key>\
                       <dict><key>RequestType</key><string>ProfileList</string></dict></dict></plist>";

struct Api {
    address: SocketAddr,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

impl Api {
    async fn start() -> Self {
        let issuer = IdentityIssuer::generate().expect("an issuer");
        let listener = TcpListener::bind(SocketAddr::from(ANY))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let options = ServeOptions::new(KEY, issuer.certificate_pem());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(serve(listener, options, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            client: client(),
            _stop: stop,
        }
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let method = method.parse::<reqwest::Method>().expect("a method");
        let answer = self
            .client
            .request(method, format!("http://{}{path}", self.address))
            .basic_auth("nanomdm", Some(KEY))
            .body(body.to_owned())
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, body)
    }
}

#[tokio::test]
async fn shapes_and_codes_are_those_of_the_api() {
    let api = Api::start().await;
    let queued = json!({
        "status": { "A": {} }, "no_push": true, "command_uuid": "1", "request_type": "ProfileList"
    });
    let failed = json!({
        "status": { "A": { "push_error": "no push info for enrollment" } }
    });
    let twice = json!({
        "status": { "A": { "command_error": "command already exists: 1" }, "B": {} },
        "no_push": true, "command_uuid": "1", "request_type": "ProfileList"
    });
    let pushed_too = json!({
        "status": { "C": { "push_error": "no push info for enrollment" } },
        "command_uuid": "1", "request_type": "ProfileList"
    });
    let table: [(&str, &str, &str, u16, Option<Value>); 9] = [
        ("PUT", "/v1/enqueue/A?nopush=1", COMMAND, 200, Some(queued)),
        (
            "POST",
            "/v1/enqueue/A,B?nopush=1",
            COMMAND,
            207,
            Some(twice),
        ),
        ("PUT", "/v1/enqueue/C", COMMAND, 500, Some(pushed_too)),
        ("PUT", "/v1/enqueue/A", "garbage", 400, None),
        ("PUT", "/v1/enqueue/A", "<plist><dict/></plist>", 400, None),
        ("GET", "/v1/push/A", "", 500, Some(failed)),
        ("GET", "/v1/enqueue/A", "", 405, None),
        ("GET", "/v1/devices", "", 404, None),
        ("PUT", "/v1/pushcert", "garbage", 400, None),
    ];
    for (method, path, body, status, expected) in table {
        let (got, answer) = api.ask(method, path, body).await;
        assert_eq!(got, status, "{method} {path}: {answer}");
        if let Some(expected) = expected {
            assert_eq!(answer, expected, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn only_the_version_is_told_without_the_key() {
    let api = Api::start().await;
    for (path, key, status) in [
        ("/version", None, 200),
        ("/v1/push/A", None, 401),
        ("/v1/push/A", Some("wrong"), 401),
        ("/v1/push/A", Some(KEY), 500),
    ] {
        let mut request = api.client.get(format!("http://{}{path}", api.address));
        if let Some(key) = key {
            request = request.basic_auth("nanomdm", Some(key));
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{path} {key:?}");
        assert_eq!(
            answer.headers().contains_key("WWW-Authenticate"),
            status == 401
        );
    }
}

#[tokio::test]
async fn push_certificates_are_kept_by_topic() {
    let api = Api::start().await;
    let mut params = rcgen::CertificateParams::default();
    params.not_after = rcgen::date_time_ymd(2030, 1, 2);
    let uid = rcgen::DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 1]);
    params
        .distinguished_name
        .push(uid, "com.apple.mgmt.External.test");
    let key = rcgen::KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("a certificate").pem() + &key.serialize_pem();
    let expected = json!({
        "topic": "com.apple.mgmt.External.test", "not_after": "2030-01-02T00:00:00Z"
    });
    assert_eq!(
        api.ask("PUT", "/v1/pushcert", &pem).await,
        (200, expected.clone())
    );
    let path = "/v1/pushcert?topic=com.apple.mgmt.External.test";
    assert_eq!(api.ask("GET", path, "").await, (200, expected));
    assert_eq!(api.ask("GET", "/v1/pushcert?topic=other", "").await.0, 500);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_their_turn() {
    let issuer = IdentityIssuer::generate().expect("an issuer");
    let listener = TcpListener::bind(SocketAddr::from(ANY))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut options = ServeOptions::new(KEY, issuer.certificate_pem());
    options.connections = 1;
    let (_stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(serve(listener, options, async {
        let _ = stopped.await;
    }));
    let first = client();
    let url = format!("http://{address}/version");
    let status = first.get(&url).send().await.expect("an answer").status();
    assert!(status.is_success());
    // The first client keeps its connection open; the second waits until it is gone.
    let second = client();
    let waiting = second
        .get(&url)
        .timeout(Duration::from_millis(100))
        .send()
        .await;
    assert!(waiting.is_err_and(|error| error.is_timeout()));
    drop(first);
    let status = second.get(&url).send().await.expect("an answer").status();
    assert!(status.is_success());
}

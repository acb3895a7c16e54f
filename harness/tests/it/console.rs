//! Consoles described by files: the examples of the tree against servers on loopback, and everything that can be wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse as _, Redirect};
use axum::routing::{get, post};
use device_matrix::diag::SourceFile;
use device_matrix::platform::Platform;
use harness::protocol::apple::identity::IdentityIssuer;
use harness::server::console::{Console, ConsoleOptions, ConsoleServer, check};
use harness::server::reference::fleet::{FleetOptions, FleetStandIn};
use harness::server::reference::{ServeOptions, serve};
use harness::server::{ActionCall, Carried, ServerUnderTest};
use scenarios::action::ActionTable;
use scenarios::event::ServerOrigin;
use scenarios::load::load_actions;
use serde_json::json;
use tokio::net::TcpListener;

use crate::conformance::conform;
use crate::nanomdm::ANY;
use crate::scripted::Device;

const TOKEN: &str = "s3cr3t-api-token";
const FLEET: &str = include_str!("../../../servers/fleet.toml");
const REFERENCE: &str = include_str!("../../../servers/reference.toml");

fn actions() -> ActionTable {
    let source = SourceFile {
        path: "scenarios/data/actions.toml".into(),
        text: include_str!("../../../scenarios/data/actions.toml").to_owned(),
    };
    load_actions(&source).expect("the action table")
}

fn source(text: &str) -> SourceFile {
    SourceFile {
        path: "servers/test.toml".into(),
        text: text.to_owned(),
    }
}

fn console(text: &str) -> Console {
    let source = source(text);
    Console::load(&source, &actions())
        .unwrap_or_else(|found| panic!("{}", device_matrix::diag::render(&found, &[source], false)))
}

fn start(
    text: &str,
    base: &str,
    mdm: &str,
    identity: Option<(String, String)>,
) -> Arc<ConsoleServer> {
    ConsoleServer::start(
        console(text),
        &ConsoleOptions {
            root: PathBuf::new(),
            origin: ServerOrigin::Product,
            env: |_| Some(TOKEN.to_owned()),
            base_url: Some(base.to_owned()),
            identity: Some(identity.unwrap_or_else(|| {
                let issuer = IdentityIssuer::generate().expect("an issuer");
                (issuer.certificate_pem().to_owned(), issuer.key_pem())
            })),
            server_url: Some(mdm.to_owned()),
            enroll: None,
        },
    )
    .expect("starts")
}

async fn fleet(change: impl FnOnce(&mut FleetOptions)) -> (FleetStandIn, Arc<ConsoleServer>) {
    let issuer = IdentityIssuer::generate().expect("an issuer");
    let mut options = FleetOptions {
        listen: ANY.into(),
        token: TOKEN.to_owned(),
        ca_pem: issuer.certificate_pem().to_owned(),
        login_page: false,
        idle_buttons: false,
    };
    change(&mut options);
    let stand_in = FleetStandIn::start(options).await.expect("listens");
    let identity = (issuer.certificate_pem().to_owned(), issuer.key_pem());
    let server = start(FLEET, &stand_in.url(), &stand_in.mdm_url(), Some(identity));
    (stand_in, server)
}

#[tokio::test]
async fn the_fleet_example_conforms() {
    let (_stand_in, server) = fleet(|_| {}).await;
    conform(server.as_ref()).await;
    let build = server.capabilities().build.expect("a version");
    assert!(build.starts_with("Fleet stand-in ("), "{build}");
}

#[tokio::test]
async fn the_reference_example_conforms() {
    let issuer = IdentityIssuer::generate().expect("an issuer");
    let listener = TcpListener::bind(std::net::SocketAddr::from(ANY))
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let options = ServeOptions::new(TOKEN, issuer.certificate_pem());
    let process = tokio::spawn(serve(listener, options, std::future::pending()));
    let identity = (issuer.certificate_pem().to_owned(), issuer.key_pem());
    let server = start(REFERENCE, &url, &format!("{url}/mdm"), Some(identity));
    conform(server.as_ref()).await;
    assert_eq!(server.carries("remote-lock", Platform::Ios), Carried::Raw);
    process.abort();
}

#[tokio::test]
async fn a_button_sends_the_products_own_command() {
    let (_stand_in, server) = fleet(|_| {}).await;
    assert_eq!(
        server.carries("remote-wipe", Platform::Ios),
        Carried::Button
    );
    assert_eq!(server.carries("remote-lock", Platform::Ios), Carried::No);
    assert_eq!(server.carries("install-app", Platform::Ios), Carried::No);
    let mut device = Device::new(server.as_ref(), 500).await;
    device.enroll().await;
    let command = json!({ "RequestType": "EraseDevice" });
    let args = json!({});
    let call = ActionCall {
        action: "remote-wipe",
        args: &args,
        command: &command,
    };
    let performed = server.perform(&device.id, call).await.expect("accepted");
    assert_eq!(performed.sends, ["EraseDevice"]);
    let sent = device
        .report("Idle", None, json!({}))
        .await
        .expect("a command");
    assert_eq!(sent["Command"]["RequestType"], "EraseDevice");
    let uuid = sent["CommandUUID"].as_str().expect("an id");
    assert_eq!(device.next("Acknowledged", Some(uuid)).await, None);
    let within = Duration::from_secs(5);
    let result = server
        .result(&device.id, uuid, within)
        .await
        .expect("a result");
    assert_eq!(result.body["Status"], "Acknowledged");
}

#[tokio::test]
async fn what_is_wrong_names_the_call_and_its_line() {
    let (_page, behind_login) = fleet(|options| options.login_page = true).await;
    let error = behind_login.check().await.expect_err("a login page");
    assert_eq!(error.reason(), "server_garbage");
    let text = error.to_string();
    for part in [
        "[version]",
        "servers/test.toml:",
        "web page",
        "Log in | Fleet",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_other, stranger) = fleet(|options| options.token = "another-token".to_owned()).await;
    let error = stranger.check().await.expect_err("a wrong token");
    assert_eq!(error.reason(), "server_unauthorized");
    assert!(error.to_string().contains("servers/test.toml:"), "{error}");
    let gone = start(FLEET, "http://127.0.0.1:9", "http://127.0.0.1:9/mdm", None);
    let error = gone.check().await.expect_err("nobody there");
    assert_eq!(error.reason(), "server_unreachable");
}

/// A description with one call, whose answer is wanted as JSON.
const SMALL: &str = r#"
name = "small"
base_url = "http://127.0.0.1:1"
retries = 2
retry_wait_seconds = 1
timeout_seconds = 5
[version]
method = "GET"
path = "/version"
value = { pointer = "/version" }
[enroll]
server_url = "http://127.0.0.1:1/mdm"
"#;

async fn small(router: Router, text: &str) -> Arc<ConsoleServer> {
    let listener = TcpListener::bind(std::net::SocketAddr::from(ANY))
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    start(text, &url, &format!("{url}/mdm"), None)
}

#[tokio::test]
async fn hostile_answers_end_with_a_word() {
    let rows: Vec<(axum::routing::MethodRouter, &str, &str)> = vec![
        (get(|| async { "" }), "server_garbage", "empty body"),
        (get(|| async { "{\"version\":" }), "server_garbage", "EOF"),
        (get(|| async { "[]" }), "server_garbage", "does not have it"),
        (
            get(|| async { Redirect::to("/version") }),
            "server_garbage",
            "leads to /version",
        ),
        (
            get(|| async { vec![b'x'; 5_000_000] }),
            "server_garbage",
            "longer than",
        ),
        (
            get(|| async { axum::http::StatusCode::FORBIDDEN }),
            "server_unauthorized",
            "403",
        ),
        (
            get(|| async { axum::http::StatusCode::NOT_FOUND }),
            "server_error",
            "404",
        ),
        (
            get(|| async { Html("<html>") }),
            "server_garbage",
            "web page",
        ),
    ];
    for (route, reason, part) in rows {
        let server = small(Router::new().route("/version", route), SMALL).await;
        let error = server.check().await.expect_err(part);
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert!(
            error.to_string().contains("servers/test.toml:9:8"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again_as_late_as_it_wishes() {
    let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let seen = count.clone();
    let route = get(move || {
        let seen = seen.clone();
        async move {
            if seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                return (
                    axum::http::StatusCode::TOO_MANY_REQUESTS,
                    [("Retry-After", "0")],
                    "slow down",
                )
                    .into_response();
            }
            axum::Json(json!({ "version": "2" })).into_response()
        }
    });
    let server = small(Router::new().route("/version", route), SMALL).await;
    server.check().await.expect("the second time");
    // Longer than the description lets it wait: the answer counts as it is.
    let route = get(|| async {
        (
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            [("Retry-After", "3600")],
            "slow down",
        )
    });
    let server = small(Router::new().route("/version", route), SMALL).await;
    assert_eq!(
        server.check().await.expect_err("busy").reason(),
        "server_error"
    );
}

#[tokio::test]
async fn a_form_with_a_token_gets_in_and_its_cookie_is_sent() {
    let text = SMALL.replace(
        "[version]",
        r#"[secrets]
password = { env = "P" }
[login]
kind = "form"
page = { method = "GET", path = "/login" }
csrf = { css = "input[name=csrf]", attribute = "value" }
submit = { method = "POST", path = "/login", form = { user = "qa", password = "{{ secrets.password }}", csrf = "{{ csrf }}" }, expect = [303] }
[version]"#,
    );
    let router = Router::new()
        .route(
            "/login",
            get(|| async { Html("<form><input type=hidden name=csrf value='tok&amp;en'></form>") })
                .post(|body: String| async move {
                    if body == format!("user=qa&password={TOKEN}&csrf=tok%26en")
                        || body == format!("csrf=tok%26en&password={TOKEN}&user=qa")
                    {
                        (
                            [("Set-Cookie", "session=abcdef; HttpOnly")],
                            Redirect::to("/"),
                        )
                            .into_response()
                    } else {
                        (axum::http::StatusCode::BAD_REQUEST, body).into_response()
                    }
                }),
        )
        .route(
            "/version",
            get(|headers: HeaderMap| async move {
                let cookie = headers
                    .get("cookie")
                    .and_then(|v| v.to_str().ok())
                    .unwrap_or("");
                axum::Json(json!({ "version": cookie == "session=abcdef" }))
            }),
        );
    let server = small(router, &text).await;
    server.check().await.expect("in");
    let checked = check::check(&server, None).await;
    for trace in checked.tried.iter().flat_map(|tried| &tried.traces) {
        let all = format!("{trace:?}");
        assert!(!all.contains(TOKEN) && !all.contains("abcdef"), "{all}");
    }
}

#[tokio::test]
async fn a_client_renews_its_token_when_it_is_refused() {
    let text = SMALL.replace(
        "[version]",
        r#"[secrets]
key = { env = "K" }
[login]
kind = "oauth2"
token_url = "/oauth/token"
client_id = "qa"
client_secret = "{{ secrets.key }}"
[version]"#,
    );
    let given = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = given.clone();
    let router = Router::new()
        .route(
            "/oauth/token",
            post(move || {
                let number = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                async move {
                    axum::Json(
                        json!({ "access_token": format!("token-{number}"), "expires_in": 3600 }),
                    )
                }
            }),
        )
        .route(
            "/version",
            get(|headers: HeaderMap| async move {
                let token = headers.get("authorization").and_then(|v| v.to_str().ok());
                if token == Some("Bearer token-1") {
                    axum::Json(json!({ "version": "1" })).into_response()
                } else {
                    axum::http::StatusCode::UNAUTHORIZED.into_response()
                }
            }),
        );
    let server = small(router, &text).await;
    server.check().await.expect("with the second token");
    assert_eq!(given.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[test]
fn every_mistake_of_a_description_is_told_at_once() {
    let text = r#"
name = "wrong"
base_url = "fleet.example.com"
requests_per_second = 0

[secrets]
token = "abc"
key = { env = "K" }

[login]
kind = "barer"
token = "{{ secrets.tokn }}"

[device]
method = "GTE"
path = "hosts/{{ devise.serial }}"
headers = { Authorization = "Bearer abc" }
id = { pointer = "host", css = "a" }

[command]
method = "POST"
path = "/run"
raw = "<command>{{ command.uuid }}</command>"
json = { a = "{{ command. }}" }

[enroll]
topic = "t"

[actions.remote-lok]
requests = [{ method = "POST", path = "/lock" }]
"#;
    let source = source(text);
    let found = Console::load(&source, &actions()).expect_err("full of mistakes");
    insta::assert_snapshot!(device_matrix::diag::render(&found, &[source], false));
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::fs::write(&path, "value\n").expect("written");
    let text = SMALL.replace(
        "[version]",
        "[secrets]\nkey = { file = \"key\" }\n[version]",
    );
    let start = |root: &Path| {
        ConsoleServer::start(
            console(&text),
            &ConsoleOptions {
                root: root.to_owned(),
                origin: ServerOrigin::Product,
                env: |_| None,
                base_url: None,
                identity: None,
                server_url: None,
                enroll: None,
            },
        )
        .map(|_| ())
    };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
    let error = start(folder.path()).expect_err("open to all").to_string();
    assert!(error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    start(folder.path()).expect("its owner's");
}

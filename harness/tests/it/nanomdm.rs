//! The `NanoMDM` adapter against the reference server as a process would serve it: real sockets on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use harness::apns::{ApnsClientOptions, ApnsFault, ApnsOptions, ApnsRoute, ApnsSettings};
use harness::protocol::apple::identity::IdentityIssuer;
use harness::server::nanomdm::{NanoMdmOptions, NanoMdmServer};
use harness::server::reference::{ServeOptions, serve};
use harness::server::{ServerError, ServerUnderTest as _, StartError, Wake};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::conformance::conform;
use crate::scripted::Device;

pub(crate) const ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
const KEY: &str = "secret";
const TOPIC: &str = "com.apple.mgmt.External.harness";

struct Pair {
    adapter: Arc<NanoMdmServer>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), StartError>>,
}

/// Options for a server at an address, with a CA of its own.
pub(crate) fn options(url: impl Into<String>) -> (NanoMdmOptions, String) {
    let issuer = IdentityIssuer::generate().expect("an issuer");
    let ca = issuer.certificate_pem().to_owned();
    let options = NanoMdmOptions::new(url, KEY, ca.clone(), issuer.key_pem(), ANY.into());
    (options, ca)
}

async fn pair(change: impl FnOnce(&mut NanoMdmOptions, &mut ServeOptions)) -> Pair {
    let listener = TcpListener::bind(SocketAddr::from(ANY))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let (mut options, ca) = options(format!("http://{address}"));
    let mut serving = ServeOptions::new(KEY, ca);
    options.dm_listen = Some(ANY.into());
    options.push_listen = Some(ANY.into());
    change(&mut options, &mut serving);
    // A stand-in alone is used as a proxy, beside the other one directly.
    let through_proxy = options.push_listen.is_none();
    let adapter = NanoMdmServer::start(options).await.expect("listens");
    serving.webhook_url.get_or_insert(adapter.webhook_url());
    serving.dm_url = adapter.dm_url();
    serving.push_url = adapter.push_url();
    if let Some(apns) = adapter.apns() {
        serving.apns = Some(ApnsClientOptions {
            route: if through_proxy {
                ApnsRoute::Proxy(apns.proxy_url())
            } else {
                ApnsRoute::Direct(apns.url())
            },
            ca_pem: apns.ca_pem.clone(),
            certificate_pem: None,
            http1_only: through_proxy,
        });
    }
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(serve(listener, serving, async {
        let _ = stopped.await;
    }));
    Pair {
        adapter,
        address,
        stop: Some(stop),
        served,
    }
}

#[tokio::test]
async fn the_adapter_conforms() {
    let pair = pair(|_, _| {}).await;
    conform(pair.adapter.as_ref()).await;
    let build = pair.adapter.capabilities().build.expect("a version");
    assert!(build.starts_with("harness-reference/"), "{build}");
}

/// The server pushes as to Apple's service: HTTP/2 directly, and HTTP/1.1 through a proxy. Only the stand-in's hub
/// wakes devices, so that a push that arrives came through it.
#[tokio::test]
async fn the_adapter_conforms_with_pushes_over_tls() {
    for proxied in [false, true] {
        let pair = pair(|options, _| {
            options.apns = Some(ApnsOptions::new(ANY.into()));
            if proxied {
                options.push_listen = None;
            }
        })
        .await;
        conform(pair.adapter.as_ref()).await;
        assert!(pair.adapter.capabilities().push);
        let apns = pair.adapter.apns().expect("the stand-in");
        let seen = apns.seen();
        let push = seen.first().expect("a push");
        assert_eq!(push.topic.as_deref(), Some(TOPIC), "{push:?}");
        assert_eq!(push.push_type.as_deref(), Some("mdm"));
        assert_eq!((push.http2, push.status), (!proxied, 200));
        // A push service that delivers nothing: the server is content, the device sleeps on.
        let mut device = Device::new(pair.adapter.as_ref(), 950).await;
        device.enroll().await;
        apns.set(ApnsSettings {
            fault: Some(ApnsFault::NeverDelivers),
            ..ApnsSettings::default()
        });
        assert_eq!(pair.adapter.wake(&device.id).await, Ok(Wake::Pushed));
        apns.set(ApnsSettings {
            fault: Some(ApnsFault::TooManyRequests),
            ..ApnsSettings::default()
        });
        assert_eq!(pair.adapter.wake(&device.id).await, Ok(Wake::Failed));
    }
}

#[tokio::test]
async fn the_adapter_conforms_with_signed_events_and_without_pushes_and_declarations() {
    let pair = pair(|options, serving| {
        options.webhook_hmac_key = Some("shared".to_owned());
        options.dm_listen = None;
        options.push_listen = None;
        serving.webhook_hmac_key = Some("shared".to_owned());
    })
    .await;
    conform(pair.adapter.as_ref()).await;
    let mut device = Device::new(pair.adapter.as_ref(), 900).await;
    device.enroll().await;
    assert_eq!(pair.adapter.wake(&device.id).await, Ok(Wake::NotExercised));
}

#[tokio::test]
async fn events_with_a_wrong_signature_do_not_count() {
    let pair = pair(|options, serving| {
        options.webhook_hmac_key = Some("shared".to_owned());
        serving.webhook_hmac_key = Some("another".to_owned());
    })
    .await;
    let mut device = Device::new(pair.adapter.as_ref(), 901).await;
    device.enroll().await;
    let command = json!({ "RequestType": "ProfileList" });
    let server = pair.adapter.as_ref();
    server
        .enqueue(&device.id, "1", &command)
        .await
        .expect("queued");
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("1"));
    assert_eq!(device.next("Acknowledged", Some("1")).await, None);
    // When the server has stopped, every event is posted: nothing can still be on its way.
    drop(pair.stop);
    pair.served.await.expect("ends").expect("well");
    let result = server.result(&device.id, "1", Duration::ZERO).await;
    let error = result.expect_err("no result counts");
    assert_eq!(error.reason(), "server_timeout");
    assert!(error.to_string().contains("webhook"), "{error}");
}

#[tokio::test]
async fn a_stopped_server_is_unreachable_and_its_last_events_arrive() {
    let mut pair = pair(|_, _| {}).await;
    let mut device = Device::new(pair.adapter.as_ref(), 902).await;
    device.enroll().await;
    let command = json!({ "RequestType": "ProfileList" });
    let server = pair.adapter.as_ref();
    server
        .enqueue(&device.id, "1", &command)
        .await
        .expect("queued");
    assert_eq!(device.next("Idle", None).await.as_deref(), Some("1"));
    assert_eq!(device.next("Acknowledged", Some("1")).await, None);
    drop(pair.stop.take());
    pair.served.await.expect("ends").expect("well");
    let result = server
        .result(&device.id, "1", Duration::ZERO)
        .await
        .expect("arrived");
    assert_eq!(result.body["Status"], "Acknowledged");
    for error in [
        server.check().await.expect_err("down"),
        server
            .enqueue(&device.id, "2", &command)
            .await
            .expect_err("down"),
        server.wake(&device.id).await.expect_err("down"),
    ] {
        assert_eq!(error.reason(), "server_unreachable", "{error}");
        assert!(
            error.to_string().contains(&pair.address.to_string()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_wrong_key_is_told() {
    let pair = pair(|options, _| options.api_key = "wrong".to_owned()).await;
    let error = pair.adapter.check().await.expect_err("refused");
    assert_eq!(
        error,
        ServerError::Unauthorized {
            what: "GET /v1/pushcert".to_owned(),
            status: 401
        }
    );
    assert!(error.to_string().contains("Check the API key"), "{error}");
}

#[tokio::test]
async fn a_failed_push_with_a_push_service_is_a_failure() {
    let pair = pair(|_, _| {}).await;
    let mut device = Device::new(pair.adapter.as_ref(), 903).await;
    device.enroll().await;
    assert_eq!(pair.adapter.wake(&device.id).await, Ok(Wake::Pushed));
    assert!(device.woken().await);
    device.grant.push.unregister(&903_u64.to_be_bytes());
    assert_eq!(pair.adapter.wake(&device.id).await, Ok(Wake::Failed));
}

#[tokio::test]
async fn bad_settings_are_told_at_the_start() {
    for url in ["not a url", "ftp://example.com", "https://127.0.0.1:1"] {
        let (options, _) = options(url);
        let error = NanoMdmServer::start(options).await.expect_err(url);
        assert!(matches!(error, StartError::Url { .. }), "{error}");
    }
    let (mut options, _) = options("http://127.0.0.1:1");
    options.identity_key = "nonsense".to_owned();
    let error = NanoMdmServer::start(options).await.expect_err("no key");
    assert!(matches!(error, StartError::Identity(_)), "{error}");
}

//! A device that says exactly what a test tells it to.

use std::time::Duration;

use bytes::Bytes;
use harness::protocol::apple::codec;
use harness::protocol::apple::identity::certificate_header;
use harness::push::WakeSignal;
use harness::server::{EnrollmentGrant, EnrollmentId, EnrollmentRequest, ServerUnderTest, Signing};
use harness::transport::Connection;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use plist::{Dictionary, Value};
use serde_json::{Value as Json, json};

const CHECKIN: &str = "application/x-apple-aspen-mdm-checkin";
const REPORT: &str = "application/x-apple-aspen-mdm";
const WITHIN: Duration = Duration::from_secs(10);

/// A scripted device.
pub(crate) struct Device {
    pub(crate) id: EnrollmentId,
    pub(crate) grant: EnrollmentGrant,
    ids: Vec<(&'static str, String)>,
    wake: WakeSignal,
    token: Vec<u8>,
    magic: String,
    sender: SendRequest<Full<Bytes>>,
}

/// An answer of a server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn plist(&self) -> Json {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        codec::dictionary_to_json(&codec::decode(&self.body).expect("a property list"))
    }

    pub(crate) fn json(&self) -> Json {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

impl Device {
    /// Makes a device with a grant; it has not spoken yet.
    pub(crate) async fn new(server: &dyn ServerUnderTest, number: u64) -> Self {
        let udid = format!("00008110-{number:016X}");
        let grant = server
            .prepare_enrollment(&EnrollmentRequest {
                id: EnrollmentId(udid.clone()),
                kind: device_matrix::enrollment::EnrollmentType::Ade,
                identity: number,
            })
            .await
            .expect("a grant")
            .into_grant()
            .expect("a ready grant");
        Self::with(grant, number, vec![("UDID", udid)]).await
    }

    /// A channel of a user on this device.
    pub(crate) async fn user(&self, number: u64, user: &str) -> Self {
        let mut ids = self.ids.clone();
        ids.push(("UserID", user.to_owned()));
        Self::with(self.grant.clone(), number, ids).await
    }

    pub(crate) async fn with(
        grant: EnrollmentGrant,
        number: u64,
        ids: Vec<(&'static str, String)>,
    ) -> Self {
        let token = number.to_be_bytes().to_vec();
        let magic = format!("magic-{number}");
        let wake = grant.push.register(&token, &magic);
        let sender = connect(&grant).await;
        let id = ids
            .iter()
            .map(|(_, id)| id.clone())
            .collect::<Vec<_>>()
            .join(":");
        Self {
            id: EnrollmentId(id),
            grant,
            ids,
            wake,
            token,
            magic,
            sender,
        }
    }

    /// Sends a body as it is.
    pub(crate) async fn send(&mut self, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let mut request = Request::builder()
            .method(Method::PUT)
            .uri(path)
            .header("Host", &self.grant.host)
            .header("Content-Type", kind);
        request = match &self.grant.signing {
            Signing::MdmSignature(identity) => request.header(
                "Mdm-Signature",
                identity.mdm_signature(&body).expect("signs"),
            ),
            Signing::CertificateHeader { header, identity } => {
                request.header(header, certificate_header(identity))
            }
            Signing::None => request,
        };
        let request = request
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        let exchange = async {
            let answer = self.sender.send_request(request).await.expect("an answer");
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.expect("a body");
            Answer {
                status,
                body: body.to_bytes(),
            }
        };
        tokio::time::timeout(WITHIN, exchange)
            .await
            .expect("the server answers in time")
    }

    async fn message(&mut self, path: &str, kind: &str, keys: Json) -> Answer {
        let mut message = codec::from_json(&keys)
            .ok()
            .and_then(Value::into_dictionary)
            .expect("keys");
        for (key, id) in &self.ids {
            message.insert((*key).to_owned(), Value::String(id.clone()));
        }
        let body = encode(&message);
        self.send(path, kind, body).await
    }

    /// Sends a check-in.
    pub(crate) async fn checkin(&mut self, message_type: &str, mut keys: Json) -> Answer {
        keys["MessageType"] = json!(message_type);
        let path = self.grant.checkin_path.clone();
        self.message(&path, CHECKIN, keys).await
    }

    /// `Authenticate` and `TokenUpdate`.
    pub(crate) async fn enroll(&mut self) {
        let topic = self.grant.topic.clone();
        let answer = self
            .checkin("Authenticate", json!({ "Topic": topic }))
            .await;
        assert_eq!(answer.status, 200, "Authenticate: {answer:?}");
        self.update_token().await;
    }

    /// `TokenUpdate`.
    pub(crate) async fn update_token(&mut self) {
        use base64::Engine as _;
        let token = base64::engine::general_purpose::STANDARD.encode(&self.token);
        let keys = json!({
            "Topic": self.grant.topic,
            "Token": { "$data": token },
            "PushMagic": self.magic,
        });
        let answer = self.checkin("TokenUpdate", keys).await;
        assert_eq!(answer.status, 200, "TokenUpdate: {answer:?}");
    }

    /// Reports; gives the next command as JSON.
    pub(crate) async fn report(
        &mut self,
        status: &str,
        uuid: Option<&str>,
        keys: Json,
    ) -> Option<Json> {
        let answer = self.report_raw(status, uuid, keys).await;
        assert_eq!(answer.status, 200, "{status}: {answer:?}");
        (!answer.body.is_empty()).then(|| answer.plist())
    }

    /// Reports; gives the answer as it is.
    pub(crate) async fn report_raw(
        &mut self,
        status: &str,
        uuid: Option<&str>,
        mut keys: Json,
    ) -> Answer {
        keys["Status"] = json!(status);
        if let Some(uuid) = uuid {
            keys["CommandUUID"] = json!(uuid);
        }
        let path = self.grant.server_path.clone();
        self.message(&path, REPORT, keys).await
    }

    /// `CommandUUID` of the next command after a report.
    pub(crate) async fn next(&mut self, status: &str, uuid: Option<&str>) -> Option<String> {
        let command = self.report(status, uuid, json!({})).await?;
        Some(command["CommandUUID"].as_str().expect("an id").to_owned())
    }

    /// Asks an endpoint of declarative management.
    pub(crate) async fn declarative(&mut self, endpoint: &str, data: Option<&Json>) -> Answer {
        use base64::Engine as _;
        let mut keys = json!({ "Endpoint": endpoint });
        if let Some(data) = data {
            let data = base64::engine::general_purpose::STANDARD.encode(data.to_string());
            keys["Data"] = json!({ "$data": data });
        }
        self.checkin("DeclarativeManagement", keys).await
    }

    /// Waits for a push.
    pub(crate) async fn woken(&mut self) -> bool {
        tokio::time::timeout(WITHIN, self.wake.woken())
            .await
            .unwrap_or(false)
    }
}

pub(crate) fn encode(message: &Dictionary) -> Vec<u8> {
    codec::encode_xml(message).expect("encodes")
}

async fn connect(grant: &EnrollmentGrant) -> SendRequest<Full<Bytes>> {
    match grant.carrier.dial().await.expect("a connection") {
        Connection::Duplex(stream) => handshake(TokioIo::new(stream)).await,
        Connection::Tcp(stream) => handshake(TokioIo::new(stream)).await,
        Connection::Tls(stream) => handshake(TokioIo::new(stream)).await,
    }
}

async fn handshake<I>(io: I) -> SendRequest<Full<Bytes>>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(io).await.expect("HTTP");
    tokio::spawn(connection);
    sender
}

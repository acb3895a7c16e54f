//! The SCEP payload: read, and carried out over the device's own connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use plist::{Dictionary, Value};
use scenarios::event::Direction;

use super::fetch::{self, Web};
use super::refusal::Refused;
use super::{ProfileInvitation, tls};
use crate::device::{DeviceMessage, MessageBody};
use crate::protocol::apple::identity::{ClientIdentity, IdentityError};
use crate::protocol::apple::profile::Payload;
use crate::scep::{self, ScepHttp, ScepMethod, ScepReply, ScepRequest, ScepTransport, SubjectName};

/// Most `Retries` and longest `RetryDelay` that are followed; more would only hold up a run.
const RETRIES: u64 = 30;
const DELAY: Duration = Duration::from_secs(10);

/// What the device is called where the payload names no subject.
pub(super) struct Names<'a> {
    pub(super) device: &'a str,
}

/// Gets a certificate as the payload says.
pub(super) async fn obtain(
    payload: &Payload,
    invitation: &ProfileInvitation,
    web: &Web,
    names: &Names<'_>,
    log: &mut Vec<DeviceMessage>,
) -> Result<Arc<ClientIdentity>, Refused> {
    let content = payload
        .content
        .get("PayloadContent")
        .and_then(Value::as_dictionary)
        .ok_or_else(|| {
            Refused::identity(format!(
                "the SCEP payload {} has no PayloadContent. Put URL, Subject and Challenge there",
                payload.uuid
            ))
        })?;
    let text = |key: &str| {
        content
            .get(key)
            .and_then(Value::as_string)
            .map(str::to_owned)
    };
    let url = text("URL").ok_or_else(|| {
        Refused::identity("the SCEP payload has no URL. Name the SCEP endpoint there")
    })?;
    fetch::url(&url, "the URL of the SCEP payload")?;
    let random = |error: IdentityError| Refused::identity(format!("no key can be had: {error}"));
    let key = invitation
        .kit
        .keys
        .key(invitation.key)
        .await
        .map_err(random)?;
    let number = |key: &str| content.get(key).and_then(Value::as_unsigned_integer);
    if let Some(kind) = text("Key Type").filter(|kind| kind != "RSA") {
        return Err(Refused::identity(format!(
            "the SCEP payload asks for a key of the type {}; devices make RSA keys for SCEP. Write RSA",
            super::refusal::short(&kind)
        )));
    }
    if number("Keysize").is_some_and(|bits| !matches!(bits, 1024 | 2048 | 4096)) {
        return Err(Refused::identity(
            "the SCEP payload's Keysize is none of 1024, 2048, 4096. Write 2048",
        ));
    }
    let mut request = ScepRequest::new(url, key);
    request.name = text("Name");
    request.challenge = text("Challenge");
    request.subject = subject(content);
    if request.subject.is_empty() {
        request.subject = vec![vec![("CN".to_owned(), names.device.to_owned())]];
    }
    request.key_usage = number("Key Usage")
        .and_then(|usage| u8::try_from(usage).ok())
        .unwrap_or_default();
    request.ca_fingerprint = content
        .get("CAFingerprint")
        .and_then(Value::as_data)
        .map(<[u8]>::to_vec);
    request.sans = sans(content);
    if let Some(retries) = number("Retries") {
        request.retries = u32::try_from(retries.min(RETRIES)).unwrap_or_default();
    }
    if let Some(delay) = number("RetryDelay") {
        request.retry_delay = Duration::from_secs(delay).min(DELAY);
    }
    request.answer_within = web.timeout;
    let wire = Wire {
        web,
        log: Mutex::default(),
    };
    let obtained = scep::obtain(&wire, &request, &invitation.kit.clock).await;
    log.append(
        &mut wire
            .log
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
    );
    let identity = obtained.map_err(|error| Refused::identity(error.to_string()))?;
    tls::valid_at(identity.certificate_der(), invitation.kit.clock.now()).map_err(|why| {
        Refused::identity(format!(
            "the certificate that SCEP gave {why}. Correct the validity in the authority's settings"
        ))
    })?;
    Ok(identity)
}

/// `Subject`: relative names of pairs.
fn subject(content: &Dictionary) -> Vec<Vec<(String, String)>> {
    let pair = |value: &Value| {
        let [name, value] = value.as_array()?.as_slice() else {
            return None;
        };
        Some((name.as_string()?.to_owned(), value.as_string()?.to_owned()))
    };
    content
        .get("Subject")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|name| {
            name.as_array()
                .into_iter()
                .flatten()
                .filter_map(pair)
                .collect()
        })
        .collect()
}

fn sans(content: &Dictionary) -> Vec<SubjectName> {
    let Some(names) = content.get("SubjectAltName").and_then(Value::as_dictionary) else {
        return Vec::new();
    };
    let each = |key: &str| -> Vec<String> {
        match names.get(key) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(Value::as_string)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    };
    let mut out: Vec<SubjectName> = each("dNSName").into_iter().map(SubjectName::Dns).collect();
    out.extend(each("rfc822Name").into_iter().map(SubjectName::Email));
    out.extend(
        each("uniformResourceIdentifier")
            .into_iter()
            .map(SubjectName::Uri),
    );
    out.extend(
        each("ntPrincipalName")
            .into_iter()
            .map(SubjectName::NtPrincipal),
    );
    out
}

/// The device's own way to the authority; notes what was said, without the messages themselves.
struct Wire<'a> {
    web: &'a Web,
    log: Mutex<Vec<DeviceMessage>>,
}

impl Wire<'_> {
    fn note(&self, direction: Direction, what: &str, status: Option<u16>, bytes: usize) {
        let message = DeviceMessage {
            direction,
            what: what.to_owned(),
            http_status: status,
            body: MessageBody::Empty,
            bytes: bytes as u64,
        };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(message);
    }
}

#[async_trait]
impl ScepTransport for Wire<'_> {
    async fn send(&self, request: ScepHttp) -> Result<ScepReply, String> {
        let url = fetch::url(&request.url, "the SCEP URL").map_err(|refused| refused.sentence)?;
        let operation = url
            .query_pairs()
            .find(|(key, _)| key == "operation")
            .map_or_else(|| "SCEP".to_owned(), |(_, value)| format!("SCEP {value}"));
        let body = request.body.unwrap_or_default();
        let (method, headers) = match request.method {
            ScepMethod::Get => (Method::GET, Vec::new()),
            ScepMethod::Post => (
                Method::POST,
                vec![(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-pki-message"),
                )],
            ),
        };
        self.note(Direction::ToServer, &operation, None, body.len());
        let reply = self
            .web
            .ask(method, &url, &headers, body)
            .await
            .map_err(|refused| refused.sentence)?;
        self.note(
            Direction::ToDevice,
            &operation,
            Some(reply.status),
            reply.body.len(),
        );
        Ok(ScepReply {
            status: reply.status,
            content_type: reply.content_type().map(str::to_owned),
            body: reply.body,
        })
    }
}

//! Account-driven enrollment: the well-known resource, the challenge, the bearer token.

use bytes::Bytes;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::Url;
use scenarios::event::Direction;
use serde_json::{Value, json};

use super::fetch::{self, Reply, Web};
use super::machine;
use super::refusal::{Refused, of_status, reason, short, web_page};
use super::{Applicant, ProfileInvitation};
use crate::device::{DeviceMessage, MessageBody};

/// Where the service of a domain is looked up.
const WELL_KNOWN: &str = "/.well-known/com.apple.remotemanagement";
/// Most servers of the answer that are looked at.
const SERVERS: usize = 16;

/// From the domain to the profile.
pub(super) async fn profile(
    host: &Url,
    applicant: &Applicant,
    invitation: &ProfileInvitation,
    web: &Web,
    log: &mut Vec<DeviceMessage>,
) -> Result<Reply, Refused> {
    let wanted = if applicant.by_user {
        "mdm-byod"
    } else {
        "mdm-adde"
    };
    let base = look_up(host, wanted, applicant, invitation, web, log).await?;
    let (info, body) = machine::signed(applicant, &invitation.kit)?;
    let body = Bytes::from(body);
    let kind = (
        CONTENT_TYPE,
        HeaderValue::from_static(machine::CONTENT_TYPE),
    );
    let mut note = |direction, status, body, bytes: usize| {
        log.push(DeviceMessage {
            direction,
            what: "MachineInfo".to_owned(),
            http_status: status,
            body,
            bytes: bytes as u64,
        });
    };
    note(
        Direction::ToServer,
        None,
        MessageBody::Plist(info.clone()),
        body.len(),
    );
    let first = web
        .ask(
            Method::POST,
            &base,
            std::slice::from_ref(&kind),
            body.clone(),
        )
        .await?;
    if first.status != 401 {
        note(
            Direction::ToDevice,
            Some(first.status),
            MessageBody::Empty,
            first.body.len(),
        );
        // Servers may know the device by other means and ask for no account.
        return Ok(first);
    }
    let challenge = first
        .header(&WWW_AUTHENTICATE)
        .unwrap_or_default()
        .to_owned();
    note(
        Direction::ToDevice,
        Some(401),
        MessageBody::Json(json!({ "WWW-Authenticate": short(&challenge) })),
        first.body.len(),
    );
    let lower = challenge.to_ascii_lowercase();
    if !lower.starts_with("bearer") || !lower.contains("method=\"apple-") {
        return Err(Refused::new(
            reason::GARBAGE,
            format!(
                "{}: the server asks for authentication, but its WWW-Authenticate ({}) is not the challenge that a \
                 device follows. Answer `Bearer method=\"apple-as-web\", url=\"…\"`",
                fetch::host(&base),
                if challenge.is_empty() {
                    "missing".to_owned()
                } else {
                    short(&challenge)
                }
            ),
        ));
    }
    let Some(token) = &invitation.token else {
        return Err(Refused::new(
            reason::UNAUTHORIZED,
            format!(
                "{}: the server wants the user to sign in, which virtual devices do not. Sign in once and give the \
                 bearer token by --enroll-token",
                fetch::host(&base)
            ),
        ));
    };
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| {
        Refused::new(
            reason::UNAUTHORIZED,
            "the bearer token has characters that HTTP does not carry. Check --enroll-token",
        )
    })?;
    bearer.set_sensitive(true);
    note(
        Direction::ToServer,
        None,
        MessageBody::Plist(info),
        body.len(),
    );
    let headers: [(HeaderName, HeaderValue); 2] = [kind, (AUTHORIZATION, bearer)];
    let reply = web.ask(Method::POST, &base, &headers, body).await?;
    note(
        Direction::ToDevice,
        Some(reply.status),
        MessageBody::Empty,
        reply.body.len(),
    );
    Ok(reply)
}

/// Asks the domain which server manages such devices.
async fn look_up(
    host: &Url,
    wanted: &str,
    applicant: &Applicant,
    invitation: &ProfileInvitation,
    web: &Web,
    log: &mut Vec<DeviceMessage>,
) -> Result<Url, Refused> {
    let mut url = host.clone();
    url.set_path(WELL_KNOWN);
    url.query_pairs_mut()
        .clear()
        .append_pair("user-identifier", &invitation.user)
        .append_pair("model-family", applicant.family);
    let what = format!("the service lookup at {}{WELL_KNOWN}", fetch::host(&url));
    log.push(DeviceMessage {
        direction: Direction::ToServer,
        what: "well-known".to_owned(),
        http_status: None,
        body: MessageBody::Empty,
        bytes: 0,
    });
    let reply = web.ask(Method::GET, &url, &[], Bytes::new()).await?;
    if !reply.is_success() {
        return Err(of_status(
            &what,
            reply.status,
            reply.content_type(),
            &reply.body,
        ));
    }
    let garbage = |why: String| {
        Refused::new(
            reason::GARBAGE,
            format!(
                "{what} was answered with {why}. A person would see that the account is not set up. Answer \
                 {{\"Servers\":[{{\"Version\":\"{wanted}\",\"BaseURL\":\"https://…\"}}]}} as JSON"
            ),
        )
    };
    if let Some(title) = web_page(reply.content_type(), &reply.body) {
        return Err(garbage(format!("a web page ({title})")));
    }
    if reply.body.is_empty() {
        return Err(garbage("nothing".to_owned()));
    }
    let answer: Value = serde_json::from_slice(&reply.body)
        .map_err(|error| garbage(format!("something that is no JSON ({error})")))?;
    log.push(DeviceMessage {
        direction: Direction::ToDevice,
        what: "well-known".to_owned(),
        http_status: Some(reply.status),
        body: MessageBody::Json(answer.clone()),
        bytes: reply.body.len() as u64,
    });
    let servers = answer
        .get("Servers")
        .and_then(Value::as_array)
        .ok_or_else(|| garbage("JSON without Servers".to_owned()))?;
    let text =
        |server: &Value, key: &str| server.get(key).and_then(Value::as_str).map(str::to_owned);
    let base = servers
        .iter()
        .take(SERVERS)
        .find(|server| text(server, "Version").as_deref() == Some(wanted))
        .and_then(|server| text(server, "BaseURL"))
        .ok_or_else(|| garbage(format!("no server of the version {wanted}")))?;
    fetch::url(&base, "the BaseURL of the well-known resource")
}

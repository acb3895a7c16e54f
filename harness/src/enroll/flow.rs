//! From the invitation to everything the first check-in needs.

use std::time::Duration;

use bytes::Bytes;
use device_matrix::enrollment::EnrollmentType;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use reqwest::Url;
use scenarios::event::Direction;

use super::fetch::{self, Web};
use super::invitation::{Ask, ProfileInvitation, ProfileSource};
use super::profile::EnrollmentProfile;
use super::refusal::{Refused, of_status};
use super::signed::Signature;
use super::tls::{self, Demands};
use super::{account, identity, machine, profile, scep};
use crate::device::{DeviceError, DeviceMessage, MessageBody};
use crate::server::{EnrollmentGrant, Signing};

/// A device that wants to enroll, as the places it asks see it.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// How it enrolls.
    pub kind: EnrollmentType,
    /// Whether that is user enrollment.
    pub by_user: bool,
    /// UDID; none in user enrollment.
    pub udid: Option<String>,
    /// Serial number; none in user enrollment.
    pub serial: Option<String>,
    /// IMEI.
    pub imei: Option<String>,
    /// Product, such as `iPhone17,2`.
    pub product: String,
    /// Model family of the service lookup, such as `iPhone`.
    pub family: &'static str,
    /// Version of the operating system.
    pub version: String,
    /// Build.
    pub build: Option<String>,
    /// Whether it can be told to update before enrolling (iOS 17, macOS 14).
    pub can_request_update: bool,
    /// What its release demands of servers.
    pub demands: Demands,
    /// How long it waits for an answer.
    pub timeout: Duration,
}

/// What came, and how it was labeled.
struct Came {
    bytes: Bytes,
    kind: Option<String>,
}

/// Gets the profile, reads it, gets the identity. What was exchanged is added to `log`, whatever came of it.
pub async fn accept(
    applicant: &Applicant,
    invitation: &ProfileInvitation,
    log: &mut Vec<DeviceMessage>,
) -> Result<EnrollmentGrant, DeviceError> {
    follow(applicant, invitation, log)
        .await
        .map_err(DeviceError::from)
}

async fn follow(
    applicant: &Applicant,
    invitation: &ProfileInvitation,
    log: &mut Vec<DeviceMessage>,
) -> Result<EnrollmentGrant, Refused> {
    let kit = &invitation.kit;
    let web = Web {
        config: None,
        demands: applicant.demands.clone(),
        timeout: applicant.timeout,
        agent: "Profile/1.0",
    };
    let came = came(applicant, invitation, &web, log).await?;
    let profile = EnrollmentProfile::read(
        &came.bytes,
        came.kind.as_deref(),
        kit.anchors(&[]),
        kit.clock.now(),
    )?;
    log.push(DeviceMessage {
        direction: Direction::ToDevice,
        what: format!("enrollment profile, {}", profile.signature),
        http_status: None,
        body: MessageBody::Plist(profile.plist.clone()),
        bytes: came.bytes.len() as u64,
    });
    if !invitation.accept_untrusted && !matches!(profile.signature, Signature::Trusted(_)) {
        return Err(Refused::profile(format!(
            "the enrollment profile is {}. Sign it by a trusted CA, or allow it as a person can who installs it by hand",
            profile.signature
        )));
    }
    fits(applicant, &profile)?;
    let mdm = &profile.mdm;
    let server = fetch::url(&mdm.server_url, "the ServerURL")?;
    let checkin = fetch::url(&mdm.checkin_url, "the CheckInURL")?;
    if server.origin() != checkin.origin() {
        return Err(Refused::profile(format!(
            "ServerURL ({}) and CheckInURL ({}) are at different hosts, which virtual devices do not serve yet. Use \
             one host for this test",
            fetch::host(&server),
            fetch::host(&checkin)
        )));
    }
    let secure = server.scheme() == "https";
    let before = Web {
        config: tls_of(
            invitation,
            &profile.anchors,
            &profile.identity.content,
            None,
        )?,
        ..web
    };
    let names = scep::Names {
        device: applicant
            .udid
            .as_deref()
            .or(applicant.serial.as_deref())
            .unwrap_or(&applicant.product),
    };
    let identity = identity::obtain(&profile.identity, invitation, &before, &names, log).await?;
    let config = if secure {
        let verifier = kit.verifier(&profile.anchors)?;
        Some(tls::config(verifier, Some(&identity))?)
    } else {
        None
    };
    let managed = Web { config, ..before };
    Ok(EnrollmentGrant {
        carrier: managed.carrier(&server).await?,
        host: fetch::host(&server),
        server_path: path(&server),
        checkin_path: path(&checkin),
        topic: mdm.topic.clone(),
        access_rights: mdm.access_rights,
        signing: if mdm.sign_message {
            Signing::MdmSignature(identity)
        } else {
            Signing::None
        },
        push: invitation.push.clone(),
        check_out_when_removed: Some(mdm.check_out_when_removed),
    })
}

/// TLS settings for what happens before the identity is there; none when nothing needs them.
fn tls_of(
    invitation: &ProfileInvitation,
    anchors: &[Vec<u8>],
    identity: &plist::Dictionary,
    url: Option<&Url>,
) -> Result<Option<std::sync::Arc<rustls::ClientConfig>>, Refused> {
    let scep = identity
        .get("PayloadContent")
        .and_then(plist::Value::as_dictionary)
        .and_then(|content| content.get("URL"))
        .and_then(plist::Value::as_string)
        .is_some_and(|url| url.starts_with("https:"));
    if !scep && url.is_none_or(|url| url.scheme() != "https") {
        return Ok(None);
    }
    let verifier = invitation.kit.verifier(anchors)?;
    tls::config(verifier, None).map(Some)
}

/// Gets the bytes of the profile.
async fn came(
    applicant: &Applicant,
    invitation: &ProfileInvitation,
    web: &Web,
    log: &mut Vec<DeviceMessage>,
) -> Result<Came, Refused> {
    let local = |bytes: Bytes| Came { bytes, kind: None };
    let text = match &invitation.source {
        ProfileSource::Bytes(bytes) => return Ok(local(Bytes::copy_from_slice(bytes))),
        ProfileSource::File(path) => return file(path).await.map(local),
        ProfileSource::Url(text) => text,
    };
    let url = fetch::url(text, "the enrollment URL")?;
    let nothing = plist::Dictionary::new();
    let web = Web {
        config: tls_of(invitation, &[], &nothing, Some(&url))?,
        ..web.clone()
    };
    let automated = matches!(
        applicant.kind,
        EnrollmentType::Ade | EnrollmentType::SharedIpad
    );
    let account = matches!(
        applicant.kind,
        EnrollmentType::AccountDevice | EnrollmentType::AccountUser
    );
    let reply = match invitation.ask {
        Ask::ByEnrollmentType if account => {
            account::profile(&url, applicant, invitation, &web, log).await?
        }
        Ask::ByEnrollmentType if automated => {
            let (info, body) = machine::signed(applicant, &invitation.kit)?;
            log.push(DeviceMessage {
                direction: Direction::ToServer,
                what: "MachineInfo".to_owned(),
                http_status: None,
                body: MessageBody::Plist(info),
                bytes: body.len() as u64,
            });
            let kind = (
                CONTENT_TYPE,
                HeaderValue::from_static(machine::CONTENT_TYPE),
            );
            web.ask(Method::POST, &url, &[kind], Bytes::from(body))
                .await?
        }
        _ => {
            log.push(DeviceMessage {
                direction: Direction::ToServer,
                what: "GET enrollment profile".to_owned(),
                http_status: None,
                body: MessageBody::Empty,
                bytes: 0,
            });
            web.ask(Method::GET, &url, &[], Bytes::new()).await?
        }
    };
    if !reply.is_success() {
        let what = format!("the enrollment at {}{}", fetch::host(&url), url.path());
        return Err(of_status(
            &what,
            reply.status,
            reply.content_type(),
            &reply.body,
        ));
    }
    Ok(Came {
        kind: reply.content_type().map(str::to_owned),
        bytes: reply.body,
    })
}

async fn file(path: &std::path::Path) -> Result<Bytes, Refused> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        std::fs::File::open(&owned)?
            .take(profile::LONGEST as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    });
    let read = read
        .await
        .map_err(std::io::Error::other)
        .and_then(|read| read);
    read.map(Bytes::from).map_err(|error| {
        Refused::profile(format!(
            "{}: {error}. Give the file of the enrollment profile by --enroll",
            path.display()
        ))
    })
}

/// Whether the profile is for this way to enroll.
fn fits(applicant: &Applicant, profile: &EnrollmentProfile) -> Result<(), Refused> {
    let mdm = &profile.mdm;
    let mode = match applicant.kind {
        EnrollmentType::AccountUser => Some("BYOD"),
        EnrollmentType::AccountDevice => Some("ADDE"),
        _ => None,
    };
    if let Some(mode) = mode {
        if mdm.mode.as_deref() != Some(mode) {
            return Err(Refused::profile(format!(
                "the profile is not for this enrollment: EnrollmentMode is {}, and a device that enrolls by {} needs \
                 {mode}. Give it in com.apple.mdm",
                mdm.mode.as_deref().unwrap_or("missing"),
                applicant.kind.as_str()
            )));
        }
        if mdm.account.is_none() {
            return Err(Refused::profile(
                "com.apple.mdm has no AssignedManagedAppleID, which account-driven enrollment needs. Add it",
            ));
        }
    }
    if applicant.kind == EnrollmentType::UserProfile && mdm.account.is_none() {
        return Err(Refused::profile(
            "com.apple.mdm has no ManagedAppleID, so that the profile enrolls the whole device, not the user. Give \
             the profile of user enrollment",
        ));
    }
    Ok(())
}

fn path(url: &Url) -> String {
    match url.query() {
        None => url.path().to_owned(),
        Some(query) => format!("{}?{query}", url.path()),
    }
}

//! Why a device does not come under management, in sentences a QA engineer can act on.

use plist::Value as Plist;
use serde_json::Value;

use crate::device::DeviceError;
use crate::protocol::apple::codec;

/// Stable words of `scenarios::event::Ended::Blocked`.
pub(super) mod reason {
    /// The profile can not be had or used.
    pub(crate) const PROFILE: &str = "enrollment_profile";
    /// The device has no identity.
    pub(crate) const IDENTITY: &str = "enrollment_identity";
    /// The server turned the device away, with its own reason.
    pub(crate) const REFUSED: &str = "enrollment_refused";
    /// TLS does not come about.
    pub(crate) const TLS: &str = "server_tls";
    /// No connection.
    pub(crate) const UNREACHABLE: &str = "server_unreachable";
    /// No answer in time.
    pub(crate) const TIMEOUT: &str = "server_timeout";
    /// 401 or 403 without more words.
    pub(crate) const UNAUTHORIZED: &str = "server_unauthorized";
    /// Another HTTP error.
    pub(crate) const ERROR: &str = "server_error";
    /// Something else than what was asked for.
    pub(crate) const GARBAGE: &str = "server_garbage";
}

/// Why a device stays outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: &'static str,
    pub(super) sentence: String,
}

impl Refused {
    pub(super) fn new(reason: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            reason,
            sentence: sentence.into(),
        }
    }

    pub(super) fn profile(sentence: impl Into<String>) -> Self {
        Self::new(reason::PROFILE, sentence)
    }

    pub(super) fn identity(sentence: impl Into<String>) -> Self {
        Self::new(reason::IDENTITY, sentence)
    }
}

impl From<Refused> for DeviceError {
    fn from(refused: Refused) -> Self {
        Self::Enrollment {
            reason: refused.reason,
            sentence: refused.sentence,
        }
    }
}

/// Whether bytes look like a web page, with its title.
pub(super) fn web_page(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(64 * 1024)]);
    let lower = text.trim_start().to_ascii_lowercase();
    let html = lower.starts_with("<!doctype html")
        || lower.starts_with("<html")
        || content_type.is_some_and(|kind| kind.starts_with("text/html"));
    html.then(|| {
        let title = lower
            .find("<title>")
            .and_then(|at| {
                let rest = lower.get(at + 7..)?;
                rest.get(..rest.find('<')?)
            })
            .unwrap_or("no title");
        title.trim().chars().take(80).collect()
    })
}

/// The sentence for an answer that is no success (statuses and bodies of Apple's `mdm/errors`).
pub(super) fn of_status(what: &str, status: u16, kind: Option<&str>, body: &[u8]) -> Refused {
    let fields = fields(body);
    let field = |key: &str| fields.as_ref().and_then(|map| map.get(key)?.as_str());
    let detail = |key: &str| {
        fields
            .as_ref()
            .and_then(|map| map.get("details")?.get(key)?.as_str().map(str::to_owned))
    };
    if let (403, Some(code)) = (status, field("code")) {
        let said = field("message")
            .or(field("description"))
            .map(|text| format!(" The server says: {}", short(text)))
            .unwrap_or_default();
        let sentence = match code {
            "com.apple.softwareupdate.required" => {
                let version = detail("OSVersion").unwrap_or_else(|| "a later version".to_owned());
                let build = detail("BuildVersion")
                    .map(|build| format!(" ({build})"))
                    .unwrap_or_default();
                format!(
                    "{what}: the server lets only devices on {version}{build} or later enroll; a person would see the \
                     software update before enrolling. Lower the server's minimum version for this test, or leave \
                     this release out"
                )
            }
            "com.apple.well-known.failed" => format!(
                "{what}: the server does not find the service for this account; a person would see that the account \
                 is not set up for enrollment. Check the account's domain and its well-known resource"
            ),
            "com.apple.watch.pairing.token.missing" => format!(
                "{what}: the watch has no pairing token; a person would see that the watch cannot be managed. Let \
                 the server answer GetToken for com.apple.watch.pairing on the iPhone"
            ),
            "com.apple.psso.required" => format!(
                "{what}: the server asks for Platform SSO before enrollment; a person would have to sign in first, \
                 which virtual devices do not. Turn the requirement off for this test"
            ),
            "com.apple.unrecognized.device" => format!(
                "{what}: the server does not know this device; a person would see that the enrollment failed. Add \
                 the serial number to the server's devices"
            ),
            other => format!(
                "{what}: the server refuses with the code {}. Look it up in the server's log",
                short(other)
            ),
        };
        return Refused::new(reason::REFUSED, sentence + &said);
    }
    let reason = match status {
        401 | 403 => reason::UNAUTHORIZED,
        _ => reason::ERROR,
    };
    let advice = match status {
        401 => "Give a token by --enroll-token that the server accepts",
        403 => "Check that this device may enroll, and the token",
        404 => "Check the enrollment URL's path",
        405 => {
            "The URL does not take this kind of request; give the one for this enrollment type, or download the \
             profile by --enroll-download"
        }
        300..=399 => "It points elsewhere; give the final URL",
        _ => "Look into the server's log at this time",
    };
    let shown = match web_page(kind, body) {
        Some(title) => format!("a web page ({title})"),
        None if body.is_empty() => "nothing more".to_owned(),
        None => short(&String::from_utf8_lossy(body)),
    };
    Refused::new(
        reason,
        format!("{what} was answered with HTTP {status} and {shown}. {advice}"),
    )
}

/// JSON or property list of an error.
fn fields(body: &[u8]) -> Option<Value> {
    if body.len() > 64 * 1024 {
        return None;
    }
    match serde_json::from_slice(body) {
        Ok(value) => Some(value),
        Err(_) => codec::decode(body)
            .ok()
            .map(|dictionary| codec::to_json(&Plist::Dictionary(dictionary))),
    }
}

pub(super) fn short(text: &str) -> String {
    let mut out: String = text.chars().take(120).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_a_person_would_see() {
        let update = br#"{"code":"com.apple.softwareupdate.required","details":{"OSVersion":"18.1","BuildVersion":"22B83"}}"#;
        let table: [(u16, &[u8], &str, &str); 6] = [
            (403, update, reason::REFUSED, "18.1 (22B83)"),
            (403, br#"{"code":"com.apple.unrecognized.device"}"#, reason::REFUSED, "Add the serial number"),
            (403, b"<plist version=\"1.0\"><dict><key>code</key><string>com.apple.psso.required</string></dict></plist>", reason::REFUSED, "Platform SSO"),
            (403, b"no", reason::UNAUTHORIZED, "may enroll"),
            (404, b"<html><title>Not here</title>", reason::ERROR, "a web page (not here)"),
            (500, b"", reason::ERROR, "nothing more"),
        ];
        for (status, body, reason, word) in table {
            let refused = of_status("the enrollment", status, None, body);
            assert_eq!(refused.reason, reason, "{refused:?}");
            assert!(refused.sentence.contains(word), "{refused:?}");
        }
    }
}

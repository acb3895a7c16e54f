//! Installing and removing profiles, whoever asks for it.

use device_matrix::capability::{Kind, Scope};

use super::core::Core;
use super::errors;
use super::force::{self, Refusal, Standing};
use super::gate;
use super::state::{InstalledPayload, InstalledProfile, Source};
use crate::protocol::apple::command::ErrorItem;
use crate::protocol::apple::profile::{self, Payload, Profile};

/// Installs a profile, or replaces the one with its identifier on the same channel.
pub(super) fn install(
    core: &mut Core,
    bytes: &[u8],
    scope: Scope,
    source: Source,
) -> Result<(), Vec<ErrorItem>> {
    let platform = core.platform();
    let profile = profile::parse(bytes).map_err(|error| {
        let cause = errors::item(
            platform,
            errors::PROFILE,
            1000,
            format!("The profile is malformed: {error}."),
        );
        errors::refused_profile(platform, "", cause)
    })?;
    let refuse = |cause| errors::refused_profile(platform, &profile.identifier, cause);
    let mut payloads = Vec::with_capacity(profile.payloads.len());
    for payload in &profile.payloads {
        let standing = judge(core, &profile, payload, scope).map_err(refuse)?;
        payloads.push(InstalledPayload {
            payload_type: payload.payload_type.clone(),
            identifier: payload.identifier.clone(),
            uuid: payload.uuid.clone(),
            content: payload.content.clone(),
            in_force: standing,
        });
    }
    let installed = InstalledProfile {
        identifier: profile.identifier,
        uuid: profile.uuid,
        display_name: profile.display_name,
        organization: profile.organization,
        description: profile.description,
        removal_disallowed: profile.removal_disallowed,
        encrypted: profile.encrypted,
        scope,
        source,
        payloads,
    };
    let place =
        core.state.profiles.iter_mut().find(|known| {
            known.identifier == installed.identifier && known.scope == installed.scope
        });
    match place {
        Some(known) => *known = installed,
        None => core.state.profiles.push(installed),
    }
    Ok(())
}

/// What is in force of a payload, or why it makes the device refuse its profile.
fn judge(
    core: &Core,
    profile: &Profile,
    payload: &Payload,
    scope: Scope,
) -> Result<Option<plist::Dictionary>, ErrorItem> {
    let platform = core.platform();
    let kind = payload.payload_type.as_str();
    if core.spec.settings.missing_payload_key_refused && !core.is_mac() {
        let mut items = core.facts().find(Kind::Profile, kind);
        if let (Some((_, item)), None) = (items.next(), items.next())
            && core.takes(core.applies(item.support(platform), scope))
            && let Some(problem) = gate::keys_problem(core, item, None, &payload.content, scope)
        {
            return Err(errors::item(
                platform,
                errors::PAYLOAD,
                2002,
                format!("The payload “{kind}” is not valid: {problem}."),
            ));
        }
    }
    if kind == "com.apple.applicationaccess"
        && !core.spec.settings.unknown_restriction_keys_ignored
        && let Some((_, item)) = core.facts().find(Kind::Profile, kind).next()
        && let Some(unknown) = payload
            .content
            .keys()
            .find(|key| gate::child(item, None, key).is_none())
    {
        return Err(errors::item(
            platform,
            errors::PROFILE,
            1010,
            format!("The field “{unknown}” is not supported."),
        ));
    }
    match force::standing(core, kind, &payload.content, scope) {
        Standing::Inert => Ok(None),
        Standing::Refused(refusal) => Err(cause(core, kind, refusal)),
        Standing::Applied(in_force) => {
            if single(core, kind) && taken(core, profile, kind, scope) {
                let text = format!("Only one payload of the type “{kind}” can be installed.");
                return Err(errors::item(platform, errors::INSTALLATION, 4023, text));
            }
            Ok(Some(in_force))
        }
    }
}

fn cause(core: &Core, kind: &str, refusal: Refusal) -> ErrorItem {
    let platform = core.platform();
    match refusal {
        Refusal::UnknownType | Refusal::Removed => errors::item(
            platform,
            errors::INSTALLATION,
            4023,
            format!("The payload “{kind}” is not accepted on this device."),
        ),
        Refusal::Supervision => errors::item(
            platform,
            errors::INSTALLATION,
            4025,
            format!("The payload “{kind}” can only be installed on a supervised device."),
        ),
        Refusal::Channel if core.is_mac() => errors::item(
            platform,
            "NSPOSIXErrorDomain",
            1,
            format!(
                "The profile must be a system profile. User profiles are not supported for “{kind}”."
            ),
        ),
        Refusal::Channel | Refusal::Enrollment => {
            let number = if core.is_shared_ipad() { 4030 } else { 4023 };
            let text = format!("The payload “{kind}” is not acceptable under this enrollment.");
            errors::item(platform, errors::INSTALLATION, number, text)
        }
    }
}

/// Whether the release takes one payload of the type only.
fn single(core: &Core, kind: &str) -> bool {
    core.facts()
        .find(Kind::Profile, kind)
        .filter_map(|(_, item)| item.support(core.platform()))
        .any(|support| support.multiple == Some(false))
}

/// Whether another profile on the channel, or the profile itself, brings one already.
fn taken(core: &Core, profile: &Profile, kind: &str, scope: Scope) -> bool {
    let elsewhere = core
        .state
        .profiles
        .iter()
        .filter(|known| known.scope == scope && known.identifier != profile.identifier)
        .flat_map(|known| &known.payloads)
        .any(|payload| payload.payload_type == kind && payload.in_force.is_some());
    let here = profile
        .payloads
        .iter()
        .filter(|payload| payload.payload_type == kind);
    elsewhere || here.count() > 1
}

/// Removes a profile that a command installed.
pub(super) fn remove(
    core: &mut Core,
    identifier: &str,
    scope: Scope,
) -> Result<(), Vec<ErrorItem>> {
    let platform = core.platform();
    let found = core
        .state
        .profiles
        .iter()
        .position(|known| known.identifier == identifier && known.scope == scope);
    match found {
        Some(index) if core.state.profiles[index].source == Source::Command => {
            core.state.profiles.remove(index);
            Ok(())
        }
        Some(_) => {
            let text = format!("The profile “{identifier}” is not managed by commands.");
            Err(vec![errors::item(platform, errors::MDM, 12013, text)])
        }
        None if core.is_mac() => Err(vec![errors::item(
            platform,
            "MDMClientError",
            89,
            format!("Profile with identifier ‘{identifier}’ not found. <MDMClientError:89>"),
        )]),
        None => Err(vec![errors::item(
            platform,
            &core.spec.settings.absent_profile_domain,
            12075,
            format!("The profile “{identifier}” is not installed."),
        )]),
    }
}

/// Looks anew at everything installed, after an update in place.
pub(super) fn reevaluate(core: &mut Core) {
    let mut profiles = std::mem::take(&mut core.state.profiles);
    for profile in &mut profiles {
        for payload in &mut profile.payloads {
            payload.in_force = force::after_update(core, payload, profile.scope);
        }
    }
    core.state.profiles = profiles;
}

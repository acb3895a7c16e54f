//! What of an installed payload is in force: the keys that the device's exact release knows and heeds.

use std::collections::BTreeMap;

use device_matrix::capability::{Applicability, Item, KeyIndex, Kind, NotApplicable, Scope};
use device_matrix::platform::SchemaOs;
use device_matrix::version::VersionNumber;
use plist::{Dictionary, Value};

use super::core::Core;
use super::gate::child;
use super::state::InstalledPayload;

/// What a release makes of a payload.
#[derive(Debug)]
pub(super) enum Standing {
    /// The payload is in force, with these keys.
    Applied(Dictionary),
    /// It is installed and has no effect.
    Inert,
    /// The device refuses the profile.
    Refused(Refusal),
}

/// Why a payload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody knows the type.
    UnknownType,
    /// The release has removed the type.
    Removed,
    /// It needs supervision.
    Supervision,
    /// Not for this channel.
    Channel,
    /// Not under this enrollment.
    Enrollment,
}

/// What the device's release makes of a payload.
pub(super) fn standing(
    core: &Core,
    payload_type: &str,
    content: &Dictionary,
    scope: Scope,
) -> Standing {
    use super::settings::RemovedPayload;
    let settings = &core.spec.settings;
    let Some(applicability) = core.item_applies(Kind::Profile, payload_type, scope) else {
        return match (core.is_mac(), settings.unknown_payload_accepted) {
            // A Mac takes any domain as managed preferences.
            (true, _) => Standing::Applied(content.clone()),
            (false, true) => Standing::Inert,
            (false, false) => Standing::Refused(Refusal::UnknownType),
        };
    };
    if !core.spec.supervised && core.os() == SchemaOs::Ios && by_prose(core, payload_type, content)
    {
        return without_supervision(settings.supervised_payload_refused);
    }
    if core.takes(applicability) {
        let mut kept = Dictionary::new();
        for (_, item) in core.facts().find(Kind::Profile, payload_type) {
            if core.takes(core.applies(item.support(core.platform()), scope)) {
                for (name, value) in keys_in_force(core, item, None, content, scope) {
                    kept.insert(name, value);
                }
            }
        }
        return Standing::Applied(kept);
    }
    match applicability {
        Applicability::No(NotApplicable::Removed(_)) => match settings.removed_payload {
            RemovedPayload::Inert => Standing::Inert,
            RemovedPayload::Refused => Standing::Refused(Refusal::Removed),
        },
        Applicability::No(NotApplicable::NeedsSupervision) => {
            without_supervision(settings.supervised_payload_refused)
        }
        Applicability::No(NotApplicable::WrongChannel) => Standing::Refused(Refusal::Channel),
        Applicability::No(
            NotApplicable::ForbiddenForUserEnrollment
            | NotApplicable::ForbiddenOnSharedIpad
            | NotApplicable::EnrollmentNotAllowed
            | NotApplicable::NeedsAde,
        ) => Standing::Refused(Refusal::Enrollment),
        _ => Standing::Inert,
    }
}

const fn without_supervision(refused: bool) -> Standing {
    if refused {
        Standing::Refused(Refusal::Supervision)
    } else {
        Standing::Inert
    }
}

/// A payload that iOS takes on supervised devices only, which its schema says in words and not in a field.
struct SupervisedByProse {
    payload_type: &'static str,
    /// The key that decides, with the value it has when it is left out.
    key: &'static str,
    default: &'static str,
    value: &'static str,
    /// From this version on, a payload that has this key is taken.
    unless: Option<(&'static [u32], &'static str)>,
}

/// `com.apple.webcontent-filter.yaml` of release 18.1: for supervised devices; from iOS 16 on others take it too when it
/// has a `ContentFilterUUID`, which ties a plug-in to managed apps (Apple's page Web Content Filter).
const SUPERVISED_BY_PROSE: [SupervisedByProse; 2] = [
    SupervisedByProse {
        payload_type: "com.apple.webcontent-filter",
        key: "FilterType",
        default: "BuiltIn",
        value: "BuiltIn",
        unless: None,
    },
    SupervisedByProse {
        payload_type: "com.apple.webcontent-filter",
        key: "FilterType",
        default: "BuiltIn",
        value: "Plugin",
        unless: Some((&[16], "ContentFilterUUID")),
    },
];

fn by_prose(core: &Core, payload_type: &str, content: &Dictionary) -> bool {
    SUPERVISED_BY_PROSE.iter().any(|rule| {
        rule.payload_type == payload_type
            && content
                .get(rule.key)
                .and_then(Value::as_string)
                .unwrap_or(rule.default)
                == rule.value
            && !rule.unless.is_some_and(|(since, key)| {
                VersionNumber::new(since) <= core.version() && content.contains_key(key)
            })
    })
}

/// Restrictions that iOS heeds on unsupervised devices too, before this version. The schema marks them as supervised
/// for every version and says the version in words only (`com.apple.applicationaccess.yaml` of release 18.1).
const SUPERVISED_SINCE: [u32; 1] = [13];
const ONCE_UNSUPERVISED: [&str; 8] = [
    "allowAddingGameCenterFriends",
    "allowAppInstallation",
    "allowCloudDocumentSync",
    "allowExplicitContent",
    "allowSafari",
    "allowVideoConferencing",
    "allowiTunes",
    "safariAllowAutoFill",
];

fn once_unsupervised(core: &Core, item: &Item, name: &str, applicability: Applicability) -> bool {
    applicability == Applicability::No(NotApplicable::NeedsSupervision)
        && core.os() == SchemaOs::Ios
        && core.version() < VersionNumber::new(&SUPERVISED_SINCE)
        && item.id == super::effects::RESTRICTIONS
        && ONCE_UNSUPERVISED.contains(&name)
}

/// The keys of `given` that are in force, without what the release does not know, no longer knows, or does not heed
/// under this enrollment.
fn keys_in_force(
    core: &Core,
    item: &Item,
    parent: Option<KeyIndex>,
    given: &Dictionary,
    scope: Scope,
) -> Dictionary {
    let free_content = item
        .children(parent, device_matrix::capability::Role::Payload)
        .next()
        .is_none();
    let recursive = parent.is_some_and(|index| item.key(index).recursive);
    let mut kept = Dictionary::new();
    for (name, value) in given {
        if free_content || recursive {
            kept.insert(name.clone(), value.clone());
            continue;
        }
        let Some((index, key)) = child(item, parent, name) else {
            continue;
        };
        let support = key.support(core.platform());
        // A placeholder without a statement of its own follows its parent.
        let applicability = core.applies(support, scope);
        let heeded = (key.placeholder && support.is_none())
            || core.takes(applicability)
            || once_unsupervised(core, item, name, applicability);
        if heeded {
            kept.insert(
                name.clone(),
                value_in_force(core, item, index, value, scope),
            );
        }
    }
    kept
}

fn value_in_force(core: &Core, item: &Item, key: KeyIndex, value: &Value, scope: Scope) -> Value {
    match value {
        Value::Dictionary(inner) => {
            Value::Dictionary(keys_in_force(core, item, Some(key), inner, scope))
        }
        Value::Array(entries) => {
            let element = item
                .children(Some(key), device_matrix::capability::Role::Payload)
                .next()
                .map(|(index, _)| index);
            let entries = entries.iter().map(|entry| match (entry, element) {
                (Value::Dictionary(inner), Some(element)) => {
                    Value::Dictionary(keys_in_force(core, item, Some(element), inner, scope))
                }
                _ => entry.clone(),
            });
            Value::Array(entries.collect())
        }
        other => other.clone(),
    }
}

/// Looks anew at an installed payload after an update in place.
///
/// What was in force and now would need supervision stays in force until the profile is replaced, when the setting
/// says so; everything else follows the new release.
pub(super) fn after_update(
    core: &Core,
    payload: &InstalledPayload,
    scope: Scope,
) -> Option<Dictionary> {
    let before = payload.in_force.as_ref();
    let keep = core.spec.settings.restriction_outlives_supervision_rule;
    match standing(core, &payload.payload_type, &payload.content, scope) {
        Standing::Applied(mut now) => {
            if keep && let Some(before) = before {
                for (name, value) in before {
                    if !now.contains_key(name)
                        && needs_supervision(core, &payload.payload_type, name, scope)
                    {
                        now.insert(name.clone(), value.clone());
                    }
                }
            }
            Some(now)
        }
        Standing::Refused(Refusal::Supervision) if keep => before.cloned(),
        Standing::Refused(_) | Standing::Inert => None,
    }
}

fn needs_supervision(core: &Core, payload_type: &str, key: &str, scope: Scope) -> bool {
    core.facts()
        .find(Kind::Profile, payload_type)
        .filter_map(|(_, item)| child(item, None, key))
        .any(|(_, key)| {
            core.applies(key.support(core.platform()), scope)
                == Applicability::No(NotApplicable::NeedsSupervision)
        })
}

/// How values of one key from several profiles combine: the most restrictive wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combine {
    /// A permission: false wins.
    And,
    /// A demand: true wins.
    Or,
    /// The smallest number wins.
    Least,
    /// The largest number wins.
    Most,
    /// Lists of what is permitted.
    Intersection,
    /// Lists of what is refused.
    Union,
    /// The first one stays.
    First,
}

/// Keys whose numbers or lists do not combine as their name suggests.
const COMBINE: [(&str, Combine); 14] = [
    ("allowListedAppBundleIDs", Combine::Intersection),
    ("allowedCameraRestrictionBundleIDs", Combine::Intersection),
    (
        "allowedExternalIntelligenceWorkspaceIDs",
        Combine::Intersection,
    ),
    (
        "autonomousSingleAppModePermittedAppIDs",
        Combine::Intersection,
    ),
    ("whitelistedAppBundleIDs", Combine::Intersection),
    ("ratingAppsExemptedBundleIDs", Combine::Intersection),
    ("enforcedFingerprintTimeout", Combine::Least),
    ("ratingApps", Combine::Least),
    ("ratingMovies", Combine::Least),
    ("ratingTVShows", Combine::Least),
    ("safariAcceptCookies", Combine::Least),
    ("safariAllowAutoFill", Combine::And),
    ("safariAllowJavaScript", Combine::And),
    ("safariAllowPopups", Combine::And),
];

/// Keys of the passcode payload whose smaller number is the stricter one.
const PASSCODE_LEAST: [&str; 5] = [
    "maxFailedAttempts",
    "maxGracePeriod",
    "maxInactivity",
    "maxPINAgeInDays",
    "minutesUntilFailedLoginReset",
];

/// How the values of a restriction or passcode key combine.
pub(super) fn combination(key: &str, value: &Value) -> Combine {
    if let Some((_, how)) = COMBINE.iter().find(|(known, _)| *known == key) {
        return *how;
    }
    match value {
        Value::Boolean(_) if key.starts_with("allow") => Combine::And,
        Value::Boolean(_) => Combine::Or,
        Value::Integer(_) | Value::Real(_) if PASSCODE_LEAST.contains(&key) => Combine::Least,
        Value::Integer(_) | Value::Real(_) => Combine::Most,
        Value::Array(_) => Combine::Union,
        _ => Combine::First,
    }
}

/// Combines the keys of several payloads of one type.
pub(super) fn combine<'a>(
    payloads: impl Iterator<Item = &'a Dictionary>,
) -> BTreeMap<&'a str, Value> {
    let mut sum: BTreeMap<&str, Value> = BTreeMap::new();
    for payload in payloads {
        for (key, value) in payload {
            match sum.get_mut(key.as_str()) {
                None => {
                    sum.insert(key, value.clone());
                }
                Some(held) => merge(combination(key, value), held, value),
            }
        }
    }
    sum
}

fn merge(how: Combine, held: &mut Value, new: &Value) {
    let number = |value: &Value| {
        value
            .as_real()
            .or(value.as_signed_integer().map(|whole| whole as f64))
    };
    match (how, &mut *held, new) {
        (Combine::And, Value::Boolean(held), Value::Boolean(new)) => *held &= new,
        (Combine::Or, Value::Boolean(held), Value::Boolean(new)) => *held |= new,
        (Combine::Union, Value::Array(held), Value::Array(new)) => {
            for value in new {
                if !held.contains(value) {
                    held.push(value.clone());
                }
            }
        }
        (Combine::Intersection, Value::Array(held), Value::Array(new)) => {
            held.retain(|value| new.contains(value));
        }
        (Combine::Least | Combine::Most, _, _) => {
            if let (Some(a), Some(b)) = (number(held), number(new)) {
                let replace = if how == Combine::Least { b < a } else { b > a };
                if replace {
                    *held = new.clone();
                }
            }
        }
        _ => {}
    }
}

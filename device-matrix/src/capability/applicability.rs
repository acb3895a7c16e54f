//! Does a capability apply to a device? Yes, no with the reason, or unknown with the reason.

use std::fmt;

use super::item::{AccessRight, Mode, Since, Support};
use crate::enrollment::EnrollmentType;
use crate::known::Known;
use crate::platform::{Platform, SchemaOs};
use crate::version::VersionNumber;

/// The channel on which something is sent, or the scope of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Device channel, system scope.
    Device,
    /// User channel, user scope.
    User,
}

/// The device as far as facts depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Platform (decides the schema OS).
    pub platform: Platform,
    /// Version number; betas count as their number.
    pub version: VersionNumber,
    /// Enrollment type.
    pub enrollment: EnrollmentType,
    /// Whether the device is supervised.
    pub supervised: bool,
    /// Channel or scope.
    pub scope: Scope,
    /// The `AccessRights` bits granted to the server (8191 is all).
    pub access_rights: u32,
}

/// Whether a capability applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// It applies.
    Yes {
        /// It is deprecated on this release and works all the same.
        deprecated: bool,
    },
    /// It does not apply.
    No(NotApplicable),
    /// The sources do not say.
    Unknown(UnknownBecause),
}

/// Why a capability does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotApplicable {
    /// Never available on this OS.
    NotOnThisOs,
    /// Comes with a later version.
    NotYet(VersionNumber),
    /// Gone since this version.
    Removed(VersionNumber),
    /// Needs supervision.
    NeedsSupervision,
    /// Needs automated device enrollment.
    NeedsAde,
    /// Refused under user enrollment.
    ForbiddenForUserEnrollment,
    /// Refused on Shared iPad.
    ForbiddenOnSharedIpad,
    /// Accepted without effect under this enrollment.
    IgnoredForEnrollment,
    /// Not among the allowed enrollments.
    EnrollmentNotAllowed,
    /// Not on this channel.
    WrongChannel,
    /// The server was not granted the access right with this bit.
    NoAccessRight(u32),
}

impl NotApplicable {
    /// Stable word for JSON and reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotOnThisOs => "not_on_this_os",
            Self::NotYet(_) => "not_yet",
            Self::Removed(_) => "removed",
            Self::NeedsSupervision => "needs_supervision",
            Self::NeedsAde => "needs_ade",
            Self::ForbiddenForUserEnrollment => "forbidden_for_user_enrollment",
            Self::ForbiddenOnSharedIpad => "forbidden_on_shared_ipad",
            Self::IgnoredForEnrollment => "ignored_for_enrollment",
            Self::EnrollmentNotAllowed => "enrollment_not_allowed",
            Self::WrongChannel => "wrong_channel",
            Self::NoAccessRight(_) => "no_access_right",
        }
    }
}

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(version) => write!(f, "not_yet({version})"),
            Self::Removed(version) => write!(f, "removed({version})"),
            Self::NoAccessRight(bit) => write!(f, "no_access_right({bit})"),
            other => f.write_str(other.as_str()),
        }
    }
}

/// Why nobody knows whether a capability applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnknownBecause {
    /// No source states the first version on this OS.
    IntroductionNotStated,
    /// No source states whether supervision is needed.
    SupervisionNotStated,
    /// No source states the mode under this enrollment type.
    EnrollmentNotStated,
}

impl UnknownBecause {
    /// Stable word for JSON and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IntroductionNotStated => "introduction_not_stated",
            Self::SupervisionNotStated => "supervision_not_stated",
            Self::EnrollmentNotStated => "enrollment_not_stated",
        }
    }
}

impl Applicability {
    /// Whether it is a plain yes.
    #[must_use]
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes { .. })
    }
}

impl Support {
    /// Whether the capability exists at `version`, whoever manages the device.
    #[must_use]
    pub fn available(&self, version: &VersionNumber) -> Applicability {
        if let Some(removed) = self.removed
            && removed <= *version
        {
            return Applicability::No(NotApplicable::Removed(removed));
        }
        match self.introduced {
            Since::NotAvailable => Applicability::No(NotApplicable::NotOnThisOs),
            Since::Unknown => Applicability::Unknown(UnknownBecause::IntroductionNotStated),
            Since::Version(introduced) if *version < introduced => {
                Applicability::No(NotApplicable::NotYet(introduced))
            }
            Since::Version(_) => Applicability::Yes {
                deprecated: self.deprecated.is_some_and(|since| since <= *version),
            },
        }
    }

    /// Whether the capability applies to the device in `context`.
    ///
    /// Hard refusals are looked at before unknown facts, so that an unknown never hides a certain no.
    #[must_use]
    pub fn applies(&self, os: SchemaOs, context: &Context) -> Applicability {
        let available = self.available(&context.version);
        if matches!(available, Applicability::No(_)) {
            return available;
        }
        if let Some(refusal) = self.refusal(os, context) {
            return Applicability::No(refusal);
        }
        if let Some(unknown) = self.unknown(context) {
            return Applicability::Unknown(unknown);
        }
        available
    }

    fn refusal(&self, os: SchemaOs, context: &Context) -> Option<NotApplicable> {
        if self.supervised == Known::Known(true) && !context.supervised {
            return Some(NotApplicable::NeedsSupervision);
        }
        let ade = matches!(
            context.enrollment,
            EnrollmentType::Ade | EnrollmentType::SharedIpad
        );
        if self.requires_dep && !ade {
            return Some(NotApplicable::NeedsAde);
        }
        if context.enrollment.is_user_enrollment() {
            match self.user_enrollment {
                Known::Known(Mode::Forbidden) => {
                    return Some(NotApplicable::ForbiddenForUserEnrollment);
                }
                Known::Known(Mode::Ignored) => return Some(NotApplicable::IgnoredForEnrollment),
                _ => {}
            }
        } else if self.user_enrollment == Known::Known(Mode::Required) {
            // `required` means: only where user enrollment is in effect.
            return Some(NotApplicable::EnrollmentNotAllowed);
        }
        if context.enrollment != EnrollmentType::SharedIpad
            && let Known::Known(Some(shared)) = &self.shared_ipad
            && shared.mode == Mode::Required
        {
            return Some(NotApplicable::EnrollmentNotAllowed);
        }
        if context.enrollment == EnrollmentType::SharedIpad
            && let Known::Known(Some(shared)) = &self.shared_ipad
        {
            match shared.mode {
                Mode::Forbidden => return Some(NotApplicable::ForbiddenOnSharedIpad),
                Mode::Ignored => return Some(NotApplicable::IgnoredForEnrollment),
                Mode::Allowed | Mode::Required => {}
            }
            let channel = match context.scope {
                Scope::Device => shared.device_channel,
                Scope::User => shared.user_channel,
            };
            let scopes = shared.allowed_scopes.as_deref();
            if channel == Some(false) || scopes.is_some_and(|s| !contains_scope(s, context.scope)) {
                return Some(NotApplicable::WrongChannel);
            }
        } else if !self.channel_allowed(os, context.scope) {
            return Some(NotApplicable::WrongChannel);
        }
        if let Some(allowed) = &self.allowed_enrollments
            && !allowed.iter().any(|word| enrollment_matches(word, context))
        {
            return Some(NotApplicable::EnrollmentNotAllowed);
        }
        match self.access_right {
            AccessRight::Bit(bit) if context.access_rights & bit == 0 => {
                Some(NotApplicable::NoAccessRight(bit))
            }
            _ => None,
        }
    }

    fn channel_allowed(&self, os: SchemaOs, scope: Scope) -> bool {
        if let Some(scopes) = &self.allowed_scopes {
            return contains_scope(scopes, scope);
        }
        match (os, scope) {
            (SchemaOs::Macos, Scope::Device) => self.device_channel,
            (SchemaOs::Macos, Scope::User) => self.user_channel,
            (_, Scope::Device) => true,
            (_, Scope::User) => false,
        }
    }

    fn unknown(&self, context: &Context) -> Option<UnknownBecause> {
        if self.introduced == Since::Unknown {
            return Some(UnknownBecause::IntroductionNotStated);
        }
        if self.supervised == Known::Unknown && !context.supervised {
            return Some(UnknownBecause::SupervisionNotStated);
        }
        if context.enrollment.is_user_enrollment() && self.user_enrollment == Known::Unknown {
            return Some(UnknownBecause::EnrollmentNotStated);
        }
        if context.enrollment == EnrollmentType::SharedIpad && self.shared_ipad == Known::Unknown {
            return Some(UnknownBecause::EnrollmentNotStated);
        }
        None
    }
}

fn contains_scope(scopes: &[String], scope: Scope) -> bool {
    let word = match scope {
        Scope::Device => "system",
        Scope::User => "user",
    };
    scopes.iter().any(|known| known == word)
}

/// `supervised`, `device`, `user`, `local` of `allowed-enrollments`. macOS never says `device`: profile
/// enrollment from macOS 11 counts as supervised.
fn enrollment_matches(word: &str, context: &Context) -> bool {
    match word {
        "supervised" => context.supervised,
        "user" => context.enrollment.is_user_enrollment(),
        "device" => !context.supervised && !context.enrollment.is_user_enrollment(),
        _ => false,
    }
}

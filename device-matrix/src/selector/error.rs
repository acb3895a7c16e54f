//! Why a selector names nothing.

use std::fmt;

use jiff::civil::Date;

use crate::model::ModelId;
use crate::platform::Platform;
use crate::version::{Channel, OsVersion, VersionNumber};

/// A selector that names nothing that can be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// The selector as written.
    pub selector: String,
    /// What is wrong.
    pub problem: Problem,
    /// The nearest selectors that exist, best first.
    pub nearest: Vec<String>,
}

/// What is wrong with a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It has none of the known forms.
    Shape,
    /// It begins with no known platform.
    Platform(String),
    /// No release of the platform is in the data.
    NoData(Platform),
    /// The platform has no such generation.
    Generation {
        /// The platform.
        platform: Platform,
        /// The key asked for.
        major: VersionNumber,
        /// The generations between which it would stand.
        between: Option<(VersionNumber, VersionNumber)>,
    },
    /// The generation exists, but the data begins later.
    BeforeData {
        /// The platform.
        platform: Platform,
        /// The key asked for.
        major: VersionNumber,
        /// The oldest generation in the data.
        oldest: VersionNumber,
    },
    /// The platform has no such release.
    Release {
        /// The platform.
        platform: Platform,
        /// The version asked for.
        version: OsVersion,
    },
    /// There is no beta or release candidate of the version on the day.
    NoSeed {
        /// The platform.
        platform: Platform,
        /// The number asked for.
        number: VersionNumber,
        /// Beta or release candidate.
        channel: Channel,
        /// The day.
        as_of: Date,
    },
    /// It came out after the day.
    NotOut {
        /// Selector of the release or generation.
        what: String,
        /// The day it came out in Japan, when known.
        date: Option<Date>,
        /// The day asked for.
        as_of: Date,
    },
    /// It can not be selected.
    Withheld {
        /// Selector of the release.
        what: String,
        /// Why (English).
        reason: String,
    },
    /// No platform has the build.
    Build(String),
    /// Only other platforms have the build.
    BuildElsewhere {
        /// The build.
        build: String,
        /// Platforms that have it.
        platforms: Vec<Platform>,
    },
    /// There is no such model.
    Model(ModelId),
    /// No release that was out on the day is known to run on the model.
    NothingRuns {
        /// The model.
        model: ModelId,
        /// The day.
        as_of: Date,
    },
}

impl std::error::Error for SelectorError {}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.selector, self.problem)?;
        match self.nearest.as_slice() {
            [] => Ok(()),
            [only] => write!(f, "; did you mean {only}?"),
            [rest @ .., last] => write!(f, "; did you mean {} or {last}?", rest.join(", ")),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str(
                "not a selector; write ios18, ios18.1, ios27.2-beta, ios27.2-beta3, ios27-rc, a build such as \
                 22B83 or ipados:22B83, or --model ID",
            ),
            Self::Platform(word) => write!(f, "`{word}` is no platform"),
            Self::NoData(platform) => write!(f, "no release of {platform} is in the data"),
            Self::Generation {
                platform,
                major,
                between,
            } => {
                write!(f, "{platform} has no generation {major}")?;
                if let Some((older, newer)) = between {
                    write!(f, "; {platform} {newer} follows {older}")?;
                }
                Ok(())
            }
            Self::BeforeData {
                platform,
                major,
                oldest,
            } => write!(
                f,
                "the releases of {platform} {major} are not in the data, which begins with {oldest}"
            ),
            Self::Release { platform, version } => {
                write!(f, "{platform} has no release {version} in the data")
            }
            Self::NoSeed {
                platform,
                number,
                channel,
                as_of,
            } => write!(
                f,
                "the data knows no {} of {platform} {number} on {as_of}",
                channel.as_str()
            ),
            Self::NotOut {
                what,
                date: Some(date),
                as_of,
            } => write!(f, "{what} came out on {date} (JST), after {as_of}"),
            Self::NotOut { what, as_of, .. } => {
                write!(f, "it is not known that {what} was out on {as_of}")
            }
            Self::Withheld { what, reason } => write!(f, "{what} can not be selected: {reason}"),
            Self::Build(build) => write!(f, "no platform has the build {build}"),
            Self::BuildElsewhere { build, platforms } => {
                let names: Vec<&str> = platforms.iter().map(|platform| platform.name()).collect();
                write!(f, "{build} is a build of {}", names.join(", "))
            }
            Self::Model(id) => write!(f, "no model {id} is in the data"),
            Self::NothingRuns { model, as_of } => write!(
                f,
                "no release that was out on {as_of} is known to run on {model}; give a later date"
            ),
        }
    }
}

//! Whether a model runs a release, and why not.

use crate::known::{Known, Text};
use crate::model::{DeviceModel, MajorSupport};
use crate::release::Release;
use crate::version::Channel;

/// Whether a model runs a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runs {
    /// It does.
    Yes,
    /// It does not.
    No(NotRun),
    /// The model's launch date is not known, and nobody observed it on the release.
    Unknown,
}

/// Why a model does not run a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotRun {
    /// The vendor offers the whole major for other models only.
    Major,
    /// The release is older than the model.
    Launch,
    /// A source cuts the model off before or after the release within the major.
    CutOff,
    /// The release only came preinstalled on other models.
    Preinstalled,
}

impl NotRun {
    /// For people.
    #[must_use]
    pub fn text(self) -> Text {
        let (ja, en) = match self {
            Self::Major => (
                "このメジャーバージョンの対象機種ではない",
                "the vendor does not offer this major version for the model",
            ),
            Self::Launch => (
                "機種の発売前のリリースである",
                "the release is older than the model's launch",
            ),
            Self::CutOff => (
                "出典により、このメジャーバージョン内での対象範囲外である",
                "a source ends or begins the model's support within this major version",
            ),
            Self::Preinstalled => (
                "他の機種にのみプリインストールされたリリースである",
                "the release came preinstalled on other models only",
            ),
        };
        Text {
            ja: ja.to_owned(),
            en: en.to_owned(),
        }
    }
}

impl DeviceModel {
    /// Whether the model runs `release`.
    ///
    /// A model runs every release of each of its majors on or after its own launch, unless a sourced cut-off says
    /// otherwise. A model launched within a major also runs the release it was observed with at launch
    /// ([`MajorSupport::from`]). A release of which every build came preinstalled runs on the models that were
    /// launched with it.
    #[must_use]
    pub fn runs(&self, release: &Release) -> Runs {
        if release.platform != self.platform {
            return Runs::No(NotRun::Major);
        }
        let major = release.major();
        let Some(support) = self.majors.iter().find(|support| support.major == major) else {
            return Runs::No(NotRun::Major);
        };
        let number = release.version.number;
        if support.until.is_some_and(|until| number > until) {
            return Runs::No(NotRun::CutOff);
        }
        let launched_with = release.channel() == Channel::Released && support.from == Some(number);
        if launched_with {
            return Runs::Yes;
        }
        if release.preinstalled_only() {
            return Runs::No(NotRun::Preinstalled);
        }
        support
            .from
            .map_or(Runs::Yes, |_| self.runs_since_launch(support, release))
    }

    fn runs_since_launch(&self, support: &MajorSupport, release: &Release) -> Runs {
        let too_low = support
            .from
            .is_some_and(|from| release.version.number < from);
        match (self.released, release.date) {
            (Known::Known(launch), Known::Known(date)) => {
                if date < launch {
                    Runs::No(NotRun::Launch)
                } else if too_low {
                    Runs::No(NotRun::CutOff)
                } else {
                    Runs::Yes
                }
            }
            (Known::Known(_), Known::Unknown) => Runs::Unknown,
            (Known::Unknown, _) => {
                let on_first = support.from == Some(release.version.number);
                if too_low || on_first {
                    Runs::Unknown
                } else {
                    Runs::Yes
                }
            }
        }
    }
}

impl Release {
    /// Whether every known build of the release only came preinstalled on new devices.
    #[must_use]
    pub fn preinstalled_only(&self) -> bool {
        !self.builds.is_empty() && self.builds.iter().all(|build| build.preinstalled_only)
    }
}

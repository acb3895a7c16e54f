//! Cells of a record seen with the data: versions, hardware, conditions.

use std::collections::{BTreeMap, BTreeSet};

use device_matrix::capability::{Context, Scope};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::DeviceModel;
use device_matrix::platform::Platform;
use device_matrix::version::OsVersion;
use scenarios::event::CellRecord;
use scenarios::scenario::Condition;

/// All access rights of an enrollment profile.
const ALL_RIGHTS: u32 = 8191;

/// Why a record can not be assessed with these data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssessError {
    /// A cell names something the data do not have.
    #[error(
        "cell `{cell}` of the record has the unknown {what} `{word}`. Assess it with the data it was made from"
    )]
    UnknownWord {
        /// Cell id.
        cell: String,
        /// `platform`, `release` or `enrollment type`.
        what: &'static str,
        /// The word.
        word: String,
    },
}

/// Device models as far as assessment needs them.
#[derive(Clone, Debug, Default)]
pub struct ModelView {
    models: BTreeMap<String, (String, BTreeSet<&'static str>)>,
}

impl ModelView {
    /// From the catalog's models.
    pub fn new<'a>(models: impl IntoIterator<Item = &'a DeviceModel>) -> Self {
        Self {
            models: models
                .into_iter()
                .map(|model| {
                    let hardware = model.hardware.iter().map(|h| h.as_str()).collect();
                    (model.id.0.clone(), (model.name.clone(), hardware))
                })
                .collect(),
        }
    }

    /// Marketing name.
    #[must_use]
    pub fn name(&self, id: &str) -> Option<&str> {
        self.models.get(id).map(|(name, _)| name.as_str())
    }

    fn has(&self, id: &str, word: &str) -> Option<bool> {
        self.models
            .get(id)
            .map(|(_, hardware)| hardware.contains(word))
    }
}

/// A recorded cell, understood.
#[derive(Clone, Debug)]
pub struct CellView<'a> {
    /// As recorded.
    pub cell: &'a CellRecord,
    /// Platform.
    pub platform: Platform,
    /// Version with its stage.
    pub version: OsVersion,
    /// Enrollment type.
    pub enrollment: EnrollmentType,
    /// Device family: `iPhone`.
    pub family: &'a str,
    models: &'a ModelView,
}

impl<'a> CellView<'a> {
    /// Reads the words of a recorded cell.
    pub fn new(cell: &'a CellRecord, models: &'a ModelView) -> Result<Self, AssessError> {
        let unknown = |what, word: &str| AssessError::UnknownWord {
            cell: cell.id.clone(),
            what,
            word: word.to_owned(),
        };
        let platform: Platform = cell
            .platform
            .parse()
            .map_err(|_| unknown("platform", &cell.platform))?;
        let version = cell
            .release
            .strip_prefix(platform.slug())
            .and_then(|version| version.parse().ok())
            .ok_or_else(|| unknown("release", &cell.release))?;
        let enrollment = EnrollmentType::from_word(&cell.enrollment)
            .ok_or_else(|| unknown("enrollment type", &cell.enrollment))?;
        Ok(Self {
            cell,
            platform,
            version,
            enrollment,
            family: family(&cell.model),
            models,
        })
    }

    /// The device as far as facts depend on it, on the device channel with all rights granted.
    #[must_use]
    pub fn context(&self, scope: Scope) -> Context {
        Context {
            platform: self.platform,
            version: self.version.number,
            enrollment: self.enrollment,
            supervised: self.cell.supervised,
            scope,
            access_rights: ALL_RIGHTS,
        }
    }

    /// Whether a condition of a scenario holds on the cell. Hardware nobody knows holds neither way.
    #[must_use]
    pub fn holds(&self, condition: &Condition) -> bool {
        let number = &self.version.number;
        (condition.on.is_empty()
            || condition
                .on
                .iter()
                .any(|range| range.contains(self.platform, number)))
            && (condition.enrollments.is_empty()
                || condition.enrollments.contains(&self.enrollment))
            && condition
                .supervised
                .is_none_or(|needed| needed == self.cell.supervised)
            && condition
                .hardware
                .iter()
                .all(|word| match word.strip_prefix('!') {
                    Some(lacking) => self.models.has(&self.cell.model, lacking) == Some(false),
                    None => self.models.has(&self.cell.model, word) == Some(true),
                })
    }

    /// Whether any of the conditions is about the release, whatever else it asks of the device.
    #[must_use]
    pub fn about_release(&self, conditions: &[Condition]) -> bool {
        let number = &self.version.number;
        conditions.iter().any(|condition| {
            condition.on.is_empty()
                || condition
                    .on
                    .iter()
                    .any(|range| range.contains(self.platform, number))
        })
    }

    /// Whether any of the conditions holds.
    #[must_use]
    pub fn holds_any(&self, conditions: &[Condition]) -> bool {
        conditions.iter().any(|condition| self.holds(condition))
    }

    /// `iOS 18.0`.
    #[must_use]
    pub fn release_name(&self) -> String {
        format!("{} {}", self.platform, self.version)
    }
}

/// `iPhone17,2` → `iPhone`.
fn family(model: &str) -> &str {
    let end = model
        .find(|c: char| c.is_ascii_digit() || c == ',')
        .unwrap_or(model.len());
    &model[..end]
}

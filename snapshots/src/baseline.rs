//! Baselines: which file speaks for a case on a release, and what an observation does otherwise.
//!
//! A baseline is kept by scenario, platform, release and enrollment class. A file exists only where behavior changed
//! against the newest older release that has one: a release without a file of its own inherits. Several files of one
//! key are approved alternatives, as devices with and without a second SIM give.

use std::collections::BTreeMap;
use std::fmt;

use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::Platform;
use device_matrix::version::OsVersion;
use serde_json::Value;

use crate::behavior::{BehaviorChange, diff_transcripts};
use crate::diff::{Difference, diff};
use crate::file::SnapshotFile;
use crate::observation::{EffectLook, Observation, Unreadable};

/// Enrollment types that behave alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EnrollmentClass {
    /// The whole device, not supervised by the enrollment.
    Device,
    /// The user's part of a personal device.
    User,
    /// Automated device enrollment.
    Ade,
    /// Shared iPad.
    SharedIpad,
    /// A watch through its iPhone.
    Watch,
}

impl EnrollmentClass {
    /// Every value with its word in file names.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Device, "device"),
        (Self::User, "user"),
        (Self::Ade, "ade"),
        (Self::SharedIpad, "shared_ipad"),
        (Self::Watch, "watch"),
    ];

    /// The class of an enrollment type.
    #[must_use]
    pub const fn of(kind: EnrollmentType) -> Self {
        match kind {
            EnrollmentType::Profile | EnrollmentType::AccountDevice => Self::Device,
            EnrollmentType::UserProfile | EnrollmentType::AccountUser => Self::User,
            EnrollmentType::Ade => Self::Ade,
            EnrollmentType::SharedIpad => Self::SharedIpad,
            EnrollmentType::WatchPaired => Self::Watch,
        }
    }

    /// The word in file names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("", |(_, word)| word)
    }
}

/// What a baseline speaks for, whatever the release.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line {
    /// Scenario id.
    pub scenario: String,
    /// Platform.
    pub platform: Platform,
    /// Enrollment class.
    pub class: EnrollmentClass,
}

/// What a baseline file speaks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Scenario, platform, class.
    pub line: Line,
    /// The release.
    pub release: OsVersion,
}

impl Key {
    /// The file's path below the folder of baselines; `number` counts alternatives from 1.
    #[must_use]
    pub fn path(&self, number: u32) -> String {
        let more = if number > 1 {
            format!("~{number}")
        } else {
            String::new()
        };
        format!(
            "{}/{}-{}-{}{more}.snap",
            self.line.scenario,
            self.line.platform.slug(),
            self.release.slug(),
            self.line.class.as_str()
        )
    }

    /// Reads scenario and file name, with the number of the alternative.
    #[must_use]
    pub fn from_path(scenario: &str, name: &str) -> Option<(Self, u32)> {
        let stem = name.split(".snap").next()?;
        let (stem, number) = match stem.split_once('~') {
            Some((stem, number)) => (stem, number.parse().ok().filter(|number| *number > 1)?),
            None => (stem, 1),
        };
        let (platform, rest) = stem.split_once('-')?;
        let (release, class) = rest.rsplit_once('-')?;
        let class = EnrollmentClass::WORDS
            .iter()
            .find(|(_, word)| *word == class)?
            .0;
        let key = Self {
            line: Line {
                scenario: scenario.to_owned(),
                platform: platform.parse().ok()?,
                class,
            },
            release: release.parse().ok()?,
        };
        Some((key, number))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} · {} {} · {}",
            self.line.scenario,
            self.line.platform,
            self.release,
            self.line.class.as_str()
        )
    }
}

/// How an observation differs from a baseline.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A message.
    Message(BehaviorChange),
    /// An effect.
    Effect {
        /// Phase word.
        phase: String,
        /// What differs; the path begins with the pointer looked at.
        difference: Difference,
    },
}

/// Approved baselines, and observations that somebody has rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baselines {
    approved: BTreeMap<Line, BTreeMap<OsVersion, Vec<SnapshotFile>>>,
    rejected: BTreeMap<Line, BTreeMap<OsVersion, Vec<SnapshotFile>>>,
}

/// The baseline in force for a release.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    /// The release whose file it is: the asked one, or an older one.
    pub release: OsVersion,
    /// Approved alternatives.
    pub files: &'a [SnapshotFile],
}

/// What an observation is against the baseline in force.
#[derive(Clone, Debug)]
pub enum Standing<'a> {
    /// Nothing is approved for this or an older release.
    New,
    /// As approved.
    Approved(InForce<'a>),
    /// Otherwise than every alternative.
    Different {
        /// The baseline in force.
        in_force: InForce<'a>,
        /// Differences from the nearest alternative.
        changes: Vec<Change>,
        /// A person has seen and rejected exactly this.
        rejected: Option<&'a SnapshotFile>,
    },
}

impl Baselines {
    /// Adds an approved file.
    pub fn approve(&mut self, key: Key, file: SnapshotFile) {
        self.approved
            .entry(key.line)
            .or_default()
            .entry(key.release)
            .or_default()
            .push(file);
    }

    /// Adds a rejected file.
    pub fn reject(&mut self, key: Key, file: SnapshotFile) {
        self.rejected
            .entry(key.line)
            .or_default()
            .entry(key.release)
            .or_default()
            .push(file);
    }

    /// Whether there is no baseline at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.approved.is_empty()
    }

    /// Approved files in order.
    pub fn files(&self) -> impl Iterator<Item = (&Line, OsVersion, &SnapshotFile)> {
        self.approved.iter().flat_map(|(line, releases)| {
            releases.iter().flat_map(move |(release, files)| {
                files.iter().map(move |file| (line, *release, file))
            })
        })
    }

    /// The baseline in force: of the release itself, else of the newest older one.
    #[must_use]
    pub fn in_force(&self, key: &Key) -> Option<InForce<'_>> {
        let (release, files) = self
            .approved
            .get(&key.line)?
            .range(..=key.release)
            .next_back()?;
        Some(InForce {
            release: *release,
            files,
        })
    }

    /// The baseline that was in force before the file of `release` itself.
    #[must_use]
    pub fn before(&self, line: &Line, release: OsVersion) -> Option<InForce<'_>> {
        let (release, files) = self.approved.get(line)?.range(..release).next_back()?;
        Some(InForce {
            release: *release,
            files,
        })
    }

    /// Compares what was observed with the baseline in force.
    ///
    /// # Errors
    /// A baseline whose text can not be read.
    pub fn compare(&self, key: &Key, observed: &Observation) -> Result<Standing<'_>, Unreadable> {
        let Some(in_force) = self.in_force(key) else {
            return Ok(Standing::New);
        };
        let text = observed.to_text();
        if in_force.files.iter().any(|file| same(&file.text, &text)) {
            return Ok(Standing::Approved(in_force));
        }
        let changes = nearest(in_force.files, observed)?;
        if changes.is_empty() {
            return Ok(Standing::Approved(in_force));
        }
        let rejected = self
            .rejected
            .get(&key.line)
            .and_then(|releases| releases.range(..=key.release).next_back())
            .and_then(|(_, files)| files.iter().find(|file| same(&file.text, &text)));
        Ok(Standing::Different {
            in_force,
            changes,
            rejected,
        })
    }
}

/// Tools that rewrite a file may change the end of it.
fn same(one: &str, other: &str) -> bool {
    one.trim_end() == other.trim_end()
}

/// The differences from the alternative with the fewest.
///
/// # Errors
/// An alternative whose text can not be read.
pub fn nearest(files: &[SnapshotFile], observed: &Observation) -> Result<Vec<Change>, Unreadable> {
    let mut best: Option<Vec<Change>> = None;
    for file in files {
        let found = changes(&Observation::parse(&file.text)?, observed);
        if best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    Ok(best.unwrap_or_default())
}

/// What leads from `before` to `after`: messages, then effects.
#[must_use]
pub fn changes(before: &Observation, after: &Observation) -> Vec<Change> {
    let mut out: Vec<Change> = diff_transcripts(&before.messages, &after.messages)
        .into_iter()
        .map(Change::Message)
        .collect();
    let old = keyed(&before.effects);
    let new = keyed(&after.effects);
    let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let was = old.get(key).copied().unwrap_or(&Value::Null);
        let is = new.get(key).copied().unwrap_or(&Value::Null);
        for mut difference in diff(was, is) {
            difference.path.insert_str(0, key.1);
            out.push(Change::Effect {
                phase: key.0.to_owned(),
                difference,
            });
        }
    }
    out
}

fn keyed(effects: &[EffectLook]) -> BTreeMap<(&str, &str, usize), &Value> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut out = BTreeMap::new();
    for look in effects {
        let count = seen.entry((&look.phase, &look.pointer)).or_default();
        out.insert(
            (look.phase.as_str(), look.pointer.as_str(), *count),
            &look.seen,
        );
        *count += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::file::{Decision, Header};

    fn key(release: &str) -> Key {
        Key {
            line: Line {
                scenario: "os-update".to_owned(),
                platform: Platform::Ios,
                class: EnrollmentClass::Ade,
            },
            release: release.parse().expect("version"),
        }
    }

    fn observed(text: &str) -> Observation {
        Observation::parse(text).expect("observation")
    }

    fn file(text: &str) -> SnapshotFile {
        SnapshotFile {
            header: Header::default(),
            text: text.to_owned(),
        }
    }

    const EMPTY: &str = "# verify\n< AvailableOSUpdates device\n  {\"AvailableOSUpdates\":[],\"Status\":\"Acknowledged\"}\n= /updates\n  1\n";
    const ERROR: &str = "# verify\n< AvailableOSUpdates device\n  {\"ErrorChain\":[{\"ErrorCode\":2213}],\"Status\":\"Error\"}\n= /updates\n  1\n";

    #[test]
    fn a_release_without_a_file_of_its_own_inherits() {
        let mut all = Baselines::default();
        all.approve(key("11.0"), file(EMPTY));
        all.approve(key("11.3"), file(ERROR));
        // What is asked for, and whose file speaks.
        let rows = [
            ("10.3", None),
            ("11.0", Some("11.0")),
            ("11.2.6", Some("11.0")),
            ("11.3-beta1", Some("11.0")),
            ("11.3", Some("11.3")),
            ("11.3.1", Some("11.3")),
            ("26.0", Some("11.3")),
        ];
        for (asked, speaks) in rows {
            let found = all.in_force(&key(asked)).map(|found| found.release.slug());
            assert_eq!(found.as_deref(), speaks, "{asked}");
        }
        assert_eq!(
            all.before(&key("11.3").line, key("11.3").release)
                .map(|found| found.release.slug()),
            Some("11.0".to_owned())
        );
        let mut other = key("26.0");
        other.line.class = EnrollmentClass::User;
        assert!(all.in_force(&other).is_none(), "classes are apart");
    }

    #[test]
    fn a_silent_change_of_an_answer_is_told_with_its_path() {
        let mut all = Baselines::default();
        all.approve(key("11.0"), file(EMPTY));
        assert!(matches!(
            all.compare(&key("11.2"), &observed(EMPTY)),
            Ok(Standing::Approved(_))
        ));
        let Ok(Standing::Different { changes, .. }) = all.compare(&key("11.3"), &observed(ERROR))
        else {
            panic!("the change was not seen")
        };
        let paths: Vec<&str> = changes
            .iter()
            .map(|change| match change {
                Change::Message(change) => change.path(),
                Change::Effect { difference, .. } => &difference.path,
            })
            .collect();
        assert_eq!(paths, ["/AvailableOSUpdates", "/ErrorChain", "/Status"]);
        assert!(matches!(
            all.compare(&key("10.0"), &observed(EMPTY)),
            Ok(Standing::New)
        ));
    }

    #[test]
    fn an_effect_that_differs_is_a_change_and_alternatives_are_approved() {
        let mut all = Baselines::default();
        all.approve(key("11.0"), file(EMPTY));
        let lost = EMPTY.replace("  1\n", "");
        let Ok(Standing::Different { changes, .. }) = all.compare(&key("11.0"), &observed(&lost))
        else {
            panic!("the change was not seen")
        };
        assert_eq!(
            changes,
            [Change::Effect {
                phase: "verify".to_owned(),
                difference: Difference {
                    path: "/updates".to_owned(),
                    change: crate::diff::Change::Changed {
                        before: json!(1),
                        after: Value::Null
                    },
                },
            }]
        );
        all.approve(key("11.0"), file(&lost));
        assert!(matches!(
            all.compare(&key("11.4"), &observed(&lost)),
            Ok(Standing::Approved(_))
        ));
    }

    #[test]
    fn what_was_rejected_is_told_so_until_something_else_is_seen() {
        let mut all = Baselines::default();
        all.approve(key("11.0"), file(EMPTY));
        let mut no = file(ERROR);
        no.header.decide(&Decision {
            who: "QA".to_owned(),
            why: "a defect".to_owned(),
            date: "2026-11-23".to_owned(),
        });
        all.reject(key("11.3"), no);
        let rejected = |release: &str, text: &str| match all.compare(&key(release), &observed(text))
        {
            Ok(Standing::Different { rejected, .. }) => rejected.is_some(),
            other => panic!("{other:?}"),
        };
        assert!(rejected("11.3", ERROR));
        assert!(rejected("11.4", ERROR));
        assert!(!rejected("11.2", ERROR));
        assert!(!rejected("11.4", &ERROR.replace("2213", "2214")));
    }

    #[test]
    fn paths_name_the_key() {
        for release in ["18.0", "27.2-beta3", "27.0-rc"] {
            let key = key(release);
            for number in [1, 2] {
                let path = key.path(number);
                let (scenario, name) = path.split_once('/').expect("a folder");
                assert_eq!(
                    Key::from_path(scenario, name),
                    Some((key.clone(), number)),
                    "{path}"
                );
                assert_eq!(
                    Key::from_path(scenario, &format!("{name}.new")),
                    Some((key.clone(), number))
                );
            }
        }
        for name in [
            "ios.snap",
            "ios-18.0.snap",
            "os9-18.0-ade.snap",
            "ios-x-ade.snap",
            "ios-1-ade~1.snap",
        ] {
            assert_eq!(Key::from_path("s", name), None, "{name}");
        }
    }
}

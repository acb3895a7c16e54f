//! Vendor version numbers and the stage (beta, release candidate, released) of a release.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A dotted version number such as `18`, `17.6.1` or `10.15.7`.
///
/// Missing parts are zero when compared: `18` equals `18.0`. The spelling is kept for display.
#[derive(Clone, Copy, Debug)]
pub struct VersionNumber {
    parts: [u32; 4],
    len: u8,
}

/// The text is not a dotted version number of one to four parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version: expected one to four numbers joined by dots, such as 17.6.1")]
pub struct InvalidVersion(pub String);

impl VersionNumber {
    /// Builds a number from its parts.
    ///
    /// # Panics
    /// When `parts` is empty or has more than four entries; call sites pass literals.
    #[must_use]
    pub fn new(parts: &[u32]) -> Self {
        assert!((1..=4).contains(&parts.len()), "one to four parts");
        let mut padded = [0; 4];
        padded[..parts.len()].copy_from_slice(parts);
        Self {
            parts: padded,
            len: u8::try_from(parts.len()).unwrap_or(4),
        }
    }

    /// The parts as written, without padding.
    #[must_use]
    pub fn parts(&self) -> &[u32] {
        &self.parts[..usize::from(self.len)]
    }

    /// The first part.
    #[must_use]
    pub const fn first(&self) -> u32 {
        self.parts[0]
    }

    /// Whether `self` begins with `prefix`: `18.1.1` starts with `18` and `18.1`, not with `1`.
    #[must_use]
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.parts[..usize::from(prefix.len)] == prefix.parts[..usize::from(prefix.len)]
    }
}

impl PartialEq for VersionNumber {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}
impl Eq for VersionNumber {}
impl Hash for VersionNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}
impl PartialOrd for VersionNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for VersionNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts)
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts().iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write!(f, "{part}")?;
        }
        Ok(())
    }
}

impl FromStr for VersionNumber {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(text.to_owned());
        let mut parts = [0; 4];
        let mut len = 0_u8;
        for piece in text.split('.') {
            let slot = parts.get_mut(usize::from(len)).ok_or_else(invalid)?;
            if piece.is_empty() || !piece.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(invalid());
            }
            *slot = piece.parse().map_err(|_| invalid())?;
            len += 1;
        }
        Ok(Self { parts, len })
    }
}

/// How far a release is on its way to the public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// A beta with the vendor's number.
    Beta(u16),
    /// A release candidate with the vendor's number.
    Rc(u16),
    /// Out for everybody.
    Released,
}

/// The channel by which a release is obtained: DESIGN's `beta`, `rc`, `released`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Beta software.
    Beta,
    /// Release candidate.
    Rc,
    /// Released software.
    Released,
}

impl Channel {
    /// The word in data, JSON and selectors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Beta => "beta",
            Self::Rc => "rc",
            Self::Released => "released",
        }
    }
}

impl Stage {
    /// The channel of this stage.
    #[must_use]
    pub const fn channel(self) -> Channel {
        match self {
            Self::Beta(_) => Channel::Beta,
            Self::Rc(_) => Channel::Rc,
            Self::Released => Channel::Released,
        }
    }
}

/// The version of a release: a number and a stage, ordered beta < RC < released.
///
/// Vendor facts are compared with [`OsVersion::number`] alone, because a beta of 18.2 already has what 18.2
/// introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OsVersion {
    /// The dotted number.
    pub number: VersionNumber,
    /// Beta, RC or released.
    pub stage: Stage,
}

impl OsVersion {
    /// A released version.
    #[must_use]
    pub const fn released(number: VersionNumber) -> Self {
        Self {
            number,
            stage: Stage::Released,
        }
    }

    /// The spelling in selectors, cell ids and file names: `18.1`, `27.2-beta3`, `27.0-rc`.
    #[must_use]
    pub fn slug(&self) -> String {
        match self.stage {
            Stage::Released => self.number.to_string(),
            Stage::Beta(n) => format!("{}-beta{n}", self.number),
            Stage::Rc(1) => format!("{}-rc", self.number),
            Stage::Rc(n) => format!("{}-rc{n}", self.number),
        }
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            Stage::Released => write!(f, "{}", self.number),
            Stage::Beta(n) => write!(f, "{} beta {n}", self.number),
            Stage::Rc(1) => write!(f, "{} RC", self.number),
            Stage::Rc(n) => write!(f, "{} RC {n}", self.number),
        }
    }
}

impl FromStr for OsVersion {
    type Err = InvalidVersion;

    /// Reads `17.6.1`, `18.2 beta 3`, `18.2-beta3`, `27.0 RC`, `27.0-rc2`; a stage without number is 1.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(text.to_owned());
        let Some(split) = text.find([' ', '-']) else {
            return Ok(Self::released(text.parse()?));
        };
        let (number, rest) = text.split_at(split);
        let number: VersionNumber = number.parse().map_err(|_| invalid())?;
        let word = rest[1..].trim().to_ascii_lowercase();
        let (make, count): (fn(u16) -> Stage, &str) = if let Some(count) = word.strip_prefix("beta")
        {
            (Stage::Beta, count)
        } else if let Some(count) = word.strip_prefix("rc") {
            (Stage::Rc, count)
        } else {
            return Err(invalid());
        };
        let count = count.trim_start_matches([' ', '-']);
        let count = if count.is_empty() {
            1
        } else {
            count.parse().map_err(|_| invalid())?
        };
        Ok(Self {
            number,
            stage: make(count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> OsVersion {
        text.parse().expect(text)
    }

    #[test]
    fn vendor_versions_are_ordered_as_the_vendor_orders_them() {
        let rising = [
            "10.14",
            "10.15",
            "10.15.7",
            "11",
            "17.6.1",
            "17.7.2",
            "18.2 beta 3",
            "18.2-beta10",
            "18.2 RC",
            "18.2",
            "18.10",
            "26.0 beta 9",
            "26.0",
        ];
        for pair in rising.windows(2) {
            assert!(
                version(pair[0]) < version(pair[1]),
                "{} < {}",
                pair[0],
                pair[1]
            );
        }
        assert_eq!(version("18"), version("18.0"));
    }

    #[test]
    fn a_version_survives_its_slug() {
        for text in ["18", "17.6.1", "27.2-beta3", "27.0-rc", "27.0-rc2"] {
            assert_eq!(version(text).slug(), text);
        }
    }

    #[test]
    fn what_is_not_a_version_is_refused() {
        for text in [
            "",
            "18.",
            ".1",
            "18.x",
            "1.2.3.4.5",
            "18.2 gamma",
            "99999999999",
            "18.2 beta x",
        ] {
            assert!(text.parse::<OsVersion>().is_err(), "{text}");
        }
    }
}

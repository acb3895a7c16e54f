//! Generations: the ordinal of a major version among the majors of one platform that are out for everybody.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::catalog::Catalog;
use crate::known::Known;
use crate::platform::Platform;
use crate::table::nearest;
use crate::version::VersionNumber;

/// The key of a generation: `18`, `10.15`, `12`, `11-24h2`. Keys are never compared by size; their order is the order
/// of the generations.
// A text and no `VersionNumber`, because a generation of Windows is a feature update, whose name is no number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GenerationKey(pub String);

impl fmt::Display for GenerationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One generation of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsGeneration {
    /// Position among the generations of the platform, counted from 1.
    pub ordinal: u32,
    /// Key.
    pub key: GenerationKey,
    /// Name for people.
    pub name: String,
    /// Other spellings in lowercase: releases that belong to the generation.
    pub aliases: Vec<String>,
    /// The vendor's date (US Pacific) on which it came out for everybody.
    pub released: Known<Date>,
    /// Where the date is from.
    pub source: String,
    /// Whether the vendor itself, or a list that reads the vendor's pages, says that it is out. What only others tell
    /// does not count as out: a rumor must not make an older version leave.
    pub confirmed: bool,
}

impl OsGeneration {
    /// The release day in Japan: vendors publish at about 10:00 US Pacific, which is the next day.
    #[must_use]
    pub fn released_jst(&self) -> Known<Date> {
        self.released
            .known()
            .and_then(|date| date.tomorrow().ok())
            .into()
    }
}

/// The generations of every platform, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    platforms: BTreeMap<Platform, Vec<OsGeneration>>,
}

/// Nothing has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{platform} has no generation `{text}`; {hint}")]
pub struct UnknownGeneration {
    /// The platform.
    pub platform: Platform,
    /// What was written.
    pub text: String,
    /// The nearest name, or the known ones.
    pub hint: String,
}

impl Generations {
    /// The generations of the catalogue's platforms; those of others are added with [`Self::insert`].
    #[must_use]
    pub fn of_catalog(catalog: &Catalog) -> Self {
        let mut found = Self::default();
        for platform in catalog.platforms() {
            let rows = catalog
                .generations(platform)
                .iter()
                .map(|row| OsGeneration {
                    ordinal: row.ordinal,
                    key: GenerationKey(row.major.to_string()),
                    name: format!("{platform} {}", row.major),
                    aliases: Vec::new(),
                    released: row.released,
                    source: format!("device-matrix/data/releases/{}.toml", platform.slug()),
                    confirmed: true,
                })
                .collect();
            found.insert(platform, rows);
        }
        found
    }

    /// States the generations of a platform, oldest first; their ordinals are set here.
    pub fn insert(&mut self, platform: Platform, mut rows: Vec<OsGeneration>) {
        for (position, row) in rows.iter_mut().enumerate() {
            row.ordinal = u32::try_from(position + 1).unwrap_or(u32::MAX);
        }
        self.platforms.insert(platform, rows);
    }

    /// Platforms of which generations are known, in the order of the published pages.
    pub fn platforms(&self) -> impl Iterator<Item = Platform> + '_ {
        self.platforms.keys().copied()
    }

    /// The generations of a platform, oldest first.
    #[must_use]
    pub fn of(&self, platform: Platform) -> &[OsGeneration] {
        self.platforms.get(&platform).map_or(&[], Vec::as_slice)
    }

    /// The generation with exactly this key.
    #[must_use]
    pub fn get(&self, platform: Platform, key: &GenerationKey) -> Option<&OsGeneration> {
        self.of(platform).iter().find(|row| row.key == *key)
    }

    /// The generation that a person or a file names: its key or another spelling, in upper or lower case.
    ///
    /// # Errors
    /// When nothing has the name; the error carries the nearest one.
    pub fn find(&self, platform: Platform, text: &str) -> Result<&OsGeneration, UnknownGeneration> {
        let wanted = text.trim().to_ascii_lowercase();
        let number = wanted.parse::<VersionNumber>().ok();
        let rows = self.of(platform);
        // `18.0` is 18; `10` is no spelling of macOS 10.0.
        let same_number = |key: &str| {
            matches!((number, key.parse::<VersionNumber>()), (Some(number), Ok(key))
                if number == key && number.parts().len() >= key.parts().len())
        };
        let same = |row: &&OsGeneration| {
            row.key.0 == wanted || row.aliases.contains(&wanted) || same_number(&row.key.0)
        };
        rows.iter().find(same).ok_or_else(|| {
            let names = || rows.iter().map(|row| row.key.0.as_str());
            // A release of a known generation is the likeliest slip.
            let prefix = rows.iter().rev().find(|row| {
                let key = row.key.0.parse::<VersionNumber>();
                matches!((number, key), (Some(number), Ok(key)) if number.starts_with(&key))
            });
            let near = prefix
                .map(|row| row.key.0.as_str())
                .or_else(|| nearest(&wanted, names()));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if rows.is_empty() => "no generation of the platform is known".to_owned(),
                None => format!("known ones: {}", names().collect::<Vec<_>>().join(", ")),
            };
            UnknownGeneration {
                platform,
                text: text.chars().take(40).collect(),
                hint,
            }
        })
    }

    /// Like [`Self::find`]; a number above all known ones is taken as a generation that is not out yet.
    ///
    /// # Errors
    /// When nothing has the name and it is no number to come.
    pub fn find_or_future(
        &self,
        platform: Platform,
        text: &str,
    ) -> Result<GenerationKey, UnknownGeneration> {
        let known = self.find(platform, text);
        let unknown = match known {
            Ok(row) => return Ok(row.key.clone()),
            Err(unknown) => unknown,
        };
        let number = text.trim().parse::<VersionNumber>().ok();
        let newest = self
            .of(platform)
            .iter()
            .filter_map(|row| row.key.0.parse::<VersionNumber>().ok())
            .max();
        match (number, newest) {
            // Vendors count by one; a far higher number is a slip of the pen.
            (Some(number), Some(newest))
                if number.parts().len() == 1 && number.first() == newest.first() + 1 =>
            {
                Ok(GenerationKey(number.to_string()))
            }
            _ => Err(unknown),
        }
    }

    /// Whether the generation was out for everybody in Japan on `as_of` (a JST date).
    ///
    /// One without a date counts as out when a later one is; one that is not confirmed never does.
    #[must_use]
    pub fn is_out(&self, platform: Platform, key: &GenerationKey, as_of: Date) -> bool {
        let rows = self.of(platform);
        let out = |row: &OsGeneration| {
            row.confirmed && matches!(row.released_jst(), Known::Known(date) if date <= as_of)
        };
        let Some(position) = rows.iter().position(|row| row.key == *key) else {
            return false;
        };
        match rows[position].released_jst() {
            Known::Known(_) => out(&rows[position]),
            Known::Unknown => rows[position].confirmed && rows[position + 1..].iter().any(out),
        }
    }
}

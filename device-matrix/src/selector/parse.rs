//! Reading a selector.

use std::str::FromStr;

use super::{Problem, Selector, SelectorError, SelectorKind};
use crate::platform::Platform;
use crate::release::major_of;
use crate::table::nearest;
use crate::version::{Channel, OsVersion, Stage, VersionNumber};

/// Longest selector that is looked at, in bytes; real ones are below 32.
const MAX_LEN: usize = 64;

impl FromStr for Selector {
    type Err = SelectorError;

    /// Reads a selector in upper or lower case, with or without spaces: `ios18`, `iOS 18`, `ios27.2 beta 3`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |problem, nearest| SelectorError {
            selector: text.chars().take(MAX_LEN).collect(),
            problem,
            nearest,
        };
        let word: String = text
            .chars()
            .take(MAX_LEN + 1)
            .filter(|c| !c.is_whitespace() && *c != '_')
            .collect::<String>()
            .to_ascii_lowercase();
        if word.is_empty() || word.len() > MAX_LEN {
            return Err(fail(Problem::Shape, Vec::new()));
        }
        if is_model(&word) {
            return Ok(Self::model(text));
        }
        let kind = if let Some((before, after)) = word.split_once(':') {
            let platform = Platform::from_str(before).map_err(|_| {
                fail(
                    Problem::Platform(before.to_owned()),
                    near_platforms(before, after),
                )
            })?;
            if is_build(after) {
                build(Some(platform), after)
            } else {
                versioned(platform, after)
                    .ok_or_else(|| fail(Problem::Shape, examples(platform)))?
            }
        } else if is_build(&word) {
            build(None, &word)
        } else {
            let letters = word
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(word.len());
            let (name, rest) = word.split_at(letters);
            if name.is_empty() {
                return Err(fail(Problem::Shape, Vec::new()));
            }
            let platform = Platform::from_str(name).map_err(|_| {
                fail(
                    Problem::Platform(name.to_owned()),
                    near_platforms(name, rest),
                )
            })?;
            let rest = rest.trim_start_matches('-');
            versioned(platform, rest).ok_or_else(|| fail(Problem::Shape, examples(platform)))?
        };
        Ok(Self {
            text: text.trim().to_owned(),
            kind,
        })
    }
}

fn build(platform: Option<Platform>, word: &str) -> SelectorKind {
    SelectorKind::Build {
        platform,
        build: word.to_owned(),
    }
}

/// `18`, `18.1`, `27.2-beta`, `27.2-beta3`, `27rc`.
fn versioned(platform: Platform, text: &str) -> Option<SelectorKind> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, stage) = text.split_at(end);
    let number: VersionNumber = number.parse().ok()?;
    let stage = stage.trim_start_matches('-');
    if stage.is_empty() {
        return Some(if is_generation(platform, &number) {
            SelectorKind::Generation {
                platform,
                major: number,
            }
        } else {
            SelectorKind::Exact {
                platform,
                version: OsVersion::released(number),
            }
        });
    }
    let (channel, count) = [(Channel::Beta, "beta"), (Channel::Rc, "rc")]
        .into_iter()
        .find_map(|(channel, word)| Some((channel, stage.strip_prefix(word)?)))?;
    let count = count.trim_start_matches(['-', '.']);
    if count.is_empty() {
        return Some(SelectorKind::Newest {
            platform,
            number,
            channel,
        });
    }
    let count: u16 = count.parse().ok()?;
    let stage = match channel {
        Channel::Beta => Stage::Beta(count),
        Channel::Rc => Stage::Rc(count),
        Channel::Released => Stage::Released,
    };
    Some(SelectorKind::Exact {
        platform,
        version: OsVersion { number, stage },
    })
}

/// Whether a number, as written, is the key of a generation: `18`, for macOS also `10.15`.
pub(super) fn is_generation(platform: Platform, number: &VersionNumber) -> bool {
    number.parts().len() == major_of(platform, number).parts().len()
}

/// `22b83`, `22a5307f`: digits, one letter, digits, perhaps a letter.
fn is_build(word: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let train = digits(word);
    let Some(rest) = word.get(train..).filter(|_| train > 0) else {
        return false;
    };
    let Some(rest) = rest.strip_prefix(|c: char| c.is_ascii_alphabetic()) else {
        return false;
    };
    let number = digits(rest);
    let tail = rest.get(number..).unwrap_or_default();
    number > 0 && tail.len() <= 1 && tail.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `iphone17,2`: letters, a number, a comma, a number.
fn is_model(word: &str) -> bool {
    let Some((family, minor)) = word.split_once(',') else {
        return false;
    };
    let digits = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.len() < family.len() && number(digits) && number(minor)
}

fn near_platforms(word: &str, rest: &str) -> Vec<String> {
    nearest(word, Platform::ALL.iter().map(|platform| platform.slug()))
        .map(|slug| format!("{slug}{rest}"))
        .into_iter()
        .collect()
}

fn examples(platform: Platform) -> Vec<String> {
    vec![
        format!("{}26", platform.slug()),
        format!("{}26.1", platform.slug()),
    ]
}

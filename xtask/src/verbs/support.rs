//! `support`: which old versions may be dropped, with the working.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use device_matrix::diag::{self, SourceFile};
use device_matrix::known::Known;
use device_matrix::platform::Platform;
use device_matrix::support::{GenerationKey, Judged, Question, Usage, judge};
use device_matrix::version::Channel;
use jiff::civil::Date;

use super::support_view::{self, PlatformView, Source, View};
use crate::cli::SupportArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::terminal::Terminal;

/// What the options say of one platform.
#[derive(Debug, Default)]
struct Asked {
    supported: BTreeSet<GenerationKey>,
    candidates: Vec<GenerationKey>,
    pending: BTreeSet<GenerationKey>,
}

/// Judges.
pub(crate) fn run(arguments: &SupportArgs, data: &Data, lang: Lang, terminal: Terminal) -> Outcome {
    let as_of = crate::clock::as_of(arguments.as_of);
    let usage = arguments
        .usage
        .as_deref()
        .map(|path| usage(path, data, terminal.color))
        .transpose()?;
    let mut platforms = Vec::new();
    for (platform, asked) in asked(arguments, data)? {
        platforms.push(platform_view(platform, &asked, as_of, usage.as_ref(), data));
    }
    let view = View {
        as_of,
        usage: arguments.usage.as_deref(),
        policy: &data.support.policy,
        platforms,
    };
    if arguments.json {
        super::print_json(&support_view::json(&view))?;
    } else {
        support_view::print(&view, lang);
    }
    Ok(Exit::Yes)
}

fn usage(path: &Path, data: &Data, color: bool) -> Result<Usage, Stop> {
    let source = SourceFile {
        path: path.to_owned(),
        text: super::import::read(path)?,
    };
    Usage::read(&source, &data.support.generations).map_err(|found| {
        let count = found.len();
        Stop::new(
            Exit::BadData,
            format!(
                "{}{count} error(s) in the usage figures; `cargo xtask explain CODE` tells more about a code",
                diag::render(&found, &[source], color)
            ),
        )
    })
}

/// The platforms in question, with what the options say of each.
fn asked(arguments: &SupportArgs, data: &Data) -> Result<BTreeMap<Platform, Asked>, Stop> {
    let only = arguments.platform.as_deref().map(platform).transpose()?;
    let mut found: BTreeMap<Platform, Asked> = BTreeMap::new();
    if let Some(only) = only {
        found.insert(only, Asked::default());
    }
    let lists = [
        ("--supported", &arguments.supported),
        ("--candidate", &arguments.candidate),
        ("--pending", &arguments.pending),
    ];
    for (option, texts) in lists {
        for text in texts {
            let (platform, key) = version(option, text, only, data)?;
            let asked = found.entry(platform).or_default();
            match option {
                "--supported" => {
                    asked.supported.insert(key);
                }
                "--pending" => {
                    asked.pending.insert(key);
                }
                _ if asked.candidates.contains(&key) => {}
                _ => asked.candidates.push(key),
            }
        }
    }
    if found.is_empty() {
        found = data
            .support
            .generations
            .platforms()
            .map(|platform| (platform, Asked::default()))
            .collect();
    }
    Ok(found)
}

/// A version on the command line: `17` with --platform, or `ios17`.
fn version(
    option: &str,
    text: &str,
    only: Option<Platform>,
    data: &Data,
) -> Result<(Platform, GenerationKey), Stop> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let named = Platform::ALL.into_iter().find_map(|platform| {
        let rest = lower.strip_prefix(platform.slug())?;
        rest.starts_with(|c: char| c.is_ascii_digit())
            .then(|| (platform, rest.to_owned()))
    });
    let (platform, rest) = match (named, only) {
        (Some((platform, _)), Some(only)) if platform != only => {
            return Err(Stop::usage(format!(
                "{option}: `{text}` is not of {only}; leave --platform out to ask about several"
            )));
        }
        (Some(named), _) => named,
        (None, Some(only)) => (only, lower),
        (None, None) => {
            return Err(Stop::usage(format!(
                "{option}: `{text}` of which platform? Write --platform iOS, or ios{text}"
            )));
        }
    };
    data.support
        .generations
        .find_or_future(platform, &rest)
        .map(|key| (platform, key))
        .map_err(|error| Stop::usage(format!("{option}: {error}")))
}

fn platform(text: &str) -> Result<Platform, Stop> {
    text.trim().parse().map_err(|_| {
        let lower = text.to_ascii_lowercase();
        let slugs = Platform::ALL.iter().map(|platform| platform.slug());
        let near = scenarios::codes::nearest(&lower, slugs)
            .and_then(|slug| slug.parse::<Platform>().ok())
            .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let names: Vec<&str> = Platform::ALL
            .iter()
            .map(|platform| platform.name())
            .collect();
        Stop::usage(format!(
            "no platform `{text}`{near}; known ones: {}",
            names.join(", ")
        ))
    })
}

fn platform_view(
    platform: Platform,
    asked: &Asked,
    as_of: Date,
    usage: Option<&Usage>,
    data: &Data,
) -> PlatformView {
    let (supported, source) = if asked.supported.is_empty() {
        match adopted(platform, as_of, data) {
            Known::Known(set) => (Known::Known(set), Source::Register),
            Known::Unknown => (Known::Unknown, Source::Unknown),
        }
    } else {
        (Known::Known(asked.supported.clone()), Source::Option)
    };
    let mut leaving = announced_removals(platform, data);
    leaving.extend(asked.pending.iter().cloned());
    let question = Question {
        catalog: &data.catalog,
        generations: &data.support.generations,
        policy: &data.support.policy,
        platform,
        as_of,
        supported: &supported,
        leaving: &leaving,
        usage,
    };
    let generations = data.support.generations.of(platform);
    let judged: Vec<Judged> = if asked.candidates.is_empty() {
        // Nobody said which versions would go together, so each is judged by itself.
        generations
            .iter()
            .filter(|row| {
                supported
                    .as_known()
                    .is_some_and(|set| set.contains(&row.key))
            })
            .flat_map(|row| judge(&question, std::slice::from_ref(&row.key)))
            .collect()
    } else {
        judge(&question, &asked.candidates)
    };
    let released: Vec<GenerationKey> = generations
        .iter()
        .map(|row| &row.key)
        .filter(|key| data.support.generations.is_out(platform, key, as_of))
        .cloned()
        .collect();
    let in_order = |set: &BTreeSet<GenerationKey>| -> Vec<GenerationKey> {
        let known = generations.iter().map(|row| row.key.clone());
        let mut keys: Vec<GenerationKey> = known.filter(|key| set.contains(key)).collect();
        keys.extend(
            set.iter()
                .filter(|key| !keys.contains(key))
                .cloned()
                .collect::<Vec<_>>(),
        );
        keys
    };
    PlatformView {
        platform,
        supported: supported.as_known().map(&in_order),
        source,
        leaving: in_order(&leaving),
        released,
        judged,
    }
}

/// The generations of which the register states an adopted release; unknown when it states none of the platform.
fn adopted(platform: Platform, as_of: Date, data: &Data) -> Known<BTreeSet<GenerationKey>> {
    let found: BTreeSet<GenerationKey> = data
        .catalog
        .releases(platform)
        .iter()
        .filter(|release| release.channel() == Channel::Released)
        .filter(|release| {
            data.register
                .entry(&release.id())
                .and_then(|entry| entry.adopted)
                .is_some_and(|adopted| adopted <= as_of)
        })
        .map(|release| GenerationKey(release.major().to_string()))
        .collect();
    if found.is_empty() {
        Known::Unknown
    } else {
        Known::Known(found)
    }
}

/// The versions whose removal a decision has announced. No decisions are kept beside the register, so that only
/// `--pending` names any.
fn announced_removals(_platform: Platform, _data: &Data) -> BTreeSet<GenerationKey> {
    BTreeSet::new()
}

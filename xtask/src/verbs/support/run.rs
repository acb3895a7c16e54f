//! `support`: which old versions may be dropped, with the working.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use device_matrix::diag::{self, SourceFile};
use device_matrix::known::Known;
use device_matrix::platform::Platform;
use device_matrix::support::{GenerationKey, Judged, Question, Usage, judge};
use device_matrix::version::Channel;
use jiff::civil::Date;
use reports::decisions::{Decision, State};

use super::view::{PlatformView, Source, View};
use super::{json, table};
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
    let decisions = data.decisions(terminal.color)?;
    let platforms = asked(arguments, data)?
        .iter()
        .map(|(platform, asked)| {
            let (gone, going) = announced(*platform, as_of, decisions, data);
            platform_view(
                *platform,
                asked,
                as_of,
                usage.as_ref(),
                (&gone, going),
                data,
            )
        })
        .collect();
    let view = View {
        as_of,
        usage: arguments.usage.as_deref(),
        policy: &data.support.policy,
        notice_days: data.vendor.notice.deprecation_days,
        platforms,
    };
    if arguments.json {
        crate::verbs::print_json(&json::json(&view))?;
    } else {
        table::print(&view, lang);
    }
    Ok(Exit::Yes)
}

fn usage(path: &Path, data: &Data, color: bool) -> Result<Usage, Stop> {
    let source = SourceFile {
        path: path.to_owned(),
        text: crate::verbs::import::read(path)?,
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
    (gone, mut leaving): (&BTreeSet<GenerationKey>, BTreeSet<GenerationKey>),
    data: &Data,
) -> PlatformView {
    let (supported, source) = if asked.supported.is_empty() {
        match adopted(platform, as_of, gone, data) {
            Known::Known(set) => (Known::Known(set), Source::Register),
            Known::Unknown => (Known::Unknown, Source::Unknown),
        }
    } else {
        (Known::Known(asked.supported.clone()), Source::Option)
    };
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
        unconfirmed: generations
            .iter()
            .filter(|row| !row.confirmed)
            .filter(|row| matches!(row.released_jst(), Known::Known(day) if day <= as_of))
            .map(|row| row.key.clone())
            .collect(),
        judged,
    }
}

/// The generations of which the register states an adopted release, without those that are out by a decision; unknown
/// when it states none of the platform.
fn adopted(
    platform: Platform,
    as_of: Date,
    gone: &BTreeSet<GenerationKey>,
    data: &Data,
) -> Known<BTreeSet<GenerationKey>> {
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
        Known::Known(&found - gone)
    }
}

/// What decisions say of a platform on a day: the versions that are out, and those that are out or leaving. A version
/// that the register adopts again after it went out is neither.
fn announced(
    platform: Platform,
    as_of: Date,
    decisions: &[Decision],
    data: &Data,
) -> (BTreeSet<GenerationKey>, BTreeSet<GenerationKey>) {
    let (mut gone, mut leaving) = (BTreeSet::new(), BTreeSet::new());
    let of_platform = reports::decisions::announced(decisions, as_of)
        .into_iter()
        .filter(|decision| decision.platform == platform);
    for decision in of_platform {
        let key = GenerationKey(decision.version.clone());
        let out = decision.state_on(as_of) == Some(State::Effective);
        if out && adopted_after(platform, &key, decision.current().1, as_of, data) {
            continue;
        }
        if out {
            gone.insert(key.clone());
        }
        leaving.insert(key);
    }
    (gone, leaving)
}

/// Whether the register adopts a release of the generation after a day.
fn adopted_after(
    platform: Platform,
    key: &GenerationKey,
    day: Date,
    as_of: Date,
    data: &Data,
) -> bool {
    data.catalog
        .releases(platform)
        .iter()
        .filter(|release| release.major().to_string() == key.0)
        .filter_map(|release| data.register.entry(&release.id())?.adopted)
        .any(|adopted| adopted > day && adopted <= as_of)
}

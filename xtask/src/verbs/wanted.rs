//! What `verify` is to do: the command line, completed by the record that goes on.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use device_matrix::selector::{Target, TargetKind};
use harness::server::ServerCapabilities;
use jiff::civil::Date;
use reports::record::{RunHead, RunRecord, read_events};
use reports::report::PLANTED;
use scenarios::event::ServerOrigin;

use crate::cli::{TierWord, VerifyArgs};
use crate::data::Data;
use crate::exit::{Exit, Stop};

/// Between the names of a filter in the record; a model identifier has a comma of its own.
const BETWEEN: &str = ", ";
/// Name of the filter that holds the day on which a new device was delivered.
pub(crate) const DELIVERED: &str = "delivered";

/// What is to be verified, with nothing left to default.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) target: Option<String>,
    pub(crate) tier: TierWord,
    pub(crate) features: Vec<String>,
    pub(crate) models: Vec<String>,
    pub(crate) enrollments: Vec<String>,
    /// Planted faults.
    pub(crate) faults: Vec<String>,
    pub(crate) only_failed: Option<PathBuf>,
    pub(crate) as_of: Date,
    pub(crate) delivered: Option<Date>,
    pub(crate) seed: u64,
    /// Head of the record that goes on.
    pub(crate) record: Option<RunHead>,
}

impl Wanted {
    /// A new run by the command line, or the run of a record: then the command line may repeat what the record says,
    /// but not contradict it.
    pub(crate) fn of(arguments: &VerifyArgs) -> Result<Self, Stop> {
        match &arguments.resume {
            None => Ok(Self {
                target: arguments.target.clone(),
                tier: arguments.tier.unwrap_or(TierWord::Pairwise),
                features: arguments.feature.clone(),
                models: arguments.model.clone(),
                enrollments: arguments.enrollment.clone(),
                faults: arguments.fault.clone(),
                only_failed: arguments.only_failed.clone(),
                as_of: crate::clock::as_of(arguments.as_of),
                delivered: arguments.delivered,
                seed: arguments.seed.unwrap_or(1),
                record: None,
            }),
            Some(run) => Self::resumed(arguments, run),
        }
    }

    fn resumed(arguments: &VerifyArgs, run: &Path) -> Result<Self, Stop> {
        let head = head(run)?;
        let wrong = |name: &str, value: &str| {
            Stop::new(
                Exit::BadData,
                format!(
                    "{}: the record says `{name}` is `{value}`, which this version does not know; \
                     resume with the version that wrote it",
                    run.display()
                ),
            )
        };
        let names = |name: &str| -> Vec<String> {
            head.filters
                .get(name)
                .map(|joined| joined.split(BETWEEN).map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let tier = TierWord::of(&head.tier).ok_or_else(|| wrong("tier", &head.tier))?;
        let as_of = (head.as_of.parse()).map_err(|_| wrong("as_of", &head.as_of))?;
        let delivered = match head.filters.get(DELIVERED) {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| wrong(DELIVERED, text))?),
        };
        let only_failed = head.filters.get("only-failed");
        let wanted = Self {
            target: Some(head.target.clone()),
            tier,
            features: names("feature"),
            models: names("model"),
            enrollments: names("enrollment"),
            faults: names(PLANTED),
            only_failed: only_failed.map(|name| run.with_file_name(name)),
            as_of,
            delivered,
            seed: head.seed,
            record: Some(head),
        };
        wanted.agrees(arguments, run)?;
        Ok(wanted)
    }

    /// Refuses a command line that asks for another run than the record's.
    fn agrees(&self, arguments: &VerifyArgs, run: &Path) -> Result<(), Stop> {
        let new_device = arguments.target.is_none() && !arguments.model.is_empty();
        let target = if new_device && self.models.is_empty() {
            Some(arguments.model.join(BETWEEN))
        } else {
            arguments.target.clone()
        };
        let several = |given: &[String]| (!given.is_empty()).then(|| given.join(BETWEEN));
        let models = if new_device && self.models.is_empty() {
            None
        } else {
            several(&arguments.model)
        };
        let only_failed = |path: &Option<PathBuf>| {
            path.as_deref()
                .and_then(Path::file_name)
                .map(|name| name.to_string_lossy().into_owned())
        };
        let day = |date: Option<Date>| date.map(|date| date.to_string());
        let rows = [
            ("the target", target, self.target.clone()),
            (
                "--tier",
                arguments.tier.map(|tier| tier.as_str().to_owned()),
                Some(self.tier.as_str().to_owned()),
            ),
            ("--fault", several(&arguments.fault), several(&self.faults)),
            (
                "--feature",
                several(&arguments.feature),
                several(&self.features),
            ),
            ("--model", models, several(&self.models)),
            (
                "--enrollment",
                several(&arguments.enrollment),
                several(&self.enrollments),
            ),
            (
                "--only-failed",
                only_failed(&arguments.only_failed),
                only_failed(&self.only_failed),
            ),
            (
                "--as-of",
                day(arguments.as_of),
                Some(self.as_of.to_string()),
            ),
            ("--delivered", day(arguments.delivered), day(self.delivered)),
            (
                "--seed",
                arguments.seed.map(|seed| seed.to_string()),
                Some(self.seed.to_string()),
            ),
        ];
        let differing: Vec<String> = rows
            .into_iter()
            .filter(|(_, given, recorded)| given.is_some() && given != recorded)
            .map(|(name, given, recorded)| {
                format!(
                    "\n  {name}: the record has {}, the command line {}",
                    recorded.as_deref().unwrap_or("none"),
                    given.unwrap_or_default()
                )
            })
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        Err(Stop::usage(format!(
            "{} is the record of another run:{}\nleave these options away to continue it, or start a new run without --resume",
            run.display(),
            differing.concat()
        )))
    }

    /// Filters in force, by name, as the record keeps them. A new device counts as delivered on the day of the run
    /// when nobody says otherwise.
    pub(crate) fn named_filters(&self, target: &Target) -> Result<BTreeMap<String, String>, Stop> {
        let new_device = target.kind == TargetKind::Model;
        if self.delivered.is_some() && !new_device {
            return Err(Stop::usage(
                "--delivered is the day a new device was delivered; use it with `--model MODEL` and without a target. \
                 The day on which a release was obtained stands in reports/data/register.toml",
            ));
        }
        let several = |names: &[String]| (!names.is_empty()).then(|| names.join(BETWEEN));
        let only_failed = (self.only_failed.as_deref().and_then(Path::file_name))
            .map(|name| name.to_string_lossy().into_owned());
        // The model of a new device is the target itself.
        let models = (self.target.is_some())
            .then(|| several(&self.models))
            .flatten();
        let delivered = new_device.then(|| self.delivered.unwrap_or(self.as_of).to_string());
        Ok([
            ("feature", several(&self.features)),
            ("model", models),
            ("enrollment", several(&self.enrollments)),
            ("only-failed", only_failed),
            (PLANTED, several(&self.faults)),
            (DELIVERED, delivered),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect())
    }

    /// Refuses to continue a record that was made from other data.
    pub(crate) fn same_data(&self, data: &Data) -> Result<(), Stop> {
        let Some(head) = &self.record else {
            return Ok(());
        };
        let now = data.revisions();
        let differing: Vec<String> = now
            .iter()
            .filter(|(name, revision)| head.data.get(*name) != Some(*revision))
            .map(|(name, revision)| {
                let before = head.data.get(name).map_or("none", String::as_str);
                format!("\n  {name}: the record has `{before}`, the files here are `{revision}`")
            })
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        Err(Stop::new(
            Exit::BadData,
            format!(
                "the data has changed since run {} was recorded:{}\ncheck out the data it was made with, or start a new run without --resume",
                head.run_id,
                differing.concat()
            ),
        ))
    }

    /// Refuses to continue a record against another server, or one that is asked for other things.
    pub(crate) fn same_server(&self, now: &ServerCapabilities) -> Result<(), Stop> {
        let Some(head) = &self.record else {
            return Ok(());
        };
        let build = |build: Option<&str>| build.unwrap_or("unknown").to_owned();
        let declared = |words: &[String]| words.join(BETWEEN);
        let words: Vec<String> = now.words().into_iter().map(str::to_owned).collect();
        let rows = [
            ("server", head.server.clone(), now.name.to_owned()),
            ("origin", origin(head.server_origin), origin(now.origin)),
            (
                "build",
                build(head.server_build.as_deref()),
                build(now.build.as_deref()),
            ),
            (
                "capabilities",
                declared(&head.server_capabilities),
                declared(&words),
            ),
        ];
        let differing: Vec<String> = rows
            .into_iter()
            .filter(|(_, recorded, now)| recorded != now)
            .map(|(name, recorded, now)| {
                format!("\n  {name}: the record has {recorded}, this server {now}")
            })
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        Err(Stop::usage(format!(
            "run {} was recorded against another server, or one that was asked for other things:{}\n\
             give the same --server, --dm-listen and --push-listen, or start a new run without --resume",
            head.run_id,
            differing.concat()
        )))
    }
}

fn origin(origin: ServerOrigin) -> String {
    match origin {
        ServerOrigin::Reference => "reference",
        ServerOrigin::ThirdParty => "third_party",
        ServerOrigin::Product => "product",
    }
    .to_owned()
}

/// The head of the record in `run`.
fn head(run: &Path) -> Result<RunHead, Stop> {
    let path = run.join("events.jsonl");
    let file = fs::File::open(&path).map_err(|error| {
        Stop::usage(format!(
            "{}: {error}; name the folder of a recorded run, such as one below runs/",
            path.display()
        ))
    })?;
    RunRecord::from_events(read_events(BufReader::new(file)))
        .map(|record| record.head)
        .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", path.display())))
}

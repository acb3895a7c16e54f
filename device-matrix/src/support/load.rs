//! `data/policy/support.toml` and `data/generations/<platform>.toml`.

use std::collections::BTreeSet;
use std::path::Path;

use super::generation::{GenerationKey, Generations, OsGeneration};
use super::policy::{SupportPolicy, TrendPolicy, WindowsGeneration};
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, SourceFile};
use crate::known::Known;
use crate::platform::Platform;
use crate::table::{Fields, Reader, read_file};

const POLICY: &str = "device-matrix/data/policy/support.toml";
const GENERATION: [&str; 7] = [
    "key",
    "major",
    "name",
    "released",
    "aliases",
    "source",
    "confirmed",
];

/// Generations and the numbers of the rule.
#[derive(Clone, Debug, PartialEq)]
pub struct SupportData {
    /// Numbers.
    pub policy: SupportPolicy,
    /// Generations of every platform.
    pub generations: Generations,
}

/// A generation as it stands in the file.
struct Row {
    generation: OsGeneration,
    major: Option<String>,
}

impl SupportData {
    /// Reads the policy and the generations; those of the catalogue's platforms come from the catalogue.
    ///
    /// # Errors
    /// Every problem of the files at once, or `DM0011` when the policy is missing.
    pub fn load(sources: &[SourceFile], catalog: &Catalog) -> Result<Self, Vec<Diagnostic>> {
        let Some(file) = sources
            .iter()
            .find(|source| source.path == Path::new(POLICY))
        else {
            return Err(vec![
                Diagnostic::error("DM0011", POLICY, 0..0, format!("{POLICY} is missing"))
                    .with_help("restore it from version control"),
            ]);
        };
        let (policy, mut problems) = read_file(file, &["floor", "trend", "windows"], read_policy);
        let mut generations = Generations::of_catalog(catalog);
        for source in sources.iter().filter(|source| is_generations(&source.path)) {
            let ((platform, rows), found) =
                read_file(source, &["platform", "generation"], |reader, root| {
                    read_generations(reader, root, catalog)
                });
            problems.extend(found);
            if let (Some(platform), Some(policy)) = (platform, &policy) {
                generations.insert(platform, group(platform, rows, policy.windows));
            }
        }
        match policy {
            Some(policy) if problems.is_empty() => Ok(Self {
                policy,
                generations,
            }),
            _ => Err(problems),
        }
    }
}

fn is_generations(path: &Path) -> bool {
    path.parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == "generations")
}

/// By the literal reading of "major version" the feature updates of one product are one generation.
fn group(platform: Platform, rows: Vec<Row>, windows: WindowsGeneration) -> Vec<OsGeneration> {
    if platform != Platform::Windows || windows == WindowsGeneration::FeatureUpdate {
        return rows.into_iter().map(|row| row.generation).collect();
    }
    let mut found: Vec<OsGeneration> = Vec::new();
    for row in rows {
        let key = GenerationKey(row.major.unwrap_or_else(|| row.generation.key.0.clone()));
        // Rows stand in the order of their dates, so that the first of a product is its beginning.
        match found.iter_mut().find(|known| known.key == key) {
            Some(known) => known.aliases.push(row.generation.key.0),
            None => found.push(OsGeneration {
                name: format!("{platform} {key}"),
                aliases: vec![row.generation.key.0],
                key,
                ..row.generation
            }),
        }
    }
    found
}

fn read_generations(
    reader: &mut Reader<'_>,
    root: &Fields<'_>,
    catalog: &Catalog,
) -> (Option<Platform>, Vec<Row>) {
    let platform = reader.required_parsed::<Platform>(root, "platform");
    if let Some(platform) = &platform
        && !catalog.generations(platform.value).is_empty()
    {
        reader.report(
            "DM0030",
            platform.span.clone(),
            format!(
                "the generations of {} stand in its releases",
                platform.value
            ),
            "take this file away; correct a date in the overlay".to_owned(),
        );
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut names = BTreeSet::new();
    for entry in reader.tables(root, "generation", &GENERATION) {
        let key = reader.required(&entry, "key");
        let name = reader.required(&entry, "name");
        let released = reader.date(&entry, "released");
        let aliases = reader.strings(&entry, "aliases");
        let source = reader.required(&entry, "source");
        let major = reader.string(&entry, "major").map(|at| at.value);
        let confirmed = reader.boolean(&entry, "confirmed");
        let (Some(key), Some(name), Some(source)) = (key, name, source) else {
            continue;
        };
        for spelling in std::iter::once(&key).chain(&aliases) {
            if spelling.value != spelling.value.to_ascii_lowercase() {
                reader.report(
                    "DM0030",
                    spelling.span.clone(),
                    format!("`{}` is not in lowercase", spelling.value),
                    "keys are compared in lowercase; write it so".to_owned(),
                );
            }
            if !names.insert(spelling.value.clone()) {
                reader.report(
                    "DM0030",
                    spelling.span.clone(),
                    format!("`{}` names two generations", spelling.value),
                    "keep one of the two".to_owned(),
                );
            }
        }
        let before = rows
            .iter()
            .rev()
            .find_map(|row| row.generation.released.known());
        if let (Some(before), Some(date)) = (before, released)
            && date < before
        {
            reader.report(
                "DM0030",
                key.span.clone(),
                format!("`{}` of {date} stands after one of {before}", key.value),
                "put the oldest first: the position is the generation's ordinal".to_owned(),
            );
        }
        rows.push(Row {
            generation: OsGeneration {
                ordinal: 0,
                key: GenerationKey(key.value),
                name: name.value,
                aliases: aliases.into_iter().map(|at| at.value).collect(),
                released: Known::from(released),
                source: source.value,
                confirmed: confirmed.unwrap_or(true),
            },
            major,
        });
    }
    (platform.map(|at| at.value), rows)
}

fn read_policy(reader: &mut Reader<'_>, root: &Fields<'_>) -> Option<SupportPolicy> {
    let floor = section(reader, root, "floor", &["generations"])
        .and_then(|table| whole(reader, &table, "generations", 1, 20));
    let trend = section(
        reader,
        root,
        "trend",
        &[
            "window_months",
            "stale_after_months",
            "min_observations",
            "unused_observations",
            "z",
            "min_decline",
        ],
    )
    .and_then(|table| read_trend(reader, &table));
    let windows = section(reader, root, "windows", &["generation"]).and_then(|table| {
        let word = reader.required(&table, "generation")?;
        reader.word(&word, "generation", &WindowsGeneration::WORDS)
    });
    Some(SupportPolicy {
        floor: floor?,
        trend: trend?,
        windows: windows?,
    })
}

fn read_trend(reader: &mut Reader<'_>, table: &Fields<'_>) -> Option<TrendPolicy> {
    let window_months = whole(reader, table, "window_months", 3, 120);
    let stale_after_months = whole(reader, table, "stale_after_months", 1, 120);
    let min_observations = whole(reader, table, "min_observations", 4, 120);
    let unused_observations = whole(reader, table, "unused_observations", 1, 120);
    let z = fraction(reader, table, "z", 5.0);
    let min_decline = fraction(reader, table, "min_decline", 1.0);
    Some(TrendPolicy {
        window_months: window_months?,
        stale_after_months: stale_after_months?,
        min_observations: min_observations?,
        unused_observations: unused_observations?,
        z: z?,
        min_decline: min_decline?,
    })
}

fn section<'t>(
    reader: &mut Reader<'_>,
    root: &Fields<'t>,
    key: &str,
    known: &[&str],
) -> Option<Fields<'t>> {
    if root.get(key).is_none() {
        reader.report(
            "DM0003",
            0..0,
            format!("`[{key}]` is missing"),
            format!("add `[{key}]` with {}", known.join(", ")),
        );
    }
    reader.table(root, key, known)
}

fn whole(
    reader: &mut Reader<'_>,
    table: &Fields<'_>,
    key: &str,
    min: u32,
    max: u32,
) -> Option<u32> {
    let number = reader.required_integer(table, key)?;
    if !(min..=max).contains(&number.value) {
        reader.report(
            "DM0031",
            number.span,
            format!("`{key}` is not between {min} and {max}"),
            "write the number of the rule".to_owned(),
        );
        return None;
    }
    Some(number.value)
}

fn fraction(reader: &mut Reader<'_>, table: &Fields<'_>, key: &str, max: f64) -> Option<f64> {
    let number = reader.required_float(table, key)?;
    // Written so that a value that is no number is refused too.
    if number.value > 0.0 && number.value <= max {
        return Some(number.value);
    }
    reader.report(
        "DM0031",
        number.span,
        format!("`{key}` is not above 0 and at most {max}"),
        "write the number of the rule".to_owned(),
    );
    None
}

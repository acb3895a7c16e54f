//! `features`: what a release brings, and what the product offers of it.

use std::fs;
use std::path::Path;

use device_matrix::capability::features::{Range, features};
use device_matrix::capability::features_json::FeaturesJson;
use device_matrix::diag::{self, SourceFile};
use device_matrix::import::GeneratedFile;
use device_matrix::import::apple::diff;
use device_matrix::known::Ternary;
use device_matrix::platform::Platform;
use device_matrix::selector::{Selector, TargetKind};
use reports::report::offer_of_item;

use super::import;
use crate::cli::FeaturesArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::terminal::Terminal;
use crate::workspace::Workspace;

/// Where a filled worksheet ends up.
const CONFIRMED: &str = "scenarios/data/features.confirmed.toml";
const FEATURES: &str = "scenarios/data/features.toml";

/// Answers the question that was asked: changes of a release, difference of two checkouts, or a worksheet.
pub(crate) fn run(
    arguments: &FeaturesArgs,
    workspace: &Workspace,
    terminal: Terminal,
    lang: Lang,
) -> Outcome {
    if let Some([a, b]) = arguments.diff.as_deref() {
        return show_diff(a, b, arguments.json);
    }
    let data = Data::load_or_stop(workspace, terminal.color)?;
    if let Some(path) = &arguments.worksheet {
        let text = scenarios::worksheet::export(&data.suite.features);
        fs::write(path, text).map_err(|error| Stop::io(path, &error))?;
        println!(
            "{} {}",
            path.display(),
            lang.pick(
                "に要確認の行を書き出しました。記入後 `cargo xtask import product FILE` で取り込めます。",
                "holds the unconfirmed rows; take it back with `cargo xtask import product FILE`",
            )
        );
        if arguments.target.is_none() {
            return Ok(Exit::Yes);
        }
    }
    let text = arguments.target.as_deref().unwrap_or_default();
    let as_of = crate::clock::as_of(arguments.as_of);
    let target = text
        .parse::<Selector>()
        .and_then(|selector| selector.resolve(&data.catalog, as_of))
        .map_err(|error| Stop::usage(error.to_string()))?;
    let mut answers = Vec::new();
    for platform in target.platforms() {
        let Some(upto) = target
            .releases
            .iter()
            .filter(|release| release.platform == platform)
            .map(|release| release.version.number)
            .max()
        else {
            continue;
        };
        // One release means what it introduces itself; a generation means everything since the one before.
        let range = match (target.kind, target.news_after(platform)) {
            (TargetKind::Release, _) | (_, None) => Range::At(upto),
            (_, Some(after)) => Range::Since { after, upto },
        };
        let found = features(&data.facts, platform, range);
        answers.push((
            platform,
            FeaturesJson::new(&data.facts, platform, text, &found),
        ));
    }
    if arguments.json {
        return match answers.as_slice() {
            [(_, one)] => super::print_json(one).map(|()| Exit::Yes),
            many => {
                let all: Vec<_> = many.iter().map(|(_, answer)| answer).collect();
                super::print_json(&all).map(|()| Exit::Yes)
            }
        };
    }
    for (platform, answer) in &answers {
        print(*platform, answer, &data, lang);
    }
    Ok(Exit::Yes)
}

fn print(platform: Platform, answer: &FeaturesJson, data: &Data, lang: Lang) {
    let head = match lang {
        Lang::Ja => ["変更", "種別", "項目", "提供", "機能"],
        Lang::En => ["change", "kind", "item", "offered", "features"],
    };
    let mut table = super::table(&head);
    let mut last = None;
    let mut offered_rows = 0;
    let mut rows: Vec<_> = answer
        .items
        .iter()
        .map(|item| (item.change, item.kind, item.id.as_str(), None))
        .chain(
            answer
                .keys
                .iter()
                .filter(|key| !key.inside_new_item)
                .map(|key| {
                    (
                        key.change,
                        key.kind,
                        key.id.as_str(),
                        Some(key.path.as_str()),
                    )
                }),
        )
        .collect();
    // Every item once, its keys below it: what goes first, because somebody has to act on it.
    let order = |change: &str| {
        ["removed", "deprecated", "new"]
            .iter()
            .position(|word| *word == change)
    };
    rows.sort_by_key(|(change, kind, id, path)| (order(change), *kind, *id, *path));
    for (change, kind, id, path) in rows {
        let (offered, ids) = offer_of_item(&data.suite.features, platform, kind, id, path);
        if offered == Ternary::Yes {
            offered_rows += 1;
        }
        table.add_row([
            match (lang, change) {
                (Lang::Ja, "new") => "新規",
                (Lang::Ja, "deprecated") => "非推奨",
                (Lang::Ja, "removed") => "廃止",
                (_, word) => word,
            }
            .to_owned(),
            kind.to_owned(),
            match path {
                None => id.to_owned(),
                Some(path) if last == Some((change, id)) => format!("  › {path}"),
                Some(path) => format!("{id}\n  › {path}"),
            },
            match (lang, offered) {
                (Lang::Ja, Ternary::Yes) => "提供中",
                (Lang::Ja, Ternary::No) => "未提供",
                (Lang::Ja, Ternary::Unknown) => "要確認",
                (Lang::En, word) => word.as_str(),
            }
            .to_owned(),
            ids.join(", "),
        ]);
        last = Some((change, id));
    }
    println!("{table}");
    println!(
        "{}",
        match lang {
            Lang::Ja => format!(
                "{} {}: 項目 {}、キー {}（新しい項目の中のキーを含む）。うち提供機能が使うもの {offered_rows}。データの基準日 {}",
                platform.name(),
                answer.release,
                answer.items.len(),
                answer.keys.len(),
                answer.facts_reach
            ),
            Lang::En => format!(
                "{} {}: {} items, {} keys (those inside new items included); {offered_rows} used by offered features; \
                 facts reach to {}",
                platform.name(),
                answer.release,
                answer.items.len(),
                answer.keys.len(),
                answer.facts_reach
            ),
        }
    );
    if !answer.late_items.is_empty() || !answer.late_keys.is_empty() {
        println!(
            "{}",
            match lang {
                Lang::Ja => format!(
                    "後の資料のみが述べる変更: 項目 {}、キー {}（--json の late_items / late_keys）",
                    answer.late_items.len(),
                    answer.late_keys.len()
                ),
                Lang::En => format!(
                    "stated by later sources only: {} items, {} keys (late_items / late_keys of --json)",
                    answer.late_items.len(),
                    answer.late_keys.len()
                ),
            }
        );
    }
}

fn show_diff(a: &Path, b: &Path, json: bool) -> Outcome {
    let (a, b) = (import::checkout(a)?, import::checkout(b)?);
    let found = diff::diff(&a, &b).map_err(|error| Stop::new(Exit::BadData, error.to_string()))?;
    if json {
        super::print_json(&found)?;
    } else {
        print_diff(&found);
    }
    Ok(Exit::Yes)
}

fn print_diff(found: &diff::SchemaDiff) {
    let place = |place: &diff::PlaceJson| {
        if place.path.is_empty() {
            place.file.clone()
        } else {
            format!("{} › {}", place.file, place.path)
        }
    };
    for (sign, places) in [
        ("+", &found.items_added),
        ("-", &found.items_gone),
        ("+", &found.keys_added),
        ("-", &found.keys_gone),
    ] {
        for one in places {
            println!("{sign} {}", place(one));
        }
    }
    for renamed in &found.items_renamed {
        println!("> {} → {}", renamed.from, renamed.to);
    }
    for change in &found.changed {
        println!("~ {}", place(&change.place));
        for fact in &change.facts {
            println!(
                "    {} {}: {} → {}",
                fact.os, fact.field, fact.from, fact.to
            );
        }
    }
    println!(
        "{} → {}: items +{} -{} renamed {}; keys +{} -{}; {} of {} common ones with other facts",
        found.from,
        found.to,
        found.items_added.len(),
        found.items_gone.len(),
        found.items_renamed.len(),
        found.keys_added.len(),
        found.keys_gone.len(),
        found.changed.len(),
        found.common
    );
}

/// Takes features.json, or a worksheet that product people filled in.
pub(crate) fn import(file: &Path, workspace: &Workspace) -> Outcome {
    let text = import::read(file)?;
    let generated = if file.extension().is_some_and(|extension| extension == "csv") {
        let sources = scenarios::suite::read_sources(&workspace.root)
            .map_err(|error| Stop::new(Exit::BadData, error.to_string()))?;
        let suite = scenarios::suite::Suite::load(&sources)
            .map_err(|found| Stop::new(Exit::BadData, diag::render(&found, &sources, false)))?;
        let source = SourceFile {
            path: file.to_owned(),
            text,
        };
        let overlay = scenarios::worksheet::apply(&source, &suite.features).map_err(|found| {
            Stop::new(
                Exit::BadData,
                diag::render(&found, std::slice::from_ref(&source), false),
            )
        })?;
        GeneratedFile {
            path: CONFIRMED.into(),
            text: overlay,
        }
    } else {
        let text = scenarios::import::product(&text)
            .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", file.display())))?;
        GeneratedFile {
            path: FEATURES.into(),
            text,
        }
    };
    import::write(workspace, &[generated], None)
}

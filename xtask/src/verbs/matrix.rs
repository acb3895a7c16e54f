//! `matrix`: the cells of a target, and why each other combination is left out.

use std::fmt::Write as _;

use device_matrix::cell::{Arrival, Role};
use serde::Serialize;

use super::target::Asked;
use crate::cli::MatrixArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome};
use crate::lang::Lang;

#[derive(Debug, Serialize)]
struct MatrixJson {
    schema_version: u32,
    target: String,
    as_of: String,
    releases: Vec<String>,
    cells: Vec<CellJson>,
    excluded: Vec<ExcludedJson>,
    pairs_covered: u64,
    pairs_possible: u64,
}

#[derive(Debug, Serialize)]
struct CellJson {
    id: String,
    role: &'static str,
    release: String,
    model: String,
    model_name: String,
    enrollment: &'static str,
    supervised: bool,
    arrival: &'static str,
    upgraded_from: Option<String>,
}

#[derive(Debug, Serialize)]
struct ExcludedJson {
    what: String,
    role: &'static str,
    reason: &'static str,
    combinations: u64,
    ja: String,
    en: String,
}

/// Shows the matrix.
pub(crate) fn run(arguments: &MatrixArgs, data: &Data, lang: Lang) -> Outcome {
    let as_of = crate::clock::as_of(arguments.as_of);
    let (target, matrix) = Asked {
        target: arguments.target.as_deref(),
        tier: arguments.tier,
        models: &arguments.model,
        enrollments: &arguments.enrollment,
        as_of,
    }
    .expand(&data.catalog)?;
    let (covered, possible) = matrix.coverage.total();
    let report = MatrixJson {
        schema_version: 1,
        target: target.selector.clone(),
        as_of: as_of.to_string(),
        releases: target.releases.iter().map(|release| release.id()).collect(),
        cells: matrix
            .cells
            .iter()
            .map(|cell| CellJson {
                id: cell.id(),
                role: role(cell.role),
                release: cell.release.id(),
                model: cell.model.id.to_string(),
                model_name: cell.model.name.clone(),
                enrollment: cell.enrollment.as_str(),
                supervised: cell.supervised,
                arrival: cell.arrival.as_str(),
                upgraded_from: match &cell.arrival {
                    Arrival::Fresh => None,
                    Arrival::Upgraded { from } => Some(from.id()),
                },
            })
            .collect(),
        excluded: matrix
            .excluded
            .iter()
            .map(|row| ExcludedJson {
                what: row.what.clone(),
                role: role(row.role),
                reason: row.reason.as_str(),
                combinations: row.combinations,
                ja: row.text.ja.clone(),
                en: row.text.en.clone(),
            })
            .collect(),
        pairs_covered: covered,
        pairs_possible: possible,
    };
    if arguments.json {
        super::print_json(&report)?;
    } else {
        print(&report, lang);
    }
    Ok(Exit::Yes)
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Subject => "subject",
        Role::Comparison => "comparison",
    }
}

fn print(report: &MatrixJson, lang: Lang) {
    for role in ["subject", "comparison"] {
        let cells = || report.cells.iter().filter(|cell| cell.role == role);
        if cells().next().is_none() {
            continue;
        }
        println!(
            "\n{} ({})",
            match (lang, role) {
                (Lang::Ja, "subject") => "検証する構成",
                (Lang::Ja, _) => "比較する構成",
                (Lang::En, "subject") => "cells under verification",
                (Lang::En, _) => "cells for comparison",
            },
            cells().count()
        );
        let head = match lang {
            Lang::Ja => ["リリース", "機種", "登録方式", "監視", "導入"],
            Lang::En => ["release", "model", "enrollment", "supervised", "arrival"],
        };
        let mut table = super::table(&head);
        for cell in cells() {
            table.add_row([
                cell.release.clone(),
                format!("{} ({})", cell.model_name, cell.model),
                cell.enrollment.to_owned(),
                if cell.supervised { "✓" } else { "–" }.to_owned(),
                cell.upgraded_from
                    .as_ref()
                    .map_or_else(|| cell.arrival.to_owned(), |from| format!("← {from}")),
            ]);
        }
        println!("{table}");
    }
    let subjects = report
        .cells
        .iter()
        .filter(|cell| cell.role == "subject")
        .count();
    println!(
        "{}",
        match lang {
            Lang::Ja => format!(
                "検証セル {subjects}、比較セル {}。ペア網羅 {}/{}。基準日 {}",
                report.cells.len() - subjects,
                report.pairs_covered,
                report.pairs_possible,
                report.as_of
            ),
            Lang::En => format!(
                "{subjects} cells under verification, {} for comparison; pairs covered {}/{}; as of {}",
                report.cells.len() - subjects,
                report.pairs_covered,
                report.pairs_possible,
                report.as_of
            ),
        }
    );
    print_excluded(&report.excluded, lang);
}

/// Left-out combinations by reason; names that share a reason and a role stand together, the first few of them.
fn print_excluded(excluded: &[ExcludedJson], lang: Lang) {
    const NAMES: usize = 4;
    let head = match lang {
        Lang::Ja => ["対象外の理由", "組合せ数", "対象"],
        Lang::En => ["left out because", "combinations", "what"],
    };
    let mut table = super::table(&head);
    let mut reasons: Vec<&str> = Vec::new();
    for row in excluded {
        if !reasons.contains(&row.reason) {
            reasons.push(row.reason);
        }
    }
    for reason in reasons {
        let rows = || excluded.iter().filter(|row| row.reason == reason);
        let mut names: Vec<&str> = Vec::new();
        for row in rows() {
            if !names.contains(&row.what.as_str()) {
                names.push(&row.what);
            }
        }
        let more = names.len().saturating_sub(NAMES);
        let mut what = names
            .iter()
            .take(NAMES)
            .copied()
            .collect::<Vec<_>>()
            .join(lang.pick("、", "; "));
        if more > 0 {
            // Writing to a string can not fail.
            let _ = match lang {
                Lang::Ja => write!(what, "、ほか {more}（--json で全て）"),
                Lang::En => write!(what, "; {more} more (all with --json)"),
            };
        }
        let words = rows()
            .next()
            .map_or("", |row| lang.pick(row.ja.as_str(), &row.en));
        table.add_row([
            if rows().all(|row| lang.pick(row.ja.as_str(), &row.en) == words) {
                words.to_owned()
            } else {
                reason.replace('_', " ")
            },
            rows().map(|row| row.combinations).sum::<u64>().to_string(),
            what,
        ]);
    }
    println!("\n{table}");
}

//! `matrix`: the cells of a target, and why each other combination is left out.

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
    let head = match lang {
        Lang::Ja => [
            "役割",
            "リリース",
            "機種",
            "登録方式",
            "監視",
            "導入",
            "更新元",
        ],
        Lang::En => [
            "role",
            "release",
            "model",
            "enrollment",
            "supervised",
            "arrival",
            "from",
        ],
    };
    let mut table = super::table(&head);
    for cell in &report.cells {
        table.add_row([
            cell.role,
            &cell.release,
            &format!("{} ({})", cell.model_name, cell.model),
            cell.enrollment,
            if cell.supervised { "✓" } else { "–" },
            cell.arrival,
            cell.upgraded_from.as_deref().unwrap_or(""),
        ]);
    }
    println!("{table}");
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
    let head = match lang {
        Lang::Ja => ["対象外", "組合せ数", "理由"],
        Lang::En => ["left out", "combinations", "why"],
    };
    let mut table = super::table(&head);
    for row in &report.excluded {
        table.add_row([
            row.what.as_str(),
            &row.combinations.to_string(),
            lang.pick(&row.ja, &row.en),
        ]);
    }
    println!("{table}");
}

//! The summary on the terminal: one row per feature, the findings of offered features, the state of the report.

use reports::report::{FeatureView, FindingView};

use super::publish::Published;
use crate::lang::Lang;

/// Restrictions shown before the reader is sent to the report.
const SHOWN: usize = 12;

/// Marks with their sign and words, in the order of the legend.
const MARKS: [(&str, &str, &str, &str); 10] = [
    ("works", "○", "制限なく利用可", "works"),
    (
        "restricted",
        "△",
        "制限付きで利用可",
        "works with restrictions",
    ),
    ("fails", "×", "利用不可", "does not work"),
    (
        "not_supported",
        "－",
        "OSが非対応",
        "not supported by the OS",
    ),
    ("not_offered", "無", "製品が未提供", "not offered"),
    ("unconfirmed", "？", "要確認", "offer not confirmed"),
    ("blocked", "保", "保留", "blocked"),
    ("flaky", "揺", "不安定", "flaky"),
    ("not_tested", "未", "未検証", "not tested"),
    ("out_of_scope", "", "", ""),
];

fn sign(mark: &str) -> &'static str {
    MARKS
        .iter()
        .find(|(word, ..)| *word == mark)
        .map_or("?", |(_, sign, ..)| sign)
}

fn words(mark: &str, lang: Lang) -> &'static str {
    MARKS
        .iter()
        .find(|(word, ..)| *word == mark)
        .map_or("", |(_, _, ja, en)| lang.pick(ja, en))
}

/// Prints the summary on standard output.
pub(crate) fn print(published: &Published, lang: Lang) {
    let model = &published.model;
    let head = match lang {
        Lang::Ja => ["", "機能", "提供", "結果", "デバイス群ごと"],
        Lang::En => ["", "feature", "offered", "result", "by device group"],
    };
    let mut table = super::table(&head);
    for category in &model.categories {
        for feature in &category.features {
            table.add_row(row(feature, lang.pick("提供中", "yes"), lang));
        }
    }
    for feature in &model.unconfirmed {
        table.add_row(row(feature, lang.pick("要確認", "unknown"), lang));
    }
    println!("{table}");
    let legend: Vec<String> = MARKS
        .iter()
        .filter(|(_, sign, ..)| !sign.is_empty())
        .map(|(_, sign, ja, en)| format!("{sign} {}", lang.pick(ja, en)))
        .collect();
    println!("{}\n", legend.join(" · "));
    for finding in model.restrictions.iter().take(SHOWN) {
        println!("  {}", finding_line(finding, lang));
    }
    if model.restrictions.len() > SHOWN {
        println!(
            "  {}",
            match lang {
                Lang::Ja => format!("ほか {} 件は報告書を参照", model.restrictions.len() - SHOWN),
                Lang::En => format!(
                    "… and {} more in the report",
                    model.restrictions.len() - SHOWN
                ),
            }
        );
    }
    let existing = &model.answers.existing;
    println!(
        "{}",
        match lang {
            Lang::Ja => format!(
                "提供機能 {} 件: ○ {} · △ {} · × {} · 未確定 {}（要確認 {} 件は数えない）",
                existing.total,
                existing.works,
                existing.restricted,
                existing.fails,
                existing.undecided,
                existing.unconfirmed
            ),
            Lang::En => format!(
                "{} offered features: ○ {} · △ {} · × {} · undecided {} ({} with unconfirmed offer are not counted)",
                existing.total,
                existing.works,
                existing.restricted,
                existing.fails,
                existing.undecided,
                existing.unconfirmed
            ),
        }
    );
    for release in &model.head.releases {
        if let Some(due) = &release.due {
            println!(
                "{}: {} {} → {} {} ({})",
                release.name,
                lang.pick("入手日", "obtained"),
                due.acquired,
                lang.pick("報告期限", "report due"),
                due.due,
                due.state
            );
        }
    }
    println!(
        "{} {}{}",
        lang.pick("状態:", "state:"),
        model.head.state,
        if model.head.reasons.is_empty() {
            String::new()
        } else {
            format!(" ({})", model.head.reasons.join(", "))
        }
    );
    if !model.head.product_exercised {
        println!(
            "{}",
            lang.pick(
                "OS側の動作のみを確認しています。製品サーバーでの確認は含みません。",
                "OS side only; the product was not exercised.",
            )
        );
    }
}

fn row(feature: &FeatureView, offered: &str, lang: Lang) -> [String; 5] {
    let observed = if feature.overall == "unconfirmed" {
        strongest(feature)
    } else {
        feature.overall
    };
    [
        sign(observed).to_owned(),
        format!(
            "{} ({})",
            lang.pick(&feature.name.ja, &feature.name.en),
            feature.id
        ),
        offered.to_owned(),
        words(observed, lang).to_owned(),
        feature
            .marks
            .iter()
            .map(|mark| sign(mark.observed))
            .collect(),
    ]
}

/// The gravest observation of a feature whose offer nobody has confirmed.
fn strongest(feature: &FeatureView) -> &'static str {
    const ORDER: [&str; 7] = [
        "fails",
        "restricted",
        "flaky",
        "blocked",
        "not_tested",
        "works",
        "not_supported",
    ];
    ORDER
        .into_iter()
        .find(|word| feature.marks.iter().any(|mark| mark.observed == *word))
        .unwrap_or("not_tested")
}

fn finding_line(finding: &FindingView, lang: Lang) -> String {
    let feature = finding
        .feature
        .as_ref()
        .map_or("", |feature| lang.pick(&feature.name.ja, &feature.name.en));
    let part = finding.part.as_ref().map_or(String::new(), |part| {
        format!(" / {}", lang.pick(&part.ja, &part.en))
    });
    let replacement = finding.replacement.as_ref().map_or(String::new(), |text| {
        format!(
            " → {} {}",
            lang.pick("代替:", "replacement:"),
            lang.pick(&text.ja, &text.en)
        )
    });
    format!(
        "{}) {feature}{part} [{} · {}]{replacement}",
        finding.number,
        finding.party,
        finding.scope.releases.join(", ")
    )
}

//! The summary on the terminal: one row per feature, offered ones first and by category, the findings of offered
//! features, the state of the report.

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

/// Prints the summary on standard output.
pub(crate) fn print(published: &Published, lang: Lang) {
    let model = &published.model;
    for category in &model.categories {
        println!("\n{}", lang.pick(category_ja(&category.id), &category.id));
        println!("{}", rows(&category.features, lang));
    }
    if !model.unconfirmed.is_empty() {
        println!(
            "\n{}",
            match lang {
                Lang::Ja => format!(
                    "提供状況が要確認の機能 {}（OS側で見た結果、回答には数えない）",
                    model.unconfirmed.len()
                ),
                Lang::En => format!(
                    "{} features whose offer is not confirmed (seen on the OS side; not counted)",
                    model.unconfirmed.len()
                ),
            }
        );
        println!("{}", bundled(&model.unconfirmed, lang));
    }
    println!();
    let legend: Vec<String> = MARKS
        .iter()
        .filter(|(_, sign, ..)| !sign.is_empty())
        .map(|(_, sign, ja, en)| format!("{sign} {}", lang.pick(ja, en)))
        .collect();
    println!("{}", columns(model, lang));
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

/// A table of features: mark, name, id, and one mark a device group.
fn rows(features: &[FeatureView], lang: Lang) -> comfy_table::Table {
    let mut table = super::table(&[]);
    for feature in features {
        table.add_row([
            sign(feature.overall).to_owned(),
            lang.pick(&feature.name.ja, &feature.name.en).to_owned(),
            feature.id.clone(),
            feature
                .marks
                .iter()
                .map(|mark| sign(mark.observed))
                .collect::<String>(),
        ]);
    }
    table
}

/// Features whose offer nobody has confirmed: one line a result.
fn bundled(features: &[FeatureView], lang: Lang) -> comfy_table::Table {
    let mut table = super::table(&[]);
    for (mark, sign, ja, en) in MARKS {
        let names: Vec<&str> = features
            .iter()
            .filter(|feature| strongest(feature) == mark)
            .map(|feature| lang.pick(feature.name.ja.as_str(), &feature.name.en))
            .collect();
        if !names.is_empty() {
            table.add_row([
                sign.to_owned(),
                format!("{} {}", lang.pick(ja, en), names.len()),
                names.join(lang.pick("、", ", ")),
            ]);
        }
    }
    table
}

/// What the columns of marks stand for.
fn columns(model: &reports::report::ReportModel, lang: Lang) -> String {
    let names: Vec<String> = model
        .group_heads
        .iter()
        .scan(0, |from, head| {
            let until = *from + usize::try_from(head.columns).unwrap_or(usize::MAX);
            let groups = model.groups.get(*from..until).unwrap_or_default();
            *from = until;
            let names: Vec<String> = groups
                .iter()
                .map(|group| format!("{} {}", group.family, group.enrollment))
                .collect();
            Some(format!("  {}: {}", head.release, names.join(" | ")))
        })
        .collect();
    format!(
        "{}\n{}",
        lang.pick("結果の列（左から）", "columns of marks, from the left"),
        names.join("\n")
    )
}

/// A category in Japanese.
fn category_ja(id: &str) -> &str {
    const WORDS: [(&str, &str); 12] = [
        ("remote-operation", "遠隔操作"),
        ("device-information", "デバイス情報"),
        ("enrollment", "登録"),
        ("device-lifecycle", "デバイスの入れ替え"),
        ("shared-ipad", "共有iPad"),
        ("profile-restriction", "プロファイル — 機能制限"),
        ("profile-passcode", "プロファイル — パスコード"),
        ("profile", "プロファイル"),
        ("location", "位置情報"),
        ("alarm", "アラーム"),
        ("application", "アプリケーション"),
        ("detection", "検知"),
    ];
    WORDS
        .iter()
        .find(|(known, _)| *known == id)
        .map_or(id, |(_, ja)| ja)
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

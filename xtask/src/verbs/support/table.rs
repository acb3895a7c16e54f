//! `support` for people: a table with the working.

use device_matrix::known::Known;
use device_matrix::platform::Platform;
use device_matrix::support::{
    Decision, GenerationKey, Judged, Reason, SupportPolicy, Trend, TrendVerdict, families,
};

use super::view::{PlatformView, Source, View, not_released, older, protected, texts};
use crate::lang::Lang;

/// Shows the answer to people.
pub(super) fn print(view: &View<'_>, lang: Lang) {
    for row in &view.platforms {
        print_platform(row, view, lang);
    }
    println!(
        "\n{}",
        match lang {
            Lang::Ja => format!(
                "基準日 {}（日本時間）。利用数: {}。対象から外すかどうかは人が判断し、署名します。終了日の{}日以上前のお知らせと、終了日の再確認が必要です。",
                view.as_of,
                view.usage
                    .map_or("指定なし（--usage）".to_owned(), |path| path
                        .display()
                        .to_string()),
                view.notice_days
            ),
            Lang::En => format!(
                "As of {} (Japan). Usage: {}. The rule permits and never obliges: a person decides and signs. Customers have to be told at least {} days before, and the trend has to be looked at again on the day it takes effect.",
                view.as_of,
                view.usage
                    .map_or("not given (--usage)".to_owned(), |path| path
                        .display()
                        .to_string()),
                view.notice_days
            ),
        }
    );
}

/// Older generations that are named.
const SHOWN: usize = 3;

fn print_platform(row: &PlatformView, view: &View<'_>, lang: Lang) {
    let list = |keys: &[GenerationKey]| {
        if keys.is_empty() {
            "–".to_owned()
        } else {
            texts(keys).join(", ")
        }
    };
    println!("\n{}", row.platform);
    println!(
        "  {}: {} ({})",
        lang.pick("動作管理対象", "supported"),
        row.supported
            .as_deref()
            .map_or_else(|| lang.pick("不明", "unknown").to_owned(), list),
        match (lang, row.source) {
            (Lang::Ja, Source::Option) => "--supported の指定",
            (Lang::Ja, Source::Register) => "台帳の採用日（記載のない版は対象外とみなす）",
            (Lang::Ja, Source::Unknown) =>
                "台帳に採用日がありません。--supported で指定してください",
            (Lang::En, Source::Option) => "given by --supported",
            (Lang::En, Source::Register) =>
                "adopted by the register; what it does not name counts as not supported",
            (Lang::En, Source::Unknown) =>
                "the register states no adopted release; name them with --supported",
        }
    );
    let early = not_released(row);
    if !early.is_empty() {
        println!(
            "  {}: {}",
            lang.pick(
                "日本で未公開または未確認（数に入れない）",
                "not released in Japan or not confirmed, not counted"
            ),
            list(&early)
        );
    }
    if !row.leaving.is_empty() {
        println!(
            "  {}: {}",
            lang.pick("終了予定（数に入れない）", "already leaving, not counted"),
            list(&row.leaving)
        );
    }
    println!(
        "  {}: {}",
        match lang {
            Lang::Ja => format!(
                "公開済みの新しい{}世代（すべて対象なら外せない）",
                view.policy.floor
            ),
            Lang::En => format!(
                "newest {} released generations, which stay if all are supported",
                view.policy.floor
            ),
        },
        list(protected(row, view.policy))
    );
    let mut older = older(row, view.policy);
    older.truncate(SHOWN);
    if !older.is_empty() {
        println!(
            "  {}: {}",
            lang.pick(
                "それより前（利用が減っていれば終了してよい）",
                "before them, which may go if their use declines"
            ),
            list(&older)
        );
    }
    if !row.unconfirmed.is_empty() {
        println!(
            "  {}: {}",
            lang.pick(
                "公開が一次情報で未確認（数に入れない。確認したら data/generations の confirmed を消す）",
                "release known from secondary sources only, not counted until somebody takes `confirmed = false` out of data/generations"
            ),
            list(&row.unconfirmed)
        );
    }
    if row.platform == Platform::Windows {
        println!("  {}", windows(view.policy, lang));
    }
    if row.judged.is_empty() {
        return;
    }
    let head = match lang {
        Lang::Ja => [
            "版",
            "判定",
            "理由",
            "残る新しい世代",
            "n",
            "S",
            "Z",
            "台/月",
            "減少",
            "推移",
        ],
        Lang::En => [
            "version",
            "decision",
            "reason",
            "newer that stay",
            "n",
            "S",
            "Z",
            "per month",
            "decline",
            "use",
        ],
    };
    let mut table = crate::verbs::table(&head);
    for judged in &row.judged {
        let trend = &judged.trend;
        let figure = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        table.add_row([
            judged.candidate.to_string(),
            decision(judged.decision, lang).to_owned(),
            reason(judged.reason, lang).to_owned(),
            judged.newer_supported.as_known().map_or_else(
                || lang.pick("不明", "unknown").to_owned(),
                |keys| list(keys),
            ),
            trend.n.to_string(),
            figure(trend.test.map(|test| test.s.to_string())),
            figure(trend.test.map(|test| format!("{:.2}", test.z))),
            figure(trend.slope_per_month.map(|slope| format!("{slope:.1}"))),
            figure(
                trend
                    .relative_decline
                    .map(|part| format!("{:.1} %", part * 100.0)),
            ),
            sparkline(trend),
        ]);
    }
    println!("{table}");
    for judged in &row.judged {
        print_stuck(judged, lang);
    }
}

fn print_stuck(judged: &Judged, lang: Lang) {
    let label = lang.pick("次の版に更新できない機種", "models that can not go further");
    match &judged.stuck_models {
        Known::Unknown => println!(
            "  {} {label}: {}",
            judged.candidate,
            lang.pick("不明（機種データなし）", "unknown (no model data)")
        ),
        Known::Known(models) if models.is_empty() => {}
        Known::Known(models) => {
            println!(
                "  {} {label}: {}",
                judged.candidate,
                families(models).join(", ")
            );
        }
    }
}

const fn decision(decision: Decision, lang: Lang) -> &'static str {
    let (ja, en) = match decision {
        Decision::Keep => ("継続", "keep"),
        Decision::Eligible => ("終了可", "eligible"),
        Decision::Beta => ("ベータ", "beta"),
    };
    lang.pick(ja, en)
}

const fn reason(reason: Reason, lang: Lang) -> &'static str {
    let (ja, en) = match reason {
        Reason::GenerationFloor => ("世代数が不足", "too few newer generations"),
        Reason::SupportedUnknown => ("動作管理対象が不明", "what is supported is unknown"),
        Reason::NotInSupportedSet => ("動作管理対象ではない", "not supported"),
        Reason::CandidateNotGa => ("正式公開前", "not released in Japan"),
        Reason::Trend(TrendVerdict::Decreasing) => ("利用が減少", "use decreases"),
        Reason::Trend(TrendVerdict::Unused) => ("利用なし", "unused"),
        Reason::Trend(TrendVerdict::NotDecreasing) => ("減少していない", "use does not decrease"),
        Reason::Trend(TrendVerdict::SmallDecline) => ("減少がわずか", "the decline is too small"),
        Reason::Trend(TrendVerdict::InsufficientData) => ("利用数が不足", "not enough figures"),
        Reason::Trend(TrendVerdict::StaleData) => ("利用数が古い", "the figures are too old"),
    };
    lang.pick(ja, en)
}

const fn windows(policy: &SupportPolicy, lang: Lang) -> &'static str {
    use device_matrix::support::WindowsGeneration::{FeatureUpdate, Major};
    match (policy.windows, lang) {
        (FeatureUpdate, Lang::Ja) => {
            "世代 = 機能更新プログラム（data/policy/support.toml の設定）。\"major\" にすると 10 と 11 の2世代だけになり、何も外せません。"
        }
        (FeatureUpdate, Lang::En) => {
            "a generation is a feature update (setting in data/policy/support.toml); by \"major\" there are only two, 10 and 11, and nothing may ever be dropped"
        }
        (Major, Lang::Ja) => {
            "世代 = 製品番号 10・11（data/policy/support.toml の設定）。2世代しかないため、何も外せません。"
        }
        (Major, Lang::En) => {
            "a generation is the product's number, 10 or 11 (setting in data/policy/support.toml); there are only two, so nothing may ever be dropped"
        }
    }
}

/// One block a month, from nothing to the most of the window; a dot was not measured.
fn sparkline(trend: &Trend) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = trend
        .series
        .iter()
        .filter_map(|(_, devices)| *devices)
        .max();
    trend
        .series
        .iter()
        .map(|(_, devices)| match (devices, most) {
            (None, _) | (_, None) => '·',
            (Some(_), Some(0)) => BLOCKS[0],
            (Some(devices), Some(most)) => {
                let step = u128::from(*devices) * 7 / u128::from(most);
                BLOCKS[usize::try_from(step).unwrap_or(7).min(7)]
            }
        })
        .collect()
}

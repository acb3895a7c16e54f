//! What `support` shows: JSON for programs, a table with the working for people.

use std::path::Path;

use device_matrix::known::Known;
use device_matrix::platform::Platform;
use device_matrix::support::{
    Decision, GenerationKey, Judged, Reason, StuckModel, SupportPolicy, Trend, TrendVerdict,
};
use jiff::civil::Date;
use serde::Serialize;

use crate::lang::Lang;

/// Where the supported versions are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `--supported`.
    Option,
    /// Adopted dates of the register.
    Register,
    /// Nobody has stated them.
    Unknown,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Option => "option",
            Self::Register => "register",
            Self::Unknown => "unknown",
        }
    }
}

/// The answer about one platform.
#[derive(Debug)]
pub(crate) struct PlatformView {
    pub(crate) platform: Platform,
    pub(crate) supported: Option<Vec<GenerationKey>>,
    pub(crate) source: Source,
    pub(crate) leaving: Vec<GenerationKey>,
    pub(crate) released: Vec<GenerationKey>,
    pub(crate) judged: Vec<Judged>,
}

/// The whole answer.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) as_of: Date,
    pub(crate) usage: Option<&'a Path>,
    pub(crate) policy: &'a SupportPolicy,
    pub(crate) platforms: Vec<PlatformView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SupportJson {
    schema_version: u32,
    as_of: String,
    usage: Option<String>,
    floor: u32,
    windows_generation: &'static str,
    platforms: Vec<PlatformJson>,
    candidates: Vec<CandidateJson>,
}

#[derive(Debug, Serialize)]
struct PlatformJson {
    platform: &'static str,
    /// Null: nobody has stated it.
    supported: Option<Vec<String>>,
    supported_source: &'static str,
    leaving: Vec<String>,
    /// Supported and not out in Japan; they do not count.
    not_released: Vec<String>,
    released: Vec<String>,
    /// By generations alone, if every released version was supported: the newest ones, which have to stay.
    protected_if_all_supported: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CandidateJson {
    platform: &'static str,
    candidate: String,
    decision: &'static str,
    reason: &'static str,
    /// Null when nobody has stated what is supported.
    newer_supported: Option<Vec<String>>,
    trend: Option<TrendJson>,
    /// Null when no models of the platform are known.
    stuck_models: Option<Vec<StuckJson>>,
}

#[derive(Debug, Serialize)]
struct StuckJson {
    id: String,
    name: String,
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct WindowJson {
    from: String,
    until: String,
    months: u32,
}

#[derive(Debug, Serialize)]
struct MonthJson {
    month: String,
    devices: Option<u64>,
}

#[derive(Debug, Serialize)]
struct TrendJson {
    window: WindowJson,
    n: u32,
    #[serde(rename = "S")]
    s: Option<i64>,
    #[serde(rename = "Z")]
    z: Option<f64>,
    slope_per_month: Option<f64>,
    relative_decline: Option<f64>,
    verdict: &'static str,
    series: Vec<MonthJson>,
}

/// The published form.
pub(crate) fn json(view: &View<'_>) -> SupportJson {
    SupportJson {
        schema_version: 1,
        as_of: view.as_of.to_string(),
        usage: view.usage.map(|path| path.display().to_string()),
        floor: view.policy.floor,
        windows_generation: view.policy.windows.as_str(),
        platforms: view
            .platforms
            .iter()
            .map(|row| PlatformJson {
                platform: row.platform.name(),
                supported: row.supported.as_deref().map(texts),
                supported_source: row.source.as_str(),
                leaving: texts(&row.leaving),
                not_released: texts(&not_released(row)),
                released: texts(&row.released),
                protected_if_all_supported: texts(protected(row, view.policy)),
            })
            .collect(),
        candidates: view
            .platforms
            .iter()
            .flat_map(|row| {
                row.judged
                    .iter()
                    .map(|judged| candidate(row.platform, judged))
            })
            .collect(),
    }
}

fn texts(keys: &[GenerationKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

/// What is said to be supported and is not out.
fn not_released(row: &PlatformView) -> Vec<GenerationKey> {
    let supported = row.supported.iter().flatten();
    supported
        .filter(|key| !row.released.contains(key))
        .cloned()
        .collect()
}

/// The newest released generations, as many as the floor asks for.
fn protected<'v>(row: &'v PlatformView, policy: &SupportPolicy) -> &'v [GenerationKey] {
    let start = row.released.len().saturating_sub(policy.floor as usize);
    &row.released[start..]
}

fn candidate(platform: Platform, judged: &Judged) -> CandidateJson {
    CandidateJson {
        platform: platform.name(),
        candidate: judged.candidate.to_string(),
        decision: judged.decision.as_str(),
        reason: judged.reason.as_str(),
        newer_supported: judged.newer_supported.as_known().map(|keys| texts(keys)),
        trend: judged.trend.as_ref().map(trend),
        stuck_models: judged
            .stuck_models
            .as_known()
            .map(|models| models.iter().map(stuck).collect()),
    }
}

fn stuck(model: &StuckModel) -> StuckJson {
    StuckJson {
        id: model.id.clone(),
        name: model.name.clone(),
        until: model.until.map(|version| version.to_string()),
    }
}

fn trend(trend: &Trend) -> TrendJson {
    TrendJson {
        window: WindowJson {
            from: trend.window.from.to_string(),
            until: trend.window.until.to_string(),
            months: trend.window.months,
        },
        n: trend.n,
        s: trend.test.map(|test| test.s),
        z: trend.test.map(|test| test.z),
        slope_per_month: trend.slope_per_month,
        relative_decline: trend.relative_decline,
        verdict: trend.verdict.as_str(),
        series: trend
            .series
            .iter()
            .map(|(month, devices)| MonthJson {
                month: month.to_string(),
                devices: *devices,
            })
            .collect(),
    }
}

/// Shows the answer to people.
pub(crate) fn print(view: &View<'_>, lang: Lang) {
    for row in &view.platforms {
        print_platform(row, view, lang);
    }
    println!(
        "\n{}",
        match lang {
            Lang::Ja => format!(
                "基準日 {}（日本時間）。利用数: {}。対象から外すかどうかは人が判断し、署名します。施行の60日以上前のお知らせと、施行日の再確認が必要です。",
                view.as_of,
                view.usage
                    .map_or("指定なし（--usage）".to_owned(), |path| path
                        .display()
                        .to_string())
            ),
            Lang::En => format!(
                "As of {} (Japan). Usage: {}. The rule permits and never obliges: a person decides and signs. Customers have to be told at least 60 days before, and the trend has to be looked at again on the day it takes effect.",
                view.as_of,
                view.usage
                    .map_or("not given (--usage)".to_owned(), |path| path
                        .display()
                        .to_string())
            ),
        }
    );
}

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
        lang.pick("サポート対象", "supported"),
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
                "日本で未公開（数に入れない）",
                "not released in Japan, not counted"
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
    let mut table = super::table(&head);
    for judged in &row.judged {
        let figures = judged.trend.as_ref();
        let figure = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        table.add_row([
            judged.candidate.to_string(),
            decision(judged.decision, lang).to_owned(),
            reason(judged.reason, lang).to_owned(),
            judged.newer_supported.as_known().map_or_else(
                || lang.pick("不明", "unknown").to_owned(),
                |keys| list(keys),
            ),
            figure(figures.map(|trend| trend.n.to_string())),
            figure(
                figures
                    .and_then(|trend| trend.test)
                    .map(|test| test.s.to_string()),
            ),
            figure(
                figures
                    .and_then(|trend| trend.test)
                    .map(|test| format!("{:.2}", test.z)),
            ),
            figure(
                figures
                    .and_then(|trend| trend.slope_per_month)
                    .map(|slope| format!("{slope:.1}")),
            ),
            figure(
                figures
                    .and_then(|trend| trend.relative_decline)
                    .map(|part| format!("{:.1} %", part * 100.0)),
            ),
            figures.map(sparkline).unwrap_or_default(),
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
            let mut names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
            names.dedup();
            println!("  {} {label}: {}", judged.candidate, names.join(", "));
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
        Reason::SupportedUnknown => ("サポート対象が不明", "what is supported is unknown"),
        Reason::NotInSupportedSet => ("サポート対象ではない", "not supported"),
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

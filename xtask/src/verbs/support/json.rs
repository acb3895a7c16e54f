//! `support --json`.

use device_matrix::platform::Platform;
use device_matrix::support::{Judged, StuckModel, Trend};
use serde::Serialize;

use super::view::{View, not_released, older, protected, texts};

#[derive(Debug, Serialize)]
pub(super) struct SupportJson {
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
    /// Supported and not out in Japan, or not confirmed to be; they do not count.
    not_released: Vec<String>,
    /// Said to be out by secondary sources only.
    unconfirmed: Vec<String>,
    released: Vec<String>,
    /// By generations alone, if every released version was supported: the newest ones, which have to stay.
    protected_if_all_supported: Vec<String>,
    /// The same way: those that the floor would let go, newest first.
    passes_floor_if_all_supported: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CandidateJson {
    platform: &'static str,
    candidate: String,
    decision: &'static str,
    reason: &'static str,
    /// Null when nobody has stated what is supported.
    newer_supported: Option<Vec<String>>,
    trend: TrendJson,
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
pub(super) fn json(view: &View<'_>) -> SupportJson {
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
                unconfirmed: texts(&row.unconfirmed),
                released: texts(&row.released),
                protected_if_all_supported: texts(protected(row, view.policy)),
                passes_floor_if_all_supported: texts(&older(row, view.policy)),
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

fn candidate(platform: Platform, judged: &Judged) -> CandidateJson {
    CandidateJson {
        platform: platform.name(),
        candidate: judged.candidate.to_string(),
        decision: judged.decision.as_str(),
        reason: judged.reason.as_str(),
        newer_supported: judged.newer_supported.as_known().map(|keys| texts(keys)),
        trend: trend(&judged.trend),
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

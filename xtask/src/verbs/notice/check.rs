//! `notice check`: is a notice with these dates lawful?

use reports::notice::check::{Reason, Request, SiteChange, Verdict, check};
use reports::notice::moment::Moment;
use serde::Serialize;

use super::common::{self, WindowJson};
use crate::cli::NoticeCheckArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;

#[derive(Debug, Serialize)]
struct CheckJson {
    schema_version: u32,
    accepted: bool,
    reasons: Vec<&'static str>,
    days_of_notice: i64,
    earliest_allowed: Option<String>,
    /// Of the site that was named first.
    first_window: Option<WindowJson>,
    maintenance_days: u32,
    maintenance_notice_by: Option<String>,
    warnings: Vec<WarningJson>,
    sites: Vec<SiteJson>,
}

#[derive(Debug, Serialize)]
struct SiteJson {
    site: String,
    effective_jst: String,
    reasons: Vec<&'static str>,
    window: Option<WindowJson>,
    first_window: Option<WindowJson>,
    days_of_maintenance_notice: Option<i64>,
}

#[derive(Debug, Serialize)]
struct WarningJson {
    warning: &'static str,
    site: String,
    date: String,
    ja: String,
    en: String,
}

/// Checks, and says no with exit 1.
pub(super) fn run(arguments: &NoticeCheckArgs, data: &Data, lang: Lang) -> Outcome {
    let sites = common::sites(&arguments.site, data)?;
    let effective = arguments
        .effective
        .iter()
        .map(|text| common::moment("effective", text))
        .collect::<Result<Vec<_>, _>>()?;
    if effective.len() != 1 && effective.len() != sites.len() {
        return Err(Stop::usage(format!(
            "--effective is given {} times for {} sites; give it once, or once for each site",
            effective.len(),
            sites.len()
        )));
    }
    let changes = sites
        .iter()
        .enumerate()
        .filter_map(|(index, (site, zone))| {
            Some(SiteChange {
                site,
                zone: zone.clone(),
                effective: *effective.get(index).or(effective.first())?,
            })
        })
        .collect();
    let request = Request {
        decided: common::moment("decided", &arguments.decided)?.jst_date(),
        published: common::moment("published", &arguments.published)?.jst_date(),
        changes,
        maintenance_notice: arguments
            .maintenance_notice
            .as_deref()
            .map(|text| common::moment("maintenance-notice", text))
            .transpose()?
            .map(Moment::jst_date),
        kind: common::kind(&arguments.change),
    };
    let verdict = check(&request, &data.rules());
    if arguments.json {
        crate::verbs::print_json(&published(&verdict))?;
    } else {
        print(&verdict, &request, data, lang);
    }
    Ok(if verdict.accepted() {
        Exit::Yes
    } else {
        Exit::No
    })
}

fn words(reasons: &[Reason]) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.as_str()).collect()
}

fn published(verdict: &Verdict) -> CheckJson {
    CheckJson {
        schema_version: 1,
        accepted: verdict.accepted(),
        reasons: words(&verdict.reasons),
        days_of_notice: verdict.days_of_notice,
        earliest_allowed: verdict.earliest.map(|date| date.to_string()),
        first_window: verdict
            .sites
            .first()
            .and_then(|site| site.first_window.as_ref())
            .map(WindowJson::from),
        maintenance_days: verdict.maintenance_days,
        maintenance_notice_by: verdict
            .sites
            .iter()
            .filter_map(|site| site.maintenance_notice_by)
            .min()
            .map(|date| date.to_string()),
        warnings: verdict
            .sites
            .iter()
            .filter_map(|site| {
                let (date, why) = site.closed.as_ref()?;
                Some(WarningJson {
                    warning: "window_on_closed_day",
                    site: site.site.zone.clone(),
                    date: date.to_string(),
                    ja: why.ja.clone(),
                    en: why.en.clone(),
                })
            })
            .collect(),
        sites: verdict
            .sites
            .iter()
            .map(|site| SiteJson {
                site: site.site.zone.clone(),
                effective_jst: site.effective.to_string(),
                reasons: words(&site.reasons),
                window: site.window.as_ref().map(WindowJson::from),
                first_window: site.first_window.as_ref().map(WindowJson::from),
                days_of_maintenance_notice: site.days_of_maintenance_notice,
            })
            .collect(),
    }
}

/// A reason for people.
const fn sentence(reason: Reason, lang: Lang) -> &'static str {
    match reason {
        Reason::NoticeBeforeDecision => lang.pick(
            "お知らせの日付が決定より前です",
            "the notice is dated before the decision",
        ),
        Reason::TooEarly => lang.pick(
            "お知らせから実施までの日数が足りません",
            "too few days lie between the notice and its effect",
        ),
        Reason::WrongWindow => lang.pick(
            "セキュリティ・メンテナンスの時間内です。製品の変更には使えません",
            "the change lies in the window for security maintenance, which is not for changes of the product",
        ),
        Reason::OutsideWindow => lang.pick(
            "この種類の変更のメンテナンス時間に入っていません",
            "the change lies in no maintenance window of its kind",
        ),
        Reason::MaintenanceNoticeTooLate => lang.pick(
            "メンテナンスの詳細通知が遅すぎます",
            "the detailed maintenance notice comes too late",
        ),
    }
}

fn print(verdict: &Verdict, request: &Request<'_>, data: &Data, lang: Lang) {
    println!(
        "{}",
        if verdict.accepted() {
            lang.pick("このお知らせは定めに合っています", "this notice is lawful")
        } else {
            lang.pick("このお知らせは出せません", "this notice is refused")
        }
    );
    for reason in &verdict.reasons {
        println!("  {} ({})", sentence(*reason, lang), reason.as_str());
    }
    let earliest = verdict
        .earliest
        .map_or_else(|| "-".to_owned(), |date| date.to_string());
    let needed = data.vendor.notice.deprecation_days;
    println!(
        "{}",
        match lang {
            Lang::Ja => format!(
                "お知らせ {} から {} 日（{needed} 日以上必要）、最も早い日 {earliest}",
                request.published, verdict.days_of_notice
            ),
            Lang::En => format!(
                "notice {}, {} days ({needed} needed); the earliest day is {earliest}",
                request.published, verdict.days_of_notice
            ),
        }
    );
    for site in &verdict.sites {
        let window = site.first_window.as_ref().map(WindowJson::from);
        let window = window.map_or_else(
            || "-".to_owned(),
            |window| {
                format!(
                    "{} ({} – {})",
                    window.start_local, window.start_jst, window.end_jst
                )
            },
        );
        println!(
            "{}: {} {window}",
            lang.pick(&site.site.name.ja, &site.site.name.en),
            lang.pick("最初のメンテナンス時間", "first window")
        );
        if let Some(by) = site.maintenance_notice_by {
            println!(
                "  {} {by}",
                lang.pick(
                    "メンテナンス詳細通知の期限",
                    "detailed maintenance notice by"
                )
            );
        }
        if let Some((date, why)) = &site.closed {
            println!(
                "  {} {date}: {}",
                lang.pick(
                    "注意: 休業日のメンテナンスです",
                    "warning: the window is on a closed day,"
                ),
                lang.pick(&why.ja, &why.en)
            );
        }
    }
}

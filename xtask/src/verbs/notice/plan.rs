//! `notice plan`: the earliest lawful dates.

use device_matrix::platform::Platform;
use reports::notice::moment::jst_datetime;
use reports::notice::plan::{Plan, Planned, Step, plan};
use serde::Serialize;

use super::common::{self, WindowJson};
use crate::cli::NoticePlanArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;

#[derive(Debug, Serialize)]
struct PlanJson {
    schema_version: u32,
    platform: Option<&'static str>,
    version: Option<String>,
    published: String,
    earliest_allowed: String,
    effective: String,
    steps: Vec<StepJson>,
}

#[derive(Debug, Serialize)]
struct StepJson {
    step: &'static str,
    date: String,
    business_day: Option<String>,
    closed: Option<ClosedJson>,
    site: Option<String>,
    window: Option<WindowJson>,
}

#[derive(Debug, Serialize)]
struct ClosedJson {
    ja: String,
    en: String,
}

/// Plans.
pub(super) fn run(arguments: &NoticePlanArgs, data: &Data, lang: Lang) -> Outcome {
    let as_of = crate::clock::as_of(arguments.as_of);
    let subject = match (&arguments.platform, &arguments.version) {
        (Some(platform), Some(version)) => Some((known(platform, version, data)?, version.clone())),
        _ => None,
    };
    let decided = arguments.decided.unwrap_or(as_of);
    let published = arguments.published.unwrap_or(decided.max(as_of));
    if published < decided {
        return Err(Stop::new(
            Exit::No,
            format!("the notice of {published} would be dated before its decision on {decided}"),
        ));
    }
    let sites = common::sites(&arguments.site, data)?;
    let places: Vec<_> = sites
        .iter()
        .map(|(site, zone)| (site, zone.clone()))
        .collect();
    let planned = plan(
        decided,
        published,
        &places,
        common::kind(&arguments.change),
        &data.rules(),
    )
    .ok_or_else(|| {
        Stop::new(
            Exit::No,
            "no common day with a window at every site is found within a year, or the dates leave the calendar",
        )
    })?;
    if arguments.json {
        crate::verbs::print_json(&published_json(subject.as_ref(), &planned))?;
    } else {
        print(subject.as_ref(), &planned, lang);
    }
    Ok(Exit::Yes)
}

/// The platform, when it has such a generation.
fn known(platform: &str, version: &str, data: &Data) -> Result<Platform, Stop> {
    let platform: Platform = platform.parse().map_err(|error| {
        let names = Platform::ALL.map(Platform::slug);
        Stop::usage(format!(
            "--platform: {error}; known ones: {}",
            names.join(", ")
        ))
    })?;
    let known: Vec<String> = data
        .catalog
        .generations(platform)
        .iter()
        .map(|generation| generation.major.to_string())
        .collect();
    if known.is_empty() || known.iter().any(|one| one == version) {
        return Ok(platform);
    }
    Err(Stop::usage(format!(
        "--version: {platform} has no generation `{version}`; known ones: {}",
        known.join(", ")
    )))
}

fn published_json(subject: Option<&(Platform, String)>, plan: &Plan) -> PlanJson {
    PlanJson {
        schema_version: 1,
        platform: subject.map(|(platform, _)| platform.slug()),
        version: subject.map(|(_, version)| version.clone()),
        published: plan.published.to_string(),
        earliest_allowed: plan.earliest.to_string(),
        effective: plan.effective.to_string(),
        steps: plan
            .steps
            .iter()
            .map(|planned| StepJson {
                step: planned.step.as_str(),
                date: planned.date.to_string(),
                business_day: planned.business_day.map(|date| date.to_string()),
                closed: planned.closed.as_ref().map(|why| ClosedJson {
                    ja: why.ja.clone(),
                    en: why.en.clone(),
                }),
                site: planned.window.as_ref().map(|(site, _)| site.zone.clone()),
                window: planned
                    .window
                    .as_ref()
                    .map(|(_, window)| WindowJson::from(window)),
            })
            .collect(),
    }
}

const fn sentence(step: Step, lang: Lang) -> &'static str {
    match step {
        Step::Decide => lang.pick(
            "世代と利用傾向を確認して決定し、署名する",
            "check generations and trend, decide and sign",
        ),
        Step::PublishNotice => lang.pick(
            "お知らせを公開する（公開の前に世代をもう一度数える）",
            "publish the notice, after counting the generations again",
        ),
        Step::MaintenanceNotice => lang.pick(
            "メンテナンスの詳細通知を公開する（この日まで）",
            "publish the detailed maintenance notice, at the latest",
        ),
        Step::Effective => lang.pick(
            "終了日: 世代と利用傾向をもう一度確認し、対応状況の表示を切り替える",
            "day of effect: check generations and trend again, then change the published status",
        ),
        Step::Window => lang.pick("サーバーの変更", "change of the servers"),
        Step::EndNotice => lang.pick(
            "終了通知（翌営業日を目途）",
            "notice of the end (next business day, as a target)",
        ),
    }
}

fn print(subject: Option<&(Platform, String)>, plan: &Plan, lang: Lang) {
    if let Some((platform, version)) = subject {
        println!("{}", reports::decisions::name(*platform, version));
    }
    println!(
        "{} {} → {} {} → {} {}",
        lang.pick("お知らせ", "notice"),
        plan.published,
        lang.pick("最も早い日", "earliest day"),
        plan.earliest,
        lang.pick("終了日", "day of effect"),
        plan.effective
    );
    let mut table = crate::verbs::table(&[]);
    for planned in &plan.steps {
        table.add_row([
            planned.date.strftime("%Y-%m-%d").to_string(),
            line(planned, lang),
        ]);
    }
    println!("{table}");
    println!(
        "{}",
        lang.pick(
            "条件を満たすかどうかは `cargo xtask support` が示し、決めるのは人です。",
            "`cargo xtask support` shows whether the version may leave; a person decides.",
        )
    );
}

fn line(planned: &Planned, lang: Lang) -> String {
    let mut text = sentence(planned.step, lang).to_owned();
    if let Some((site, window)) = &planned.window {
        let local = window.start_local();
        let end = window.end_local();
        text = format!(
            "{text}: {} {}–{} ({} {}–{})",
            lang.pick(&site.name.ja, &site.name.en),
            local.strftime("%m-%d %H:%M"),
            end.strftime("%m-%d %H:%M"),
            lang.pick("日本時間", "Japan time"),
            jst_datetime(window.start).strftime("%m-%d %H:%M"),
            jst_datetime(window.end).strftime("%m-%d %H:%M")
        );
    }
    if let Some(why) = &planned.closed {
        let why = lang.pick(&why.ja, &why.en);
        text = match planned.business_day {
            Some(day) => format!(
                "{text} [{why}; {} {day}]",
                lang.pick("直前の営業日", "last business day before:")
            ),
            None => format!("{text} [{why}]"),
        };
    }
    text
}

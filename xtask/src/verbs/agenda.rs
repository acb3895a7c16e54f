//! `agenda`: every clock in one list.

use device_matrix::calendar;
use device_matrix::known::Known;
use device_matrix::version::Channel;
use jiff::civil::Date;
use reports::agenda::{Agenda, Entry, Inputs, ReportClock, When, agenda, ics};
use reports::notice::moment::{jst_text, plus_days};
use reports::register::ObtainedSource;
use serde::Serialize;

use crate::cli::AgendaArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;

#[derive(Debug, Serialize)]
struct AgendaJson<'a> {
    schema_version: u32,
    as_of: String,
    until: String,
    past_due: bool,
    entries: Vec<EntryJson<'a>>,
}

#[derive(Debug, Serialize)]
struct EntryJson<'a> {
    clock: &'static str,
    date: String,
    when: &'static str,
    subject: &'a str,
    title: TextJson<'a>,
    detail: TextJson<'a>,
    start_jst: Option<String>,
    end_jst: Option<String>,
}

#[derive(Debug, Serialize)]
struct TextJson<'a> {
    ja: &'a str,
    en: &'a str,
}

/// Shows the list; exit 12 when something is past due.
pub(crate) fn run(arguments: &AgendaArgs, data: &Data, lang: Lang) -> Outcome {
    let today = crate::clock::as_of(arguments.as_of);
    let color = crate::terminal::Terminal::detect(|name| std::env::var(name).ok()).color;
    let ahead_days = arguments.days.unwrap_or(data.vendor.agenda.ahead_days);
    let reports = reports_due(data, today);
    let rules = data.rules();
    let list = agenda(&Inputs {
        reports: &reports,
        decisions: data.decisions(color)?,
        known_issues: &data.known_issues.issues,
        sites: &data.vendor.sites,
        rules: &rules,
        soon_days: data.policy.due_soon_days,
        today,
        ahead_days,
    });
    if let Some(path) = &arguments.ics {
        let product = &data.vendor.product;
        let lang_of = match lang {
            Lang::Ja => reports::vendor::Lang::Ja,
            Lang::En => reports::vendor::Lang::En,
        };
        let text = ics(&list, lang.pick(&product.ja, &product.en), lang_of)
            .map_err(|error| Stop::usage(error.to_string()))?;
        std::fs::write(path, text).map_err(|error| Stop::io(path, &error))?;
    }
    if arguments.json {
        crate::verbs::print_json(&published(&list))?;
    } else {
        print(&list, lang);
    }
    Ok(if list.past_due() {
        Exit::PastDue
    } else {
        Exit::Yes
    })
}

/// Reports that the register does not call published: of every release it names, and of released versions that came out
/// in Japan not longer ago than the agenda looks back.
fn reports_due(data: &Data, today: Date) -> Vec<ReportClock> {
    let behind = plus_days(today, -i64::from(data.vendor.agenda.behind_days)).unwrap_or(Date::MIN);
    let mut found = Vec::new();
    for platform in data.catalog.platforms() {
        for release in data.catalog.selectable(platform, today) {
            let id = release.id();
            let entry = data.register.entry(&id);
            let obtained = data.register.obtained(release);
            let Known::Known(day_zero) = obtained.date else {
                continue;
            };
            let asked = entry.is_some_and(|entry| entry.obtained.is_some())
                || (release.channel() == Channel::Released
                    && !release.preinstalled_only()
                    && day_zero >= behind);
            let done = entry
                .and_then(|entry| entry.published)
                .is_some_and(|day| day <= today);
            if !asked || done || day_zero > today {
                continue;
            }
            found.push(ReportClock {
                release: id,
                name: format!("{platform} {}", release.version),
                obtained: day_zero,
                registered: obtained.source == ObtainedSource::Register,
                due: calendar::due(day_zero, data.policy.report_business_days, &data.calendar).due,
            });
        }
    }
    found
}

fn published(list: &Agenda) -> AgendaJson<'_> {
    AgendaJson {
        schema_version: 1,
        as_of: list.today.to_string(),
        until: list.until.to_string(),
        past_due: list.past_due(),
        entries: list
            .entries
            .iter()
            .map(|entry| EntryJson {
                clock: entry.clock.as_str(),
                date: entry.date.to_string(),
                when: entry.when.as_str(),
                subject: &entry.subject,
                title: TextJson {
                    ja: &entry.title.ja,
                    en: &entry.title.en,
                },
                detail: TextJson {
                    ja: &entry.detail.ja,
                    en: &entry.detail.en,
                },
                start_jst: entry.hours.map(|(start, _)| jst_text(start)),
                end_jst: entry.hours.map(|(_, end)| jst_text(end)),
            })
            .collect(),
    }
}

fn print(list: &Agenda, lang: Lang) {
    let head = match lang {
        Lang::Ja => ["日付", "", "内容", "対象", "備考"],
        Lang::En => ["date", "", "what", "subject", "detail"],
    };
    let mut table = crate::verbs::table(&head);
    for entry in &list.entries {
        table.add_row([
            entry.date.strftime("%Y-%m-%d").to_string(),
            near(entry, lang).to_owned(),
            lang.pick(&entry.clock.name().ja, &entry.clock.name().en)
                .to_owned(),
            lang.pick(&entry.title.ja, &entry.title.en).to_owned(),
            lang.pick(&entry.detail.ja, &entry.detail.en).to_owned(),
        ]);
    }
    println!("{table}");
    let overdue = list
        .entries
        .iter()
        .filter(|entry| entry.when == When::Overdue)
        .count();
    println!(
        "{}",
        match lang {
            Lang::Ja => format!(
                "{} から {} まで {} 件、うち期限超過 {overdue} 件",
                list.today,
                list.until,
                list.entries.len()
            ),
            Lang::En => format!(
                "{} entries from {} to {}, {overdue} past due",
                list.entries.len(),
                list.today,
                list.until
            ),
        }
    );
}

const fn near(entry: &Entry, lang: Lang) -> &'static str {
    match entry.when {
        When::Overdue => lang.pick("超過", "overdue"),
        When::Today => lang.pick("本日", "today"),
        When::Soon => lang.pick("間近", "soon"),
        When::Later => "",
    }
}

//! The list: reports, then what each decision still asks for.

use device_matrix::calendar::{BusinessCalendar, business_days_left, due, jst_date};
use device_matrix::known::Text;
use jiff::civil::Date;

use super::entry::{Clock, Entry, When};
use crate::decisions::{Decision, State};
use crate::known_issues::KnownIssue;
use crate::notice::check::Rules;
use crate::notice::moment::{days_between, plus_days};
use crate::notice::subject;
use crate::vendor::Site;

/// A report that is not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportClock {
    /// Release id.
    pub release: String,
    /// `iOS 27.0`.
    pub name: String,
    /// Day 0.
    pub obtained: Date,
    /// Whether the register states it.
    pub registered: bool,
    /// Due day.
    pub due: Date,
}

/// What the agenda is made from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Reports that are not published.
    pub reports: &'a [ReportClock],
    /// Decisions.
    pub decisions: &'a [Decision],
    /// Known issues; each has to be closed or prolonged by its day.
    pub known_issues: &'a [KnownIssue],
    /// Sites.
    pub sites: &'a [Site],
    /// Windows, lead times, business days.
    pub rules: &'a Rules<'a>,
    /// Business days that count as soon.
    pub soon_days: u32,
    /// Today in Japan.
    pub today: Date,
    /// Days ahead.
    pub ahead_days: u32,
}

/// All clocks, overdue ones first, then by date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agenda {
    /// Today in Japan.
    pub today: Date,
    /// The last day that is shown.
    pub until: Date,
    /// Lines.
    pub entries: Vec<Entry>,
}

impl Agenda {
    /// Whether something is past due.
    #[must_use]
    pub fn past_due(&self) -> bool {
        self.entries.iter().any(|entry| entry.when == When::Overdue)
    }
}

/// Makes the list. Work that nobody has recorded as done stays on it until it is; what merely happens (windows) leaves it
/// when it is over.
#[must_use]
pub fn agenda(inputs: &Inputs<'_>) -> Agenda {
    let until = plus_days(inputs.today, i64::from(inputs.ahead_days)).unwrap_or(Date::MAX);
    let mut entries: Vec<Entry> = inputs
        .reports
        .iter()
        .map(|report| report_entry(report, inputs))
        .collect();
    for decision in inputs.decisions {
        of_decision(decision, inputs, &mut entries);
    }
    entries.extend(
        inputs
            .known_issues
            .iter()
            .map(|issue| known_issue(issue, inputs)),
    );
    entries.retain(|entry| entry.date <= until);
    entries.sort_by(|a, b| {
        (a.when != When::Overdue, a.date, a.clock, &a.subject).cmp(&(
            b.when != When::Overdue,
            b.date,
            b.clock,
            &b.subject,
        ))
    });
    Agenda {
        today: inputs.today,
        until,
        entries,
    }
}

fn when(date: Date, today: Date, soon: u32, calendar: &BusinessCalendar) -> When {
    if date < today {
        When::Overdue
    } else if date == today {
        When::Today
    // Counting business days to the end of time is no use: nothing a year away is soon.
    } else if days_between(today, date) < 366
        && business_days_left(today, date, calendar) <= i64::from(soon)
    {
        When::Soon
    } else {
        When::Later
    }
}

fn report_entry(report: &ReportClock, inputs: &Inputs<'_>) -> Entry {
    let ja = if report.registered {
        "登録簿による"
    } else {
        "日本での公開日とみなす"
    };
    let en = if report.registered {
        "by the register"
    } else {
        "taken as the release day in Japan"
    };
    Entry {
        clock: Clock::ReportDue,
        date: report.due,
        hours: None,
        subject: report.release.clone(),
        title: Text {
            ja: report.name.clone(),
            en: report.name.clone(),
        },
        detail: Text {
            ja: format!("入手日 {}（{ja}）", report.obtained),
            en: format!("obtained {} ({en})", report.obtained),
        },
        when: when(
            report.due,
            inputs.today,
            inputs.soon_days,
            inputs.rules.calendar,
        ),
    }
}

fn known_issue(issue: &KnownIssue, inputs: &Inputs<'_>) -> Entry {
    let about = issue
        .feature
        .as_ref()
        .or(issue.scenario.as_ref())
        .map_or_else(
            || issue.id.clone(),
            |about| format!("{} ({about})", issue.id),
        );
    Entry {
        clock: Clock::KnownIssue,
        date: issue.expires,
        hours: None,
        subject: issue.id.clone(),
        title: Text {
            ja: about.clone(),
            en: about,
        },
        detail: Text {
            ja: format!("担当 {}。解消を確認するか、期限を延ばす", issue.owner),
            en: format!(
                "owner {}; see whether it is gone, or prolong it",
                issue.owner
            ),
        },
        when: when(
            issue.expires,
            inputs.today,
            inputs.soon_days,
            inputs.rules.calendar,
        ),
    }
}

fn of_decision(decision: &Decision, inputs: &Inputs<'_>, entries: &mut Vec<Entry>) {
    let today = inputs.today;
    let Some(state) = decision.state_on(today) else {
        return;
    };
    if state == State::Withdrawn {
        return;
    }
    let Some(verdict) = subject::verdict(decision, inputs.sites, inputs.rules) else {
        return;
    };
    let (notice, effective) = decision.current();
    let mut add = |clock: Clock, date: Date, subject: String, detail: Text| {
        entries.push(Entry {
            clock,
            date,
            hours: None,
            subject,
            title: Text {
                ja: decision.name(),
                en: decision.name(),
            },
            detail,
            when: when(date, today, inputs.soon_days, inputs.rules.calendar),
        });
    };
    let same = |text: String| Text {
        ja: text.clone(),
        en: text,
    };
    if decision.state == State::Decided {
        let days = i64::from(inputs.rules.policy.deprecation_days);
        let last = plus_days(effective, -days).unwrap_or(notice);
        add(
            Clock::PublishNotice,
            notice,
            decision.id.clone(),
            Text {
                ja: format!("終了日 {effective} のためには遅くとも {last}。公開前に世代を数え直す"),
                en: format!(
                    "at the latest {last} for the day of effect {effective}; count the generations again first"
                ),
            },
        );
    }
    let ended = state == State::Effective;
    if !ended {
        let by = verdict
            .sites
            .iter()
            .filter_map(|site| site.maintenance_notice_by)
            .min();
        // A detailed notice that is recorded is done when its day has come.
        let due_day = decision.maintenance_notice.or(by);
        let done = decision.maintenance_notice.is_some_and(|day| day <= today);
        if let Some(day) = due_day
            && !done
        {
            add(
                Clock::MaintenanceNotice,
                day,
                decision.id.clone(),
                Text {
                    ja: format!("{} 日前まで", verdict.maintenance_days),
                    en: format!("{} days before", verdict.maintenance_days),
                },
            );
        }
        add(
            Clock::Recheck,
            effective,
            decision.id.clone(),
            same(format!(
                "cargo xtask support --platform {} --candidate {} --usage FILE",
                decision.platform.name(),
                decision.version
            )),
        );
        add(
            Clock::Effective,
            effective,
            decision.id.clone(),
            Text {
                ja: format!("お知らせ {notice}"),
                en: format!("notice {notice}"),
            },
        );
    }
    let last = verdict
        .sites
        .iter()
        .filter_map(|site| site.window.as_ref())
        .map(|window| jst_date(window.start))
        .max();
    if let Some(last) = last {
        let end = due(
            last,
            inputs.rules.policy.end_notice_business_days,
            inputs.rules.calendar,
        )
        .due;
        // A decision in effect whose end notice lies behind has nothing left to do.
        if end >= today || !ended {
            add(
                Clock::EndNotice,
                end,
                decision.id.clone(),
                Text {
                    ja: "翌営業日を目途".to_owned(),
                    en: "the next business day, as a target".to_owned(),
                },
            );
        }
    }
    for site in &verdict.sites {
        let Some(window) = &site.window else { continue };
        let date = jst_date(window.start);
        if date < today {
            continue;
        }
        let remark = site.closed.as_ref().map(|(_, why)| why);
        entries.push(Entry {
            clock: Clock::Window,
            date,
            hours: Some((window.start, window.end)),
            subject: format!("{}@{}", decision.id, site.site.zone),
            title: Text {
                ja: format!("{}（{}）", decision.name(), site.site.name.ja),
                en: format!("{} ({})", decision.name(), site.site.name.en),
            },
            detail: Text {
                ja: format!(
                    "現地 {}{}",
                    window.start_local().strftime("%Y-%m-%d %H:%M"),
                    remark.map_or(String::new(), |why| format!(" 休業日: {}", why.ja))
                ),
                en: format!(
                    "local {}{}",
                    window.start_local().strftime("%Y-%m-%d %H:%M"),
                    remark.map_or(String::new(), |why| format!(" closed: {}", why.en))
                ),
            },
            when: when(date, today, inputs.soon_days, inputs.rules.calendar),
        });
    }
}

//! The earliest lawful dates, and everything that has to happen before and after.

use device_matrix::calendar::{BusinessCalendar, due, jst_date};
use device_matrix::known::Text;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::check::{ChangeKind, Rules, closed_day, first_at};
use super::moment::{jst_midnight, plus_days};
use super::window::Occurrence;
use crate::vendor::Site;

/// A thing to do, or that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Decide and sign.
    Decide,
    /// Look again whether generations and trend still allow it, and publish the notice.
    PublishNotice,
    /// Publish the detailed maintenance notice, at the latest.
    MaintenanceNotice,
    /// The published status changes; look again at generations and trend before the change.
    Effective,
    /// The servers change at a site.
    Window,
    /// Tell the end of the maintenance.
    EndNotice,
}

impl Step {
    /// Every value with its word in JSON.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::Decide, "decide"),
        (Self::PublishNotice, "publish_notice"),
        (Self::MaintenanceNotice, "maintenance_notice"),
        (Self::Effective, "effective"),
        (Self::Window, "window"),
        (Self::EndNotice, "end_notice"),
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What.
    pub step: Step,
    /// Japanese date.
    pub date: Date,
    /// For windows: where and when.
    pub window: Option<(Site, Occurrence)>,
    /// The last business day on or before the date, when the date itself is none: work that people do belongs there.
    pub business_day: Option<Date>,
    /// Why nobody works on the date; allowed, and worth a look.
    pub closed: Option<Text>,
}

/// The earliest lawful dates of a notice that is published on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Day of the publication.
    pub published: Date,
    /// The earliest day of effect.
    pub earliest: Date,
    /// One day of effect for all sites: the first on which every site has a window.
    pub effective: Date,
    /// What happens when, in order.
    pub steps: Vec<Planned>,
}

/// Plans a notice. `None` when the dates leave the calendar, or no common day is found within a year.
#[must_use]
pub fn plan(
    decided: Date,
    published: Date,
    sites: &[(&Site, TimeZone)],
    kind: ChangeKind,
    rules: &Rules<'_>,
) -> Option<Plan> {
    let earliest = plus_days(published, i64::from(rules.policy.deprecation_days))?;
    let (effective, windows) = common_day(earliest, sites, kind, rules)?;
    let maintenance = rules
        .policy
        .maintenance_days(kind.behavior_change, kind.outage);
    let plain = |step, date: Date| Planned {
        step,
        date,
        window: None,
        business_day: business_day_before(date, rules.calendar),
        closed: rules.calendar.why_closed(date),
    };
    let mut steps = vec![
        plain(Step::Decide, decided),
        plain(Step::PublishNotice, published),
        plain(
            Step::MaintenanceNotice,
            plus_days(effective, -i64::from(maintenance))?,
        ),
        plain(Step::Effective, effective),
    ];
    let last = windows
        .iter()
        .map(|(_, window)| jst_date(window.start))
        .max()?;
    for (site, window) in windows {
        steps.push(Planned {
            step: Step::Window,
            date: jst_date(window.start),
            closed: closed_day(&window, rules.calendar).map(|(_, why)| why),
            business_day: None,
            window: Some((site, window)),
        });
    }
    let end = due(last, rules.policy.end_notice_business_days, rules.calendar).due;
    steps.push(plain(Step::EndNotice, end));
    steps.sort_by_key(|planned| (planned.date, planned.step));
    Some(Plan {
        published,
        earliest,
        effective,
        steps,
    })
}

/// The first Japanese day from `earliest` on, at which a window begins at every site.
fn common_day(
    earliest: Date,
    sites: &[(&Site, TimeZone)],
    kind: ChangeKind,
    rules: &Rules<'_>,
) -> Option<(Date, Vec<(Site, Occurrence)>)> {
    let mut day = earliest;
    for _ in 0..53 {
        let from = jst_midnight(day)?;
        let windows: Vec<(Site, Occurrence)> = sites
            .iter()
            .map(|(site, zone)| {
                let window = first_at(rules, zone, from, kind.remote_control)?;
                Some(((*site).clone(), window))
            })
            .collect::<Option<_>>()?;
        let days = || windows.iter().map(|(_, window)| jst_date(window.start));
        let (first, last) = (days().min()?, days().max()?);
        if first == last {
            return Some((first, windows));
        }
        // A site far to the west has its evening on Japan's next day: the change there follows the same status date.
        if plus_days(first, 1) == Some(last) {
            return Some((first, windows));
        }
        day = last;
    }
    None
}

/// The last business day before a day on which nobody works; `None` for a business day.
fn business_day_before(date: Date, calendar: &BusinessCalendar) -> Option<Date> {
    if calendar.is_business_day(date) {
        return None;
    }
    let mut day = date;
    for _ in 0..60 {
        day = day.yesterday().ok()?;
        if calendar.is_business_day(day) {
            return Some(day);
        }
    }
    None
}

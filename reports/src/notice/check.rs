//! Whether a notice is lawful: the sixty days, the windows, the detailed maintenance notice.

use device_matrix::calendar::BusinessCalendar;
use device_matrix::known::Text;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::moment::{Moment, days_between, jst_midnight, plus_days};
use super::policy::{NoticePolicy, Purpose, Window};
use super::window::{Occurrence, containing, first_from, first_touching};
use crate::vendor::Site;

/// Why a notice is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The notice is dated before the decision.
    NoticeBeforeDecision,
    /// Fewer days than promised lie between the notice and its effect.
    TooEarly,
    /// The change lies in the window for security maintenance.
    WrongWindow,
    /// The change lies in no window of its kind.
    OutsideWindow,
    /// The detailed maintenance notice is too short before the change.
    MaintenanceNoticeTooLate,
}

impl Reason {
    /// Every value with its word in JSON.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::NoticeBeforeDecision, "notice_before_decision"),
        (Self::TooEarly, "too_early"),
        (Self::WrongWindow, "wrong_window"),
        (Self::OutsideWindow, "outside_window"),
        (
            Self::MaintenanceNoticeTooLate,
            "maintenance_notice_too_late",
        ),
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

/// What kind of change the maintenance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeKind {
    /// It touches services around remote control, whose window begins later.
    pub remote_control: bool,
    /// Operation or behavior is another afterwards. Taking a version out is such a change.
    pub behavior_change: bool,
    /// The service stops for longer than the policy allows without a notice.
    pub outage: bool,
}

impl Default for ChangeKind {
    /// What taking a version out is by itself.
    fn default() -> Self {
        Self {
            remote_control: false,
            behavior_change: true,
            outage: false,
        }
    }
}

/// A site and the change there.
#[derive(Clone, Debug)]
pub struct SiteChange<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its zone.
    pub zone: TimeZone,
    /// The change of the servers. A date alone is the day on which the published status changes: a window must lie on it.
    pub effective: Moment,
}

/// The rules a notice is held against.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Lead times.
    pub policy: &'a NoticePolicy,
    /// Windows.
    pub windows: &'a [Window],
    /// Business days, for warnings.
    pub calendar: &'a BusinessCalendar,
}

/// A notice as it is planned or was given.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Day of the decision.
    pub decided: Date,
    /// Day of the publication.
    pub published: Date,
    /// The change at each site.
    pub changes: Vec<SiteChange<'a>>,
    /// Day of the detailed maintenance notice; `None` is that it is not fixed yet, and is not judged.
    pub maintenance_notice: Option<Date>,
    /// What kind of change it is.
    pub kind: ChangeKind,
}

/// What is said of one site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteVerdict {
    /// The site.
    pub site: Site,
    /// Japanese date of the change there.
    pub effective: Date,
    /// Reasons of this site.
    pub reasons: Vec<Reason>,
    /// The first whole window on or after the earliest day.
    pub first_window: Option<Occurrence>,
    /// The window the change lies in.
    pub window: Option<Occurrence>,
    /// Days from the detailed maintenance notice to the change.
    pub days_of_maintenance_notice: Option<i64>,
    /// The last day for the detailed maintenance notice.
    pub maintenance_notice_by: Option<Date>,
    /// A day of the window that is a holiday or a closure: allowed, and worth a look.
    pub closed: Option<(Date, Text)>,
}

/// What is said of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Every reason once, in the order of [`Reason::WORDS`]; empty is accepted.
    pub reasons: Vec<Reason>,
    /// Calendar days from the publication to the earliest change.
    pub days_of_notice: i64,
    /// The earliest day of effect; `None` beyond the calendar.
    pub earliest: Option<Date>,
    /// Days that the detailed maintenance notice needs.
    pub maintenance_days: u32,
    /// Site by site.
    pub sites: Vec<SiteVerdict>,
}

impl Verdict {
    /// Whether the notice may be given so.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Holds a notice against the rules. All dates are Japanese calendar dates; holidays count.
#[must_use]
pub fn check(request: &Request<'_>, rules: &Rules<'_>) -> Verdict {
    let policy = rules.policy;
    let earliest = plus_days(request.published, i64::from(policy.deprecation_days));
    let maintenance_days =
        policy.maintenance_days(request.kind.behavior_change, request.kind.outage);
    let sites: Vec<SiteVerdict> = request
        .changes
        .iter()
        .map(|change| site(change, request, rules, earliest, maintenance_days))
        .collect();
    let days_of_notice = sites
        .iter()
        .map(|site| days_between(request.published, site.effective))
        .min()
        .unwrap_or(0);
    let before_decision = request.published < request.decided;
    let reasons = Reason::WORDS
        .iter()
        .map(|(reason, _)| *reason)
        .filter(|reason| {
            (*reason == Reason::NoticeBeforeDecision && before_decision)
                || sites.iter().any(|site| site.reasons.contains(reason))
        })
        .collect();
    Verdict {
        reasons,
        days_of_notice,
        earliest,
        maintenance_days,
        sites,
    }
}

fn site(
    change: &SiteChange<'_>,
    request: &Request<'_>,
    rules: &Rules<'_>,
    earliest: Option<Date>,
    maintenance_days: u32,
) -> SiteVerdict {
    let remote = request.kind.remote_control;
    let effective = change.effective.jst_date();
    let mut reasons = Vec::new();
    if earliest.is_none_or(|earliest| effective < earliest) {
        reasons.push(Reason::TooEarly);
    }
    let window = find(change, rules, Purpose::Application, remote);
    if window.is_none() {
        reasons.push(match find(change, rules, Purpose::Security, false) {
            Some(_) => Reason::WrongWindow,
            None => Reason::OutsideWindow,
        });
    }
    let days_of_maintenance_notice = request
        .maintenance_notice
        .map(|notice| days_between(notice, effective));
    if days_of_maintenance_notice.is_some_and(|days| days < i64::from(maintenance_days)) {
        reasons.push(Reason::MaintenanceNoticeTooLate);
    }
    let first_window = earliest
        .and_then(jst_midnight)
        .and_then(|from| first_at(rules, &change.zone, from, remote));
    SiteVerdict {
        site: change.site.clone(),
        effective,
        reasons,
        first_window,
        closed: window
            .as_ref()
            .and_then(|window| closed_day(window, rules.calendar)),
        window,
        days_of_maintenance_notice,
        maintenance_notice_by: plus_days(effective, -i64::from(maintenance_days)),
    }
}

/// The occurrence the change lies in; for a date alone the first one that has a part on that Japanese day.
fn find(
    change: &SiteChange<'_>,
    rules: &Rules<'_>,
    purpose: Purpose,
    remote: bool,
) -> Option<Occurrence> {
    let windows = rules
        .windows
        .iter()
        .filter(|window| window.purpose == purpose);
    match change.effective {
        Moment::Instant(instant) => windows
            .filter_map(|window| containing(window, &change.zone, instant, remote))
            .min_by_key(|occurrence| occurrence.start),
        Moment::Date(date) => {
            let from = jst_midnight(date)?;
            let until = jst_midnight(date.tomorrow().ok()?)?;
            windows
                .filter_map(|window| first_touching(window, &change.zone, from, until, remote))
                .min_by_key(|occurrence| occurrence.start)
        }
    }
}

/// The first window for changes of the product that begins at `from` or later.
#[must_use]
pub fn first_at(
    rules: &Rules<'_>,
    zone: &TimeZone,
    from: Timestamp,
    remote_control: bool,
) -> Option<Occurrence> {
    rules
        .windows
        .iter()
        .filter(|window| window.purpose == Purpose::Application)
        .filter_map(|window| first_from(window, zone, from, remote_control))
        .min_by_key(|occurrence| occurrence.start)
}

/// The Japanese day on which a window begins, when nobody works on it for another reason than the weekend.
#[must_use]
pub fn closed_day(window: &Occurrence, calendar: &BusinessCalendar) -> Option<(Date, Text)> {
    let day = device_matrix::calendar::jst_date(window.start);
    calendar.why_closed(day).map(|why| (day, why))
}

//! A decision as a notice that can be judged.

use jiff::tz::TimeZone;

use super::check::{Request, Rules, SiteChange, Verdict, check, first_at};
use super::moment::{Moment, jst_midnight};
use crate::decisions::Decision;
use crate::vendor::Site;

/// Holds the notice of a decision, as it stands now, against the rules. A site without a stated change is changed in its
/// first window from the day of effect on. `None` when a site is unknown or the dates leave the calendar.
#[must_use]
pub fn verdict(decision: &Decision, sites: &[Site], rules: &Rules<'_>) -> Option<Verdict> {
    let (published, effective) = decision.current();
    let from = jst_midnight(effective)?;
    let changes = decision
        .sites
        .iter()
        .map(|place| {
            let site = sites.iter().find(|site| site.zone == place.zone)?;
            let zone = TimeZone::get(&place.zone).ok()?;
            let change = match place.change {
                Some(change) => change,
                None => first_at(rules, &zone, from, decision.kind.remote_control)?.start,
            };
            Some(SiteChange {
                site,
                zone,
                effective: Moment::Instant(change),
            })
        })
        .collect::<Option<Vec<_>>>()?;
    let request = Request {
        decided: decision.decided,
        published,
        changes,
        maintenance_notice: decision.maintenance_notice,
        kind: decision.kind,
    };
    let mut verdict = check(&request, rules);
    // The published status changes on the day of effect, whatever the windows say.
    let days = super::moment::days_between(published, effective);
    if verdict.sites.is_empty() || days < verdict.days_of_notice {
        verdict.days_of_notice = days;
    }
    if days < i64::from(rules.policy.deprecation_days)
        && !verdict.reasons.contains(&super::check::Reason::TooEarly)
    {
        verdict.reasons.push(super::check::Reason::TooEarly);
        verdict.reasons.sort_unstable();
    }
    Some(verdict)
}

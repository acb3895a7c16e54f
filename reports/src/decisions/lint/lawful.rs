//! The notice that holds now, against the sixty days and the windows.

use jiff::civil::Date;

use super::{Context, Places, Teller, own};
use crate::decisions::types::{Decision, State};
use crate::notice::check::{Reason, Verdict};
use crate::notice::moment::{days_between, jst_text};
use crate::notice::subject;

/// Tells what the rules refuse of the notice that holds now.
pub(super) fn lawful(
    decision: &Decision,
    places: &Places,
    context: &Context<'_>,
    teller: &mut Teller<'_>,
) {
    if decision.state == State::Withdrawn {
        return;
    }
    let (notice, effective) = decision.current();
    for (index, site) in decision.sites.iter().enumerate() {
        if let Some(change) = site.change
            && device_matrix::calendar::jst_date(change) < effective
        {
            teller.tell(
                own::ORDER,
                places.sites.get(index).cloned().unwrap_or(0..0),
                format!(
                    "the change at {} is before the day of effect {effective}",
                    jst_text(change)
                ),
                "move the change into a window on or after that day, or leave it away",
            );
        }
    }
    let Some(verdict) = subject::verdict(decision, context.sites, &context.rules) else {
        return;
    };
    for reason in &verdict.reasons {
        refuse(
            *reason,
            &verdict,
            (notice, effective),
            places,
            context,
            teller,
        );
    }
}

fn refuse(
    reason: Reason,
    verdict: &Verdict,
    (notice, effective): (Date, Date),
    places: &Places,
    context: &Context<'_>,
    teller: &mut Teller<'_>,
) {
    let earliest = verdict
        .earliest
        .map_or_else(|| "none".to_owned(), |day| day.to_string());
    match reason {
        Reason::NoticeBeforeDecision => teller.tell(
            own::BEFORE_DECISION,
            places.notice.clone(),
            format!("the notice of {notice} is dated before its decision"),
            "a notice is given after the decision",
        ),
        Reason::TooEarly => teller.tell(
            own::TOO_EARLY,
            places.effective.clone(),
            format!(
                "{} days lie between the notice {notice} and its effect {effective}; {} are promised",
                days_between(notice, effective),
                context.rules.policy.deprecation_days
            ),
            &format!("the earliest day is {earliest}"),
        ),
        Reason::WrongWindow | Reason::OutsideWindow => {
            for (site, span) in verdict.sites.iter().zip(&places.sites) {
                if site.reasons.contains(&reason) {
                    let next = site.first_window.as_ref().map_or_else(
                        || "none".to_owned(),
                        |window| jst_text(window.start),
                    );
                    teller.tell(
                        own::WINDOW,
                        span.clone(),
                        format!(
                            "the change at {} lies in {}",
                            site.site.zone,
                            if reason == Reason::WrongWindow {
                                "the window for security maintenance"
                            } else {
                                "no maintenance window"
                            }
                        ),
                        &format!("the first lawful window begins at {next}"),
                    );
                }
            }
        }
        Reason::MaintenanceNoticeTooLate => teller.tell(
            own::MAINTENANCE,
            places.maintenance_notice.clone(),
            format!(
                "the detailed maintenance notice is less than {} days before the change",
                verdict.maintenance_days
            ),
            "publish it earlier, or postpone",
        ),
    }
}

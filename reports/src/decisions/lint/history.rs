//! What happened since the notice: an order of states, and dates that only move later.

use super::{Context, Places, Teller, own};
use crate::decisions::types::{Decision, Event, State};
use crate::notice::moment::days_between;

/// Tells what is out of order.
pub(super) fn history(
    decision: &Decision,
    places: &Places,
    context: &Context<'_>,
    teller: &mut Teller<'_>,
) {
    let mut state = State::Announced;
    let mut last = decision.notice;
    let mut effective = decision.effective;
    if decision.state == State::Decided && !decision.history.is_empty() {
        teller.tell(
            own::TRANSITION,
            places.state.clone(),
            "a decision whose notice is not published has a history".to_owned(),
            "set the state that the last entry of the history leads to",
        );
        return;
    }
    // The notice that came first must have been lawful too, whatever became of it.
    let needed = i64::from(context.rules.policy.deprecation_days);
    let first = days_between(decision.notice, decision.effective);
    let superseded = decision
        .history
        .iter()
        .any(|change| change.effective.is_some());
    if superseded && first < needed {
        teller.tell(
            own::TOO_EARLY,
            places.effective.clone(),
            format!("the first notice gave {first} days; {needed} are promised"),
            "check the dates as they were first announced",
        );
    }
    for (change, span) in decision.history.iter().zip(&places.history) {
        if change.on < last {
            teller.tell(
                own::ORDER,
                span.clone(),
                format!("{} is before the entry of {last}", change.on),
                "put the history in order",
            );
        }
        last = change.on;
        if matches!(state, State::Withdrawn | State::Effective) {
            teller.tell(
                own::TRANSITION,
                span.clone(),
                format!("nothing follows the state `{}`", state.as_str()),
                "a version that is to leave again needs a decision of its own",
            );
        }
        state = change.event.state();
        let wanted = match (change.event, change.effective) {
            (Event::Postponed, Some(to)) if to <= effective => Some(format!(
                "a postponement from {effective} to {to} is not later; anything earlier needs a new notice"
            )),
            (Event::Postponed, Some(_)) if change.on > effective => Some(format!(
                "it was postponed on {}, after its day of effect {effective}",
                change.on
            )),
            (Event::Announced, Some(to)) if days_between(change.on, to) < needed => Some(format!(
                "the new notice gives {} days; {needed} are promised",
                days_between(change.on, to)
            )),
            (Event::Postponed | Event::Announced, None) => {
                Some("the entry lacks the new day of effect".to_owned())
            }
            (Event::Effective, _) if change.on < effective => Some(format!(
                "it can not come into effect on {}, before {effective}",
                change.on
            )),
            (Event::Withdrawn | Event::Effective, Some(_)) => {
                Some("this entry names a new day of effect, which it can not change".to_owned())
            }
            _ => None,
        };
        if let Some(message) = wanted {
            teller.tell(
                own::ORDER,
                span.clone(),
                message,
                "a postponement is later and told before the day of effect; a new notice needs its full days",
            );
        }
        if matches!(change.event, Event::Postponed | Event::Announced)
            && let Some(to) = change.effective
        {
            effective = to;
        }
    }
    if decision.state != State::Decided && decision.state != state {
        teller.tell(
            own::TRANSITION,
            places.state.clone(),
            format!(
                "the state is `{}`, the history leads to `{}`",
                decision.state.as_str(),
                state.as_str()
            ),
            "add the missing entry of the history, or correct the state",
        );
    }
}

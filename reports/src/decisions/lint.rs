//! What makes a decision impossible.

use std::ops::Range;
use std::path::PathBuf;

use device_matrix::diag::Diagnostic;
use device_matrix::platform::Platform;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::types::{Decision, Event, State};
use crate::notice::check::{Reason, Rules, Verdict};
use crate::notice::moment::{days_between, jst_text};
use crate::notice::subject;
use crate::vendor::Site;

/// Codes of errors in decisions.
mod own {
    /// A generation nobody knows.
    pub(super) const VERSION: &str = "RP0402";
    /// The notice is dated before the decision.
    pub(super) const BEFORE_DECISION: &str = "RP0403";
    /// Fewer days of notice than promised.
    pub(super) const TOO_EARLY: &str = "RP0404";
    /// A site nobody knows, twice, or none.
    pub(super) const SITE: &str = "RP0405";
    /// The change is in no window.
    pub(super) const WINDOW: &str = "RP0406";
    /// Two decisions of one version.
    pub(super) const TWICE: &str = "RP0407";
    /// The history is out of order.
    pub(super) const ORDER: &str = "RP0408";
    /// A step that no state allows.
    pub(super) const TRANSITION: &str = "RP0409";
    /// The detailed notice is too late.
    pub(super) const MAINTENANCE: &str = "RP0410";
    /// A decision without its ground.
    pub(super) const GROUND: &str = "RP0411";
}

/// Whether a diagnostic says that the notice would be unlawful, not that the file is broken.
#[must_use]
pub fn refuses(code: &str) -> bool {
    [
        own::BEFORE_DECISION,
        own::TOO_EARLY,
        own::WINDOW,
        own::ORDER,
        own::MAINTENANCE,
    ]
    .contains(&code)
}

/// Places of a decision in its file.
pub(super) struct Places {
    pub(super) path: PathBuf,
    pub(super) whole: Range<usize>,
    pub(super) version: Range<usize>,
    pub(super) notice: Range<usize>,
    pub(super) effective: Range<usize>,
    pub(super) state: Range<usize>,
    pub(super) maintenance_notice: Range<usize>,
    pub(super) by: Range<usize>,
    pub(super) sites: Vec<Range<usize>>,
    pub(super) history: Vec<Range<usize>>,
}

/// What decisions are held against.
pub struct Context<'a> {
    /// Windows, lead times, business days.
    pub rules: Rules<'a>,
    /// The vendor's sites.
    pub sites: &'a [Site],
    /// Keys of the known generations of a platform, oldest first; empty when no data have them, and then none is unknown.
    pub generations: &'a dyn Fn(Platform) -> Vec<String>,
}

struct Teller<'a> {
    found: &'a mut Vec<Diagnostic>,
    path: PathBuf,
}

impl Teller<'_> {
    fn tell(&mut self, code: &'static str, span: Range<usize>, message: String, help: &str) {
        self.found
            .push(Diagnostic::error(code, &self.path, span, message).with_help(help));
    }
}

pub(super) fn lint(
    decisions: &[(Decision, Places)],
    context: &Context<'_>,
    found: &mut Vec<Diagnostic>,
) {
    for (index, (decision, places)) in decisions.iter().enumerate() {
        let mut teller = Teller {
            found,
            path: places.path.clone(),
        };
        version(decision, places, context, &mut teller);
        ground(decision, places, &mut teller);
        history(decision, places, context, &mut teller);
        if sites(decision, places, context, &mut teller) {
            lawful(decision, places, context, &mut teller);
        }
        let earlier = decisions[..index].iter().find(|(other, _)| {
            other.platform == decision.platform
                && other.version == decision.version
                && other.state != State::Withdrawn
                && decision.state != State::Withdrawn
        });
        if let Some((other, _)) = earlier {
            teller.tell(
                own::TWICE,
                places.version.clone(),
                format!(
                    "{} is decided in `{}.toml` as well",
                    decision.name(),
                    other.id
                ),
                "keep one of the two, or withdraw the earlier one",
            );
        }
    }
}

fn version(decision: &Decision, places: &Places, context: &Context<'_>, teller: &mut Teller<'_>) {
    let known = (context.generations)(decision.platform);
    let named = |version: &str| known.is_empty() || known.iter().any(|one| one == version);
    let shaped = !decision.version.is_empty()
        && decision.version.len() <= 32
        && decision
            .version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if !shaped || !named(&decision.version) {
        teller.tell(
            own::VERSION,
            places.version.clone(),
            format!(
                "{} has no generation `{}`",
                decision.platform, decision.version
            ),
            &if known.is_empty() {
                "write the key of a generation, such as 17, 14 or 11-23h2".to_owned()
            } else {
                format!("known ones: {}", known.join(", "))
            },
        );
    }
    for version in &decision.figures.remaining {
        if !named(version) || *version == decision.version {
            teller.tell(
                own::VERSION,
                places.version.clone(),
                format!("`{version}` can not be among the generations that remain"),
                "list in figures.remaining the generations that stay, without the one that leaves",
            );
        }
    }
}

fn ground(decision: &Decision, places: &Places, teller: &mut Teller<'_>) {
    let words = [&decision.by, &decision.reason.ja, &decision.reason.en];
    if words.iter().any(|words| words.trim().is_empty()) {
        teller.tell(
            own::GROUND,
            places.by.clone(),
            "a decision needs who signed it and why, in both languages".to_owned(),
            "fill `by` and `reason`",
        );
    }
    if decision.figures.remaining.is_empty() || decision.figures.as_of > decision.decided {
        teller.tell(
            own::GROUND,
            places.whole.clone(),
            "the figures can not be those of the decision".to_owned(),
            "figures.as_of is on or before `decided`, and figures.remaining names what stays",
        );
    }
}

/// Whether the sites are in order.
fn sites(
    decision: &Decision,
    places: &Places,
    context: &Context<'_>,
    teller: &mut Teller<'_>,
) -> bool {
    let before = teller.found.len();
    if decision.sites.is_empty() {
        teller.tell(
            own::SITE,
            places.whole.clone(),
            "a decision needs the sites at which it takes effect".to_owned(),
            "add a [[site]] with its zone for every site of verify.toml",
        );
    }
    for (index, site) in decision.sites.iter().enumerate() {
        let span = places.sites.get(index).cloned().unwrap_or(0..0);
        if !context.sites.iter().any(|known| known.zone == site.zone) {
            let known: Vec<&str> = context
                .sites
                .iter()
                .map(|site| site.zone.as_str())
                .collect();
            teller.tell(
                own::SITE,
                span,
                format!("no site of verify.toml has the zone `{}`", site.zone),
                &format!("known ones: {}", known.join(", ")),
            );
        } else if decision.sites[..index]
            .iter()
            .any(|other| other.zone == site.zone)
        {
            teller.tell(
                own::SITE,
                span,
                format!("the site `{}` is listed twice", site.zone),
                "keep one of the two",
            );
        } else if TimeZone::get(&site.zone).is_err() {
            teller.tell(
                own::SITE,
                span,
                format!("`{}` is no time zone", site.zone),
                "write an IANA name such as Asia/Tokyo",
            );
        }
    }
    teller.found.len() == before
}

/// The notice that holds now, against the rules.
fn lawful(decision: &Decision, places: &Places, context: &Context<'_>, teller: &mut Teller<'_>) {
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

fn history(decision: &Decision, places: &Places, context: &Context<'_>, teller: &mut Teller<'_>) {
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

//! What makes a decision impossible.

mod floor;
mod history;
mod lawful;

use std::ops::Range;
use std::path::PathBuf;

use device_matrix::diag::Diagnostic;
use device_matrix::support::SupportData;
use jiff::tz::TimeZone;

use super::types::{Decision, State};
use crate::notice::check::Rules;
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
    /// Too few newer generations stay.
    pub(super) const FLOOR: &str = "RP0413";
    /// Figures that do not carry their own trend.
    pub(super) const FIGURES: &str = "RP0414";
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
        own::FLOOR,
        own::FIGURES,
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
    pub(super) remaining: Range<usize>,
    pub(super) figures: Range<usize>,
    pub(super) sites: Vec<Range<usize>>,
    pub(super) history: Vec<Range<usize>>,
}

/// What decisions are held against.
pub struct Context<'a> {
    /// Windows, lead times, business days.
    pub rules: Rules<'a>,
    /// The vendor's sites.
    pub sites: &'a [Site],
    /// Generations and the numbers of the support rule. Of a platform without generations no version is unknown, and
    /// nothing is counted.
    pub support: &'a SupportData,
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
        floor::floor(decision, places, decisions, context, &mut teller);
        floor::figures(decision, places, &context.support.policy.trend, &mut teller);
        history::history(decision, places, context, &mut teller);
        if sites(decision, places, context, &mut teller) {
            lawful::lawful(decision, places, context, &mut teller);
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
    let known: Vec<&str> = context
        .support
        .generations
        .of(decision.platform)
        .iter()
        .map(|row| row.key.0.as_str())
        .collect();
    let named = |version: &str| known.is_empty() || known.contains(&version);
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

//! What the verbs of `notice` share: windows as JSON, moments, sites, kinds of change.

use device_matrix::known::Text;
use jiff::tz::TimeZone;
use reports::notice::check::ChangeKind;
use reports::notice::moment::{Moment, jst_text};
use reports::notice::window::Occurrence;
use reports::vendor::Site;
use serde::Serialize;

use crate::cli::ChangeArgs;
use crate::data::Data;
use crate::exit::Stop;

/// A maintenance window, published.
#[derive(Debug, Serialize)]
pub(super) struct WindowJson {
    pub(super) start_local: String,
    pub(super) start_jst: String,
    pub(super) end_jst: String,
}

impl From<&Occurrence> for WindowJson {
    fn from(window: &Occurrence) -> Self {
        let local = window.start_local();
        Self {
            start_local: window.start.display_with_offset(local.offset()).to_string(),
            start_jst: jst_text(window.start),
            end_jst: jst_text(window.end),
        }
    }
}

/// A date or an instant from the command line.
pub(super) fn moment(option: &str, text: &str) -> Result<Moment, Stop> {
    Moment::read(text).map_err(|error| Stop::usage(format!("--{option}: {error}")))
}

/// The sites that were asked for: those of the vendor, or any zone there is.
pub(super) fn sites(asked: &[String], data: &Data) -> Result<Vec<(Site, TimeZone)>, Stop> {
    let zone = |name: &str| {
        TimeZone::get(name).map_err(|_| {
            let known: Vec<&str> = data
                .vendor
                .sites
                .iter()
                .map(|site| site.zone.as_str())
                .collect();
            Stop::usage(format!(
                "--site: `{}` is no IANA time zone; the sites of verify.toml are {}",
                name.chars().take(64).collect::<String>(),
                known.join(", ")
            ))
        })
    };
    if asked.is_empty() {
        return data
            .vendor
            .sites
            .iter()
            .map(|site| Ok((site.clone(), zone(&site.zone)?)))
            .collect();
    }
    asked
        .iter()
        .map(|name| {
            let known = data
                .vendor
                .sites
                .iter()
                .find(|site| site.zone.eq_ignore_ascii_case(name));
            let site = known.cloned().unwrap_or_else(|| Site {
                name: Text {
                    ja: name.clone(),
                    en: name.clone(),
                },
                zone: name.clone(),
            });
            Ok((site, zone(name)?))
        })
        .collect()
}

/// Taking a version out changes behavior, unless only an outage was named.
pub(super) fn kind(arguments: &ChangeArgs) -> ChangeKind {
    ChangeKind {
        remote_control: arguments.remote_control,
        behavior_change: arguments.behavior_change || !arguments.outage,
        outage: arguments.outage,
    }
}

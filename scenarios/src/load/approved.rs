//! Findings that clean runs are known to make.

use device_matrix::diag::{Diagnostic, SourceFile};

use super::reader::{Reader, Report, parse};
use crate::codes;
use crate::fault::{Approved, PARTIES};

/// Head of the file; everything below it is written by `cargo xtask faults --approve`.
const HEAD: &str = "\
# Findings that runs without a planted fault are known to make, one block each, sorted.
#
# Written by `cargo xtask faults --approve --by NAME --why TEXT` and reviewed as a diff: an entry says that somebody
# looked at the finding and why it is right. Whatever a run finds beyond these is a false alarm.
# Source: runs of this harness on virtual devices. License: that of this repository.
";

/// Reads `approved.toml`.
pub fn load_approved(source: &SourceFile) -> Result<Vec<Approved>, Vec<Diagnostic>> {
    let mut report = Report::new(&source.path);
    let parsed = parse(source, &mut report);
    let mut reader = Reader::new(parsed.get_ref(), 0..0, "the file");
    let mut approved: Vec<Approved> = Vec::new();
    for mut inner in reader.tables("finding", &mut report) {
        let span = inner.span();
        let mut text = |key: &'static str, report: &mut Report<'_>| {
            let (text, _) = inner.required(key, report);
            text.to_owned()
        };
        let (target, feature) = (text("target", &mut report), text("feature", &mut report));
        let (part, party) = (text("part", &mut report), text("party", &mut report));
        let (by, why) = (text("by", &mut report), text("why", &mut report));
        if !PARTIES.contains(&party.as_str()) {
            report.error_help(
                codes::UNKNOWN_WORD,
                span.clone(),
                format!("unknown party `{party}`"),
                codes::help(&party, PARTIES),
            );
        }
        let groups = inner
            .strings("groups", &mut report)
            .into_iter()
            .map(|(text, _)| text.to_owned())
            .collect();
        inner.finish(&mut report);
        let one = Approved {
            target,
            feature,
            part,
            party,
            groups,
            by,
            why,
        };
        let same = |known: &Approved| {
            (&known.target, &known.feature, &known.part, &known.party)
                == (&one.target, &one.feature, &one.part, &one.party)
        };
        if approved.iter().any(same) {
            let message = format!("the finding about `{}` occurs twice", one.feature);
            report.error(codes::DUPLICATE, span, message);
        }
        approved.push(one);
    }
    reader.finish(&mut report);
    if report.found.is_empty() {
        Ok(approved)
    } else {
        Err(report.sorted())
    }
}

/// The text of `approved.toml`, sorted, one block a finding.
#[must_use]
pub fn approved_text(approved: &[Approved]) -> String {
    let mut sorted: Vec<&Approved> = approved.iter().collect();
    sorted.sort();
    let mut out = HEAD.to_owned();
    for one in sorted {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let groups: Vec<String> = one.groups.iter().map(|group| quoted(group)).collect();
        for (key, value) in [
            ("\n[[finding]]\ntarget", quoted(&one.target)),
            ("feature", quoted(&one.feature)),
            ("part", quoted(&one.part)),
            ("party", quoted(&one.party)),
            ("groups", format!("[{}]", groups.join(", "))),
            ("by", quoted(&one.by)),
            ("why", quoted(&one.why)),
        ] {
            out.push_str(key);
            out.push_str(" = ");
            out.push_str(&value);
            out.push('\n');
        }
    }
    out
}

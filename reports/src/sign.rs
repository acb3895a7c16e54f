//! Sign-off: the only way to a final report, and it refuses what is not ready.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::report::ReportModel;

/// Version of `signoff.json`.
pub const SCHEMA_VERSION: &str = "1.0";

/// State that a person gives to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignState {
    /// 暫定版
    Provisional,
    /// 確定版
    Final,
    /// 訂正版
    Corrected,
}

impl SignState {
    /// Every value with its word.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Provisional, "provisional"),
        (Self::Final, "final"),
        (Self::Corrected, "corrected"),
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Final => "final",
            Self::Corrected => "corrected",
        }
    }
}

/// One sign-off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Who.
    pub by: String,
    /// When (Japanese date, ISO 8601).
    pub on: String,
    /// State.
    pub state: SignState,
    /// Revision, from 1.
    pub revision: u32,
    /// SHA-256 of the assessment that was signed; a sign-off holds for no other content.
    pub assessment_sha256: String,
}

/// `signoff.json` beside a record: all sign-offs, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signoffs {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// Run id; empty before the first sign-off.
    pub run_id: String,
    /// Sign-offs.
    pub signed: Vec<Signed>,
}

impl Default for Signoffs {
    fn default() -> Self {
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            run_id: String::new(),
            signed: Vec::new(),
        }
    }
}

impl Signoffs {
    /// Reads `signoff.json`.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The text of `signoff.json`, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every key of these types is a string, so that serializing can not fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The sign-off that holds for an assessment, if any.
    #[must_use]
    pub fn holds_for(&self, digest: &str) -> Option<&Signed> {
        self.signed
            .last()
            .filter(|signed| signed.assessment_sha256 == digest)
    }
}

/// What signing needs to know of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportMeta {
    /// Run id.
    pub run_id: String,
    /// SHA-256 of the assessment.
    pub digest: String,
    /// Reasons for not being final.
    pub reasons: Vec<String>,
    /// Undecided required cases.
    pub undecided: u64,
}

impl From<&ReportModel> for ReportMeta {
    fn from(model: &ReportModel) -> Self {
        Self {
            run_id: model.appendix.run_id.clone(),
            digest: model.head.digest.clone(),
            reasons: model
                .head
                .reasons
                .iter()
                .map(|word| (*word).to_owned())
                .collect(),
            undecided: model.head.undecided,
        }
    }
}

/// Why a sign-off was refused. The list is complete, so that a person can mend all of it at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the report cannot be signed as {}: {}", state.as_str(), reasons.join("; "))]
pub struct SignRefused {
    /// State asked for.
    pub state: SignState,
    /// Reasons, each with what to do.
    pub reasons: Vec<String>,
}

/// Signs a report.
///
/// `final` and `corrected` are refused while a required case is undecided or the state has a reason not to be final;
/// `corrected` needs an earlier final report and makes the next revision.
pub fn sign(
    meta: &ReportMeta,
    so_far: &Signoffs,
    by: &str,
    state: SignState,
    as_of: Date,
) -> Result<Signoffs, SignRefused> {
    let mut reasons = Vec::new();
    if by.trim().is_empty() {
        reasons.push("nobody is named; say who signs with --by".to_owned());
    }
    if meta.reasons.iter().any(|reason| reason == "planted_fault") {
        reasons.push(
            "a fault was planted in the run, so that it says nothing about a release; run it without --fault"
                .to_owned(),
        );
    }
    if !so_far.run_id.is_empty() && so_far.run_id != meta.run_id {
        reasons.push(format!(
            "the sign-offs beside the record are of the run {}; use the folder of this run",
            so_far.run_id
        ));
    }
    let released = so_far
        .signed
        .iter()
        .any(|signed| matches!(signed.state, SignState::Final | SignState::Corrected));
    match state {
        SignState::Provisional if released => {
            reasons
                .push("a final report is out already; sign a correction as corrected".to_owned());
        }
        SignState::Provisional => {}
        SignState::Final | SignState::Corrected => {
            if state == SignState::Final && released {
                reasons.push(
                    "a final report is out already; sign a correction as corrected".to_owned(),
                );
            }
            if state == SignState::Corrected && !released {
                reasons.push("there is no final report to correct; sign it as final".to_owned());
            }
            reasons.extend(
                meta.reasons
                    .iter()
                    .filter(|reason| *reason != "planted_fault")
                    .map(|reason| blocking(reason, meta.undecided)),
            );
        }
    }
    if !reasons.is_empty() {
        return Err(SignRefused { state, reasons });
    }
    let mut next = so_far.clone();
    next.run_id.clone_from(&meta.run_id);
    let revision = so_far.signed.last().map_or(1, |last| last.revision + 1);
    next.signed.push(Signed {
        by: by.trim().to_owned(),
        on: as_of.to_string(),
        state,
        revision,
        assessment_sha256: meta.digest.clone(),
    });
    Ok(next)
}

fn blocking(reason: &str, undecided: u64) -> String {
    match reason {
        "undecided" => format!(
            "{undecided} required cases are undecided; run them again or record what a person saw"
        ),
        "beta" => "the release is a beta; verify the released version".to_owned(),
        "virtual_only" => {
            "only virtual devices were looked at; add the look at a real device".to_owned()
        }
        "product_not_exercised" => "the product's server took no part; run against it".to_owned(),
        "interrupted" => "the run did not come to its end; continue it with --resume".to_owned(),
        other => format!("the report is not final because of {other}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn nothing_is_signed_about_a_run_with_a_planted_fault() {
        for state in [SignState::Provisional, SignState::Final] {
            let refused = sign(
                &meta(&["planted_fault"], 0),
                &Signoffs::default(),
                "QA",
                state,
                date(2026, 11, 24),
            )
            .expect_err("refused");
            assert_eq!(refused.reasons.len(), 1, "{:?}", refused.reasons);
            assert!(refused.reasons[0].contains("--fault"));
        }
    }

    fn meta(reasons: &[&str], undecided: u64) -> ReportMeta {
        ReportMeta {
            run_id: "run".to_owned(),
            digest: "d".to_owned(),
            reasons: reasons.iter().map(|word| (*word).to_owned()).collect(),
            undecided,
        }
    }

    #[test]
    fn final_is_refused_with_every_reason() {
        let blocked = meta(
            &["beta", "virtual_only", "product_not_exercised", "undecided"],
            3,
        );
        let refused = sign(
            &blocked,
            &Signoffs::default(),
            " ",
            SignState::Final,
            date(2026, 1, 5),
        )
        .unwrap_err();
        insta::assert_snapshot!(refused.to_string());
    }

    #[test]
    fn a_correction_is_the_next_revision() {
        let ready = meta(&[], 0);
        let none = Signoffs::default();
        let day = date(2026, 1, 5);
        assert!(sign(&ready, &none, "QA", SignState::Corrected, day).is_err());
        let first = sign(&ready, &none, "QA", SignState::Final, day).expect("final");
        assert!(sign(&ready, &first, "QA", SignState::Final, day).is_err());
        let second = sign(&ready, &first, "QA", SignState::Corrected, day).expect("corrected");
        assert_eq!(second.signed[1].revision, 2);
        assert_eq!(
            Signoffs::from_json(&second.to_json()).expect("json"),
            second
        );
    }

    #[test]
    fn a_provisional_report_may_be_signed_as_such() {
        let blocked = meta(&["beta"], 0);
        let none = Signoffs::default();
        let signed = sign(
            &blocked,
            &none,
            "QA",
            SignState::Provisional,
            date(2026, 1, 5),
        )
        .expect("signed");
        assert!(signed.holds_for("d").is_some());
        assert!(signed.holds_for("another").is_none());
    }
}

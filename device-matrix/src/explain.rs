//! What the codes of this crate's diagnostics mean, for `cargo xtask explain CODE`.

/// Code and explanation, in the order of the codes.
pub const EXPLANATIONS: &[(&str, &str)] = &[
    (
        "DM0001",
        "The file is not TOML. The underlined place is where reading failed; the mistake is there or just before, \
         often a missing quote, comma or closing bracket.",
    ),
    (
        "DM0002",
        "The file has a key that nobody reads. Unknown keys are errors, because a misspelled key would silently \
         leave its fact out. The help names the nearest known key.",
    ),
    (
        "DM0003",
        "An entry lacks a key that it must have. Facts that may be unknown are optional keys; this one is not.",
    ),
    (
        "DM0004",
        "A value has another TOML type than the key needs. Versions and dates are strings: \"18.0\", \"2024-09-16\".",
    ),
    (
        "DM0005",
        "A value has the right type and can not be read: a version is one to four numbers joined by dots with an \
         optional stage (27.2-beta3, 27.0-rc), a date is ISO 8601, a platform is its lowercase name.",
    ),
    (
        "DM0006",
        "A word is not in the list of known words for hardware, enrollment types or marks.",
    ),
    (
        "DM0007",
        "An entry of the overlay names a platform, release, model or major that the generated files do not list. \
         The overlay corrects facts and never adds releases or models; import those.",
    ),
    (
        "DM0008",
        "A version of a platform is listed twice in the release files.",
    ),
    (
        "DM0009",
        "One build is listed for two versions of a platform. A release candidate may carry the build of its own \
         release; anything else is a mistake in a source, and selecting by build would be ambiguous.",
    ),
    (
        "DM0010",
        "A model is listed twice for a platform in the model files.",
    ),
    ("DM0011", "A data file that the work needs is missing."),
    (
        "DM0012",
        "A release can be selected, and no model is known to run it, so that a run of it would check nothing. Correct \
         the model's range or launch date in the overlay, or withhold the release there; both need a source.",
    ),
    ("DM0013", "A model lists no major version that it runs."),
    (
        "DM0014",
        "The dates of two releases contradict their versions: within a major the higher version is older, or a beta \
         or candidate is younger than its release. Correct a date in the overlay, or record the disagreement there \
         as a `[[conflict]]` whose subject is the release's id.",
    ),
    (
        "DM0015",
        "A release or model belongs to a major that `generations` of the platform does not list, or the list is \
         not in order. Generations are ordinals; without the list there is no next and no previous one.",
    ),
    (
        "DM0016",
        "Two rows state the same enrollment type of a platform for the same version, or a row ends before it begins.",
    ),
    (
        "DM0018",
        "A platform has releases and no enrollment type, so that none of its devices could be enrolled.",
    ),
    ("DM0020", "A day is listed twice among the holidays."),
    (
        "DM0021",
        "A number or range of the calendar makes no sense: the published days end before they begin, or the report's \
         business days are not between 1 and 260.",
    ),
    (
        "DM0030",
        "The generations of a platform are not a list of different names in lowercase, oldest first. Their position is \
         the ordinal by which the rule of supported generations counts.",
    ),
    (
        "DM0031",
        "A number of the support rule makes no sense. The permitted range stands in the message.",
    ),
    (
        "DM0032",
        "A month of the usage figures can not be read. Months are calendar months in Japan, written 2026-10.",
    ),
    (
        "DM0033",
        "The usage figures name a platform or a major version that is not known. Figures of a version nobody knows \
         would silently be left out of the trend.",
    ),
    (
        "DM0034",
        "A number of devices is not a whole number of zero or more, or there is no row at all. An empty field was not \
         measured and is never read as zero.",
    ),
    (
        "DM0035",
        "The usage figures have two rows for one month of one version. Which one is right only the source can tell.",
    ),
    (
        "DM0036",
        "The usage figures are neither CSV with the header month,platform,major,devices nor a JSON list of objects \
         with these keys.",
    ),
];

/// The explanation of a code of this crate.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    EXPLANATIONS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(code))
        .map(|(_, text)| *text)
}

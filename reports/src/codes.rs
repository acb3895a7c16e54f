//! What the codes of this crate's diagnostics mean, for `cargo xtask explain`.

/// Code and explanation, in the order of the codes.
pub const CODES: [(&str, &str); 35] = [
    (
        "RP0001",
        "The file is not TOML. The underlined place is where the reader stopped understanding.",
    ),
    (
        "RP0002",
        "A key that nobody reads. Unknown keys are errors, because a misspelt key would be a setting that is silently off.",
    ),
    (
        "RP0003",
        "A key that must be there is missing. The underlined table is the one that lacks it.",
    ),
    (
        "RP0004",
        "The value has another type than the key wants, such as a text where a list is read.",
    ),
    (
        "RP0005",
        "The value has the right type and is not one of the known words, or is not a date of the form 2026-12-29.",
    ),
    (
        "RP0101",
        "Two servers of verify.toml have one id. `--server ID` must name exactly one.",
    ),
    (
        "RP0102",
        "The time zone is not an IANA name. Maintenance windows and dates are meant in that zone, so a wrong one shifts days.",
    ),
    (
        "RP0103",
        "A closure ends before it begins. Closures are days on which business days are not counted.",
    ),
    (
        "RP0104",
        "verify.toml needs at least one language of the documents and one server to test.",
    ),
    (
        "RP0105",
        "verify.toml has no maintenance window for changes of the product, so that no change could ever be lawful.",
    ),
    (
        "RP0106",
        "A lead time of verify.toml is zero or longer than ten years. It is the number that the guideline promises.",
    ),
    (
        "RP0201",
        "A table of the register is not named by a release id: platform and version, such as ios18.0 or ios27.2-beta3.",
    ),
    (
        "RP0202",
        "Dates of the register are in the wrong order: a release is obtained, then adopted, then published.",
    ),
    (
        "RP0203",
        "The register names a release that the release data do not have.",
    ),
    (
        "RP0301",
        "The guidance names a release that the release data do not have.",
    ),
    (
        "RP0302",
        "A statement of the guidance lacks its words or its source. What nobody has looked into is left away; it is shown as unknown.",
    ),
    (
        "RP0401",
        "A decision names a platform that the harness does not know. Platforms are written in lower case: ios, windows.",
    ),
    (
        "RP0402",
        "A decision names a generation that the release data do not have, or lists the one that leaves among those that \
         remain. Generations are keys of major versions: 17, 10.15, 14, 11-23h2.",
    ),
    (
        "RP0403",
        "A notice is dated before its decision. Such a notice is invalid; the clock starts with a publication after the \
         decision.",
    ),
    (
        "RP0404",
        "Fewer calendar days than promised lie between the publication of the notice and its effect, both Japan time. \
         Holidays count. The help names the earliest day.",
    ),
    (
        "RP0405",
        "A decision lists no site, one that verify.toml does not have, or one twice. Sites are named by their time zone.",
    ),
    (
        "RP0406",
        "The change of the servers lies in no maintenance window, or in the one for security maintenance. Without `change` \
         the first window from the day of effect on is taken.",
    ),
    (
        "RP0407",
        "Two decisions take out the same version. One version leaves once; withdraw the earlier decision first.",
    ),
    (
        "RP0408",
        "The dates of a decision are out of order: the history goes forward in time, a postponement moves to a later day \
         and is told before the day of effect, anything earlier is a new notice with its full days.",
    ),
    (
        "RP0409",
        "The state of a decision does not follow from its history: decided → announced → postponed … → effective or \
         withdrawn, after which nothing follows.",
    ),
    (
        "RP0410",
        "The detailed maintenance notice is too short before the change: two weeks when operation or behavior changes, one \
         week for a longer outage, the longer of both. The 60 days of the first notice do not replace it.",
    ),
    (
        "RP0411",
        "A decision lacks its ground: who signed, why, what remains, and figures that are not younger than the decision.",
    ),
    ("RP0412", "A file of the decisions can not be read."),
    (
        "RP0413",
        "Fewer newer generations stay than the rule asks for (device-matrix/data/policy/support.toml): those count that are out in Japan on the day of the notice, confirmed, and not leaving by another decision.",
    ),
    (
        "RP0414",
        "The figures of a decision can not have the trend that they claim: too few months, too small a decline, or devices on an unused version.",
    ),
    (
        "RP0701",
        "A known issue names a feature or scenario that the suite does not have, so that it could never match.",
    ),
    (
        "RP0702",
        "A known issue must name a feature or a scenario, and at least one platform; otherwise it would explain findings by accident.",
    ),
    (
        "RP0703",
        "A known issue expires before it was opened, or its range of versions is empty.",
    ),
    ("RP0704", "Two known issues have one id."),
    (
        "RP0705",
        "A known issue has expired or will within two weeks. An expired one explains nothing: its finding is a failure again.",
    ),
];

/// The explanation of a code.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    CODES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_is_used_is_explained() {
        let sources = [
            include_str!("toml_reader.rs"),
            include_str!("vendor.rs"),
            include_str!("register.rs"),
            include_str!("guidance.rs"),
            include_str!("notice/policy.rs"),
            include_str!("decisions/read.rs"),
            include_str!("decisions/lint.rs"),
            include_str!("known_issues.rs"),
        ];
        let mut used: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.split('"'))
            .filter(|word| word.len() == 6 && word.starts_with("RP0"))
            .collect();
        used.sort_unstable();
        assert_eq!(used, CODES.map(|(code, _)| code));
    }
}

//! Codes of the diagnostics about scenario data, with what `cargo xtask explain` says of each.

/// The file is not TOML.
pub const NOT_TOML: &str = "SC0001";
/// A key that is not known here.
pub const UNKNOWN_KEY: &str = "SC0002";
/// A key that must be there is missing.
pub const MISSING_KEY: &str = "SC0003";
/// A value of another type than expected.
pub const WRONG_TYPE: &str = "SC0004";
/// A word that is not among the allowed ones.
pub const UNKNOWN_WORD: &str = "SC0005";
/// A version range that can not be read.
pub const BAD_RANGE: &str = "SC0006";
/// A step without an action, or with more than one.
pub const ONE_ACTION: &str = "SC0007";
/// A look without a matcher, or with more than one.
pub const ONE_MATCHER: &str = "SC0008";
/// An expectation that does not say exactly one of works, lost, `not_supported`.
pub const ONE_SPECIFIED: &str = "SC0009";
/// A pointer that is not RFC 6901, or that begins with no root of the effect tree.
pub const BAD_POINTER: &str = "SC0010";
/// A look at a part that the scenario does not have.
pub const UNKNOWN_PART: &str = "SC0011";
/// A part whose effect nobody looks at.
pub const NO_EFFECT_LOOK: &str = "SC0012";
/// State is changed and never taken back.
pub const NO_UNDO: &str = "SC0013";
/// An expectation without source.
pub const NO_SOURCE: &str = "SC0014";
/// An id that occurs twice.
pub const DUPLICATE: &str = "SC0015";
/// A feature that does not exist.
pub const UNKNOWN_FEATURE: &str = "SC0016";
/// A feature that is neither exercised nor excused.
pub const UNCOVERED_FEATURE: &str = "SC0017";
/// A scenario's file name differs from its id.
pub const FILE_NAME: &str = "SC0018";
/// A protocol element that the fact catalogue does not have.
pub const UNKNOWN_ELEMENT: &str = "SC0019";
/// A worksheet row that can not be taken over.
pub const BAD_ROW: &str = "SC0020";
/// A part that nobody looks at, or for which nothing is stated.
pub const IDLE_PART: &str = "SC0021";
/// The product export can not be read.
pub const BAD_EXPORT: &str = "SC0022";
/// An action that the action table does not have, or an argument that the action does not take.
pub const UNKNOWN_ACTION: &str = "SC0023";
/// A behavior that does not say exactly one deed about one thing.
pub const ONE_DEED: &str = "SC0030";
/// A fault that can not be shown: no device interprets it, or nothing is said of how it is caught.
pub const IDLE_FAULT: &str = "SC0031";
/// A story of the file's list that is neither told nor excused.
pub const UNTOLD_STORY: &str = "SC0032";

/// What each code means and what to do, for `cargo xtask explain CODE`.
pub const EXPLANATIONS: &[(&str, &str)] = &[
    (
        NOT_TOML,
        "The file is not valid TOML. The underlined place is where reading stopped; errors behind it show up once \
         it is mended.",
    ),
    (
        UNKNOWN_KEY,
        "The key is not known at this place, and data that is not understood is never skipped silently. The help \
         line names the nearest known key, if there is one; otherwise it lists all of them.",
    ),
    (
        MISSING_KEY,
        "The key must be present at this place. Add it; the message names the table that lacks it.",
    ),
    (
        WRONG_TYPE,
        "The value has another TOML type than the key takes, such as a string in place of an array.",
    ),
    (
        UNKNOWN_WORD,
        "The key takes one of a closed list of words. The help line names the nearest one, or all.",
    ),
    (
        BAD_RANGE,
        "A range is a platform and, optionally, two versions joined by two dots: `iOS`, `iOS 18.0..`, \
         `iOS ..26.0`, `macOS 10.7..15.0`. The first version is inside, the last one outside.",
    ),
    (
        ONE_ACTION,
        "A step does exactly one thing: `action`, `command`, `install_profile`, `remove_profile`, `declare`, `undeclare`, \
         `device`, `effect` or `server_view`. Split it into several steps.",
    ),
    (
        ONE_MATCHER,
        "A look judges by exactly one of `present`, `absent`, `equals`, `not_equals`, `one_of`, `contains`, `lacks`, \
         `at_least`, `at_most`, `not_empty`. Add a second look for a second judgment.",
    ),
    (
        ONE_SPECIFIED,
        "An expectation says exactly one of `works = true`, `lost = true`, `not_supported = true`.",
    ),
    (
        BAD_POINTER,
        "A pointer is a JSON pointer (RFC 6901): it begins with `/`, `~0` stands for `~` and `~1` for `/`. In an \
         effect step its first name must be a root of the effect tree (see `scenarios::effects`).",
    ),
    (
        UNKNOWN_PART,
        "A look speaks for a part of the purpose, by its id under `[[parts]]`.",
    ),
    (
        NO_EFFECT_LOOK,
        "Acknowledged is not working: each part needs a look at its effect in `verify`. Where the effect can not be \
         seen through the device-side port, say why in the part's `no_effect_because`.",
    ),
    (
        NO_UNDO,
        "What `apply` brings about must be taken back in `undo`, because the next case runs on the same device. \
         A scenario that the device does not survive says `destructive = true`.",
    ),
    (
        NO_SOURCE,
        "An expectation states what a release must do; without a source it is an opinion.",
    ),
    (DUPLICATE, "Ids are unique. Rename one of the two."),
    (
        UNKNOWN_FEATURE,
        "The feature does not exist in features.toml or its overlays.",
    ),
    (
        UNCOVERED_FEATURE,
        "Each feature about Apple devices needs a scenario, or an entry in not_by_protocol.toml that says what else \
         is needed to check it. Otherwise it would be absent from the report without a word.",
    ),
    (
        FILE_NAME,
        "A scenario stands in a file of its own that is named after its id: `remote-lock.toml`.",
    ),
    (
        UNKNOWN_ELEMENT,
        "The command, payload type, payload key or query does not occur in the vendor's facts of any release. \
         Check the spelling; vendor names are case-sensitive.",
    ),
    (
        BAD_ROW,
        "A row of the worksheet can not be taken over. 提供 takes ○, × or nothing; a row with an answer needs \
         確認者 and 確認日 (YYYY-MM-DD).",
    ),
    (
        IDLE_PART,
        "A part that no look speaks for can neither work nor fail, and one without expectations has no standard to \
         be judged by. Add what is missing or remove the part.",
    ),
    (
        BAD_EXPORT,
        "The export of the product's features is not the JSON that `import product` reads.",
    ),
    (
        UNKNOWN_ACTION,
        "`scenarios/data/actions.toml` lists the actions that scenarios and descriptions of servers may name, with the \
         arguments of each and the command of the protocol that it comes to. Use one of those, or add a row.",
    ),
    (
        ONE_DEED,
        "A behavior of a fault names who does it (`by`), exactly one thing it is about (`command`, `declaration`, \
         `checkin`, `status_report`, `status_item`, `effect`, `restriction`, `push`, `node`, `exchange`, `field`, \
         `rows`, `enrollment`) and exactly one deed (`drop`, `rename`, `set`, `extra`, `wrong_type`, `refuse`, \
         `acknowledge_only`, `missing`, `becomes`, `stays`, `lost_after`, `never`, `delay_ms`, `duplicate`, `truncate`, \
         `garbage`, `http`, `accept_only`, `row`).",
    ),
    (
        IDLE_FAULT,
        "A fault that runs needs a run that shows it (`shown`), what the assessment must then say (`detect`), and \
         behaviors that the virtual device or the embedded server interprets. A documented change has no behaviors: \
         the clean run itself must name it. A fault for a platform without a device says \
         `runs = \"with_device\"` and what the platform's device will have to show in `expected`.",
    ),
    (
        UNTOLD_STORY,
        "Each story of the file's list `stories` is told by a fault or listed under `[[not_expressible]]` with the \
         reason why messages alone can not tell it; and nothing else is.",
    ),
];

/// The nearest known name, when it is near enough to be a slip.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// A help line for an unknown name.
#[must_use]
pub fn help<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<_> = known.into_iter().collect();
    if all.len() > 24 {
        "no known name is near it".to_owned()
    } else {
        format!("known here: {}", all.join(", "))
    }
}

//! Does a message fit what the exact release understands?
//!
//! Bodies are given as their JSON twin: `{"$data": "base64"}` is data, `{"$date": "…"}` a date. The declarative side
//! is JSON on the wire and has neither, so there a string stands for both. A `format` (a regular expression) is
//! carried by the facts and not judged here.

use serde_json::{Map, Value};

use super::applicability::{Applicability, Context, NotApplicable, UnknownBecause};
use super::facts::Facts;
use super::item::{Item, Key, KeyIndex, Kind, Presence, Role, Scalar, ValueType};
use crate::diag::Severity;
use crate::platform::SchemaOs;

/// Depth beyond which a body is not followed.
const MAX_DEPTH: usize = 64;
/// Violations beyond which the check stops.
const MAX_VIOLATIONS: usize = 1_000;

/// Files with one id beyond which no better fit is looked for; the vendor's most has 6.
const MAX_FILES: usize = 16;

/// Keys around the body of a message that the schema does not list.
const ENVELOPE: [(Kind, Role, &[&str]); 2] = [
    (Kind::Command, Role::Payload, &["RequestType"]),
    (
        Kind::Command,
        Role::Response,
        &[
            "Status",
            "CommandUUID",
            "UDID",
            "EnrollmentID",
            "UserID",
            "UserShortName",
            "UserLongName",
            "EnrollmentUserID",
            "NotOnConsole",
            "ErrorChain",
            "RequestType",
        ],
    ),
];

/// The schema's pseudo payloads with the keys that every profile or payload has.
const COMMON_PAYLOADS: [&str; 2] = ["CommonPayloadKeys", "TopLevel"];

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// No such item.
    UnknownItem,
    /// The item has no such key.
    UnknownKey,
    /// Another type is expected.
    WrongType(ValueType),
    /// Not an allowed value, or not within the allowed bounds.
    NotInRange,
    /// A key that applies here must be present.
    MissingRequired,
    /// The item, key or value does not apply to the device.
    NotApplicable(NotApplicable),
    /// Nobody knows whether it applies to the device.
    UnknownApplicability(UnknownBecause),
    /// Nested too deep to be followed.
    TooDeep,
}

/// One violation.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Names on the wire, array positions in brackets; empty is the message as a whole.
    pub path: String,
    /// What is wrong there.
    pub what: Wrong,
}

impl Wrong {
    /// Stable word for JSON and reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::UnknownItem => "unknown_item",
            Self::UnknownKey => "unknown_key",
            Self::WrongType(_) => "wrong_type",
            Self::NotInRange => "not_in_range",
            Self::MissingRequired => "missing_required",
            Self::NotApplicable(_) => "not_applicable",
            Self::UnknownApplicability(_) => "unknown_applicability",
            Self::TooDeep => "too_deep",
        }
    }

    /// An error contradicts the facts; a warning has no effect on the device or is not known.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::UnknownApplicability(_)
            | Self::NotApplicable(NotApplicable::IgnoredForEnrollment) => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// Checks the body of a message against the facts for the device in `context`.
///
/// `body` holds the keys of the item: of a command what is in `Command`, of a declaration what is in `Payload`, of a
/// status item one entry with its id. When several files share the id, a key of any of them is known, and what must
/// be present is decided by the file that fits best.
#[must_use]
pub fn check_message(
    facts: &Facts,
    kind: Kind,
    id: &str,
    role: Role,
    body: &Value,
    context: &Context,
) -> Vec<Violation> {
    let mut items: Vec<&Item> = facts.find(kind, id).map(|(_, item)| item).collect();
    let check = |items: &[&Item]| {
        let mut check = Check {
            context,
            os: context.platform.schema_os(),
            kind,
            found: Vec::new(),
        };
        check.message(facts, items, role, body);
        check.found
    };
    // Each file in turn is the one that decides what must be present; the one with the fewest errors fits best, among
    // equals the first in the vendor's order.
    let mut best = check(&items);
    let errors = |found: &[Violation]| {
        let of_error = |one: &&Violation| one.what.severity() == Severity::Error;
        found.iter().filter(of_error).count()
    };
    for _ in 1..items.len().min(MAX_FILES) {
        items.rotate_left(1);
        let found = check(&items);
        if errors(&found) < errors(&best) {
            best = found;
        }
    }
    best
}

/// The child with this name on the wire: by its own name, else a free name.
fn named<'i>(
    item: &'i Item,
    parent: Option<KeyIndex>,
    role: Role,
    name: &str,
) -> Option<(KeyIndex, &'i Key)> {
    let mut free = None;
    for (index, key) in item.children(parent, role) {
        if key.placeholder {
            free = free.or(Some((index, key)));
        } else if key.name() == name {
            return Some((index, key));
        }
    }
    free
}

struct Check<'a> {
    context: &'a Context,
    os: Option<SchemaOs>,
    kind: Kind,
    found: Vec<Violation>,
}

impl Check<'_> {
    fn add(&mut self, path: &str, what: Wrong) {
        if self.found.len() < MAX_VIOLATIONS {
            self.found.push(Violation {
                path: path.to_owned(),
                what,
            });
        }
    }

    /// Checks the whole body; the first of `items` decides what must be present.
    fn message(&mut self, facts: &Facts, items: &[&Item], role: Role, body: &Value) {
        let Some(first) = items.first() else {
            self.add("", Wrong::UnknownItem);
            return;
        };
        let Some(map) = body.as_object() else {
            self.add("", Wrong::WrongType(ValueType::Dictionary));
            return;
        };
        let support = self.os.and_then(|os| Some((os, first.os.get(&os)?)));
        let applies = support.map(|(os, support)| support.applies(os, self.context));
        self.applicability("", applies);
        let common = COMMON_PAYLOADS
            .iter()
            .filter(|_| self.kind == Kind::Profile && role == Role::Payload)
            .flat_map(|id| facts.find(Kind::Profile, id))
            .map(|(_, item)| item);
        let all: Vec<&Item> = items.iter().copied().chain(common).collect();
        for (name, value) in map {
            let envelope = ENVELOPE.iter().any(|(k, r, names)| {
                *k == self.kind && *r == role && names.contains(&name.as_str())
            });
            let found = all.iter().find_map(|item| {
                let (index, key) = named(item, None, role, name)?;
                Some((*item, index, key))
            });
            match found {
                Some((item, index, key)) => self.value(item, index, key, value, name, 0),
                None if envelope => {}
                None => self.add(name, Wrong::UnknownKey),
            }
        }
        self.required(first, None, role, map, "");
    }

    fn applies(&self, key: &Key) -> Option<Applicability> {
        let os = self.os?;
        Some(key.os.get(&os)?.applies(os, self.context))
    }

    fn applicability(&mut self, path: &str, applies: Option<Applicability>) {
        match applies {
            Some(Applicability::Yes { .. }) => {}
            Some(Applicability::No(why)) => self.add(path, Wrong::NotApplicable(why)),
            Some(Applicability::Unknown(why)) => self.add(path, Wrong::UnknownApplicability(why)),
            None => self.add(path, Wrong::NotApplicable(NotApplicable::NotOnThisOs)),
        }
    }

    fn required(
        &mut self,
        item: &Item,
        parent: Option<KeyIndex>,
        role: Role,
        map: &Map<String, Value>,
        path: &str,
    ) {
        for (_, key) in item.children(parent, role) {
            let here = !key.placeholder && !key.enum_value;
            if here
                && key.presence == Presence::Required
                && !map.contains_key(key.name())
                && self.applies(key).is_some_and(|applies| applies.is_yes())
            {
                self.add(&join(path, key.name()), Wrong::MissingRequired);
            }
        }
    }

    fn value(
        &mut self,
        item: &Item,
        index: KeyIndex,
        key: &Key,
        value: &Value,
        path: &str,
        depth: usize,
    ) {
        if depth > MAX_DEPTH {
            self.add(path, Wrong::TooDeep);
            return;
        }
        if self.found.len() >= MAX_VIOLATIONS {
            return;
        }
        // An array element stands for its array, which was looked at.
        let applies = self.applies(key);
        if !applies.is_some_and(|applies| applies.is_yes()) {
            self.applicability(path, applies);
            return;
        }
        if !self.has_type(key.value_type, value) {
            self.add(path, Wrong::WrongType(key.value_type));
            return;
        }
        self.bounds(key, value, path);
        match (key.value_type, value) {
            (ValueType::Dictionary, Value::Object(map)) if !key.recursive => {
                self.dictionary(item, index, key, map, path, depth);
            }
            (ValueType::Array, Value::Array(elements)) if !key.recursive => {
                self.array(item, index, key, elements, path, depth);
            }
            (ValueType::String, Value::String(text)) => {
                let mut values = item.children(Some(index), key.role).peekable();
                if values.peek().is_none() {
                    return;
                }
                match values.find(|(_, one)| one.name() == text) {
                    Some((_, one)) => {
                        let applies = self.applies(one);
                        self.applicability(path, applies);
                    }
                    None => self.add(path, Wrong::NotInRange),
                }
            }
            _ => {}
        }
    }

    fn dictionary(
        &mut self,
        item: &Item,
        index: KeyIndex,
        key: &Key,
        map: &Map<String, Value>,
        path: &str,
        depth: usize,
    ) {
        // A dictionary of which the schema lists nothing has free content.
        if item.children(Some(index), key.role).next().is_none() {
            return;
        }
        for (name, value) in map {
            let at = join(path, name);
            match named(item, Some(index), key.role, name) {
                Some((child_index, child)) => {
                    self.value(item, child_index, child, value, &at, depth + 1);
                }
                None => self.add(&at, Wrong::UnknownKey),
            }
        }
        self.required(item, Some(index), key.role, map, path);
    }

    fn array(
        &mut self,
        item: &Item,
        index: KeyIndex,
        key: &Key,
        elements: &[Value],
        path: &str,
        depth: usize,
    ) {
        let children: Vec<(KeyIndex, &Key)> = item.children(Some(index), key.role).collect();
        for (position, element) in elements.iter().enumerate() {
            let at = format!("{path}[{position}]");
            match children.as_slice() {
                [] => {}
                [(child_index, child)] => {
                    self.value(item, *child_index, child, element, &at, depth + 1);
                }
                union => match member(item, union, element) {
                    Ok((child_index, child)) => {
                        self.value(item, child_index, child, element, &at, depth + 1);
                    }
                    Err(what) => self.add(&join(&at, TAG), what),
                },
            }
        }
    }

    fn bounds(&mut self, key: &Key, value: &Value, path: &str) {
        if let Value::Array(elements) = value {
            let count = elements.len();
            let (fewest, most) = key.repetition;
            if fewest.is_some_and(|fewest| count < fewest as usize)
                || most.is_some_and(|most| count > most as usize)
            {
                self.add(path, Wrong::NotInRange);
            }
            // A list of values on an array is about its elements.
            if !key.rangelist.is_empty() && !elements.iter().all(|one| listed(key, one)) {
                self.add(path, Wrong::NotInRange);
            }
            return;
        }
        // A key with both, such as "never" or 15 to 180 minutes, allows either.
        let listed = listed(key, value);
        let ranged = key.range.0.is_some() || key.range.1.is_some();
        if !key.rangelist.is_empty() && !listed && !ranged {
            self.add(path, Wrong::NotInRange);
        }
        if !ranged || listed {
            return;
        }
        let Some(number) = value.as_f64() else { return };
        let (smallest, largest) = (&key.range.0, &key.range.1);
        if number_of(smallest.as_ref()).is_some_and(|smallest| number < smallest)
            || number_of(largest.as_ref()).is_some_and(|largest| number > largest)
        {
            self.add(path, Wrong::NotInRange);
        }
    }

    fn has_type(&self, wanted: ValueType, value: &Value) -> bool {
        match wanted {
            ValueType::Any => true,
            ValueType::String => value.is_string(),
            ValueType::Integer => value.is_i64() || value.is_u64(),
            ValueType::Real => value.is_number(),
            ValueType::Boolean => value.is_boolean(),
            ValueType::Array => value.is_array(),
            ValueType::Dictionary => value.is_object() && !tagged(value),
            ValueType::Date => {
                has_tag(value, "$date") || (json_only(self.kind) && value.is_string())
            }
            ValueType::Data => {
                has_tag(value, "$data") || (json_only(self.kind) && value.is_string())
            }
        }
    }
}

/// The sub-key that selects the member of a tagged union.
pub(crate) const TAG: &str = "Item";

fn member<'i>(
    item: &'i Item,
    union: &[(KeyIndex, &'i Key)],
    element: &Value,
) -> Result<(KeyIndex, &'i Key), Wrong> {
    let tag = element
        .get(TAG)
        .ok_or(Wrong::MissingRequired)?
        .as_str()
        .ok_or(Wrong::WrongType(ValueType::String))?;
    let selects = |(index, key): &&(KeyIndex, &Key)| {
        let of_tag = item
            .children(Some(*index), key.role)
            .find(|(_, child)| child.name() == TAG);
        match of_tag {
            Some((_, child)) => child.rangelist.contains(&Scalar::String(tag.to_owned())),
            // A later schema leaves the tag out of one member; its name is the tag.
            None => key.name() == tag,
        }
    };
    union.iter().find(selects).copied().ok_or(Wrong::NotInRange)
}

/// Whether the message is JSON on the wire.
pub(crate) const fn json_only(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Declaration | Kind::Status | Kind::Protocol | Kind::Credential | Kind::Error
    )
}

fn tagged(value: &Value) -> bool {
    has_tag(value, "$data") || has_tag(value, "$date")
}

fn has_tag(value: &Value, tag: &str) -> bool {
    value
        .as_object()
        .is_some_and(|map| map.len() == 1 && map.get(tag).is_some_and(Value::is_string))
}

fn listed(key: &Key, value: &Value) -> bool {
    key.rangelist.iter().any(|known| match known {
        Scalar::String(text) => value.as_str() == Some(text),
        Scalar::Boolean(truth) => value.as_bool() == Some(*truth),
        Scalar::Integer(number) => value.as_i64() == Some(*number),
        Scalar::Real(number) => value.as_f64().is_some_and(|v| (v - number).abs() < 1e-9),
    })
}

fn number_of(bound: Option<&Scalar>) -> Option<f64> {
    match bound? {
        Scalar::Integer(number) => Some(*number as f64),
        Scalar::Real(number) => Some(*number),
        Scalar::String(_) | Scalar::Boolean(_) => None,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

//! Behaviors: who does what to which thing.

use super::reader::{Reader, Report, json};
use super::step::pointer_is_good;
use crate::codes;
use crate::fault::{About, Behavior, By, Does, ErrorLine, LostAfter, Refusal};

/// Words of a refusal; a number is a code, anything else a word of the platform.
const REFUSALS: [&str; 3] = ["Error", "CommandFormatError", "NotNow"];

const VALID: [&str; 3] = ["valid", "invalid", "unknown"];

pub(super) fn behavior(mut reader: Reader<'_, '_>, report: &mut Report<'_>) -> Option<Behavior> {
    let (word, span) = reader.required("by", report);
    let by = By::WORDS
        .iter()
        .find(|(_, known)| *known == word)
        .map(|(by, _)| *by);
    if by.is_none() && reader.has("by") {
        report.error_help(
            codes::UNKNOWN_WORD,
            span,
            format!("nobody is called `{word}`"),
            codes::help(word, By::WORDS.iter().map(|(_, word)| *word)),
        );
    }
    let about = about(&mut reader, report);
    let does = does(&mut reader, report);
    // The list of known keys in a complaint should name all, whichever were given.
    for key in About::KEYS.into_iter().chain(Does::KEYS) {
        let _ = reader.value(key);
    }
    let _ = reader.value("errors");
    reader.finish(report);
    Some(Behavior {
        by: by?,
        about: about?,
        does: does?,
    })
}

/// The one key of `keys` that is given.
fn one(
    reader: &Reader<'_, '_>,
    keys: &[&'static str],
    what: &str,
    report: &mut Report<'_>,
) -> Option<&'static str> {
    let given: Vec<&str> = keys.iter().copied().filter(|key| reader.has(key)).collect();
    if let [_] = given[..] {
        return keys.iter().copied().find(|key| reader.has(key));
    }
    report.error_help(
        codes::ONE_DEED,
        reader.span(),
        if given.is_empty() {
            format!("the behavior names no {what}")
        } else {
            format!("the behavior names several: {}", given.join(", "))
        },
        format!("give exactly one of {}", keys.join(", ")),
    );
    None
}

fn about(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Option<About> {
    let key = one(reader, &About::KEYS, "thing it is about", report)?;
    match key {
        "status_report" => return is_true(reader, key, report).then_some(About::StatusReport),
        "push" => return is_true(reader, key, report).then_some(About::Push),
        _ => {}
    }
    let (name, span) = reader.string(key, report)?;
    if key == "effect" {
        pointer_is_good(name, &span, true, report);
    }
    if name.is_empty() {
        let message = format!("`{key}` is empty");
        report.error(codes::ONE_DEED, span, message);
    }
    let name = name.to_owned();
    Some(match key {
        "command" => About::Command(name),
        "declaration" => About::Declaration(name),
        "checkin" => About::Checkin(name),
        "status_item" => About::StatusItem(name),
        "effect" => About::Effect(name),
        "restriction" => About::Restriction(name),
        "node" => About::Node(name),
        "exchange" => About::Exchange(name),
        "field" => About::Field(name),
        "rows" => About::Rows(name),
        _ => About::Enrollment(name),
    })
}

fn does(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Option<Does> {
    let key = one(reader, &Does::KEYS, "deed", report)?;
    match key {
        "drop" => pointer(reader, key, report).map(Does::Drop),
        "wrong_type" => pointer(reader, key, report).map(Does::WrongType),
        "rename" => {
            let mut inner = reader.table(key, report)?;
            let at = pointer(&mut inner, "at", report);
            let (to, _) = inner.required("to", report);
            let to = to.to_owned();
            inner.finish(report);
            Some(Does::Rename { at: at?, to })
        }
        "set" => {
            let mut inner = reader.table(key, report)?;
            let at = pointer(&mut inner, "at", report);
            let value = inner.value("to").map(|value| json(value, report));
            if value.is_none() {
                inner.missing("to", report);
            }
            inner.finish(report);
            Some(Does::Set {
                at: at?,
                value: value?,
            })
        }
        "extra" => {
            let mut inner = reader.table(key, report)?;
            let (name, _) = inner.required("key", report);
            let value = inner.value("value").map(|value| json(value, report));
            if value.is_none() {
                inner.missing("value", report);
            }
            inner.finish(report);
            Some(Does::Extra {
                key: name.to_owned(),
                value: value?,
            })
        }
        "accept_only" => {
            let mut inner = reader.table(key, report)?;
            let at = pointer(&mut inner, "at", report);
            let values = inner.array("values", report);
            let values: Vec<_> = values
                .into_iter()
                .map(|value| json(value, report))
                .collect();
            if values.is_empty() {
                inner.missing("values", report);
            }
            inner.finish(report);
            Some(Does::AcceptOnly { at: at?, values })
        }
        "row" => {
            let mut inner = reader.table(key, report)?;
            let active = inner.boolean("active", report).unwrap_or(false);
            let (valid, span) = inner.required("valid", report);
            if !VALID.contains(&valid) && inner.has("valid") {
                report.error_help(
                    codes::UNKNOWN_WORD,
                    span,
                    format!("a declaration is not `{valid}`"),
                    codes::help(valid, VALID),
                );
            }
            let valid = valid.to_owned();
            inner.finish(report);
            Some(Does::Row { active, valid })
        }
        "refuse" => refusal(reader, report).map(Does::Refuse),
        "becomes" => Some(Does::Becomes(json(reader.value(key)?, report))),
        "lost_after" => {
            let (word, span) = reader.string(key, report)?;
            let found = LostAfter::WORDS.iter().find(|(_, known)| *known == word);
            if found.is_none() {
                report.error_help(
                    codes::UNKNOWN_WORD,
                    span,
                    format!("nothing is lost after `{word}`"),
                    codes::help(word, LostAfter::WORDS.iter().map(|(_, word)| *word)),
                );
            }
            Some(Does::LostAfter(found?.0))
        }
        "delay_ms" => number(reader, key, report).map(Does::Delay),
        "truncate" => number(reader, key, report).map(Does::Truncate),
        "http" => {
            let status = number(reader, key, report)?;
            let status = u16::try_from(status)
                .ok()
                .filter(|s| (300..600).contains(s));
            if status.is_none() {
                let message = "an HTTP status that refuses is from 300 to 599".to_owned();
                report.error(codes::WRONG_TYPE, reader.span(), message);
            }
            status.map(Does::Http)
        }
        _ => {
            let deed = match key {
                "acknowledge_only" => Does::AcknowledgeOnly,
                "missing" => Does::Missing,
                "stays" => Does::Stays,
                "never" => Does::Never,
                "duplicate" => Does::Duplicate,
                _ => Does::Garbage,
            };
            is_true(reader, key, report).then_some(deed)
        }
    }
}

fn refusal(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Option<Refusal> {
    let value = reader.value("refuse")?;
    if value.get_ref().as_str().is_none() {
        let code = number(reader, "refuse", report)?;
        return u16::try_from(code).ok().map(Refusal::Code);
    }
    let (word, _) = reader.string("refuse", report)?;
    let errors = reader
        .tables("errors", report)
        .into_iter()
        .map(|mut inner| {
            let (domain, _) = inner.required("domain", report);
            let code = number(&mut inner, "code", report).unwrap_or(0);
            let (description, _) = inner.required("description", report);
            let line = ErrorLine {
                domain: domain.to_owned(),
                code: i64::from(code),
                description: description.to_owned(),
            };
            inner.finish(report);
            line
        })
        .collect();
    Some(match REFUSALS.iter().position(|known| *known == word) {
        Some(0) => Refusal::Error(errors),
        Some(1) => Refusal::CommandFormatError,
        Some(_) => Refusal::NotNow,
        None => Refusal::Word(word.to_owned()),
    })
}

fn pointer(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    report: &mut Report<'_>,
) -> Option<String> {
    let (text, span) = reader.required(key, report);
    if text.is_empty() {
        return None;
    }
    pointer_is_good(text, &span, false, report);
    Some(text.to_owned())
}

fn number(reader: &mut Reader<'_, '_>, key: &'static str, report: &mut Report<'_>) -> Option<u32> {
    let value = reader.value(key)?;
    let read = json(value, report)
        .as_u64()
        .and_then(|number| u32::try_from(number).ok());
    if read.is_none() {
        report.error(
            codes::WRONG_TYPE,
            value.span(),
            format!("`{key}` takes a whole number of at most 32 bits"),
        );
    }
    read
}

fn is_true(reader: &mut Reader<'_, '_>, key: &'static str, report: &mut Report<'_>) -> bool {
    let read = reader.boolean(key, report);
    if read == Some(false) {
        report.error(
            codes::ONE_DEED,
            reader.span(),
            format!("`{key} = false` says nothing; remove it"),
        );
    }
    read == Some(true)
}

//! Takes values from answers. Everything about an answer may be wrong; nothing of it is trusted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::client::Answer;
use super::description::{Decode, Extract, From};
use super::{templates, xpath};
use crate::protocol::apple::codec;

/// Takes a value. `Ok(None)` is an answer that does not have it; `Err` one of another kind than described.
pub(super) fn take(
    extract: &Extract,
    answer: &Answer,
    variables: &Value,
) -> Result<Option<Value>, String> {
    let found = match &extract.from {
        From::Header(name) => answer
            .header(name)
            .map(|text| Value::String(text.to_owned())),
        From::Pointer {
            pointer,
            matching,
            then,
        } => {
            let document = json(answer)?;
            let matching = matching
                .iter()
                .map(|(pointer, text)| Ok((pointer.as_str(), templates::render(text, variables)?)))
                .collect::<Result<Vec<_>, String>>()?;
            document
                .pointer(pointer)
                .and_then(|value| entry(value, &matching))
                .and_then(|value| value.pointer(then))
                .filter(|value| !value.is_null())
                .cloned()
        }
        From::Css {
            selector,
            attribute,
        } => css(selector, attribute.as_deref(), &answer.text()?)?.map(Value::String),
        From::XPath(path) => {
            xpath::first(&xpath::parse(path)?, &answer.text()?)?.map(Value::String)
        }
    };
    found.map(|value| decode(extract.decode, value)).transpose()
}

/// The body as JSON.
pub(super) fn json(answer: &Answer) -> Result<Value, String> {
    if answer.is_markup() {
        return Err(format!(
            "a web page instead of JSON, as from a login page or a proxy: {}",
            answer.excerpt()
        ));
    }
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return Err("an empty body instead of JSON".to_owned());
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| format!("{error}, in `{}`", answer.excerpt()))
}

fn entry<'v>(value: &'v Value, matching: &[(&str, String)]) -> Option<&'v Value> {
    if matching.is_empty() {
        return Some(value);
    }
    let fits = |entry: &&Value| {
        matching.iter().all(|(pointer, wanted)| {
            entry.pointer(pointer).is_some_and(|seen| match seen {
                Value::String(text) => text.eq_ignore_ascii_case(wanted),
                other => as_text(other).as_ref() == Some(wanted),
            })
        })
    };
    value.as_array()?.iter().find(fits)
}

fn css(selector: &str, attribute: Option<&str>, text: &str) -> Result<Option<String>, String> {
    let dom = tl::parse(text, tl::ParserOptions::default()).map_err(|error| error.to_string())?;
    let parser = dom.parser();
    let Some(node) = dom
        .query_selector(selector)
        .and_then(|mut found| found.next())
        .and_then(|handle| handle.get(parser))
    else {
        return Ok(None);
    };
    Ok(match attribute {
        None => Some(node.inner_text(parser).trim().to_owned()),
        Some(name) => node
            .as_tag()
            .and_then(|tag| tag.attributes().get(name))
            .flatten()
            .map(|value| unescape(&value.as_utf8_str())),
    })
}

/// The five entities of XML, which is what attributes with tokens have.
fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

fn decode(decode: Decode, value: Value) -> Result<Value, String> {
    let plist = |bytes: &[u8]| {
        codec::decode(bytes)
            .map(|dictionary| codec::dictionary_to_json(&dictionary))
            .map_err(|error| format!("no property list: {error}"))
    };
    let text = || {
        value
            .as_str()
            .ok_or_else(|| format!("{} instead of a text", kind(&value)))
    };
    match decode {
        Decode::None => Ok(value),
        Decode::Plist => plist(text()?.as_bytes()),
        Decode::Base64Plist => {
            let bytes = STANDARD
                .decode(text()?.trim())
                .map_err(|error| format!("no base64: {error}"))?;
            plist(&bytes)
        }
        Decode::Json => serde_json::from_str(text()?).map_err(|error| error.to_string()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value as the text that later calls put into their places.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

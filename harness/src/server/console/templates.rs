//! Templates of requests: values go into places, and no value leaves its place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tera::{Context, Kwargs, State, Tera, TeraResult};

/// Variables that templates may begin with.
pub(super) const ROOTS: [&str; 8] = [
    "device", "command", "action", "args", "profile", "secrets", "csrf", "page",
];
/// Filters that encode a value for its place in a raw body.
pub(super) const ENCODING: [&str; 4] = ["json", "xml", "urlencode", "base64"];
/// Longest rendered text, in bytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// The engine with the filters that descriptions may use. Nothing is escaped unasked.
pub(super) fn engine() -> Tera {
    let mut tera = Tera::new();
    tera.autoescape_on(Vec::<String>::new());
    tera.register_filter(
        "json",
        |value: &tera::Value, _: Kwargs, _: &State| -> TeraResult<String> {
            serde_json::to_string(value).map_err(|error| tera::Error::message(error.to_string()))
        },
    );
    tera.register_filter("xml", |text: &str, _: Kwargs, _: &State| -> String {
        text.chars()
            .map(|c| match c {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '"' => "&quot;".to_owned(),
                '\'' => "&apos;".to_owned(),
                c => c.to_string(),
            })
            .collect()
    });
    tera.register_filter("urlencode", |text: &str, _: Kwargs, _: &State| -> String {
        urlencode(text)
    });
    tera.register_filter("base64", |text: &str, _: Kwargs, _: &State| -> String {
        STANDARD.encode(text)
    });
    tera
}

/// Percent-encodes everything but letters, digits and `-._~` (RFC 3986, unreserved).
pub(super) fn urlencode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string can not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Renders one template; `Err` says what is missing.
pub(super) fn render(text: &str, variables: &Value) -> Result<String, String> {
    if !text.contains("{{") && !text.contains("{%") {
        return Ok(text.to_owned());
    }
    let context = Context::from_serialize(variables).map_err(|error| error.to_string())?;
    let rendered = engine()
        .render_str(text, &context, false)
        .map_err(|error| one_line(&error.to_string()))?;
    if rendered.len() > LONGEST {
        return Err(format!("it becomes longer than {LONGEST} bytes"));
    }
    Ok(rendered)
}

/// Whether a text can be read as a template.
pub(super) fn readable(text: &str) -> Result<(), String> {
    engine()
        .add_raw_template("t", text)
        .map_err(|error| one_line(&error.to_string()))
}

/// JSON whose strings are templates. Values are put in after the JSON was read, so that none changes its shape.
pub(super) fn json(template: &Value, variables: &Value) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => Value::String(render(text, variables)?),
        Value::Array(items) => items
            .iter()
            .map(|item| json(item, variables))
            .collect::<Result<_, _>>()?,
        Value::Object(map) => {
            if let (1, Some(Value::String(name))) = (map.len(), map.get("$value")) {
                let pointer = format!("/{}", name.replace('.', "/"));
                return variables
                    .pointer(&pointer)
                    .cloned()
                    .ok_or_else(|| format!("there is no `{name}` here"));
            }
            Value::Object(
                map.iter()
                    .map(|(key, value)| Ok((key.clone(), json(value, variables)?)))
                    .collect::<Result<_, String>>()?,
            )
        }
        other => other.clone(),
    })
}

/// The expressions between `{{` and `}}`.
pub(super) fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next())
        .map(str::trim)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_value_leaves_its_place() {
        let variables = json!({ "args": { "x": "a\"b</c>&d/../e?f=1\r\n", "n": 7, "list": [1] } });
        let rows = [
            ("{{ args.x | json }}", "\"a\\\"b</c>&d/../e?f=1\\r\\n\""),
            (
                "{{ args.x | xml }}",
                "a&quot;b&lt;/c&gt;&amp;d/../e?f=1\r\n",
            ),
            (
                "{{ args.x | urlencode }}",
                "a%22b%3C%2Fc%3E%26d%2F..%2Fe%3Ff%3D1%0D%0A",
            ),
            ("{{ args.n }}", "7"),
        ];
        for (template, expected) in rows {
            assert_eq!(render(template, &variables).as_deref(), Ok(expected));
        }
        let body = json!({ "a": "{{ args.x }}", "b": [{ "$value": "args.list" }] });
        assert_eq!(
            json(&body, &variables),
            Ok(json!({ "a": "a\"b</c>&d/../e?f=1\r\n", "b": [[1]] }))
        );
        assert!(render("{{ args.absent }}", &variables).is_err());
        assert!(readable("{{ args.").is_err());
    }
}

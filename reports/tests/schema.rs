//! The published JSON fits its published schema.

#[expect(unreachable_pub, reason = "a fixture of this test")]
#[expect(dead_code, reason = "other tests use the rest of the fixture")]
mod fixture;

use fixture::{Fault, Run};
use reports::render;
use serde_json::Value;

/// Problems of `value` under `schema`: types, required keys, unknown keys, elements.
fn problems(value: &Value, schema: &Value, root: &Value, path: &str, out: &mut Vec<String>) {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = root
            .pointer(name.trim_start_matches('#'))
            .expect("reference");
        return problems(value, target, root, path, out);
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let fits = choices.iter().any(|choice| {
            let mut found = Vec::new();
            problems(value, choice, root, path, &mut found);
            found.is_empty()
        });
        if !fits {
            out.push(format!("{path} fits no choice"));
        }
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(many)) => many.iter().any(|one| one == kind),
        _ => true,
    };
    if !allowed {
        out.push(format!("{path} is {kind}"));
    }
    if let (Value::Array(items), Some(of)) = (value, schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            problems(item, of, root, &format!("{path}/{index}"), out);
        }
    }
    let (Value::Object(map), Some(known)) = (value, schema.get("properties")) else {
        return;
    };
    for (key, item) in map {
        match known.get(key) {
            Some(of) => problems(item, of, root, &format!("{path}/{key}"), out),
            None => out.push(format!("{path}/{key} is unknown")),
        }
    }
    let required = schema.get("required").and_then(Value::as_array);
    for key in required.into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(key) {
            out.push(format!("{path}/{key} is missing"));
        }
    }
}

fn check(text: &str, schema: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(text).expect("json");
    let schema: Value = serde_json::from_str(schema).expect("schema");
    let mut out = Vec::new();
    problems(&value, &schema, &schema, "", &mut out);
    out
}

/// The committed schema is the one of the types; `UPDATE_SCHEMA=1` writes it anew.
fn current(name: &str, schema: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(name);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, schema).expect("schema file");
    }
    let committed = std::fs::read_to_string(&path).expect("schema file");
    assert!(
        committed == schema,
        "{} is not current; run this test with UPDATE_SCHEMA=1 and commit the file",
        path.display()
    );
}

#[test]
fn the_report_fits_its_schema() {
    let schema = render::report_schema().expect("schema");
    current("report.schema.json", &schema);
    for fault in [Fault::None, Fault::OsIgnoresCamera, Fault::ServerGone] {
        let text = render::json(&Run::new(fault).report()).expect("json");
        assert_eq!(check(&text, &schema), Vec::<String>::new());
    }
}

#[test]
fn the_assessment_fits_its_schema() {
    let schema = render::assessment_schema().expect("schema");
    current("assessment.schema.json", &schema);
    let text = reports::assess::published::to_json(&Run::new(Fault::OsIgnoresCamera).assess());
    assert_eq!(check(&text, &schema), Vec::<String>::new());
}

#[test]
fn what_does_not_fit_is_found() {
    let schema = render::report_schema().expect("schema");
    let text = render::json(&Run::new(Fault::None).report()).expect("json");
    let mut value: Value = serde_json::from_str(&text).expect("json");
    value["head"]["revision"] = Value::from("one");
    value["head"]["product"]["fr"] = Value::from("x");
    value["answers"]
        .as_object_mut()
        .expect("object")
        .remove("existing");
    assert_eq!(
        check(&value.to_string(), &schema),
        [
            "/head/product/fr is unknown",
            "/head/revision is string",
            "/answers/existing is missing"
        ]
    );
}

//! insta's file format: a YAML header between two `---`, then the text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use saphyr_parser::{Event, Parser};

/// Longest header in bytes that is read.
const MAX_HEADER: usize = 64 * 1024;

/// A decision of a person about a behavior.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who decided.
    pub who: String,
    /// Why.
    pub why: String,
    /// The day (ISO 8601).
    pub date: String,
}

/// The header of a snapshot file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// `source`: the run it was observed in.
    pub source: String,
    /// `description`: for the reviewer.
    pub description: String,
    /// `expression`: case and cell.
    pub expression: String,
    /// `info`: everything else; `who`, `why` and `decided` are the decision.
    pub info: BTreeMap<String, String>,
}

impl Header {
    /// The decision, when a person has made one.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        let get = |key: &str| self.info.get(key).filter(|text| !text.is_empty()).cloned();
        Some(Decision {
            who: get("who")?,
            why: get("why")?,
            date: get("decided").unwrap_or_default(),
        })
    }

    /// Writes the decision.
    pub fn decide(&mut self, decision: &Decision) {
        for (key, value) in [
            ("who", &decision.who),
            ("why", &decision.why),
            ("decided", &decision.date),
        ] {
            self.info.insert(key.to_owned(), value.clone());
        }
    }
}

/// A snapshot file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Its header.
    pub header: Header,
    /// What follows the header.
    pub text: String,
}

impl SnapshotFile {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with the header, in words.
    pub fn parse(content: &str) -> Result<Self, String> {
        let rest = content
            .strip_prefix("---\n")
            .ok_or("the file does not begin with `---`")?;
        let (head, text) = rest
            .strip_prefix("---\n")
            .map(|text| ("", text))
            .or_else(|| rest.split_once("\n---\n"))
            .ok_or("the header does not end with `---`")?;
        if head.len() > MAX_HEADER {
            return Err(format!("the header is longer than {MAX_HEADER} bytes"));
        }
        Ok(Self {
            header: header(head)?,
            text: text.to_owned(),
        })
    }

    /// The content of the file.
    #[must_use]
    pub fn to_content(&self) -> String {
        let mut out = String::from("---\n");
        let header = &self.header;
        for (key, value) in [
            ("source", &header.source),
            ("description", &header.description),
            ("expression", &header.expression),
        ] {
            if !value.is_empty() {
                let _ = writeln!(out, "{key}: {}", quoted(value));
            }
        }
        if !header.info.is_empty() {
            out.push_str("info:\n");
            for (key, value) in &header.info {
                let _ = writeln!(out, "  {key}: {}", quoted(value));
            }
        }
        out.push_str("---\n");
        out.push_str(&self.text);
        out
    }
}

/// A JSON text is a YAML text in double quotes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Texts of the mapping and of the mapping `info` in it; other shapes are passed over, as insta does.
fn header(text: &str) -> Result<Header, String> {
    let mut out = Header::default();
    let mut path: Vec<Option<String>> = Vec::new();
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("the header is no YAML: {error}"))?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                depth += 1;
                if depth > 8 {
                    return Err("the header is nested too deeply".to_owned());
                }
                path.push(None);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth -= 1;
                path.pop();
                if let Some(key) = path.last_mut() {
                    *key = None;
                }
            }
            Event::Scalar(value, ..) => {
                let keys: Vec<String> = path.iter().flatten().cloned().collect();
                let Some(last) = path.last_mut() else {
                    return Err("the header is no mapping".to_owned());
                };
                match last.take() {
                    None => *last = Some(value.into_owned()),
                    Some(_) => put(&mut out, &keys, value.into_owned()),
                }
            }
            _ => {}
        }
    }
    Ok(out)
}

fn put(header: &mut Header, keys: &[String], value: String) {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys.as_slice() {
        ["source"] => header.source = value,
        ["description"] => header.description = value,
        ["expression"] => header.expression = value,
        ["info", key] => {
            header.info.insert((*key).to_owned(), value);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut file = SnapshotFile {
            header: Header {
                source: "runs/a: \"b\"".to_owned(),
                description: "ロック · iOS 18.0".to_owned(),
                expression: "lock@ios18.0".to_owned(),
                info: BTreeMap::from([("server".to_owned(), "reference".to_owned())]),
            },
            text: "# apply\n---\n< Idle device\n".to_owned(),
        };
        assert_eq!(file.header.decision(), None);
        file.header.decide(&Decision {
            who: "検証 太郎".to_owned(),
            why: "yes: 'documented' # twice".to_owned(),
            date: "2026-11-23".to_owned(),
        });
        let read = SnapshotFile::parse(&file.to_content()).expect("read");
        assert_eq!(read, file);
        assert_eq!(
            read.header.decision().map(|decision| decision.who),
            Some("検証 太郎".to_owned())
        );
    }

    #[test]
    fn a_header_as_insta_writes_it_is_read() {
        let text = "---\nsource: runs/x\ndescription: a b\nexpression: lock@c\ninfo:\n  who: Taro\n  why: \"as documented\"\n  models:\n    - a\n    - b\n  decided: 2026-11-23\nsnapshot_kind: text\n---\nbody\n";
        let file = SnapshotFile::parse(text).expect("read");
        assert_eq!(file.header.source, "runs/x");
        assert_eq!(
            file.header.decision(),
            Some(Decision {
                who: "Taro".to_owned(),
                why: "as documented".to_owned(),
                date: "2026-11-23".to_owned(),
            })
        );
        assert_eq!(file.text, "body\n");
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        for text in [
            "",
            "body",
            "---\nsource: a\n",
            "---\n{{{\n---\n",
            "---\nplain\n---\n",
        ] {
            assert!(SnapshotFile::parse(text).is_err(), "{text}");
        }
    }
}

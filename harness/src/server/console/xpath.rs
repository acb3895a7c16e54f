//! The part of `XPath` 1.0 that consoles need: steps by name, `//`, `*`, `[n]`, `[@a='v']`, `[b='v']`, `@a`, `text()`.

use roxmltree::Node;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    /// `//` stands before it.
    deep: bool,
    /// Local name, or `*`.
    name: String,
    tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// From 1.
    Position(usize),
    Attribute(String, String),
    Child(String, String),
}

/// What is taken of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Take {
    Text,
    Attribute(String),
}

/// A path that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    steps: Vec<Step>,
    take: Take,
}

/// Reads a path; `Err` says what is not known.
pub(super) fn parse(text: &str) -> Result<Path, String> {
    let unknown = |what: &str| {
        format!(
            "`{what}` in `{text}` is not known; paths are made of names, *, //, [n], [@a='v'], [b='v'], @a, text()"
        )
    };
    let mut rest = text;
    let mut path = Path {
        steps: Vec::new(),
        take: Take::Text,
    };
    while !rest.is_empty() {
        let deep = rest.starts_with("//");
        rest = rest
            .strip_prefix("//")
            .or_else(|| rest.strip_prefix('/'))
            .ok_or_else(|| unknown(rest))?;
        if rest == "text()" {
            return Ok(path);
        }
        if let Some(attribute) = rest.strip_prefix('@') {
            name(attribute)
                .filter(|name| *name == attribute)
                .ok_or_else(|| unknown(rest))?;
            path.take = Take::Attribute(attribute.to_owned());
            return Ok(path);
        }
        let word = name(rest).ok_or_else(|| unknown(rest))?;
        rest = &rest[word.len()..];
        let mut step = Step {
            deep,
            name: word.rsplit(':').next().unwrap_or(word).to_owned(),
            tests: Vec::new(),
        };
        while let Some(inside) = rest.strip_prefix('[') {
            let (inner, behind) = inside.split_once(']').ok_or_else(|| unknown(rest))?;
            step.tests.push(test(inner).ok_or_else(|| unknown(inner))?);
            rest = behind;
        }
        path.steps.push(step);
    }
    if path.steps.is_empty() {
        return Err(unknown(text));
    }
    Ok(path)
}

fn name(text: &str) -> Option<&str> {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || "_-.:*".contains(c)))
        .unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

fn test(text: &str) -> Option<Test> {
    if let Ok(position) = text.parse::<usize>() {
        return (position > 0).then_some(Test::Position(position));
    }
    let (left, right) = text.split_once('=')?;
    let value = right.trim();
    let value = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''))
        .or_else(|| {
            value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
        })?;
    let left = left.trim();
    Some(match left.strip_prefix('@') {
        Some(attribute) => Test::Attribute(attribute.to_owned(), value.to_owned()),
        None => Test::Child(
            name(left).filter(|name| *name == left)?.to_owned(),
            value.to_owned(),
        ),
    })
}

/// The first value in the document; `Err` says why it is no XML.
pub(super) fn first(path: &Path, document: &str) -> Result<Option<String>, String> {
    let parsed = roxmltree::Document::parse(document).map_err(|error| error.to_string())?;
    let mut nodes = vec![parsed.root()];
    for step in &path.steps {
        let mut next: Vec<Node<'_, '_>> = Vec::new();
        for node in &nodes {
            let candidates: Vec<_> = if step.deep {
                node.descendants()
                    .skip(1)
                    .filter(|one| fits(one, step))
                    .collect()
            } else {
                node.children().filter(|one| fits(one, step)).collect()
            };
            next.extend(positions(candidates, step));
        }
        nodes = next;
    }
    Ok(nodes.into_iter().find_map(|node| match &path.take {
        Take::Attribute(name) => node.attribute(name.as_str()).map(str::to_owned),
        Take::Text => Some(text(&node)),
    }))
}

fn text(node: &Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|one| one.text())
        .collect()
}

fn fits(node: &Node<'_, '_>, step: &Step) -> bool {
    node.is_element()
        && (step.name == "*" || node.tag_name().name() == step.name)
        && step.tests.iter().all(|test| match test {
            Test::Position(_) => true,
            Test::Attribute(name, value) => node.attribute(name.as_str()) == Some(value),
            Test::Child(name, value) => node
                .children()
                .any(|child| child.tag_name().name() == name && text(&child).trim() == value),
        })
}

fn positions<'a, 'i>(found: Vec<Node<'a, 'i>>, step: &Step) -> Vec<Node<'a, 'i>> {
    let position = step.tests.iter().find_map(|test| match test {
        Test::Position(position) => Some(*position),
        _ => None,
    });
    match position {
        None => found,
        Some(position) => found.into_iter().skip(position - 1).take(1).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_what_they_name() {
        let document =
            "<a xmlns='urn:x'><b id='1'><c>one</c></b><b id='2'><c>two</c><d>x<e>y</e></d></b></a>";
        for (path, expected) in [
            ("/a/b[2]/c", Some("two")),
            ("/a/b[@id='2']/c/text()", Some("two")),
            ("//b[c='two']/@id", Some("2")),
            ("//d", Some("xy")),
            ("/a/*[1]/c", Some("one")),
            ("/b", None),
        ] {
            let found = first(&parse(path).expect("a path"), document).expect("XML");
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        for wrong in ["", "a", "/a[", "/a[last()]", "/a/@", "/a[@b=c]"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(first(&parse("/a").expect("a path"), "<html><br></html>").is_err());
    }
}

//! YAML as a graph: an alias is the same node again, so that a file that contains itself can be walked with a guard.
//!
//! The tree loaders of the YAML crates copy what an alias names, and lose a node that contains itself. Two of the
//! vendor's files do. Scalars keep their text: an unquoted `18.10` is not a number here.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Depth and size beyond which a file is refused.
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 200_000;

/// Position of a node in its [`Document`]; the same for all aliases of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(usize);

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A scalar: text, and whether it was written without quotes.
    Scalar { text: String, plain: bool },
    /// A sequence.
    Sequence(Vec<NodeId>),
    /// A mapping in the order of the file.
    Mapping(Vec<(NodeId, NodeId)>),
}

/// One parsed file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    nodes: Vec<Node>,
    lines: Vec<usize>,
    root: NodeId,
}

impl Document {
    /// Parses the first document of `text`.
    ///
    /// # Errors
    /// A sentence with the line when the text is no YAML, too deep or too large.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Builder::default().run(text)
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn line(&self, id: NodeId) -> usize {
        self.lines[id.0]
    }

    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match &self.nodes[id.0] {
            Node::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Text of a scalar and whether it was written without quotes.
    pub(crate) fn scalar(&self, id: NodeId) -> Option<(&str, bool)> {
        match &self.nodes[id.0] {
            Node::Scalar { text, plain } => Some((text, *plain)),
            _ => None,
        }
    }

    pub(crate) fn sequence(&self, id: NodeId) -> Option<&[NodeId]> {
        match &self.nodes[id.0] {
            Node::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn mapping(&self, id: NodeId) -> Option<&[(NodeId, NodeId)]> {
        match &self.nodes[id.0] {
            Node::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of `name` when `id` is a mapping that has it.
    pub(crate) fn get(&self, id: NodeId, name: &str) -> Option<NodeId> {
        self.mapping(id)?
            .iter()
            .find(|(key, _)| self.text(*key) == Some(name))
            .map(|(_, value)| *value)
    }

    /// The text of `name` when `id` is a mapping that has it as a scalar.
    pub(crate) fn get_text(&self, id: NodeId, name: &str) -> Option<&str> {
        self.text(self.get(id, name)?)
    }
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    lines: Vec<usize>,
    anchors: HashMap<usize, NodeId>,
    open: Vec<Open>,
    root: Option<NodeId>,
}

struct Open {
    id: NodeId,
    key: Option<NodeId>,
}

impl Builder {
    fn run(mut self, text: &str) -> Result<Document, String> {
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| error.to_string())?;
            let line = span.start.line();
            match event {
                Event::Scalar(text, style, anchor, _) => {
                    let node = Node::Scalar {
                        text: text.into_owned(),
                        plain: style == ScalarStyle::Plain,
                    };
                    let id = self.push(node, anchor, line)?;
                    self.place(id);
                }
                Event::SequenceStart(anchor, _) => {
                    let id = self.push(Node::Sequence(Vec::new()), anchor, line)?;
                    self.enter(id, line)?;
                }
                Event::MappingStart(anchor, _) => {
                    let id = self.push(Node::Mapping(Vec::new()), anchor, line)?;
                    self.enter(id, line)?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    self.open.pop();
                }
                Event::Alias(anchor) => {
                    let id = *self
                        .anchors
                        .get(&anchor)
                        .ok_or_else(|| format!("line {line}: alias without anchor"))?;
                    self.place(id);
                }
                Event::DocumentEnd => break,
                _ => {}
            }
        }
        let root = self.root.ok_or("the file is empty")?;
        Ok(Document {
            nodes: self.nodes,
            lines: self.lines,
            root,
        })
    }

    fn push(&mut self, node: Node, anchor: usize, line: usize) -> Result<NodeId, String> {
        if self.nodes.len() >= MAX_NODES {
            return Err(format!("line {line}: more than {MAX_NODES} nodes"));
        }
        let id = NodeId(self.nodes.len());
        self.nodes.push(node);
        self.lines.push(line);
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        Ok(id)
    }

    fn enter(&mut self, id: NodeId, line: usize) -> Result<(), String> {
        self.place(id);
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("line {line}: nested deeper than {MAX_DEPTH}"));
        }
        self.open.push(Open { id, key: None });
        Ok(())
    }

    fn place(&mut self, id: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(id);
            return;
        };
        match &mut self.nodes[open.id.0] {
            Node::Sequence(items) => items.push(id),
            Node::Mapping(entries) => match open.key.take() {
                None => open.key = Some(id),
                Some(key) => entries.push((key, id)),
            },
            Node::Scalar { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_the_same_node_even_inside_itself() {
        let doc = Document::parse("a: &x\n- k: *x\n- v: 18.10\nb: *x\n").expect("parses");
        let a = doc.get(doc.root(), "a").expect("a");
        assert_eq!(doc.get(doc.root(), "b"), Some(a));
        let first = doc.sequence(a).expect("sequence")[0];
        assert_eq!(doc.get(first, "k"), Some(a));
        let second = doc.sequence(a).expect("sequence")[1];
        assert_eq!(doc.get_text(second, "v"), Some("18.10"));
    }

    #[test]
    fn depth_is_bounded_and_nonsense_is_refused() {
        assert!(Document::parse(&"[".repeat(10_000)).is_err());
        assert!(Document::parse("a: *nowhere").is_err());
        assert!(Document::parse("").is_err());
    }
}

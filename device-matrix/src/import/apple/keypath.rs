//! Paths of keys across sources that name placeholders differently.

use std::collections::{HashMap, HashSet};

use crate::capability::raw::{RawItem, is_free_name};
use crate::capability::{Role, ValueType};

/// The paths of an item's keys with placeholder names evened out: `[]` for the element of an array, `ANY` for a
/// free name, so that a rename of a placeholder is no change. Members of a tagged union keep their names.
pub(crate) fn normalized(item: &RawItem) -> Vec<Vec<String>> {
    let mut elements: HashMap<(Role, &[String]), usize> = HashMap::new();
    let mut arrays: HashSet<(Role, &[String])> = HashSet::new();
    for key in &item.keys {
        if key.value_type == Some(ValueType::Array) {
            arrays.insert((key.role, &key.path));
        }
        if let Some((_, parent)) = key.path.split_last() {
            *elements.entry((key.role, parent)).or_default() += 1;
        }
    }
    item.keys
        .iter()
        .map(|key| {
            (0..key.path.len())
                .map(|at| {
                    let parent = (key.role, &key.path[..at]);
                    let name = &key.path[at];
                    if arrays.contains(&parent) && elements.get(&parent) == Some(&1) {
                        "[]".to_owned()
                    } else if is_free_name(name) {
                        "ANY".to_owned()
                    } else {
                        name.clone()
                    }
                })
                .collect()
        })
        .collect()
}

/// The names below each path of an item, for matching dotted texts: names contain dots themselves.
pub(crate) struct Tree {
    children: HashMap<(Role, Vec<String>), Vec<String>>,
}

/// How far a dotted text could be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Followed {
    /// The known path.
    pub(crate) path: Vec<String>,
    /// What is left of the text; empty when all of it is known.
    pub(crate) rest: String,
}

impl Tree {
    pub(crate) fn new<'a>(keys: impl Iterator<Item = (Role, &'a [String])>) -> Self {
        let mut tree = Self {
            children: HashMap::new(),
        };
        for (role, path) in keys {
            tree.insert(role, path);
        }
        tree
    }

    pub(crate) fn insert(&mut self, role: Role, path: &[String]) {
        if let Some((name, parent)) = path.split_last() {
            let names = self.children.entry((role, parent.to_vec())).or_default();
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }

    pub(crate) fn names(&self, role: Role, path: &[String]) -> &[String] {
        self.children
            .get(&(role, path.to_vec()))
            .map_or(&[], Vec::as_slice)
    }

    /// Follows `text` as far as the tree goes; `[]` after a name is its only child, whatever it is called.
    pub(crate) fn follow(&self, role: Role, text: &str) -> Followed {
        self.step(role, &[], text)
    }

    fn step(&self, role: Role, path: &[String], text: &str) -> Followed {
        let mut best = Followed {
            path: path.to_vec(),
            rest: text.to_owned(),
        };
        if text.is_empty() {
            return best;
        }
        for name in self.names(role, path) {
            let Some(rest) = text.strip_prefix(name.as_str()) else {
                continue;
            };
            let mut next = path.to_vec();
            next.push(name.clone());
            let found = if rest.is_empty() {
                self.step(role, &next, "")
            } else if let Some(rest) = rest.strip_prefix('.') {
                self.step(role, &next, rest)
            } else if rest.starts_with("[]") {
                self.element(role, next, rest)
            } else {
                continue;
            };
            if found.rest.len() < best.rest.len() {
                best = found;
            }
        }
        best
    }

    fn element(&self, role: Role, path: Vec<String>, text: &str) -> Followed {
        let Some(rest) = text.strip_prefix("[]") else {
            let rest = text.strip_prefix('.').unwrap_or(text);
            return self.step(role, &path, rest);
        };
        match self.names(role, &path) {
            [only] => {
                let mut next = path;
                next.push(only.clone());
                self.element(role, next, rest)
            }
            _ => Followed {
                path,
                rest: text.to_owned(),
            },
        }
    }
}

/// Splits a dotted text of which nothing is known: `Relays[].Name` is `Relays`, `[]`, `Name`.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for piece in text.split('.') {
        let mut name = piece;
        let mut elements = 0;
        while let Some(front) = name.strip_suffix("[]") {
            name = front;
            elements += 1;
        }
        if !name.is_empty() {
            out.push(name.to_owned());
        }
        out.extend(std::iter::repeat_n("[]".to_owned(), elements));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_with_dots_and_unnamed_elements_are_followed() {
        let known = [
            path(&["com.apple.a.b"]),
            path(&["com.apple.a.b", "Key Type"]),
            path(&["List"]),
            path(&["List", "ListItem"]),
            path(&["List", "ListItem", "Name"]),
        ];
        let tree = Tree::new(known.iter().map(|path| (Role::Payload, path.as_slice())));
        for (text, want, rest) in [
            (
                "com.apple.a.b.Key Type",
                &["com.apple.a.b", "Key Type"][..],
                "",
            ),
            ("List[].Name", &["List", "ListItem", "Name"], ""),
            ("List.ListItem.Name", &["List", "ListItem", "Name"], ""),
            ("List[].New", &["List", "ListItem"], "New"),
            ("List.ListItem.New[].X", &["List", "ListItem"], "New[].X"),
            ("Other", &[], "Other"),
        ] {
            let found = tree.follow(Role::Payload, text);
            assert_eq!(
                (found.path, found.rest.as_str()),
                (path(want), rest),
                "{text}"
            );
        }
        assert_eq!(split("New[].X"), path(&["New", "[]", "X"]));
    }
}

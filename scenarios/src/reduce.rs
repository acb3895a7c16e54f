//! Automatic reduction: the smallest scenario that still shows what the whole one showed.
//!
//! Works on the text of a scenario, as a tree of tables: whole phases are left out first, then steps in halves and one
//! by one, then keys and elements inside of the steps, the largest first, until nothing more can be left out. What
//! "still shows it" means is asked of the caller for each candidate.

use toml::{Table, Value};

/// Phases, in the order in which they are tried to be left out as a whole; the last ones are needed least.
const PHASES: [&str; 4] = ["verify_undone", "undo", "verify", "apply"];

/// What a scenario outlives; leaving it out leaves out a phase.
const SURVIVES: &str = "survives";

/// A reduced scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduced {
    /// What is left.
    pub table: Table,
    /// Steps before.
    pub steps_before: usize,
    /// Steps that are left.
    pub steps: usize,
    /// Candidates that were tried.
    pub tried: usize,
    /// Nothing more can be left out; false when the number of tries was used up.
    pub minimal: bool,
}

/// Steps of all phases.
#[must_use]
pub fn steps(table: &Table) -> usize {
    PHASES
        .iter()
        .filter_map(|phase| table.get(*phase)?.as_array())
        .map(Vec::len)
        .sum()
}

/// Where a piece stands: keys and positions from the root.
type Path = Vec<Piece>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Key(String),
    At(usize),
}

/// Reduces `table`, for which `shows` holds. At most `tries` candidates are asked about.
pub fn reduce(table: Table, tries: usize, shows: impl FnMut(&Table) -> bool) -> Reduced {
    let steps_before = steps(&table);
    let mut search = Search {
        table,
        tried: 0,
        tries,
        shows,
    };
    search.phases();
    loop {
        let halves = search.steps();
        let pieces = search.pieces();
        if !(halves || pieces) || search.used_up() {
            break;
        }
    }
    Reduced {
        steps_before,
        steps: steps(&search.table),
        tried: search.tried,
        minimal: !search.used_up(),
        table: search.table,
    }
}

struct Search<F> {
    table: Table,
    tried: usize,
    tries: usize,
    shows: F,
}

impl<F: FnMut(&Table) -> bool> Search<F> {
    fn used_up(&self) -> bool {
        self.tried >= self.tries
    }

    /// Takes a candidate over when it still shows the same.
    fn take(&mut self, candidate: Table) -> bool {
        if self.used_up() || candidate == self.table {
            return false;
        }
        self.tried += 1;
        let shows = (self.shows)(&candidate);
        if shows {
            self.table = candidate;
        }
        shows
    }

    fn phases(&mut self) {
        for key in PHASES.into_iter().chain([SURVIVES]) {
            let mut candidate = self.table.clone();
            if candidate.remove(key).is_some() {
                self.take(candidate);
            }
        }
    }

    /// Leaves out runs of steps: halves, quarters, …, single ones. Whether anything was left out.
    fn steps(&mut self) -> bool {
        let mut any = false;
        let mut size = steps(&self.table).div_ceil(2);
        while size > 0 && !self.used_up() {
            let mut from = 0;
            while from < steps(&self.table) {
                if self.take(without_steps(&self.table, from, size)) {
                    any = true;
                } else {
                    from += size;
                }
            }
            size /= 2;
        }
        any
    }

    /// Leaves out keys and elements inside of steps, parts that nothing looks at included. Whether anything was left
    /// out.
    fn pieces(&mut self) -> bool {
        let mut any = false;
        let mut next = 0;
        loop {
            let paths = paths(&self.table);
            let Some(path) = paths.get(next).filter(|_| !self.used_up()) else {
                return any;
            };
            let mut candidate = Value::Table(self.table.clone());
            remove(&mut candidate, path);
            let taken = match candidate {
                Value::Table(candidate) => self.take(candidate),
                _ => false,
            };
            if taken {
                any = true;
            } else {
                next += 1;
            }
        }
    }
}

/// The table without `size` steps from position `from`, counted over all phases.
fn without_steps(table: &Table, from: usize, size: usize) -> Table {
    let mut out = table.clone();
    let mut position = 0;
    for phase in PHASES.iter().rev() {
        let Some(Value::Array(steps)) = out.get_mut(*phase) else {
            continue;
        };
        steps.retain(|_| {
            let inside = (from..from + size).contains(&position);
            position += 1;
            !inside
        });
    }
    out
}

/// Every piece inside of steps and every part, outer ones before inner ones.
fn paths(table: &Table) -> Vec<Path> {
    let mut found = Vec::new();
    for phase in PHASES.iter().rev().chain(&["parts"]) {
        let Some(Value::Array(items)) = table.get(*phase) else {
            continue;
        };
        for (index, item) in items.iter().enumerate() {
            let path = vec![Piece::Key((*phase).to_owned()), Piece::At(index)];
            if *phase == "parts" {
                found.push(path);
            } else {
                inner(item, &path, &mut found);
            }
        }
    }
    found.sort_by_key(Vec::len);
    found
}

fn inner(value: &Value, path: &Path, found: &mut Vec<Path>) {
    let mut one = |piece: Piece, value: &Value| {
        let mut path = path.clone();
        path.push(piece);
        found.push(path.clone());
        inner(value, &path, found);
    };
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                one(Piece::Key(key.clone()), value);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                one(Piece::At(index), value);
            }
        }
        _ => {}
    }
}

fn remove(value: &mut Value, path: &[Piece]) {
    match (value, path) {
        (Value::Table(table), [Piece::Key(key)]) => {
            table.remove(key);
        }
        (Value::Array(items), [Piece::At(index)]) if *index < items.len() => {
            items.remove(*index);
        }
        (Value::Table(table), [Piece::Key(key), rest @ ..]) => {
            if let Some(inner) = table.get_mut(key) {
                remove(inner, rest);
            }
        }
        (Value::Array(items), [Piece::At(index), rest @ ..]) => {
            if let Some(inner) = items.get_mut(*index) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
id = "s"
survives = { reboot = true }

[[parts]]
id = "guilty"

[[parts]]
id = "other"

[[apply]]
command = "DeviceName"

[[apply]]
install_profile = "p"
payloads = [{ PayloadType = "a", good = 1, bad = 2 }, { PayloadType = "b", other = 3 }]

[[apply]]
command = "DeviceInformation"
args = { Queries = ["OSVersion", "IMEI"] }

[[verify]]
effect = true
look = [{ part = "guilty", at = "/bad" }, { part = "other", at = "/other" }]

[[undo]]
remove_profile = "p"

[[verify_undone]]
effect = true
"#;

    fn has(table: &Table, words: &[&str]) -> bool {
        let text = toml::to_string(table).expect("text");
        words.iter().all(|word| text.contains(word))
    }

    #[test]
    fn what_is_not_needed_is_left_out_and_the_rest_is_minimal() {
        let table: Table = WHOLE.parse().expect("toml");
        let needed = [
            "PayloadType = \"a\"",
            "bad = 2",
            "id = \"guilty\"",
            "at = \"/bad\"",
            "effect",
        ];
        let reduced = reduce(table, 1000, |table| has(table, &needed));
        assert!(reduced.minimal, "{reduced:?}");
        assert_eq!((reduced.steps_before, reduced.steps), (6, 2));
        let text = toml::to_string(&reduced.table).expect("text");
        for gone in ["good", "DeviceName", "\"b\"", "other", "survives", "undo"] {
            assert!(!text.contains(gone), "{gone} is left in {text}");
        }
        assert!(has(&reduced.table, &needed), "{text}");
    }

    #[test]
    fn the_number_of_tries_is_a_bound() {
        let table: Table = WHOLE.parse().expect("toml");
        let mut asked = 0;
        let reduced = reduce(table.clone(), 5, |_| {
            asked += 1;
            false
        });
        assert_eq!((asked, reduced.tried, reduced.minimal), (5, 5, false));
        assert_eq!(reduced.table, table);
    }

    #[test]
    fn what_can_not_be_reduced_stays_as_it_is() {
        let table: Table = WHOLE.parse().expect("toml");
        let reduced = reduce(table.clone(), 1000, |_| false);
        assert!(reduced.minimal);
        assert_eq!(reduced.table, table);
    }
}

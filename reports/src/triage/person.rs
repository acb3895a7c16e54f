//! What only a person can say of a finding: `person.toml` in a package.

use std::path::Path;

use device_matrix::diag::Diagnostic;

use crate::toml_reader::{Sink, Table, parse};

/// Name of the file in a package.
pub const FILE: &str = "person.toml";

/// The file before anybody has written into it.
pub const EMPTY: &str = "\
# For a person. `cargo xtask triage` reads this file and never writes over it; run it again to show what stands here.

# Guideline 2.3.2: whether the product can work around it. Write: conceivable = true or false.
[workaround]
# conceivable = true
by = \"\"
on = \"\"
note = \"\"

# Guideline 1.3.1: whether the same can be done in another way. Write: exists = true or false.
[alternative]
# exists = true
by = \"\"
on = \"\"
note = \"\"
";

/// An answer of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Yes, no, or not answered.
    pub yes: Option<bool>,
    /// Who.
    pub by: String,
    /// When, as written.
    pub on: String,
    /// Why.
    pub note: String,
}

/// Everything in `person.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Whether a workaround in the product is conceivable.
    pub workaround: Answer,
    /// Whether there is another way to do the same.
    pub alternative: Answer,
}

/// Code of an answer without a name.
const NAMELESS: &str = "RP0106";

impl Person {
    /// Reads `person.toml`. `path` is what diagnostics show.
    ///
    /// # Errors
    /// All errors of the file at once; an answer without a name and a date is one.
    pub fn load(path: &Path, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut sink = Sink::new(path);
        let file = parse(text, &mut sink);
        let mut root = Table::root(&file);
        let workaround = answer(&mut root, "workaround", "conceivable", &mut sink);
        let alternative = answer(&mut root, "alternative", "exists", &mut sink);
        root.finish(&mut sink);
        if sink.found.is_empty() {
            Ok(Self {
                workaround,
                alternative,
            })
        } else {
            Err(sink.found)
        }
    }
}

fn answer(
    root: &mut Table<'_, '_>,
    key: &'static str,
    question: &'static str,
    sink: &mut Sink,
) -> Answer {
    let Some(mut table) = root.table(key, key, sink) else {
        return Answer::default();
    };
    let yes = table
        .has(question)
        .then(|| table.boolean(question, false, sink));
    let answer = Answer {
        yes,
        by: table.string("by", sink),
        on: table.string("on", sink),
        note: table.string("note", sink),
    };
    let span = table.span();
    table.finish(sink);
    if answer.yes.is_some() && (answer.by.trim().is_empty() || answer.on.trim().is_empty()) {
        sink.error(
            NAMELESS,
            span,
            format!("`{key}` is answered and nobody says who answered it, and when"),
            "write by = \"NAME\" and on = \"2026-11-24\"",
        );
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_file_answers_nothing() {
        let person = Person::load(Path::new(FILE), EMPTY).expect("person");
        assert_eq!(person, Person::default());
    }

    #[test]
    fn an_answer_needs_a_name_and_a_day() {
        let text = EMPTY.replacen("# conceivable = true", "conceivable = true", 1);
        let found = Person::load(Path::new(FILE), &text).unwrap_err();
        assert_eq!(found[0].code, NAMELESS);
        let text = text.replacen(
            "by = \"\"\non = \"\"",
            "by = \"QA\"\non = \"2026-11-24\"",
            1,
        );
        let person = Person::load(Path::new(FILE), &text).expect("person");
        assert_eq!(person.workaround.yes, Some(true));
        assert_eq!(person.alternative.yes, None);
    }
}

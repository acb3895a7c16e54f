//! Exit codes: one table, shown by `cargo xtask --help` and `cargo xtask explain exit`.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Exit {
    /// Yes.
    Yes,
    /// A check said no.
    No,
    /// Offered features are restricted or fail.
    Restricted,
    /// Something that this configuration can run came out undecided.
    Undecided,
    /// Past due.
    PastDue,
    /// Wrong usage.
    Usage,
    /// Bad data.
    BadData,
    /// The server was not available; nothing could run.
    Unavailable,
    /// A bug in the harness.
    Bug,
    /// Interrupted by a person.
    Interrupted,
}

/// Every code with its meaning, as documented.
pub(crate) const TABLE: [(Exit, u8, &str); 10] = [
    (Exit::Yes, 0, "yes"),
    (
        Exit::No,
        1,
        "a check said no (ci, lint, faults, server check, refused sign-off or notice)",
    ),
    (
        Exit::Restricted,
        10,
        "restrictions or failures of features the product offers",
    ),
    (
        Exit::Undecided,
        11,
        "undecided: a case that this configuration can run came out blocked or flaky",
    ),
    (Exit::PastDue, 12, "past due"),
    (Exit::Usage, 64, "usage: unknown verb, option or target"),
    (
        Exit::BadData,
        65,
        "bad data; every error is shown with its place",
    ),
    (
        Exit::Unavailable,
        69,
        "the server was not available and nothing could run",
    ),
    (
        Exit::Bug,
        70,
        "a bug in the harness; please report it with the message",
    ),
    (
        Exit::Interrupted,
        130,
        "interrupted; continue with --resume",
    ),
];

impl Exit {
    /// The code as the process returns it.
    pub(crate) fn code(self) -> u8 {
        TABLE
            .iter()
            .find(|(exit, _, _)| *exit == self)
            .map_or(70, |(_, code, _)| *code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table as text for `--help`.
pub(crate) fn help() -> String {
    TABLE.iter().fold(
        String::from("Exit codes:\n"),
        |mut text, (_, code, meaning)| {
            use std::fmt::Write as _;
            let _ = writeln!(text, "  {code:>3}  {meaning}");
            text
        },
    )
}

/// What stops a verb before its answer: a message for people and the code to leave with.
#[derive(Debug)]
pub(crate) struct Stop {
    /// The code.
    pub(crate) exit: Exit,
    /// What happened, where, and what to do next.
    pub(crate) message: String,
}

impl Stop {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Reading or writing `path` failed.
    pub(crate) fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::BadData, format!("{}: {error}", path.display()))
    }
}

/// What a verb returns.
pub(crate) type Outcome = Result<Exit, Stop>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_documented() {
        let codes: std::collections::BTreeSet<u8> =
            TABLE.iter().map(|(_, code, _)| *code).collect();
        assert_eq!(codes.len(), TABLE.len());
        assert!(
            TABLE
                .iter()
                .all(|(exit, code, meaning)| exit.code() == *code && !meaning.is_empty())
        );
    }
}

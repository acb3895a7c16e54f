//! What the terminal can do: color, width, whether a person watches.

use std::io::IsTerminal;

/// The terminal behind the standard streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Standard error is a terminal: progress may move.
    pub(crate) watched: bool,
    /// Colors are welcome on standard error.
    pub(crate) color: bool,
}

impl Terminal {
    /// Looks at the streams and at `NO_COLOR`.
    pub(crate) fn detect(environment: impl Fn(&str) -> Option<String>) -> Self {
        let watched = std::io::stderr().is_terminal();
        let dumb = environment("TERM").is_some_and(|term| term == "dumb");
        let refused = environment("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            watched: watched && !dumb,
            color: watched && !dumb && !refused,
        }
    }
}

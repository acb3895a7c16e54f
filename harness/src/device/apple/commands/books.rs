//! `InstallMedia`, `RemoveMedia`, `ManagedMediaList`: the managed books.

use plist::{Dictionary, Value};

use super::super::values::{dict, string, text};
use super::{Reply, Turn};

/// The keys that name a book; the first one given counts.
const NAMES: [&str; 2] = ["PersistentID", "iTunesStoreID"];

fn same(known: &Dictionary, command: &Dictionary) -> bool {
    let plain = |value: &Value| match value {
        Value::Integer(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    NAMES
        .iter()
        .any(|key| match (known.get(key), command.get(key)) {
            (Some(a), Some(b)) => plain(a) == plain(b),
            _ => false,
        })
}

/// `InstallMedia`.
pub(super) fn install(turn: &mut Turn<'_>) -> Reply {
    let mut answer = Dictionary::new();
    for key in ["iTunesStoreID", "MediaURL", "PersistentID", "MediaType"] {
        if let Some(value) = turn.command.get(key) {
            answer.insert(key.to_owned(), value.clone());
        }
    }
    if string(turn.command, "MediaType") != Some("Book") {
        answer.insert("RejectionReason".to_owned(), text("WrongMediaType"));
        return Reply::done(answer);
    }
    let mut book = dict([("State", text("Installed"))]);
    for key in [
        "iTunesStoreID",
        "PersistentID",
        "Kind",
        "Version",
        "Author",
        "Title",
    ] {
        if let Some(value) = turn.command.get(key) {
            book.insert(key.to_owned(), value.clone());
        }
    }
    turn.core
        .state
        .books
        .retain(|known| !same(known, turn.command));
    turn.core.state.books.push(book);
    answer.insert("State".to_owned(), text("Installed"));
    Reply::done(answer)
}

/// `RemoveMedia`.
pub(super) fn remove(turn: &mut Turn<'_>) -> Reply {
    let before = turn.core.state.books.len();
    turn.core
        .state
        .books
        .retain(|known| !same(known, turn.command));
    if turn.core.state.books.len() == before {
        return turn.refuse(12038, "The book is not managed.".to_owned());
    }
    Reply::ok()
}

/// `ManagedMediaList`.
pub(super) fn list(turn: &mut Turn<'_>) -> Reply {
    let books = turn.core.state.books.iter().cloned().map(Value::Dictionary);
    Reply::done(dict([("Books", Value::Array(books.collect()))]))
}

//! `ActiveNSExtensions` and `NSExtensionMappings` (macOS, user channel): two views of one list. A virtual Mac has the
//! extensions of the system only; these two stand for them.

use plist::{Dictionary, Value};

use super::super::values::{dict, strings, text};
use super::{Reply, Turn};

const EXTENSIONS: [(&str, &str, &str); 2] = [
    (
        "com.apple.share.Mail.compose",
        "com.apple.share-services",
        "Mail",
    ),
    (
        "com.apple.share.AirDrop.send",
        "com.apple.share-services",
        "AirDrop",
    ),
];

fn row(identifier: &str, point: &str, name: &str) -> Dictionary {
    dict([
        ("Identifier", text(identifier)),
        ("ExtensionPoint", text(point)),
        ("DisplayName", text(name)),
    ])
}

/// `ActiveNSExtensions`.
pub(super) fn active(turn: &mut Turn<'_>) -> Reply {
    let wanted = strings(turn.command, "FilterExtensionPoints").filter(|points| !points.is_empty());
    let rows = EXTENSIONS
        .iter()
        .filter(|(_, point, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(point)))
        .map(|(identifier, point, name)| {
            let mut row = row(identifier, point, name);
            row.insert(
                "Path".to_owned(),
                text("/System/Library/PrivateFrameworks/ShareKit.framework"),
            );
            row.insert("Version".to_owned(), text("1.0"));
            row.insert("UserElection".to_owned(), text("Default"));
            Value::Dictionary(row)
        });
    Reply::done(dict([("Extensions", Value::Array(rows.collect()))]))
}

/// `NSExtensionMappings`.
pub(super) fn mappings(_turn: &mut Turn<'_>) -> Reply {
    let rows = EXTENSIONS
        .iter()
        .map(|(identifier, point, name)| Value::Dictionary(row(identifier, point, name)));
    Reply::done(dict([("Extensions", Value::Array(rows.collect()))]))
}

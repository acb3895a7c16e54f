//! Users of a Mac or a Shared iPad: list, delete, log out, unlock.

use plist::Value;

use super::super::values::{boolean, dict, int, string, text};
use super::{After, Reply, Turn};

/// `UserList`.
pub(super) fn list(turn: &mut Turn<'_>) -> Reply {
    let core = &*turn.core;
    let derive = core.derive();
    let rows = core
        .state
        .known_users
        .iter()
        .enumerate()
        .map(|(position, name)| {
            let mut row = dict([
                ("UserName", text(name.as_str())),
                ("FullName", text(name.as_str())),
                (
                    "IsLoggedIn",
                    Value::Boolean(core.state.logged_in.as_ref() == Some(name)),
                ),
            ]);
            if core.is_mac() {
                row.insert(
                    "UID".to_owned(),
                    int(501 + i64::try_from(position).unwrap_or(0)),
                );
                row.insert(
                    "UserGUID".to_owned(),
                    text(derive.uuid(&format!("user/{name}"), 0)),
                );
                row.insert("MobileAccount".to_owned(), Value::Boolean(false));
                row.insert("HasSecureToken".to_owned(), Value::Boolean(true));
            } else {
                row.insert("HasDataToSync".to_owned(), Value::Boolean(false));
                row.insert("DataQuota".to_owned(), int(0));
                row.insert("DataUsed".to_owned(), int(4_096));
            }
            Value::Dictionary(row)
        });
    Reply::done(dict([("Users", Value::Array(rows.collect()))]))
}

/// `DeleteUser`: nobody who is logged in.
pub(super) fn delete(turn: &mut Turn<'_>) -> Reply {
    let logged_in = turn.core.state.logged_in.clone();
    if boolean(turn.command, "DeleteAllUsers") == Some(true) {
        turn.core
            .state
            .known_users
            .retain(|name| logged_in.as_ref() == Some(name));
        return Reply::ok();
    }
    let name = string(turn.command, "UserName")
        .unwrap_or_default()
        .to_owned();
    if logged_in.as_ref() == Some(&name) {
        return turn.refuse(12071, format!("The user “{name}” is logged in."));
    }
    let before = turn.core.state.known_users.len();
    turn.core.state.known_users.retain(|known| *known != name);
    if turn.core.state.known_users.len() == before {
        return turn.refuse(12070, format!("The user “{name}” does not exist."));
    }
    Reply::ok()
}

/// `LogOutUser` (Shared iPad).
pub(super) fn log_out(turn: &mut Turn<'_>) -> Reply {
    if turn.core.state.logged_in.is_none() {
        return turn.refuse(12072, "No user is logged in.".to_owned());
    }
    Reply::then(After::LogOut)
}

/// `UnlockUserAccount` (macOS). Nobody mistypes a password at a virtual Mac, so no account is ever locked.
pub(super) fn unlock(turn: &mut Turn<'_>) -> Reply {
    let name = string(turn.command, "UserName")
        .unwrap_or_default()
        .to_owned();
    if !turn.core.state.known_users.contains(&name) {
        return turn.refuse(12070, format!("The user “{name}” does not exist."));
    }
    Reply::ok()
}

//! `AccountConfiguration` and `SetAutoAdminPassword`: both about the administrator that Setup Assistant makes.

use plist::Value;

use super::super::values::string;
use super::{Reply, Turn};

/// `AccountConfiguration`: the accounts that Setup Assistant will make.
pub(super) fn configure(turn: &mut Turn<'_>) -> Reply {
    if !turn.core.state.awaiting_configuration && !turn.core.spec.supervised {
        return turn.refuse(12008, "The device is not in Setup Assistant.".to_owned());
    }
    let names: Vec<String> = turn
        .command
        .get("AutoSetupAdminAccounts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_dictionary)
        .filter_map(|account| string(account, "shortName"))
        .map(str::to_owned)
        .collect();
    let primary = string(turn.command, "PrimaryAccountUserName").map(str::to_owned);
    turn.core
        .state
        .known_users
        .extend(names.iter().cloned().chain(primary));
    turn.core.state.rare_mut().auto_admins = names;
    Reply::ok()
}

/// `SetAutoAdminPassword`: by the GUID that `DeviceInformation` told.
pub(super) fn set_password(turn: &mut Turn<'_>) -> Reply {
    let guid = string(turn.command, "GUID").unwrap_or_default();
    let derive = turn.core.derive();
    let known = turn.core.state.rare().is_some_and(|rare| {
        rare.auto_admins
            .iter()
            .any(|name| derive.uuid(&format!("admin/{name}"), 0) == guid)
    });
    if known {
        Reply::ok()
    } else {
        turn.refuse(
            12008,
            format!("There is no account with the GUID “{guid}”."),
        )
    }
}

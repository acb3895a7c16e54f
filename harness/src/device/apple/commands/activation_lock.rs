//! `ActivationLockBypassCode` and its clearing: one code, told once and forgotten.

use super::super::values::{dict, text};
use super::{Reply, Turn};

/// Tells the code while the device knows it.
pub(super) fn bypass_code(turn: &mut Turn<'_>) -> Reply {
    if turn
        .core
        .state
        .rare()
        .is_some_and(|rare| rare.bypass_code_cleared)
    {
        return turn.refuse(12058, "There is no bypass code.".to_owned());
    }
    let code = turn.core.derive().uuid("bypass", 0).replace('-', "");
    Reply::done(dict([("ActivationLockBypassCode", text(code))]))
}

/// Forgets the code.
pub(super) fn clear(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().bypass_code_cleared = true;
    Reply::ok()
}

//! A virtual Apple device: identity, state, effect model, one file per command.

//! Vendor capabilities: what each release of each platform understands, by Apple's schema and later sources.

mod applicability;
mod facts;
mod item;

pub use applicability::{Applicability, Context, NotApplicable, Scope, UnknownBecause};
pub use facts::Facts;
pub use item::{
    AccessRight, Change, Confidence, Item, ItemIndex, Key, KeyIndex, Kind, Mode, Presence, Role,
    Scalar, SharedIpad, Since, Support, ValueType,
};

//! Vendor capabilities: what each release of each platform understands, by Apple's schema and later sources.

mod applicability;
pub mod check;
pub mod client_capabilities;
pub mod explain;
mod facts;
pub mod features;
pub mod features_json;
pub mod instance;
mod item;
pub mod lint;
mod load;
mod provenance;
pub(crate) mod raw;
mod read;
mod read_catalog;
mod reader;
pub(crate) mod resolve;

pub use applicability::{Applicability, Context, NotApplicable, Scope, UnknownBecause};
pub use facts::Facts;
pub use item::{
    AccessRight, Change, Confidence, Item, ItemIndex, Key, KeyIndex, Kind, Mode, Presence, Role,
    Scalar, SharedIpad, Since, Support, ValueType,
};
pub use load::{DATA_FOLDER, read_sources};
pub use provenance::{CatalogHead, Disagreement, Place, Provenance, Vanished};
pub use raw::Layer;

//! Importers: from what was read elsewhere to data files that people review as a diff.

mod product;

pub use product::{ImportError, product};

//! What several tests share.

use std::path::Path;
use std::sync::LazyLock;

use device_matrix::catalog::Catalog;
use device_matrix::diag::{SourceFile, render};
use device_matrix::selector::{Selector, SelectorError, Target};
use device_matrix::sources::read_sources;
use jiff::civil::Date;

/// The committed data files.
pub(crate) fn sources() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate stands in the workspace");
    read_sources(root).expect("the committed data can be read")
}

/// The committed catalogue, loaded once.
pub(crate) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        let sources = sources();
        Catalog::load(&sources)
            .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)))
    });
    &CATALOG
}

/// A date that the test writes itself.
pub(crate) fn date(text: &str) -> Date {
    text.parse().expect(text)
}

/// What a selector means on a day.
pub(crate) fn resolve(
    catalog: &Catalog,
    selector: &str,
    as_of: &str,
) -> Result<Target, SelectorError> {
    selector.parse::<Selector>()?.resolve(catalog, date(as_of))
}

//! `CertificateList`.

use plist::Value;

use super::super::effects;
use super::super::values::{dict, text};
use super::{Reply, Turn};

/// Certificates in force; all of them were brought by management.
pub(super) fn list(turn: &mut Turn<'_>) -> Reply {
    let rows = effects::certificate_rows(turn.core)
        .into_iter()
        .map(|(name, identity, bytes)| {
            Value::Dictionary(dict([
                ("CommonName", text(name)),
                ("IsIdentity", Value::Boolean(identity)),
                ("Data", Value::Data(bytes)),
            ]))
        });
    Reply::done(dict([("CertificateList", Value::Array(rows.collect()))]))
}

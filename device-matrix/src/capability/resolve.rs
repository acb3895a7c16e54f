//! From what the layers declare to effective support: inheritance along payload, parent keys and key.
//!
//! Per OS and per attribute: a key starts from its parent's effective state and overrides single attributes.
//! `introduced` is the maximum along the chain (not available anywhere above is not available), `removed` the
//! minimum. A row of a later source states effective values and replaces what it states, within what the parent
//! allows.

use std::collections::{BTreeMap, HashMap};

use super::item::{
    AccessRight, Confidence, Item, Key, KeyIndex, Mode, Role, Since, Support, ValueType,
};
use super::provenance::Provenance;
use super::raw::{self, ACCESS_RIGHTS, Declared, Layer, RawItem, RawKey, Row};
use crate::known::Known;
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

type PerOs = BTreeMap<SchemaOs, Support>;

/// A key that can not be placed: without its parent in the layers, about a key that no layer brings, or stated twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(crate) layer: Layer,
    pub(crate) path: Vec<String>,
    pub(crate) role: Role,
    /// It has its parent, and the layer states it a second time.
    pub(crate) twice: bool,
}

/// What the layers say about one vendor file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layers<'a> {
    pub(crate) schema: Option<&'a RawItem>,
    pub(crate) seed: Option<&'a RawItem>,
    pub(crate) later: Option<&'a RawItem>,
}

impl<'a> Layers<'a> {
    fn each(self) -> impl Iterator<Item = &'a RawItem> {
        [self.schema, self.seed, self.later].into_iter().flatten()
    }

    /// The layer that brings the item.
    fn origin(self) -> Option<&'a RawItem> {
        self.each().find(|item| item.adds)
    }
}

/// A key with everything the layers say about it.
struct Merged<'a> {
    brought: &'a RawKey,
    layer: Layer,
    parent: Option<usize>,
    rows: Vec<&'a RawKey>,
}

/// Resolves one item; `None` when no layer brings it.
pub(crate) fn resolve(layers: Layers<'_>, orphans: &mut Vec<Orphan>) -> Option<(Item, Provenance)> {
    let origin = layers.origin()?;
    let merged = merge(layers, orphans);
    let os = item_support(layers, origin);
    let key_os = key_support(&merged, &os, true);

    let mut provenance = Provenance::new(origin);
    provenance.key_layers = merged.iter().map(|key| key.layer).collect();
    for (at, key) in merged.iter().enumerate() {
        if let Some(seen) = &key.brought.first_seen {
            provenance.key_first_seen.insert(index(at), seen.clone());
        }
    }
    if let (Some(schema), Some(_)) = (layers.schema, layers.later) {
        let base_os = item_support(
            Layers {
                schema: Some(schema),
                ..Layers::default()
            },
            schema,
        );
        let base_keys = key_support(&merged, &base_os, false);
        for (at, key) in merged.iter().enumerate() {
            if key.layer == Layer::Schema && base_keys[at] != key_os[at] {
                provenance
                    .schema
                    .insert(Some(index(at)), base_keys[at].clone());
            }
        }
        if base_os != os {
            provenance.schema.insert(None, base_os);
        }
    }

    let keys = merged
        .iter()
        .zip(key_os)
        .map(|(key, os)| finish(key, os, &merged))
        .collect();
    let item = Item {
        kind: origin.kind,
        id: origin.id.clone(),
        file: origin.file.clone(),
        os,
        keys,
        apply: origin.apply.clone(),
        reasons: origin.reasons.clone(),
        related_status_items: origin.related_status_items.clone(),
    };
    Some((item, provenance))
}

fn index(at: usize) -> KeyIndex {
    KeyIndex(u32::try_from(at).unwrap_or(u32::MAX))
}

fn merge<'a>(layers: Layers<'a>, orphans: &mut Vec<Orphan>) -> Vec<Merged<'a>> {
    let mut merged: Vec<Merged<'a>> = Vec::new();
    let mut places: HashMap<(Role, &'a [String]), usize> = HashMap::new();
    for item in layers.each() {
        for key in &item.keys {
            if let Some(at) = places.get(&(key.role, key.path.as_slice())) {
                if merged[*at].layer == item.layer && key.value_type.is_some() {
                    orphans.push(orphan(item.layer, key, true));
                } else {
                    merged[*at].rows.push(key);
                }
                continue;
            }
            let parent = key.path.split_last().map_or(&[][..], |(_, front)| front);
            let parent = if parent.is_empty() {
                None
            } else if let Some(at) = places.get(&(key.role, parent)) {
                Some(*at)
            } else {
                orphans.push(orphan(item.layer, key, false));
                continue;
            };
            if key.value_type.is_none() {
                orphans.push(orphan(item.layer, key, false));
                continue;
            }
            places.insert((key.role, key.path.as_slice()), merged.len());
            merged.push(Merged {
                brought: key,
                layer: item.layer,
                parent,
                rows: Vec::new(),
            });
        }
    }
    merged
}

fn orphan(layer: Layer, key: &RawKey, twice: bool) -> Orphan {
    Orphan {
        layer,
        path: key.path.clone(),
        role: key.role,
        twice,
    }
}

fn item_support(layers: Layers<'_>, origin: &RawItem) -> PerOs {
    let mut out = PerOs::new();
    for os in SchemaOs::ALL {
        let mut support = unstated(origin.layer);
        if origin.row.is_none() {
            if let Some(declared) = origin.os.get(&os) {
                support = overlay(&support, declared);
            }
            support.beta |= origin.beta;
        }
        for item in layers.each() {
            if let Some(row) = &item.row {
                let brings = item.adds;
                support = state(os, &support, item.os.get(&os), row, brings, None);
            }
        }
        out.insert(os, support);
    }
    out
}

fn key_support(merged: &[Merged<'_>], item: &PerOs, with_later: bool) -> Vec<PerOs> {
    let mut out: Vec<PerOs> = Vec::with_capacity(merged.len());
    for key in merged {
        let parent = key.parent.map_or(item, |at| &out[at]);
        let mut support = PerOs::new();
        for (os, inherited) in parent {
            let mut own = inherited.clone();
            if key.brought.row.is_none() {
                if let Some(declared) = key.brought.os.get(os) {
                    own = overlay(inherited, declared);
                }
                if key.layer == Layer::Seed {
                    own.confidence = own.confidence.max(Confidence::Facts);
                }
            }
            let rows = std::iter::once(key.brought).chain(key.rows.iter().copied());
            for (position, raw) in rows.enumerate() {
                if let (true, Some(row)) = (with_later, &raw.row) {
                    let brings = position == 0;
                    own = state(*os, &own, raw.os.get(os), row, brings, Some(inherited));
                }
            }
            support.insert(*os, own);
        }
        out.push(support);
    }
    out
}

/// Support of which nothing is stated. In the schema a missing attribute has a meaning (not supervised, allowed);
/// later sources are silent about enrollments.
fn unstated(layer: Layer) -> Support {
    let silent = layer == Layer::Later;
    Support {
        introduced: Since::Unknown,
        deprecated: None,
        removed: None,
        supervised: if silent {
            Known::Unknown
        } else {
            Known::Known(false)
        },
        requires_dep: false,
        user_approved_mdm: false,
        device_channel: true,
        user_channel: false,
        allow_manual_install: None,
        access_right: AccessRight::None,
        allowed_enrollments: None,
        allowed_scopes: None,
        user_enrollment: if silent {
            Known::Unknown
        } else {
            Known::Known(Mode::Allowed)
        },
        shared_ipad: if silent {
            Known::Unknown
        } else {
            Known::Known(None)
        },
        multiple: None,
        beta: false,
        confidence: match layer {
            Layer::Schema => Confidence::Schema,
            Layer::Seed => Confidence::Facts,
            Layer::Later => Confidence::Docs,
        },
    }
}

/// The later of two; not available wins, unknown gives way to what is stated.
fn later(inherited: Since, own: Since) -> Since {
    match (inherited, own) {
        (Since::NotAvailable, _) | (_, Since::NotAvailable) => Since::NotAvailable,
        (Since::Unknown, other) | (other, Since::Unknown) => other,
        (Since::Version(a), Since::Version(b)) => Since::Version(if a >= b { a } else { b }),
    }
}

fn earlier(inherited: Option<VersionNumber>, own: Option<VersionNumber>) -> Option<VersionNumber> {
    match (inherited, own) {
        (Some(a), Some(b)) => Some(if a <= b { a } else { b }),
        (one, other) => one.or(other),
    }
}

fn overlay(inherited: &Support, own: &Declared) -> Support {
    let mut out = inherited.clone();
    if let Some(introduced) = own.introduced {
        out.introduced = later(inherited.introduced, introduced);
    }
    out.deprecated = own.deprecated.or(inherited.deprecated);
    out.removed = earlier(inherited.removed, own.removed);
    if let Some(supervised) = own.supervised {
        out.supervised = Known::Known(supervised);
    }
    out.requires_dep = own.requires_dep.unwrap_or(inherited.requires_dep);
    out.user_approved_mdm = own.user_approved_mdm.unwrap_or(inherited.user_approved_mdm);
    out.device_channel = own.device_channel.unwrap_or(inherited.device_channel);
    out.user_channel = own.user_channel.unwrap_or(inherited.user_channel);
    out.allow_manual_install = own.allow_manual_install.or(inherited.allow_manual_install);
    out.multiple = own.multiple.or(inherited.multiple);
    out.beta = own.beta.unwrap_or(inherited.beta);
    if let Some(right) = own
        .access_rights
        .as_deref()
        .and_then(|text| raw::value(&ACCESS_RIGHTS, text))
    {
        out.access_right = right;
    }
    if let Some(enrollments) = &own.allowed_enrollments {
        // The declarative side says "needs supervision" by this list.
        out.supervised = Known::Known(enrollments.as_slice() == ["supervised"]);
        out.allowed_enrollments = Some(enrollments.clone());
    }
    if let Some(scopes) = &own.allowed_scopes {
        out.allowed_scopes = Some(scopes.clone());
    }
    if let Some(mode) = own.user_enrollment {
        out.user_enrollment = Known::Known(mode);
    }
    if let Some(shared) = &own.shared_ipad {
        let before = inherited.shared_ipad.as_known().and_then(Option::as_ref);
        out.shared_ipad = Known::Known(Some(shared.over(before)));
    }
    out
}

/// Applies a row of a later source; `stated` is what it says about this OS.
fn state(
    os: SchemaOs,
    before: &Support,
    stated: Option<&Declared>,
    row: &Row,
    brings: bool,
    parent: Option<&Support>,
) -> Support {
    let mut out = before.clone();
    let above = parent.map_or(Since::Unknown, |parent| parent.introduced);
    let introduced = stated.and_then(|stated| stated.introduced);
    if brings {
        // A new key exists from when it is stated, and nobody knows where it is not stated.
        out.introduced = match (above, introduced) {
            (Since::NotAvailable, _) => Since::NotAvailable,
            (_, None) => Since::Unknown,
            (above, Some(own)) => later(above, own),
        };
    } else if let Some(own) = introduced {
        out.introduced = later(above, own);
    }
    let newly_available = matches!(out.introduced, Since::Version(_))
        && (brings || !matches!(before.introduced, Since::Version(_)));
    if newly_available || (brings && out.introduced == Since::Unknown) {
        forget_enrollments(os, &mut out);
    }
    if let Some(stated) = stated {
        out.deprecated = stated.deprecated.or(out.deprecated);
        if stated.removed.is_some() {
            out.removed = earlier(parent.and_then(|parent| parent.removed), stated.removed);
        }
        if let Some(supervised) = stated.supervised {
            out.supervised = Known::Known(supervised);
        }
        if let Some(mode) = stated.user_enrollment {
            out.user_enrollment = Known::Known(mode);
        }
        if let Some(scopes) = &stated.allowed_scopes {
            out.allowed_scopes = Some(scopes.clone());
        }
    }
    if out != *before || brings || row.confidence == Confidence::Conflict {
        out.confidence = row.confidence;
    }
    out
}

/// What holds above holds below when it is a refusal; anything milder is not stated by later sources.
fn forget_enrollments(os: SchemaOs, out: &mut Support) {
    if out.supervised == Known::Known(false) {
        out.supervised = Known::Unknown;
    }
    if matches!(
        out.user_enrollment,
        Known::Known(Mode::Allowed | Mode::Required)
    ) {
        out.user_enrollment = Known::Unknown;
    }
    let refused = match &out.shared_ipad {
        Known::Known(Some(shared)) => matches!(shared.mode, Mode::Forbidden | Mode::Ignored),
        _ => false,
    };
    // Shared iPad is a matter of iPadOS, which the schema states as iOS.
    if !refused {
        out.shared_ipad = if os == SchemaOs::Ios {
            Known::Unknown
        } else {
            Known::Known(None)
        };
    }
}

fn finish(key: &Merged<'_>, os: PerOs, merged: &[Merged<'_>]) -> Key {
    let raw = key.brought;
    let name = raw.path.last().map_or("", String::as_str);
    let parent_type = key.parent.and_then(|at| merged[at].brought.value_type);
    let mut rangelist = raw.rangelist.clone();
    // Additions to a list the schema has; a list that only the documentation has is not taken as complete.
    if !rangelist.is_empty() {
        for added in key.rows.iter().flat_map(|row| &row.values_added) {
            if !rangelist.contains(added) {
                rangelist.push(added.clone());
            }
        }
    }
    Key {
        path: raw.path.clone(),
        role: raw.role,
        value_type: raw.value_type.unwrap_or(ValueType::Any),
        presence: raw.presence,
        placeholder: parent_type == Some(ValueType::Array) || raw::is_free_name(name),
        enum_value: parent_type == Some(ValueType::String),
        parent: key.parent.map(index),
        rangelist,
        range: raw.range.clone(),
        repetition: raw.repetition,
        format: raw.format.clone(),
        default: raw.default.clone(),
        subtype: raw.subtype.clone(),
        combinetype: raw.combinetype.clone(),
        assettypes: raw.assettypes.clone(),
        recursive: raw.recursive,
        os,
    }
}

//! The `management.client-capabilities` status item of a device, derived from the facts.
//!
//! The rule, checked against two real devices: every activation, configuration, management declaration and status
//! item that applies to the device; an asset type only when a listed configuration may refer to it.

use std::collections::BTreeSet;

use super::applicability::{Applicability, Context};
use super::facts::Facts;
use super::item::{Item, Kind, Role};

/// Declared among the status items, but a type that others share.
const SHARED_TYPES: [&str; 1] = ["status-reason"];

/// What a device says it understands. Every list is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// Activation types.
    pub activations: Vec<String>,
    /// Asset types.
    pub assets: Vec<String>,
    /// Configuration types.
    pub configurations: Vec<String>,
    /// Management declaration types.
    pub management: Vec<String>,
    /// Status items.
    pub status_items: Vec<String>,
    /// Ids of which no source says whether the device has them; they are in none of the lists.
    pub unknown: Vec<String>,
}

impl ClientCapabilities {
    /// All names, in the order of the report.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.activations
            .iter()
            .chain(&self.assets)
            .chain(&self.configurations)
            .chain(&self.management)
            .chain(&self.status_items)
            .map(String::as_str)
    }
}

/// Derives the list for the device in `context`; its scope is the channel that reports.
#[must_use]
pub fn client_capabilities(facts: &Facts, context: &Context) -> ClientCapabilities {
    let mut out = ClientCapabilities::default();
    let mut offered_assets: Vec<&Item> = Vec::new();
    let mut wanted_assets: BTreeSet<&str> = BTreeSet::new();
    for item in facts.items() {
        if !matches!(item.kind, Kind::Declaration | Kind::Status)
            || SHARED_TYPES.contains(&item.id.as_str())
        {
            continue;
        }
        match applies(item, context) {
            Applicability::No(_) => continue,
            Applicability::Unknown(_) => {
                out.unknown.push(item.id.clone());
                continue;
            }
            Applicability::Yes { .. } => {}
        }
        if item.kind == Kind::Status {
            out.status_items.push(item.id.clone());
            continue;
        }
        let list = match declaration_class(&item.id) {
            Some(Class::Activation) => &mut out.activations,
            Some(Class::Management) => &mut out.management,
            Some(Class::Asset) => {
                offered_assets.push(item);
                continue;
            }
            Some(Class::Configuration) => {
                wanted_assets.extend(asset_types(item, context));
                &mut out.configurations
            }
            None => continue,
        };
        list.push(item.id.clone());
    }
    out.assets = offered_assets
        .into_iter()
        .filter(|item| wanted_assets.contains(item.id.as_str()))
        .map(|item| item.id.clone())
        .collect();
    for list in [
        &mut out.activations,
        &mut out.assets,
        &mut out.configurations,
        &mut out.management,
        &mut out.status_items,
        &mut out.unknown,
    ] {
        list.sort();
        list.dedup();
    }
    out
}

enum Class {
    Activation,
    Asset,
    Configuration,
    Management,
}

fn declaration_class(id: &str) -> Option<Class> {
    let rest = id.strip_prefix("com.apple.")?;
    match rest.split('.').next()? {
        "activation" => Some(Class::Activation),
        "asset" => Some(Class::Asset),
        "configuration" => Some(Class::Configuration),
        "management" => Some(Class::Management),
        _ => None,
    }
}

/// Types that the keys of a configuration may refer to, as far as the device has the keys.
fn asset_types<'i>(item: &'i Item, context: &Context) -> impl Iterator<Item = &'i str> {
    let platform = context.platform;
    let version = context.version;
    item.keys
        .iter()
        .filter(move |key| {
            key.role == Role::Payload
                && key
                    .support(platform)
                    .is_some_and(|support| support.available(&version).is_yes())
        })
        .flat_map(|key| key.assettypes.iter().map(String::as_str))
}

fn applies(item: &Item, context: &Context) -> Applicability {
    let none = Applicability::No(super::applicability::NotApplicable::NotOnThisOs);
    let Some(os) = context.platform.schema_os() else {
        return none;
    };
    item.os
        .get(&os)
        .map_or(none, |support| support.applies(os, context))
}

//! Which capabilities apply to a cell, and which of them a probe asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use device_matrix::capability::{
    Applicability, Context, Facts, Item, ItemIndex, Key, KeyIndex, Kind, Role as Side, Scope,
    Support,
};
use device_matrix::cell::{Arrival, Cell, Role};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::SchemaOs;
use device_matrix::version::OsVersion;
use rayon::prelude::*;

use super::{Capability, Coverage, Form, Probe, capability_id, unprobed};

/// Commands that a probe may send: they read, and the device is as before.
const READ_ONLY: [&str; 16] = [
    "ActiveNSExtensions",
    "AvailableOSUpdates",
    "CertificateList",
    "ContentCachingInformation",
    "InstalledApplicationList",
    "ManagedApplicationAttributes",
    "ManagedApplicationConfiguration",
    "ManagedApplicationFeedback",
    "ManagedApplicationList",
    "ManagedMediaList",
    "NSExtensionMappings",
    "OSUpdateStatus",
    "ProfileList",
    "ProvisioningProfileList",
    "Restrictions",
    "SecurityInfo",
];

/// Commands after which the device is gone, off or without its data.
const DESTRUCTIVE: [&str; 5] = [
    "DeleteUser",
    "DeviceConfigured",
    "EraseDevice",
    "RemoveProfile",
    "ShutDownDevice",
];

/// Payload types that describe the profile or the management itself.
const STRUCTURAL: [&str; 4] = [
    "Configuration",
    "TopLevel",
    "CommonPayloadKeys",
    "com.apple.mdm",
];

/// All access rights.
const ALL_RIGHTS: u32 = 8191;

/// Generates the probes and the coverage figures of a plan's cells.
#[must_use]
pub fn generate(cells: &[Arc<Cell>], facts: &Facts) -> (Vec<Probe>, Vec<Coverage>) {
    type Group = (&'static str, OsVersion, EnrollmentType);
    let mut chosen: BTreeMap<Group, (u32, &Cell)> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        if cell.role != Role::Subject || cell.arrival != Arrival::Fresh {
            continue;
        }
        let group = (
            cell.release.platform.slug(),
            cell.release.version,
            cell.enrollment,
        );
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let entry = chosen.entry(group).or_insert((index, cell));
        // The richest hardware stands for the others.
        if cell.model.hardware.len() > entry.1.model.hardware.len() {
            *entry = (index, cell);
        }
    }
    let chosen: Vec<_> = chosen.into_values().collect();
    let parts: Vec<_> = chosen
        .par_iter()
        .map(|(index, cell)| of_cell(*index, cell, facts))
        .collect();
    let (mut probes, mut coverage) = (Vec::new(), Vec::new());
    for (mine, figures) in parts {
        probes.extend(mine);
        coverage.extend(figures);
    }
    (probes, coverage)
}

/// The device of a cell as far as facts depend on it, on its device channel.
#[must_use]
pub fn context(cell: &Cell) -> Context {
    Context {
        platform: cell.release.platform,
        version: cell.release.version.number,
        enrollment: cell.enrollment,
        supervised: cell.supervised,
        scope: Scope::Device,
        access_rights: ALL_RIGHTS,
    }
}

struct Tally<'a> {
    os: SchemaOs,
    context: Context,
    cell: u32,
    release: String,
    probes: BTreeMap<String, Probe>,
    coverage: BTreeMap<&'a str, Coverage>,
}

fn of_cell(index: u32, cell: &Cell, facts: &Facts) -> (Vec<Probe>, Vec<Coverage>) {
    let Some(os) = cell.release.platform.schema_os() else {
        return (Vec::new(), Vec::new());
    };
    let mut tally = Tally {
        os,
        context: context(cell),
        cell: index,
        release: cell.release.id(),
        probes: BTreeMap::new(),
        coverage: BTreeMap::new(),
    };
    for (position, item) in facts.items().iter().enumerate() {
        let at = ItemIndex(u32::try_from(position).unwrap_or(u32::MAX));
        tally.item(at, item);
    }
    (
        tally.probes.into_values().collect(),
        tally.coverage.into_values().collect(),
    )
}

impl<'a> Tally<'a> {
    fn item(&mut self, at: ItemIndex, item: &'a Item) {
        let class = item.kind.as_str();
        if !self.count(class, item.os.get(&self.os)) {
            return;
        }
        let whole = Capability {
            id: capability_id(&item.file, None),
            item: at,
            key: None,
        };
        match plan_of(item) {
            Err(reason) => self.skip(class, reason),
            // A subscription and a query are asked by name; the keys are in the answer.
            Ok((form, name)) => self.ask(class, form, name, whole),
        }
        for (position, key) in item.keys.iter().enumerate() {
            let index = KeyIndex(u32::try_from(position).unwrap_or(u32::MAX));
            self.key(at, item, index, key);
        }
    }

    fn key(&mut self, at: ItemIndex, item: &'a Item, index: KeyIndex, key: &'a Key) {
        if key.placeholder && !key.enum_value {
            return;
        }
        let class = match (item.kind, key.role) {
            _ if is_query(item, key) => "query",
            (_, Side::Response) => "response",
            (Kind::Profile, _) if item.id == RESTRICTIONS => "restriction",
            _ => key_class(item.kind),
        };
        if !self.count(class, key.os.get(&self.os)) {
            return;
        }
        let capability = || Capability {
            id: capability_id(&item.file, Some(key)),
            item: at,
            key: Some(index),
        };
        if is_query(item, key) {
            self.ask(class, Form::Query, "query".to_owned(), capability());
            return;
        }
        if key.role == Side::Response {
            self.skip(class, "seen_in_answers");
            return;
        }
        if key.enum_value {
            self.skip(class, "value_of_a_key");
            return;
        }
        if item.kind == Kind::Status {
            self.skip(class, "seen_in_status_reports");
            return;
        }
        if under_placeholder(item, key) {
            self.skip(class, "inside_an_element");
            return;
        }
        match plan_of(item) {
            Err(reason) => self.skip(class, reason),
            Ok((form, name)) => self.ask(class, form, name, capability()),
        }
    }

    /// Counts an applicable or unknown capability; `true` when it applies.
    fn count(&mut self, class: &'a str, support: Option<&Support>) -> bool {
        let Some(support) = support else {
            return false;
        };
        let applies = support.applies(self.os, &self.context);
        let row = self.row(class);
        match applies {
            Applicability::Yes { .. } => {
                row.applicable += 1;
                true
            }
            Applicability::Unknown(_) => {
                row.unknown += 1;
                false
            }
            Applicability::No(_) => false,
        }
    }

    fn row(&mut self, class: &'a str) -> &mut Coverage {
        let (release, context) = (&self.release, &self.context);
        self.coverage.entry(class).or_insert_with(|| Coverage {
            release: release.clone(),
            enrollment: context.enrollment.as_str().to_owned(),
            class: class.to_owned(),
            ..Coverage::default()
        })
    }

    fn skip(&mut self, class: &'a str, reason: &'static str) {
        *self.row(class).skipped.entry(reason).or_default() += 1;
    }

    fn ask(&mut self, class: &'a str, form: Form, name: String, capability: Capability) {
        self.row(class).probed += 1;
        let cell = self.cell;
        self.probes
            .entry(name)
            .or_insert_with_key(|name| Probe {
                class: name.clone(),
                form,
                cell,
                batch: Vec::new(),
            })
            .batch
            .push(capability);
    }
}

const RESTRICTIONS: &str = "com.apple.applicationaccess";

fn is_query(item: &Item, key: &Key) -> bool {
    key.enum_value && item.kind == Kind::Command && item.id == "DeviceInformation"
}

const fn key_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Command => "command key",
        Kind::Profile => "payload key",
        Kind::Declaration => "declaration key",
        Kind::Status => "status key",
        Kind::Checkin => "checkin key",
        _ => "other key",
    }
}

/// How an item is asked for, and under which class name; or why it is not.
fn plan_of(item: &Item) -> Result<(Form, String), &'static str> {
    if let Some(reason) = unprobed(item.kind) {
        return Err(reason);
    }
    let id = item.id.as_str();
    match item.kind {
        Kind::Command if DESTRUCTIVE.contains(&id) => Err("destructive"),
        Kind::Command if id == "DeviceInformation" => Err("asked_by_query"),
        Kind::Command if READ_ONLY.contains(&id) => Ok((Form::Command, format!("command:{id}"))),
        Kind::Command => Err("changes_state"),
        Kind::Profile if STRUCTURAL.contains(&id) => Err("structural"),
        Kind::Profile if id == RESTRICTIONS => Ok((Form::Restriction, "restriction".to_owned())),
        // Several files share an id; the file keeps them apart.
        Kind::Profile => Ok((Form::Payload, format!("payload:{}", stem(&item.file)))),
        Kind::Declaration if id.starts_with("com.apple.configuration.") => {
            Ok((Form::Declaration, format!("declaration:{id}")))
        }
        Kind::Declaration => Err("carried_with_a_configuration"),
        _ => Ok((Form::Status, "status".to_owned())),
    }
}

fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".yaml").unwrap_or(name)
}

fn under_placeholder(item: &Item, key: &Key) -> bool {
    let mut parent = key.parent;
    // The chain is as long as the path at most.
    for _ in 0..key.path.len() {
        let Some(index) = parent else {
            return false;
        };
        let above = item.key(index);
        if above.placeholder {
            return true;
        }
        parent = above.parent;
    }
    false
}

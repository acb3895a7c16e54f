//! What a device remembers. Only what differs from a device out of the box takes memory.

use std::collections::BTreeMap;

use device_matrix::capability::Scope;
use device_matrix::version::VersionNumber;
use plist::{Dictionary, Value};

use super::ddm::Engine;

/// The state of a device.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub(super) struct State {
    /// Under management.
    pub enrolled: bool,
    /// How often the push token of a channel has changed.
    pub token_generation: u32,
    /// Waits in Setup Assistant.
    pub awaiting_configuration: bool,
    /// The server has escrowed the bootstrap token.
    pub bootstrap_token_escrowed: bool,
    /// Installed profiles in the order of installation.
    pub profiles: Vec<InstalledProfile>,
    /// Apps by bundle identifier; those of the operating system are not listed.
    pub apps: BTreeMap<String, App>,
    /// Managed books.
    pub books: Vec<Dictionary>,
    /// Provisioning profiles by UUID, with the length of their data.
    pub provisioning: BTreeMap<String, usize>,
    /// What `Settings` and similar commands have set.
    pub settings: BTreeMap<String, Value>,
    /// The passcode.
    pub passcode: Option<String>,
    /// Lock.
    pub lock: Lock,
    /// Managed Lost Mode.
    pub lost: Option<Box<Lost>>,
    /// Erased; the device is of no more use.
    pub erased: Option<Erased>,
    /// Restarts since the beginning.
    pub reboots: u32,
    /// Shut down.
    pub shut_down: bool,
    /// The update that a command asked for.
    pub scheduled_update: Option<Box<ScheduledUpdate>>,
    /// The user who is logged in (macOS, Shared iPad).
    pub logged_in: Option<String>,
    /// The server manages the user who is logged in.
    pub user_channel_open: bool,
    /// Users who have been logged in.
    pub known_users: Vec<String>,
    /// Declarative management of the device channel.
    pub device_engine: Option<Box<Engine>>,
    /// Declarative management of the user channel.
    pub user_engine: Option<Box<Engine>>,
    /// What few devices ever have.
    pub rare: Option<Box<Rare>>,
    /// Pointers whose effects a planted fault has lost.
    pub lost_effects: Vec<String>,
    /// Effects that a planted fault keeps after their removal.
    pub kept_effects: Vec<(String, serde_json::Value)>,
}

/// What few devices ever have.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub(super) struct Rare {
    /// Firmware password (Intel Macs).
    pub firmware_password: Option<String>,
    /// Recovery lock (Apple silicon).
    pub recovery_lock: Option<String>,
    /// Remote desktop is on.
    pub remote_desktop: bool,
    /// Screen is mirrored to this destination.
    pub mirroring_to: Option<String>,
    /// The recovery key has been rotated this often.
    pub recovery_key_rotations: u32,
    /// The bypass code of Activation Lock was cleared.
    pub bypass_code_cleared: bool,
    /// Carrier plans have been refreshed from these servers.
    pub cellular_plan_servers: Vec<String>,
    /// Accounts made by `AccountConfiguration`.
    pub auto_admins: Vec<String>,
    /// A scan for updates was asked for.
    pub update_scans: u32,
    /// Enhanced log collection runs.
    pub log_collection: bool,
    /// The restrictions password was cleared.
    pub restrictions_password_cleared: bool,
    /// Redemption codes by bundle identifier.
    pub redemption_codes: BTreeMap<String, String>,
    /// Invitations to programs.
    pub invitations: Vec<String>,
}

/// Where a profile or app came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A command.
    Command,
    /// The declaration with this identifier.
    Declaration(String),
}

/// A profile on the device.
#[derive(Clone, Debug)]
pub(super) struct InstalledProfile {
    pub identifier: String,
    pub uuid: String,
    pub display_name: Option<String>,
    pub organization: Option<String>,
    pub description: Option<String>,
    pub removal_disallowed: bool,
    pub encrypted: bool,
    pub scope: Scope,
    pub source: Source,
    pub payloads: Vec<InstalledPayload>,
}

/// A payload on the device.
#[derive(Clone, Debug)]
pub(super) struct InstalledPayload {
    pub payload_type: String,
    pub identifier: String,
    pub uuid: String,
    /// As installed.
    pub content: Dictionary,
    /// What is in force on the release the device runs; `None` is inert.
    pub in_force: Option<Dictionary>,
}

/// An app on the device.
#[derive(Clone, Debug, Default)]
pub(super) struct App {
    pub managed: bool,
    pub removable: bool,
    /// `ManagementFlags` as given: 1 removes the app with management, 4 keeps its data out of backups.
    pub management_flags: i64,
    pub store_id: Option<i64>,
    pub configuration: Option<Dictionary>,
    pub attributes: Option<Dictionary>,
    pub source: &'static str,
    /// The declaration that asks for it.
    pub declaration: Option<String>,
}

/// Lock of the screen, or of the whole Mac.
#[derive(Clone, Debug, Default)]
pub(super) struct Lock {
    pub locked: bool,
    pub message: Option<Box<str>>,
    pub phone_number: Option<Box<str>>,
    pub pin_set: bool,
}

/// Managed Lost Mode.
#[derive(Clone, Debug, Default)]
pub(super) struct Lost {
    pub message: Option<String>,
    pub phone_number: Option<String>,
    pub footnote: Option<String>,
    pub sound_played: bool,
}

/// How the device was erased.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Erased {
    pub preserve_data_plan: bool,
    pub return_to_service: bool,
}

/// An update that a command asked for.
#[derive(Clone, Debug)]
pub(super) struct ScheduledUpdate {
    /// Key by which the server names it.
    pub product_key: String,
    /// Version, when the server named one.
    pub version: Option<VersionNumber>,
    /// `InstallAction`.
    pub action: String,
}

impl State {
    /// What few devices ever have, for reading.
    pub(super) fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    /// What few devices ever have, for changing.
    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(Box::default)
    }

    /// Declarative management of a channel.
    pub(super) fn engine(&self, scope: Scope) -> Option<&Engine> {
        match scope {
            Scope::Device => self.device_engine.as_deref(),
            Scope::User => self.user_engine.as_deref(),
        }
    }

    /// Declarative management of a channel, turned on when it was off.
    pub(super) fn engine_mut(&mut self, scope: Scope) -> &mut Engine {
        match scope {
            Scope::Device => self.device_engine.get_or_insert_with(Box::default),
            Scope::User => self.user_engine.get_or_insert_with(Box::default),
        }
    }

    /// A setting that is a truth value.
    pub(super) fn switch(&self, name: &str) -> Option<bool> {
        self.settings.get(name).and_then(Value::as_boolean)
    }

    /// A setting that is text.
    pub(super) fn text_setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(Value::as_string)
    }

    /// Forgets everything that management brought.
    pub(super) fn leave_management(&mut self) {
        self.enrolled = false;
        self.user_channel_open = false;
        self.awaiting_configuration = false;
        self.bootstrap_token_escrowed = false;
        self.profiles.clear();
        self.apps.retain(|_, app| !app.managed);
        self.books.clear();
        self.lost = None;
        self.scheduled_update = None;
        self.device_engine = None;
        self.user_engine = None;
    }
}

//! The wire shape of the release facts (`os-compat-facts/1`).

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file. Parts that this crate does not import are left unread.
#[derive(Debug, Deserialize)]
pub(super) struct Input {
    pub(super) schema: String,
    pub(super) generated: String,
    pub(super) sources: BTreeMap<String, String>,
    pub(super) cutoffs: BTreeMap<String, String>,
    pub(super) platforms: BTreeMap<String, InputPlatform>,
    pub(super) devices: BTreeMap<String, InputDevice>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputPlatform {
    pub(super) generation_order: Vec<InputGeneration>,
    pub(super) majors: Vec<InputMajor>,
    pub(super) betas: Vec<InputSeed>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputGeneration {
    pub(super) major: String,
    pub(super) ga_date: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputMajor {
    pub(super) major: String,
    pub(super) point_releases: Vec<InputRelease>,
    pub(super) supported_devices: Vec<InputSupport>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputRelease {
    pub(super) version: String,
    pub(super) date: Option<String>,
    #[serde(default)]
    pub(super) builds: Vec<InputBuild>,
    pub(super) sources: Vec<String>,
    #[serde(default)]
    pub(super) other_dates: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputBuild {
    pub(super) build: String,
    pub(super) date: Option<String>,
    pub(super) note: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputSupport {
    pub(super) id: String,
    pub(super) first: String,
}

/// A beta or release candidate.
#[derive(Debug, Deserialize)]
pub(super) struct InputSeed {
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) number: u16,
    pub(super) build: String,
    pub(super) seeded: String,
    pub(super) sources: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputDevice {
    pub(super) names: Vec<String>,
    pub(super) released: Option<String>,
    pub(super) soc: Option<serde_json::Value>,
    pub(super) sources: Vec<String>,
}

//! The answer of `support`, before it is shown.

use std::path::Path;

use device_matrix::platform::Platform;
use device_matrix::support::{GenerationKey, Judged, SupportPolicy};
use jiff::civil::Date;

/// Where the supported versions are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `--supported`.
    Option,
    /// Adopted dates of the register.
    Register,
    /// Nobody has stated them.
    Unknown,
}

impl Source {
    /// The word in JSON.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Option => "option",
            Self::Register => "register",
            Self::Unknown => "unknown",
        }
    }
}

/// The answer about one platform.
#[derive(Debug)]
pub(crate) struct PlatformView {
    pub(crate) platform: Platform,
    pub(crate) supported: Option<Vec<GenerationKey>>,
    pub(crate) source: Source,
    pub(crate) leaving: Vec<GenerationKey>,
    pub(crate) released: Vec<GenerationKey>,
    /// Said to be out by secondary sources only; they do not count.
    pub(crate) unconfirmed: Vec<GenerationKey>,
    pub(crate) judged: Vec<Judged>,
}

/// The whole answer.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) as_of: Date,
    pub(crate) usage: Option<&'a Path>,
    pub(crate) policy: &'a SupportPolicy,
    /// Days of notice before a version may leave.
    pub(crate) notice_days: u32,
    pub(crate) platforms: Vec<PlatformView>,
}

pub(super) fn texts(keys: &[GenerationKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

/// What is said to be supported and is not out, or not confirmed to be.
pub(super) fn not_released(row: &PlatformView) -> Vec<GenerationKey> {
    let supported = row.supported.iter().flatten();
    supported
        .filter(|key| !row.released.contains(key))
        .cloned()
        .collect()
}

/// The newest released generations, as many as the floor asks for.
pub(super) fn protected<'v>(row: &'v PlatformView, policy: &SupportPolicy) -> &'v [GenerationKey] {
    let start = row.released.len().saturating_sub(policy.floor as usize);
    &row.released[start..]
}

/// The released generations before those, newest first: the floor would let them go.
pub(super) fn older(row: &PlatformView, policy: &SupportPolicy) -> Vec<GenerationKey> {
    let end = row.released.len().saturating_sub(policy.floor as usize);
    row.released[..end].iter().rev().cloned().collect()
}

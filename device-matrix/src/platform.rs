//! Platforms, and the operating systems by which Apple's schema states its facts.

use std::fmt;
use std::str::FromStr;

/// An operating-system platform for which the vendor publishes compatibility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// iOS on iPhone and iPod touch.
    Ios,
    /// iPadOS; a row of its own because its releases and models differ from iOS.
    Ipados,
    /// macOS.
    Macos,
    /// tvOS.
    Tvos,
    /// visionOS.
    Visionos,
    /// watchOS.
    Watchos,
    /// Android.
    Android,
    /// Windows.
    Windows,
}

/// The operating systems that Apple's device-management schema knows. iPadOS is stated as iOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaOs {
    /// iOS and iPadOS.
    Ios,
    /// macOS.
    Macos,
    /// tvOS.
    Tvos,
    /// visionOS.
    Visionos,
    /// watchOS.
    Watchos,
}

impl Platform {
    /// Every platform in the order of the published pages.
    pub const ALL: [Self; 8] = [
        Self::Ios,
        Self::Ipados,
        Self::Macos,
        Self::Tvos,
        Self::Visionos,
        Self::Watchos,
        Self::Android,
        Self::Windows,
    ];

    /// The Apple platforms in the order of the published pages.
    pub const APPLE: [Self; 6] = [
        Self::Ios,
        Self::Ipados,
        Self::Macos,
        Self::Tvos,
        Self::Visionos,
        Self::Watchos,
    ];

    /// The vendor's own spelling, as shown to people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Ipados => "iPadOS",
            Self::Macos => "macOS",
            Self::Tvos => "tvOS",
            Self::Visionos => "visionOS",
            Self::Watchos => "watchOS",
            Self::Android => "Android",
            Self::Windows => "Windows",
        }
    }

    /// Lowercase name, as used in selectors, file names and cell ids.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Ipados => "ipados",
            Self::Macos => "macos",
            Self::Tvos => "tvos",
            Self::Visionos => "visionos",
            Self::Watchos => "watchos",
            Self::Android => "android",
            Self::Windows => "windows",
        }
    }

    /// The operating system under which Apple's schema states facts for this platform.
    #[must_use]
    pub const fn schema_os(self) -> Option<SchemaOs> {
        match self {
            Self::Ios | Self::Ipados => Some(SchemaOs::Ios),
            Self::Macos => Some(SchemaOs::Macos),
            Self::Tvos => Some(SchemaOs::Tvos),
            Self::Visionos => Some(SchemaOs::Visionos),
            Self::Watchos => Some(SchemaOs::Watchos),
            Self::Android | Self::Windows => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no known platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform `{0}`")]
pub struct UnknownPlatform(pub String);

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.slug().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownPlatform(text.to_owned()))
    }
}

impl SchemaOs {
    /// Every schema OS, in the order in which Apple lists them.
    pub const ALL: [Self; 5] = [
        Self::Ios,
        Self::Macos,
        Self::Tvos,
        Self::Visionos,
        Self::Watchos,
    ];

    /// The key used in `supportedOS` of Apple's schema.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Macos => "macOS",
            Self::Tvos => "tvOS",
            Self::Visionos => "visionOS",
            Self::Watchos => "watchOS",
        }
    }
}

impl FromStr for SchemaOs {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|os| os.key() == text)
            .ok_or_else(|| UnknownPlatform(text.to_owned()))
    }
}

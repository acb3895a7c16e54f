//! Secrets: from the environment or a file of its owner, never in a text that leaves the adapter.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::description::SecretSource;

/// Longest secret that is read from a file, in bytes.
const LONGEST: u64 = 64 * 1024;
/// Shorter values are no secrets: to hide them would hide half of every text.
const SHORTEST: usize = 4;

/// The secrets of a console and everything that became one later, such as session cookies.
pub(super) struct Secrets {
    values: BTreeMap<String, String>,
    hidden: Mutex<Vec<(String, String)>>,
}

impl Secrets {
    /// Reads all secrets; `Err` says which one is missing and what to do.
    pub(super) fn read(
        sources: &BTreeMap<String, SecretSource>,
        root: &Path,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for (name, source) in sources {
            let value = match source {
                SecretSource::Env(variable) => env(variable).filter(|text| !text.is_empty()).ok_or_else(|| {
                    format!("the secret `{name}` is not set; put it into the environment variable {variable}")
                })?,
                SecretSource::File(path) => file(name, &root.join(path))?,
            };
            values.insert(name.clone(), value);
        }
        let secrets = Self {
            hidden: Mutex::default(),
            values,
        };
        for (name, value) in &secrets.values {
            secrets.hide(name, value);
        }
        Ok(secrets)
    }

    /// Values by name, for templates.
    pub(super) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// From now on the value does not show up in texts.
    pub(super) fn hide(&self, name: &str, value: &str) {
        if value.len() < SHORTEST {
            return;
        }
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if !hidden.iter().any(|(known, _)| known == value) {
            hidden.push((value.to_owned(), name.to_owned()));
            // Longer ones first, so that no rest of a value is left beside its part.
            hidden.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        }
    }

    /// The text without any secret.
    pub(super) fn redact(&self, text: &str) -> String {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.iter().fold(text.to_owned(), |text, (value, name)| {
            let text = text.replace(value.as_str(), &format!("<{name}>"));
            let encoded: String = reqwest::Url::parse_with_params("http://x/", [("v", value)])
                .ok()
                .and_then(|url| Some(url.query()?.trim_start_matches("v=").to_owned()))
                .unwrap_or_default();
            if encoded.len() < SHORTEST || encoded == *value {
                text
            } else {
                text.replace(&encoded, &format!("<{name}>"))
            }
        })
    }
}

fn file(name: &str, path: &Path) -> Result<String, String> {
    let place = path.display();
    let told = |error: std::io::Error| format!("the secret `{name}`: {place}: {error}");
    let meta = fs::metadata(path).map_err(told)?;
    if !meta.is_file() || meta.len() > LONGEST {
        return Err(format!(
            "the secret `{name}`: {place} is no file of at most 64 KiB"
        ));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if meta.mode() & 0o077 != 0 {
            return Err(format!(
                "the secret `{name}`: {place} may be read by others (mode {:o}); run chmod 600 on it",
                meta.mode() & 0o777
            ));
        }

        let own = own_user();
        if own.is_some_and(|own| own != meta.uid()) {
            return Err(format!(
                "the secret `{name}`: {place} belongs to another user; it must belong to who runs this"
            ));
        }
    }
    let text = fs::read_to_string(path).map_err(told)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(format!("the secret `{name}`: {place} is empty"));
    }
    Ok(text.to_owned())
}

/// The user who runs this: the owner of the process's own folder, where the system has one.
#[cfg(unix)]
fn own_user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    Some(fs::metadata("/proc/self").ok()?.uid())
}

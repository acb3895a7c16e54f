//! The language of the terminal: `--lang`, else the environment.

use clap::ValueEnum;

/// A language of the published documents and of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Lang {
    /// The option, else `LC_ALL`, `LC_MESSAGES`, `LANG` in this order; English when they say nothing.
    pub(crate) fn choose(
        option: Option<Self>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Self {
        option.unwrap_or_else(|| {
            ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .find_map(|name| environment(name).filter(|value| !value.is_empty()))
                .filter(|value| value.starts_with("ja"))
                .map_or(Self::En, |_| Self::Ja)
        })
    }

    /// The text in this language.
    pub(crate) const fn pick<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_wins_then_the_environment() {
        let ja = |name: &str| (name == "LANG").then(|| "ja_JP.UTF-8".to_owned());
        let overridden = |name: &str| match name {
            "LC_ALL" => Some("C".to_owned()),
            _ => Some("ja_JP.UTF-8".to_owned()),
        };
        assert_eq!(Lang::choose(None, ja), Lang::Ja);
        assert_eq!(Lang::choose(Some(Lang::En), ja), Lang::En);
        assert_eq!(Lang::choose(None, overridden), Lang::En);
        assert_eq!(Lang::choose(None, |_| None), Lang::En);
    }
}

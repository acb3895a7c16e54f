//! Texts: Fluent files, one set a language.

use std::borrow::Cow;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use super::RenderError;
use crate::vendor::Lang;

/// Text files of a language.
pub(crate) const fn sources(lang: Lang) -> [&'static str; 5] {
    match lang {
        Lang::Ja => [
            include_str!("../../locales/ja/report.ftl"),
            include_str!("../../locales/ja/words.ftl"),
            include_str!("../../locales/ja/reasons.ftl"),
            include_str!("../../locales/ja/notice.ftl"),
            include_str!("../../locales/ja/triage.ftl"),
        ],
        Lang::En => [
            include_str!("../../locales/en/report.ftl"),
            include_str!("../../locales/en/words.ftl"),
            include_str!("../../locales/en/reasons.ftl"),
            include_str!("../../locales/en/notice.ftl"),
            include_str!("../../locales/en/triage.ftl"),
        ],
    }
}

/// The texts of one language.
pub(crate) struct Texts {
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    pub(crate) fn load(lang: Lang) -> Result<Self, RenderError> {
        let failed = |cause: String| RenderError::Texts {
            lang: lang.as_str(),
            cause,
        };
        let id: LanguageIdentifier = lang
            .as_str()
            .parse()
            .map_err(|error| failed(format!("{error}")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Isolation marks are for mixed directions; they would be bytes nobody sees in a table of identifiers.
        bundle.set_use_isolating(false);
        for source in sources(lang) {
            let resource = FluentResource::try_new(source.to_owned())
                .map_err(|(_, errors)| failed(format!("{errors:?}")))?;
            bundle
                .add_resource(resource)
                .map_err(|errors| failed(format!("{errors:?}")))?;
        }
        Ok(Self { bundle })
    }

    /// The text of a message; `Err` says what is missing.
    pub(crate) fn text(&self, id: &str, args: &FluentArgs<'_>) -> Result<String, String> {
        let pattern = self
            .bundle
            .get_message(id)
            .and_then(|message| message.value())
            .ok_or_else(|| format!("no text named `{id}`"))?;
        let mut errors = Vec::new();
        let text = match self.bundle.format_pattern(pattern, Some(args), &mut errors) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        };
        match errors.first() {
            None => Ok(text),
            Some(error) => Err(format!("the text `{id}` lacks something: {error}")),
        }
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Message ids with the arguments they use, read from the text as a person would.
    fn messages(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
        let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in sources(lang).iter().flat_map(|source| source.lines()) {
            if line.starts_with(|c: char| c.is_ascii_alphabetic())
                && let Some((id, _)) = line.split_once(" =")
            {
                assert!(!out.contains_key(id), "{id} stands twice");
                id.clone_into(&mut current);
                out.insert(current.clone(), BTreeSet::new());
            }
            for piece in line.split("{ $").skip(1) {
                let name: String = piece
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                if let Some(args) = out.get_mut(&current) {
                    args.insert(name);
                }
            }
        }
        out
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (ja, en) = (messages(Lang::Ja), messages(Lang::En));
        let names = |map: &BTreeMap<String, _>| map.keys().cloned().collect::<BTreeSet<_>>();
        let only: Vec<_> = names(&ja)
            .symmetric_difference(&names(&en))
            .cloned()
            .collect();
        assert!(only.is_empty(), "in one language only: {only:?}");
        for (id, args) in &ja {
            assert!(
                en[id].is_superset(args),
                "{id}: {args:?} against {:?}",
                en[id]
            );
        }
    }

    #[test]
    fn every_word_of_the_decision_table_has_a_text() {
        use crate::assess::party::ROWS;
        for lang in [Lang::Ja, Lang::En] {
            let texts = Texts::load(lang).expect("texts");
            for row in ROWS {
                assert!(
                    texts.has(&format!("because-{}", row.because)),
                    "{}",
                    row.because
                );
            }
            for (_, word) in crate::assess::Mark::WORDS {
                assert!(texts.has(&format!("mark-{word}")), "{word}");
                assert!(texts.has(&format!("glyph-{word}")), "{word}");
            }
            for (_, word) in crate::assess::Party::WORDS {
                assert!(texts.has(&format!("party-{word}")), "{word}");
            }
            for (_, word) in device_matrix::enrollment::EnrollmentType::WORDS {
                assert!(texts.has(&format!("enrollment-{word}")), "{word}");
            }
        }
    }
}

//! The published notices as documents in one language: title, facts and sections, all from the same decision. HTML,
//! Markdown, plain text and mail print the same document.

mod deprecation;
mod maintenance;
mod reminder;

use device_matrix::known::{Known, Text};
use fluent_bundle::FluentArgs;
use jiff::civil::{Date, DateTime, Time};
use serde::Serialize;

use super::check::{Rules, SiteVerdict, Verdict};
use super::moment::jst_datetime;
use crate::decisions::{Decision, State};
use crate::render::{RenderError, Texts, full_date};
use crate::vendor::{Lang, Vendor};

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The notice to customers that a version leaves.
    Deprecation,
    /// The detailed notice of the maintenance.
    Maintenance,
    /// The reminder to ourselves on the day of effect.
    Reminder,
}

impl Kind {
    /// Every value with its word, which is the name of its files.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Deprecation, "notice"),
        (Self::Maintenance, "maintenance"),
        (Self::Reminder, "reminder"),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// What a notice is written from.
#[derive(Clone, Copy)]
pub struct NoticeInputs<'a> {
    /// The decision.
    pub decision: &'a Decision,
    /// The vendor.
    pub vendor: &'a Vendor,
    /// The rules.
    pub rules: &'a Rules<'a>,
    /// What the rules say of the decision.
    pub verdict: &'a Verdict,
    /// Names of the models that can not leave the version; unknown when no data tell.
    pub stuck: &'a Known<Vec<String>>,
    /// The date as of which it is written.
    pub as_of: Date,
}

/// A term and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Term.
    pub term: String,
    /// Value.
    pub value: String,
    /// Smaller print below.
    pub note: Option<String>,
}

/// A piece of a section. Exactly one of the lists is used besides the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Block {
    /// Small heading.
    pub heading: Option<String>,
    /// A paragraph.
    pub text: Option<String>,
    /// An address below the paragraph.
    pub link: Option<String>,
    /// A list.
    pub items: Vec<String>,
    /// Head of a table.
    pub head: Vec<String>,
    /// Rows of the table.
    pub rows: Vec<Vec<String>>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Stable name, for links.
    pub id: &'static str,
    /// Heading.
    pub heading: String,
    /// Content.
    pub blocks: Vec<Block>,
}

/// A document in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// BCP 47.
    pub lang: &'static str,
    /// `notice`, `maintenance`, `reminder`.
    pub kind: &'static str,
    /// Line above the title.
    pub eyebrow: String,
    /// Title; also the subject of the mail.
    pub title: String,
    /// The product.
    pub product: String,
    /// State: word for the style, and text.
    pub state: (&'static str, String),
    /// Date line.
    pub as_of: String,
    /// Band across the page.
    pub band: Option<String>,
    /// Opening sentence.
    pub lead: String,
    /// Facts.
    pub facts: Vec<Fact>,
    /// Sections.
    pub sections: Vec<Section>,
    /// Last lines.
    pub footer: Vec<String>,
}

/// A value of a text.
enum Arg<'a> {
    Text(&'a str),
    Number(i64),
}

struct Writer<'a> {
    lang: Lang,
    texts: Texts,
    inputs: &'a NoticeInputs<'a>,
}

/// Writes a document.
///
/// # Errors
/// When a text is missing; a fault of the texts, not of data.
pub fn write(kind: Kind, lang: Lang, inputs: &NoticeInputs<'_>) -> Result<Document, RenderError> {
    let writer = Writer {
        lang,
        texts: Texts::load(lang)?,
        inputs,
    };
    match kind {
        Kind::Deprecation => writer.deprecation(),
        Kind::Maintenance => writer.maintenance(),
        Kind::Reminder => writer.reminder(),
    }
}

type Written<T> = Result<T, RenderError>;

impl Writer<'_> {
    fn t(&self, id: &str, args: &[(&'static str, Arg<'_>)]) -> Written<String> {
        let mut values = FluentArgs::new();
        for (name, value) in args {
            match value {
                Arg::Text(text) => values.set(*name, (*text).to_owned()),
                Arg::Number(number) => values.set(*name, *number),
            }
        }
        self.texts
            .text(id, &values)
            .map_err(|cause| RenderError::Texts {
                lang: self.lang.as_str(),
                cause,
            })
    }

    fn plain(&self, id: &str) -> Written<String> {
        self.t(id, &[])
    }

    fn pick<'t>(&self, text: &'t Text) -> &'t str {
        match self.lang {
            Lang::Ja => &text.ja,
            Lang::En => &text.en,
        }
    }

    fn date(&self, date: Date) -> String {
        full_date(self.lang, &date.to_string())
    }

    fn fact(&self, term: &str, value: String, note: Option<String>) -> Written<Fact> {
        Ok(Fact {
            term: self.plain(term)?,
            value,
            note,
        })
    }

    fn section(&self, id: &'static str, blocks: Vec<Block>) -> Written<Section> {
        Ok(Section {
            id,
            heading: self.plain(&format!("notice-section-{id}"))?,
            blocks,
        })
    }

    fn name(&self) -> String {
        self.inputs.decision.name()
    }

    fn state(&self) -> State {
        self.inputs.decision.state
    }

    /// `2027年1月27日(水) 19:00〜24:00`.
    fn span(&self, start: DateTime, end: DateTime) -> Written<String> {
        let clock = |at: DateTime| at.strftime("%H:%M").to_string();
        let midnight =
            end.time() == Time::midnight() && start.date().tomorrow().ok() == Some(end.date());
        let (id, until) = if end.date() == start.date() {
            ("notice-span", clock(end))
        } else if midnight {
            ("notice-span", "24:00".to_owned())
        } else {
            ("notice-span-next", clock(end))
        };
        self.t(
            id,
            &[
                ("date", Arg::Text(&self.date(start.date()))),
                ("from", Arg::Text(&clock(start))),
                ("until", Arg::Text(&until)),
            ],
        )
    }

    /// The windows as a table: site, local time, Japan time, remark.
    fn windows(&self) -> Written<Block> {
        let mut rows = Vec::new();
        for site in &self.inputs.verdict.sites {
            let Some(window) = &site.window else { continue };
            let (start, end) = (window.start_local(), window.end_local());
            rows.push(vec![
                self.t(
                    "notice-site",
                    &[
                        ("name", Arg::Text(self.pick(&site.site.name))),
                        ("zone", Arg::Text(&site.site.zone)),
                    ],
                )?,
                self.span(start.datetime(), end.datetime())?,
                self.span(jst_datetime(window.start), jst_datetime(window.end))?,
                self.remark(site)?,
            ]);
        }
        Ok(Block {
            head: vec![
                self.plain("notice-col-site")?,
                self.plain("notice-col-local")?,
                self.plain("notice-col-jst")?,
                self.plain("notice-col-remark")?,
            ],
            rows,
            ..Block::default()
        })
    }

    fn remark(&self, site: &SiteVerdict) -> Written<String> {
        match &site.closed {
            Some((_, why)) => self.t(
                "notice-window-closed",
                &[("why", Arg::Text(self.pick(why)))],
            ),
            None => Ok("—".to_owned()),
        }
    }

    /// Texts of data; what is not stated is said to be so.
    fn stated(&self, heading: &str, list: Option<&Vec<Text>>, more: Vec<String>) -> Written<Block> {
        let mut items = more;
        let mut text = None;
        match list {
            Some(list) => items.extend(list.iter().map(|one| self.pick(one).to_owned())),
            None if items.is_empty() => text = Some(self.plain("notice-not-stated")?),
            None => {}
        }
        if items.is_empty() && text.is_none() {
            text = Some(self.plain("none")?);
        }
        Ok(Block {
            heading: Some(self.plain(heading)?),
            text,
            items,
            ..Block::default()
        })
    }

    fn frame(&self, kind: Kind, lead: String) -> Written<Document> {
        let NoticeInputs {
            decision, vendor, ..
        } = self.inputs;
        let name = self.name();
        let state = self.state().as_str();
        let product = self.pick(&vendor.product).to_owned();
        let word = kind.as_str();
        let title_id = match (kind, self.state()) {
            (Kind::Deprecation, State::Postponed) => "notice-title-postponed".to_owned(),
            (Kind::Deprecation, State::Withdrawn) => "notice-title-withdrawn".to_owned(),
            _ => format!("notice-title-{word}"),
        };
        Ok(Document {
            lang: self.lang.as_str(),
            kind: word,
            eyebrow: self.plain(&format!("notice-eyebrow-{word}"))?,
            title: self.t(
                &title_id,
                &[
                    ("name", Arg::Text(&name)),
                    ("date", Arg::Text(&self.date(decision.current().1))),
                ],
            )?,
            product,
            state: (state, self.plain(&format!("decision-state-{state}"))?),
            as_of: self.t(
                "as-of",
                &[("date", Arg::Text(&self.date(self.inputs.as_of)))],
            )?,
            band: match self.state() {
                State::Decided => Some(self.plain("notice-band-draft")?),
                State::Withdrawn => Some(self.plain("notice-band-withdrawn")?),
                _ => None,
            },
            lead,
            facts: Vec::new(),
            sections: Vec::new(),
            footer: vec![self.pick(&vendor.name).to_owned()],
        })
    }

    fn contact(&self) -> Written<Section> {
        let contact = &self.inputs.vendor.contact;
        self.section(
            "contact",
            vec![Block {
                text: Some(self.t(
                    "notice-contact",
                    &[
                        ("name", Arg::Text(self.pick(&contact.name))),
                        ("hours", Arg::Text(self.pick(&contact.hours))),
                    ],
                )?),
                // Only what a browser opens as a page becomes a link; anything else stays text.
                link: Some(contact.url.clone()).filter(|url| url.starts_with("https://")),
                items: Some(contact.url.clone())
                    .filter(|url| !url.is_empty() && !url.starts_with("https://"))
                    .into_iter()
                    .collect(),
                ..Block::default()
            }],
        )
    }
}

//! The package of a finding as a document in one language; HTML and Markdown print the same document.

use device_matrix::calendar::BusinessCalendar;
use device_matrix::known::Text;
use fluent_bundle::FluentArgs;
use jiff::Timestamp;
use jiff::civil::Date;
use scenarios::event::ServerOrigin;
use scenarios::scenario::{Action, ChannelWord, DeviceAction, Scenario};

use super::incident::{Alternative, Deadline, Severity, Signs, classify, deadline};
use super::person::{Answer, Person};
use crate::assess::{Assessment, Finding, Party, Since};
use crate::notice::document::{Block, Document, Fact, Section};
use crate::render::{RenderError, Texts};
use crate::vendor::{Lang, Vendor};

/// A message of the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number in the sequence, from 1.
    pub number: usize,
    /// `operator → server`, `server → device`, `device → server`.
    pub way: &'static str,
    /// Message type, command or endpoint.
    pub what: String,
    /// Command status or HTTP status, when it has one.
    pub status: Option<String>,
    /// File in the package.
    pub file: String,
}

/// How the sequence was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Reduced until nothing more could be left out.
    Minimal {
        /// Steps before.
        before: usize,
        /// Steps left.
        left: usize,
        /// Candidates tried.
        tried: usize,
    },
    /// Reduced, but the number of tries was used up.
    Partly {
        /// Steps before.
        before: usize,
        /// Steps left.
        left: usize,
        /// Candidates tried.
        tried: usize,
    },
    /// It shows here, but there is no device on which it works, so that nothing tells what is needed from what is not.
    NoContrast,
    /// Virtual devices and the reference server do not show it: the messages are those of the run.
    NotReproduced,
}

/// What a package is written from.
#[derive(Clone, Copy)]
pub struct PackageInputs<'a> {
    /// The assessment.
    pub assessment: &'a Assessment,
    /// The finding.
    pub finding: &'a Finding,
    /// The vendor who verifies.
    pub vendor: &'a Vendor,
    /// Business days.
    pub calendar: &'a BusinessCalendar,
    /// When it was detected, when somebody states it.
    pub detected: Option<Timestamp>,
    /// The date of the run.
    pub day: Date,
    /// The steps, reduced where possible.
    pub scenario: Option<&'a Scenario>,
    /// The messages.
    pub lines: &'a [Line],
    /// How they were found.
    pub reduction: Reduction,
    /// The command that shows it again; none where nothing can be replayed.
    pub replay: Option<&'a str>,
    /// What a person said.
    pub person: &'a Person,
}

impl PackageInputs<'_> {
    /// The signs by which its severity is decided.
    #[must_use]
    pub fn signs(&self) -> Signs {
        super::incident::signs(
            self.assessment,
            self.finding,
            &self.vendor.incidents,
            self.person.alternative.yes,
        )
    }

    /// What it is by the rules for incidents.
    #[must_use]
    pub fn severity(&self) -> Severity<'_> {
        classify(self.signs(), &self.vendor.incidents)
    }

    /// The three conditions for a defect of the product, each yes, no or not known yet.
    #[must_use]
    pub fn conditions(&self) -> [Option<bool>; 3] {
        let finding = self.finding;
        let reproduced = match self.reduction {
            Reduction::Minimal { .. } | Reduction::Partly { .. } | Reduction::NoContrast => {
                Some(true)
            }
            Reduction::NotReproduced if finding.attempts > 1 => Some(true),
            Reduction::NotReproduced => None,
        };
        let exercised = self.assessment.head.server_origin == ServerOrigin::Product;
        [
            // Specified so is no defect.
            Some(finding.fault.party != Party::AsSpecified),
            reproduced,
            match finding.fault.party {
                Party::Product if exercised => Some(true),
                Party::Product | Party::Undetermined => None,
                _ => Some(false),
            },
        ]
    }
}

/// Writes the package in full.
///
/// # Errors
/// When a text is missing; a fault of the texts, not of data.
pub fn write(lang: Lang, inputs: &PackageInputs<'_>) -> Result<Document, RenderError> {
    let writer = Writer::new(lang, inputs)?;
    let mut document = writer.frame()?;
    document.sections = vec![
        writer.expected()?,
        writer.steps()?,
        writer.where_seen()?,
        writer.sequence()?,
        writer.replay()?,
    ];
    if inputs.finding.fault.party == Party::Os {
        document.sections.push(writer.workaround()?);
    } else {
        document.sections.push(writer.severity()?);
        document.sections.push(writer.three_conditions()?);
    }
    Ok(document)
}

/// Writes a summary: facts, what was expected and what came about.
///
/// # Errors
/// As [`write`].
pub fn summary(lang: Lang, inputs: &PackageInputs<'_>) -> Result<Document, RenderError> {
    let writer = Writer::new(lang, inputs)?;
    let mut document = writer.frame()?;
    document.sections = vec![writer.expected()?];
    if inputs.finding.fault.party != Party::Os {
        document.sections.push(writer.severity()?);
    }
    Ok(document)
}

struct Writer<'a> {
    lang: Lang,
    texts: Texts,
    inputs: &'a PackageInputs<'a>,
}

type Written<T> = Result<T, RenderError>;

impl<'a> Writer<'a> {
    fn new(lang: Lang, inputs: &'a PackageInputs<'a>) -> Written<Self> {
        Ok(Self {
            lang,
            texts: Texts::load(lang)?,
            inputs,
        })
    }

    fn t(&self, id: &str, args: &[(&'static str, &str)]) -> Written<String> {
        let mut values = FluentArgs::new();
        for (name, value) in args {
            values.set(*name, (*value).to_owned());
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

    /// The text of a word of the assessment; the word itself when it has none.
    fn word(&self, prefix: &str, word: &str) -> Written<String> {
        let id = format!("{prefix}-{word}");
        if self.texts.has(&id) {
            self.plain(&id)
        } else {
            Ok(word.to_owned())
        }
    }

    fn pick<'t>(&self, text: &'t Text) -> &'t str {
        match self.lang {
            Lang::Ja => &text.ja,
            Lang::En => &text.en,
        }
    }

    fn fact(&self, term: &str, value: String) -> Written<Fact> {
        Ok(Fact {
            term: self.plain(term)?,
            value,
            note: None,
        })
    }

    fn section(&self, id: &'static str, blocks: Vec<Block>) -> Written<Section> {
        Ok(Section {
            id,
            heading: self.plain(&format!("triage-section-{id}"))?,
            blocks,
        })
    }

    fn feature(&self) -> String {
        let finding = self.inputs.finding;
        finding.feature_name.as_ref().map_or_else(
            || finding.feature.clone(),
            |name| self.pick(name).to_owned(),
        )
    }

    /// The releases of the cells, in their order.
    fn releases(&self) -> Vec<String> {
        let assessment = self.inputs.assessment;
        let mut names: Vec<String> = Vec::new();
        for index in &self.inputs.finding.groups {
            if let Some(group) = assessment.groups.get(*index)
                && !names.contains(&group.release_name)
            {
                names.push(group.release_name.clone());
            }
        }
        names
    }

    fn frame(&self) -> Written<Document> {
        let PackageInputs {
            finding,
            vendor,
            assessment,
            ..
        } = self.inputs;
        let release = self.releases().join(", ");
        let feature = self.feature();
        let part = finding
            .part
            .as_ref()
            .map_or_else(String::new, |part| self.pick(part).to_owned());
        let title = if part.is_empty() {
            self.t(
                "triage-title-run",
                &[("release", &release), ("why", &self.because()?)],
            )?
        } else {
            self.t(
                "triage-title",
                &[
                    ("release", &release),
                    ("feature", &feature),
                    ("part", &part),
                ],
            )?
        };
        let planted = assessment.head.filters.get(crate::report::PLANTED);
        let exercised = assessment.head.server_origin == ServerOrigin::Product;
        let band = match planted {
            Some(ids) => Some(self.t("triage-band-planted", &[("ids", ids)])?),
            None if !exercised && finding.fault.party == Party::Product => {
                Some(self.plain("triage-band-not-product")?)
            }
            None => None,
        };
        let since = match &finding.since {
            Since::ThisRelease(previous) => {
                self.t("triage-since-this", &[("previous", previous)])?
            }
            Since::Earlier(previous) => {
                self.t("triage-since-earlier", &[("previous", previous)])?
            }
            Since::Unknown => self.plain("triage-since-unknown")?,
        };
        let server = assessment.head.server_build.as_ref().map_or_else(
            || assessment.head.server.clone(),
            |build| format!("{} ({build})", assessment.head.server),
        );
        Ok(Document {
            lang: self.lang.as_str(),
            kind: "triage",
            eyebrow: self.plain("triage-eyebrow")?,
            title,
            product: self.pick(&vendor.product).to_owned(),
            state: ("decided", self.word("party", finding.fault.party.as_str())?),
            as_of: self.t("triage-as-of", &[("date", &self.inputs.day.to_string())])?,
            band,
            lead: self.because()?,
            facts: vec![
                self.fact("triage-fact-finding", finding.id.clone())?,
                self.fact("triage-fact-feature", feature)?,
                self.fact("triage-fact-since", since)?,
                self.fact("triage-fact-server", server)?,
                self.fact("triage-fact-attempts", finding.attempts.to_string())?,
                self.fact("triage-fact-run", assessment.head.run_id.clone())?,
            ],
            sections: Vec::new(),
            footer: vec![
                self.pick(&vendor.name).to_owned(),
                self.plain("triage-footer")?,
            ],
        })
    }

    fn because(&self) -> Written<String> {
        self.word("because", self.inputs.finding.fault.because)
    }

    fn expected(&self) -> Written<Section> {
        let finding = self.inputs.finding;
        let mut blocks = Vec::new();
        let heading = |id: &str| self.plain(id).map(Some);
        let (expected, actual) = match &finding.failed {
            Some(look) => {
                let kind = serde_json::to_value(look.kind)
                    .ok()
                    .and_then(|word| word.as_str().map(str::to_owned))
                    .unwrap_or_default();
                let kind = self.word("triage-look", &kind)?;
                (
                    self.t(
                        "triage-expected",
                        &[
                            ("kind", &kind),
                            ("pointer", &look.pointer),
                            ("wanted", &look.expected.to_string()),
                        ],
                    )?,
                    self.t(
                        "triage-actual",
                        &[
                            ("kind", &kind),
                            ("pointer", &look.pointer),
                            ("seen", &look.seen.to_string()),
                        ],
                    )?,
                )
            }
            None => (
                self.plain("triage-expected-end")?,
                finding
                    .reason
                    .as_ref()
                    .map_or_else(String::new, |reason| self.pick(reason).to_owned()),
            ),
        };
        blocks.push(Block {
            heading: heading("triage-heading-expected")?,
            text: Some(expected),
            items: finding
                .source
                .iter()
                .map(|source| self.t("triage-source", &[("source", source)]))
                .collect::<Written<_>>()?,
            ..Block::default()
        });
        blocks.push(Block {
            heading: heading("triage-heading-actual")?,
            text: Some(actual),
            items: finding.fault.details.clone(),
            ..Block::default()
        });
        self.section("expected", blocks)
    }

    fn steps(&self) -> Written<Section> {
        let mut items = vec![self.plain("triage-step-enroll")?];
        if let Some(scenario) = self.inputs.scenario {
            let phases = [
                &scenario.apply,
                &scenario.verify,
                &scenario.undo,
                &scenario.verify_undone,
            ];
            for step in phases.into_iter().flatten() {
                items.push(self.step(&step.action)?);
            }
            if scenario.survives.reboot {
                items.push(self.plain("triage-step-reboot")?);
            }
            if scenario.survives.update {
                items.push(self.plain("triage-step-update")?);
            }
        }
        let items = items
            .into_iter()
            .enumerate()
            .map(|(index, text)| format!("{}. {text}", index + 1))
            .collect();
        self.section(
            "steps",
            vec![Block {
                items,
                ..Block::default()
            }],
        )
    }

    fn step(&self, action: &Action) -> Written<String> {
        let user = |channel: &ChannelWord| *channel == ChannelWord::User;
        let channel = |channel: &ChannelWord| {
            self.plain(if user(channel) {
                "triage-channel-user"
            } else {
                "triage-channel-device"
            })
        };
        match action {
            Action::Command {
                request_type,
                channel: on,
                ..
            } => self.t(
                "triage-step-command",
                &[("name", request_type), ("channel", &channel(on)?)],
            ),
            Action::InstallProfile {
                payloads,
                channel: on,
                ..
            } => {
                let types: Vec<&str> = payloads
                    .iter()
                    .filter_map(|payload| payload.get("PayloadType")?.as_str())
                    .collect();
                self.t(
                    "triage-step-install",
                    &[("types", &types.join(", ")), ("channel", &channel(on)?)],
                )
            }
            Action::RemoveProfile { identifier, .. } => {
                self.t("triage-step-remove", &[("name", identifier)])
            }
            Action::Declare { declarations, .. } => {
                let types: Vec<&str> = declarations
                    .iter()
                    .filter_map(|declaration| declaration.get("Type")?.as_str())
                    .collect();
                self.t("triage-step-declare", &[("types", &types.join(", "))])
            }
            Action::Undeclare { identifiers, .. } => self.t(
                "triage-step-undeclare",
                &[("names", &identifiers.join(", "))],
            ),
            Action::Device(action) => self.plain(match action {
                DeviceAction::Reboot => "triage-step-reboot",
                DeviceAction::Unlock => "triage-step-unlock",
                DeviceAction::Lock => "triage-step-lock",
                DeviceAction::SetPasscode(_) => "triage-step-passcode",
                DeviceAction::UserLogin(_) => "triage-step-login",
                DeviceAction::UserLogout => "triage-step-logout",
                DeviceAction::InstallPendingUpdate => "triage-step-update",
                DeviceAction::Poll => "triage-step-poll",
                DeviceAction::RemoveManagement => "triage-step-unenroll",
            }),
            Action::Effect => self.plain("triage-step-effect"),
            Action::ServerView => self.plain("triage-step-server-view"),
        }
    }

    /// Builds, models, enrollment types, supervision, arrivals.
    fn where_seen(&self) -> Written<Section> {
        let assessment = self.inputs.assessment;
        let mut rows = Vec::new();
        for (id, _) in &self.inputs.finding.cells {
            let Some(cell) = assessment.cells.iter().find(|cell| cell.cell.id == *id) else {
                continue;
            };
            let record = &cell.cell;
            let model = cell.model_name.as_ref().map_or_else(
                || record.model.clone(),
                |name| format!("{name} ({})", record.model),
            );
            let supervised = self.plain(if record.supervised {
                "triage-supervised"
            } else {
                "triage-unsupervised"
            })?;
            let arrival = match &record.upgraded_from {
                Some(from) => self.t("triage-upgraded", &[("from", from)])?,
                None => self.plain("triage-fresh")?,
            };
            rows.push(vec![
                record.release.clone(),
                record
                    .build
                    .clone()
                    .map_or_else(|| self.plain("triage-build-unknown"), Ok)?,
                model,
                self.word("enrollment", &record.enrollment)?,
                supervised,
                arrival,
            ]);
        }
        let head = [
            "release",
            "build",
            "model",
            "enrollment",
            "supervision",
            "arrival",
        ]
        .iter()
        .map(|word| self.plain(&format!("triage-col-{word}")))
        .collect::<Written<_>>()?;
        self.section(
            "where",
            vec![Block {
                head,
                rows,
                ..Block::default()
            }],
        )
    }

    fn sequence(&self) -> Written<Section> {
        let text = match self.inputs.reduction {
            Reduction::Minimal {
                before,
                left,
                tried,
            } => self.t(
                "triage-reduced",
                &[
                    ("before", &before.to_string()),
                    ("left", &left.to_string()),
                    ("tried", &tried.to_string()),
                ],
            ),
            Reduction::Partly {
                before,
                left,
                tried,
            } => self.t(
                "triage-reduced-partly",
                &[
                    ("before", &before.to_string()),
                    ("left", &left.to_string()),
                    ("tried", &tried.to_string()),
                ],
            ),
            Reduction::NoContrast => self.plain("triage-no-contrast"),
            Reduction::NotReproduced => self.plain("triage-not-reproduced"),
        }?;
        let rows = self
            .inputs
            .lines
            .iter()
            .map(|line| {
                vec![
                    line.number.to_string(),
                    line.way.to_owned(),
                    line.what.clone(),
                    line.status.clone().unwrap_or_default(),
                    line.file.clone(),
                ]
            })
            .collect();
        let head = ["number", "way", "message", "status", "file"]
            .iter()
            .map(|word| self.plain(&format!("triage-col-{word}")))
            .collect::<Written<_>>()?;
        self.section(
            "sequence",
            vec![Block {
                text: Some(text),
                head,
                rows,
                ..Block::default()
            }],
        )
    }

    fn replay(&self) -> Written<Section> {
        let text = match self.inputs.replay {
            Some(command) => self.t("triage-replay", &[("command", command)])?,
            None => self.plain("triage-replay-none")?,
        };
        self.section(
            "replay",
            vec![Block {
                text: Some(text),
                ..Block::default()
            }],
        )
    }

    fn answered(&self, answer: &Answer) -> Written<String> {
        let id = match answer.yes {
            None => return self.plain("triage-person-open"),
            Some(true) => "triage-person-yes",
            Some(false) => "triage-person-no",
        };
        self.t(
            id,
            &[
                ("by", &answer.by),
                ("on", &answer.on),
                ("note", &answer.note),
            ],
        )
    }

    fn workaround(&self) -> Written<Section> {
        let text = self.answered(&self.inputs.person.workaround)?;
        self.section(
            "workaround",
            vec![Block {
                text: Some(text),
                items: vec![self.plain("triage-os-not-counted")?],
                ..Block::default()
            }],
        )
    }

    fn severity(&self) -> Written<Section> {
        let inputs = self.inputs;
        let mut items = Vec::new();
        let text = match inputs.severity() {
            Severity::Class(class) => {
                let until =
                    match deadline(class.within, inputs.day, inputs.detected, inputs.calendar) {
                        Deadline::At(at) => at,
                        Deadline::Day(day) => day.to_string(),
                        Deadline::ProvisionalDay(day) => {
                            self.t("triage-deadline-provisional", &[("day", &day.to_string())])?
                        }
                        Deadline::HoursAfterDetection(hours) => {
                            self.t("triage-deadline-hours", &[("hours", &hours.to_string())])?
                        }
                    };
                items.push(self.t("triage-contact", &[("until", &until)])?);
                items.push(self.t(
                    "triage-contact-hours",
                    &[("hours", self.pick(&class.hours))],
                )?);
                if inputs.signs().alternative == Alternative::Unknown {
                    items.push(self.plain("triage-alternative-open")?);
                } else {
                    items.push(self.answered(&inputs.person.alternative)?);
                }
                self.t(
                    "triage-class",
                    &[
                        ("class", &class.class.to_string()),
                        ("definition", self.pick(&class.definition)),
                    ],
                )?
            }
            Severity::DefectOnly => self.plain("triage-defect-only")?,
            Severity::Investigated => self.plain("triage-investigated")?,
            Severity::NotOurs => self.plain("triage-not-ours")?,
        };
        self.section(
            "severity",
            vec![Block {
                text: Some(text),
                items,
                ..Block::default()
            }],
        )
    }

    fn three_conditions(&self) -> Written<Section> {
        let finding = self.inputs.finding;
        let word = |met: Option<bool>| {
            self.plain(match met {
                Some(true) => "triage-met-yes",
                Some(false) => "triage-met-no",
                None => "triage-met-open",
            })
        };
        let source = match &finding.source {
            Some(source) => self.t("triage-source", &[("source", source)])?,
            None => self.plain("triage-source-none")?,
        };
        let again = match self.inputs.replay {
            Some(command) => self.t("triage-replay", &[("command", command)])?,
            None => self.t(
                "triage-attempts",
                &[("attempts", &finding.attempts.to_string())],
            )?,
        };
        let evidence = [source, again, self.because()?];
        let rows = self
            .inputs
            .conditions()
            .into_iter()
            .zip(evidence)
            .enumerate()
            .map(|(index, (met, evidence))| {
                Ok(vec![
                    self.plain(&format!("triage-condition-{}", index + 1))?,
                    word(met)?,
                    evidence,
                ])
            })
            .collect::<Written<_>>()?;
        let head = ["condition", "met", "evidence"]
            .iter()
            .map(|word| self.plain(&format!("triage-col-{word}")))
            .collect::<Written<_>>()?;
        self.section(
            "conditions",
            vec![Block {
                head,
                rows,
                ..Block::default()
            }],
        )
    }
}

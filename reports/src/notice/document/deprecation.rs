//! The notice to customers that a version leaves.

use device_matrix::known::{Known, Ternary};

use super::super::moment::days_between;
use super::{Arg, Block, Document, Kind, Section, Writer, Written};
use crate::decisions::{Event, State};

impl Writer<'_> {
    pub(super) fn deprecation(&self) -> Written<Document> {
        let decision = self.inputs.decision;
        let (notice, effective) = decision.current();
        let name = self.name();
        let withdrawn = self.state() == State::Withdrawn;
        let lead = self.t(
            if withdrawn {
                "notice-lead-withdrawn"
            } else {
                "notice-lead"
            },
            &[
                ("name", Arg::Text(&name)),
                ("product", Arg::Text(self.pick(&self.inputs.vendor.product))),
                ("date", Arg::Text(&self.date(effective))),
                (
                    "guideline",
                    Arg::Text(self.pick(&self.inputs.rules.policy.guideline)),
                ),
            ],
        )?;
        let mut document = self.frame(Kind::Deprecation, lead)?;
        document.facts = vec![
            self.fact(
                "notice-fact-target",
                name.clone(),
                Some(self.t("notice-affected", &[("name", Arg::Text(&name))])?),
            )?,
            self.fact(
                "notice-fact-effective",
                self.date(effective),
                Some(self.plain(if withdrawn {
                    "notice-effective-withdrawn"
                } else {
                    "notice-effective-note"
                })?),
            )?,
            self.fact("notice-fact-published", self.date(notice), None)?,
            self.fact(
                "notice-fact-days",
                self.t(
                    "notice-days",
                    &[("n", Arg::Number(days_between(notice, effective)))],
                )?,
                Some(self.t(
                    "notice-days-promised",
                    &[(
                        "n",
                        Arg::Number(i64::from(self.inputs.rules.policy.deprecation_days)),
                    )],
                )?),
            )?,
        ];
        let mut sections = Vec::new();
        if !withdrawn {
            let mut windows = self.windows()?;
            windows.text = Some(self.plain("notice-windows-lead")?);
            sections.push(self.section("windows", vec![windows])?);
            sections.push(self.reason()?);
            sections.push(self.effects()?);
            sections.push(self.stuck()?);
            sections.push(self.prepare()?);
            let mut after = vec![
                self.t("notice-after-status", &[("name", Arg::Text(&name))])?,
                self.t("notice-after-update", &[("name", Arg::Text(&name))])?,
            ];
            after.extend(decision.after.iter().map(|text| self.pick(text).to_owned()));
            sections.push(self.section(
                "after",
                vec![Block {
                    items: after,
                    ..Block::default()
                }],
            )?);
        }
        sections.push(self.history()?);
        sections.push(self.contact()?);
        document.sections = sections;
        Ok(document)
    }

    fn reason(&self) -> Written<Section> {
        let figures = &self.inputs.decision.figures;
        let platform = self.inputs.decision.platform;
        let comma = self.plain("list-comma")?;
        let remaining: Vec<String> = figures
            .remaining
            .iter()
            .map(|version| crate::decisions::name(platform, version))
            .collect();
        let mut items = vec![
            self.t(
                "notice-reason-generations",
                &[
                    (
                        "n",
                        Arg::Number(i64::try_from(remaining.len()).unwrap_or(i64::MAX)),
                    ),
                    ("list", Arg::Text(&remaining.join(&comma))),
                ],
            )?,
            self.t(
                &format!("notice-reason-{}", figures.trend.as_str()),
                &[
                    ("months", Arg::Number(i64::from(figures.months))),
                    ("first", Arg::Number(i64::from(figures.first))),
                    ("last", Arg::Number(i64::from(figures.last))),
                    ("date", Arg::Text(&self.date(figures.as_of))),
                ],
            )?,
        ];
        if let Some(percent) = figures.decline_percent {
            items.push(self.t(
                "notice-reason-percent",
                &[("n", Arg::Text(&format!("{percent}")))],
            )?);
        }
        items.push(self.plain(match figures.vendor_updates {
            Ternary::Yes => "notice-vendor-updates-yes",
            Ternary::No => "notice-vendor-updates-no",
            Ternary::Unknown => "notice-vendor-updates-unknown",
        })?);
        self.section(
            "reason",
            vec![Block {
                text: Some(self.pick(&self.inputs.decision.reason).to_owned()),
                items,
                ..Block::default()
            }],
        )
    }

    fn effects(&self) -> Written<Section> {
        let decision = self.inputs.decision;
        let name = self.name();
        let untested = vec![
            self.t("notice-untested-verify", &[("name", Arg::Text(&name))])?,
            self.t("notice-untested-fix", &[("name", Arg::Text(&name))])?,
        ];
        self.section(
            "effects",
            vec![
                self.stated("notice-works", decision.works.as_ref(), Vec::new())?,
                self.stated("notice-stops", decision.stops.as_ref(), Vec::new())?,
                self.stated("notice-untested", None, untested)?,
            ],
        )
    }

    fn stuck(&self) -> Written<Section> {
        let name = self.name();
        let block = match self.inputs.stuck {
            Known::Unknown => Block {
                text: Some(self.plain("notice-stuck-unknown")?),
                ..Block::default()
            },
            Known::Known(models) if models.is_empty() => Block {
                text: Some(self.t("notice-stuck-none", &[("name", Arg::Text(&name))])?),
                ..Block::default()
            },
            Known::Known(models) => Block {
                text: Some(self.t("notice-stuck", &[("name", Arg::Text(&name))])?),
                items: models.clone(),
                ..Block::default()
            },
        };
        self.section("stuck", vec![block])
    }

    fn prepare(&self) -> Written<Section> {
        let decision = self.inputs.decision;
        let name = self.name();
        let newest = decision
            .figures
            .remaining
            .last()
            .map(|version| crate::decisions::name(decision.platform, version))
            .unwrap_or_default();
        let mut items = vec![
            self.t("notice-prepare-list", &[("name", Arg::Text(&name))])?,
            self.t(
                "notice-prepare-update",
                &[
                    ("date", Arg::Text(&self.date(decision.current().1))),
                    ("newest", Arg::Text(&newest)),
                ],
            )?,
        ];
        if !matches!(self.inputs.stuck, Known::Known(models) if models.is_empty()) {
            items.push(self.plain("notice-prepare-replace")?);
        }
        items.extend(
            decision
                .prepare
                .iter()
                .map(|text| self.pick(text).to_owned()),
        );
        self.section(
            "prepare",
            vec![Block {
                items,
                ..Block::default()
            }],
        )
    }

    fn history(&self) -> Written<Section> {
        let decision = self.inputs.decision;
        let mut rows = vec![vec![
            self.date(decision.notice),
            self.plain(if decision.state == State::Decided {
                "notice-event-planned"
            } else {
                "notice-event-announced"
            })?,
            self.date(decision.effective),
            "—".to_owned(),
        ]];
        for change in &decision.history {
            rows.push(vec![
                self.date(change.on),
                self.plain(match change.event {
                    Event::Announced => "notice-event-announced-again",
                    Event::Postponed => "notice-event-postponed",
                    Event::Withdrawn => "notice-event-withdrawn",
                    Event::Effective => "notice-event-effective",
                })?,
                change
                    .effective
                    .map_or_else(|| "—".to_owned(), |date| self.date(date)),
                change
                    .note
                    .as_ref()
                    .map_or_else(|| "—".to_owned(), |note| self.pick(note).to_owned()),
            ]);
        }
        let head = ["date", "event", "effective", "note"]
            .into_iter()
            .map(|word| self.plain(&format!("notice-history-{word}")))
            .collect::<Written<_>>()?;
        self.section(
            "history",
            vec![Block {
                head,
                rows,
                ..Block::default()
            }],
        )
    }
}

//! The reminder to ourselves on the day of effect.

use device_matrix::calendar::due;

use super::super::moment::jst_datetime;
use super::{Arg, Block, Document, Kind, NoticeInputs, Writer, Written};

impl Writer<'_> {
    pub(super) fn reminder(&self) -> Written<Document> {
        let NoticeInputs {
            decision,
            rules,
            verdict,
            ..
        } = self.inputs;
        let (notice, effective) = decision.current();
        let name = self.name();
        let lead = self.t(
            "reminder-lead",
            &[
                ("name", Arg::Text(&name)),
                ("date", Arg::Text(&self.date(effective))),
            ],
        )?;
        let mut document = self.frame(Kind::Reminder, lead)?;
        document.facts = vec![
            self.fact("notice-fact-target", name.clone(), None)?,
            self.fact("notice-fact-effective", self.date(effective), None)?,
            self.fact("notice-fact-published", self.date(notice), None)?,
            self.fact(
                "reminder-fact-decided",
                self.date(decision.decided),
                Some(decision.by.clone()),
            )?,
        ];
        let command = format!(
            "cargo xtask support --platform {} --candidate {} --usage FILE --as-of {effective}",
            decision.platform.name(),
            decision.version
        );
        let last = verdict
            .sites
            .iter()
            .filter_map(|site| site.window.as_ref())
            .map(|window| device_matrix::calendar::jst_date(window.start))
            .max()
            .unwrap_or(effective);
        let end = due(last, rules.policy.end_notice_business_days, rules.calendar).due;
        let mut steps = vec![
            self.t("reminder-generations", &[("command", Arg::Text(&command))])?,
            self.t(
                "reminder-trend",
                &[(
                    "trend",
                    Arg::Text(&self.plain(&format!("trend-{}", decision.figures.trend.as_str()))?),
                )],
            )?,
            self.plain("reminder-otherwise")?,
            self.t("reminder-status", &[("name", Arg::Text(&name))])?,
        ];
        for site in &verdict.sites {
            if let Some(window) = &site.window {
                let (start, end) = (
                    window.start_local().datetime(),
                    window.end_local().datetime(),
                );
                let (from, until) = (jst_datetime(window.start), jst_datetime(window.end));
                steps.push(self.t(
                    "reminder-window",
                    &[
                        ("site", Arg::Text(self.pick(&site.site.name))),
                        ("local", Arg::Text(&self.span(start, end)?)),
                        ("jst", Arg::Text(&self.span(from, until)?)),
                    ],
                )?);
            }
        }
        steps.push(self.t("reminder-end", &[("date", Arg::Text(&self.date(end)))])?);
        steps.push(self.t("reminder-record", &[("file", Arg::Text(&decision.id))])?);
        document.sections = vec![self.section(
            "steps",
            vec![Block {
                items: steps,
                ..Block::default()
            }],
        )?];
        Ok(document)
    }
}

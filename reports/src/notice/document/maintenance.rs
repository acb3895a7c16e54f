//! The detailed notice of the maintenance.

use device_matrix::calendar::due;

use super::{Arg, Block, Document, Kind, NoticeInputs, Writer, Written};

impl Writer<'_> {
    pub(super) fn maintenance(&self) -> Written<Document> {
        let NoticeInputs {
            decision,
            rules,
            verdict,
            ..
        } = self.inputs;
        let name = self.name();
        let lead = self.t("maintenance-lead", &[("name", Arg::Text(&name))])?;
        let mut document = self.frame(Kind::Maintenance, lead)?;
        let by = verdict
            .sites
            .iter()
            .filter_map(|site| site.maintenance_notice_by)
            .min();
        let last = verdict
            .sites
            .iter()
            .filter_map(|site| site.window.as_ref())
            .map(|window| device_matrix::calendar::jst_date(window.start))
            .max()
            .unwrap_or(decision.current().1);
        let end = due(last, rules.policy.end_notice_business_days, rules.calendar).due;
        let unfixed = self.plain("maintenance-not-fixed")?;
        document.facts = vec![
            self.fact(
                "maintenance-fact-purpose",
                self.t("maintenance-purpose", &[("name", Arg::Text(&name))])?,
                None,
            )?,
            self.fact(
                "maintenance-fact-published",
                decision
                    .maintenance_notice
                    .map_or(unfixed, |day| self.date(day)),
                by.map(|day| {
                    self.t(
                        "maintenance-published-by",
                        &[
                            ("date", Arg::Text(&self.date(day))),
                            ("n", Arg::Number(i64::from(verdict.maintenance_days))),
                        ],
                    )
                })
                .transpose()?,
            )?,
            self.fact(
                "maintenance-fact-outage",
                self.t(
                    if decision.kind.outage {
                        "maintenance-outage-yes"
                    } else {
                        "maintenance-outage-no"
                    },
                    &[("n", Arg::Number(i64::from(rules.policy.outage_minutes)))],
                )?,
                None,
            )?,
            self.fact(
                "maintenance-fact-end",
                self.date(end),
                Some(self.plain("maintenance-end-note")?),
            )?,
        ];
        let mut changes = vec![self.t("maintenance-change-status", &[("name", Arg::Text(&name))])?];
        if decision.kind.remote_control {
            changes.push(self.plain("maintenance-change-remote")?);
        }
        document.sections = vec![
            self.section("windows", vec![self.windows()?])?,
            self.section(
                "changes",
                vec![
                    Block {
                        items: changes,
                        ..Block::default()
                    },
                    self.stated("notice-stops", decision.stops.as_ref(), Vec::new())?,
                ],
            )?,
            self.contact()?,
        ];
        Ok(document)
    }
}

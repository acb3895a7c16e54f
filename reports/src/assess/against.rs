//! A run against another one: two builds of the OS, or two builds of the server under test.

use std::collections::{BTreeMap, HashMap};

use scenarios::event::CellRecord;

use super::compare;
use super::types::{Against, Assessment, CaseResult, Party};
use crate::evidence::Evidence;
use crate::record::RunHead;

/// Whom a difference points at: the side that alone is another one.
#[must_use]
pub const fn party(same_server: bool, same_os: bool) -> Party {
    match (same_server, same_os) {
        (false, true) => Party::Product,
        (true, false) => Party::Os,
        _ => Party::Undetermined,
    }
}

fn server(head: &RunHead) -> String {
    match &head.server_build {
        Some(build) => format!("{} {build}", head.server),
        None => head.server.clone(),
    }
}

impl Assessment {
    /// Adds the comparison with `other`, whose transcripts are in `other_evidence`: outcomes that are others, and
    /// what the messages do otherwise. Cases are paired by scenario, model, enrollment type and arrival; of several
    /// releases the same one is preferred.
    #[must_use]
    pub fn with_against(
        mut self,
        evidence: &dyn Evidence,
        other: &Self,
        other_evidence: &dyn Evidence,
    ) -> Self {
        let cells = by_id(&self);
        let other_cells = by_id(other);
        let mut index: HashMap<(&str, &str, &str, &str), Vec<&CaseResult>> = HashMap::new();
        for case in &other.cases {
            if let Some(cell) = other_cells.get(case.cell.as_str()) {
                index
                    .entry((&case.scenario, &cell.model, &cell.enrollment, &cell.arrival))
                    .or_default()
                    .push(case);
            }
        }
        let mut pairs: Vec<(&CaseResult, &CaseResult)> = Vec::new();
        for case in &self.cases {
            let Some(cell) = cells.get(case.cell.as_str()) else {
                continue;
            };
            let key = (
                case.scenario.as_str(),
                cell.model.as_str(),
                cell.enrollment.as_str(),
                cell.arrival.as_str(),
            );
            let partner = index.get(&key).and_then(|found| {
                found.iter().copied().min_by_key(|other| {
                    let release = other_cells
                        .get(other.cell.as_str())
                        .map(|cell| &cell.release);
                    (release != Some(&cell.release), &other.id)
                })
            });
            pairs.extend(partner.map(|partner| (case, partner)));
        }
        let same_os = pairs.iter().all(|(now, before)| {
            let os = |cells: &BTreeMap<&str, &CellRecord>, case: &CaseResult| {
                cells
                    .get(case.cell.as_str())
                    .map(|cell| (cell.release.clone(), cell.build.clone()))
            };
            os(&cells, now) == os(&other_cells, before)
        });
        let (server_before, server_now) = (server(&other.head), server(&self.head));
        let same_server = server_before == server_now;
        let changed = pairs
            .iter()
            .filter(|(now, before)| now.outcome != before.outcome)
            .map(|(now, before)| (now.id.clone(), before.outcome, now.outcome))
            .collect();
        let rows = compare::across(&pairs, &cells, &other_cells, evidence, other_evidence);
        let against = Against {
            run_id: other.head.run_id.clone(),
            server: server_before,
            server_now,
            same_server,
            same_os,
            party: party(same_server, same_os),
            compared: pairs.len() as u64,
            changed,
        };
        self.behavior.splice(0..0, rows);
        self.against = Some(against);
        self
    }
}

fn by_id(assessment: &Assessment) -> BTreeMap<&str, &CellRecord> {
    assessment
        .cells
        .iter()
        .map(|cell| (cell.cell.id.as_str(), &cell.cell))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_that_alone_differs_is_pointed_at() {
        let rows = [
            (true, true, Party::Undetermined),
            (false, true, Party::Product),
            (true, false, Party::Os),
            (false, false, Party::Undetermined),
        ];
        for (same_server, same_os, expected) in rows {
            assert_eq!(party(same_server, same_os), expected);
        }
    }
}

//! The cases that are still open, one cell at a time.

use device_matrix::cell::Cell;
use scenarios::plan::Check;

use super::input::RunInputs;
use super::resume::Earlier;
use super::work::{CaseWork, CellWork};

/// The cases that are still open, one cell at a time in the order of the plan: memory follows the cells in flight.
pub(super) struct Queue {
    earlier: Earlier,
    next: usize,
}

impl Queue {
    pub(super) fn new(earlier: Earlier) -> Self {
        Self { earlier, next: 0 }
    }

    /// Number of cases that are still open.
    pub(super) fn open(&self, inputs: &RunInputs) -> usize {
        let cases = &inputs.plan.cases;
        if self.earlier.cases.is_empty() {
            return cases.len();
        }
        let open = |index: &usize| self.case(inputs, *index).is_some();
        (0..cases.len()).filter(open).count()
    }

    /// The next cell with open cases.
    pub(super) fn pop(&mut self, inputs: &RunInputs) -> Option<CellWork> {
        let cases = &inputs.plan.cases;
        while let Some(first) = cases.get(self.next) {
            let cell = first.cell;
            let start = self.next;
            let len = cases[start..]
                .iter()
                .take_while(|case| case.cell == cell)
                .count();
            self.next += len;
            let cases: Vec<CaseWork> = (start..start + len)
                .filter_map(|index| self.case(inputs, index))
                .collect();
            if !cases.is_empty() {
                return Some(CellWork {
                    index: cell as usize,
                    cases,
                });
            }
        }
        None
    }

    /// The case at a position of the plan when it is still open.
    pub(super) fn case(&self, inputs: &RunInputs, index: usize) -> Option<CaseWork> {
        let case = inputs.plan.cases.get(index)?;
        let cell = inputs.plan.cells.get(case.cell as usize)?;
        let (id, subject) = name(inputs, case.check, cell);
        let (last, completed) = self.earlier.cases.get(&id).copied().unwrap_or_default();
        (!completed).then(|| CaseWork {
            index,
            id,
            subject,
            check: case.check,
            first_attempt: last + 1,
        })
    }
}

/// Case id and subject.
fn name(inputs: &RunInputs, check: Check, cell: &Cell) -> (String, String) {
    match check {
        Check::Scenario(index) => match inputs.scenarios.get(index as usize) {
            Some(scenario) => (
                format!("{}@{cell}", scenario.id.0),
                scenario.feature.0.clone(),
            ),
            None => (format!("scenario-{index}@{cell}"), String::new()),
        },
        Check::Probe(index) => match inputs.probes.get(index as usize) {
            Some(probe) => (
                format!("probe:{}@{cell}", probe.class()),
                probe.class().to_owned(),
            ),
            None => (format!("probe:{index}@{cell}"), String::new()),
        },
    }
}

//! A small set of combinations in which every model, and every pair of levels, occurs.
//!
//! Factors are release, hardware class, enrollment type and arrival. The set is found greedily: always the
//! combination that adds most; among equals the one whose shape (release, enrollment type, arrival) was used
//! least, then the first. Each shape has a heap of its own, because using a shape changes the order of the shapes
//! and never the order within one. A combination never adds more later than it does now, so a stale entry only
//! has to be looked at again when it comes to the top of its heap.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet};

use super::combos::{Combo, Universe};
use super::coverage::{Goal, goals};
use crate::enrollment::EnrollmentType;

type Shape = (u32, EnrollmentType, bool);

/// The combinations of one shape, the most useful one on top.
#[derive(Default)]
struct Group {
    used: u32,
    heap: BinaryHeap<(usize, Reverse<usize>)>,
}

/// The indexes of the chosen combinations.
pub(super) fn choose(universe: &Universe) -> BTreeSet<usize> {
    let mut groups: BTreeMap<Shape, Group> = BTreeMap::new();
    for (index, combo) in universe.combos.iter().enumerate() {
        let group = groups.entry(shape(combo)).or_default();
        group.heap.push((goals(combo).len(), Reverse(index)));
    }
    let mut chosen = BTreeSet::new();
    let mut covered: HashSet<Goal> = HashSet::new();
    loop {
        let best = groups
            .iter_mut()
            .filter_map(|(shape, group)| {
                let (gain, index) = group.top(universe, &covered)?;
                Some((gain, Reverse(group.used), Reverse(index), *shape))
            })
            .max();
        let Some((_, _, Reverse(index), shape)) = best else {
            return chosen;
        };
        covered.extend(goals(&universe.combos[index]));
        chosen.insert(index);
        if let Some(group) = groups.get_mut(&shape) {
            group.used += 1;
        }
    }
}

impl Group {
    /// The combination that adds most, and how much; what adds nothing any more is dropped.
    fn top(&mut self, universe: &Universe, covered: &HashSet<Goal>) -> Option<(usize, usize)> {
        loop {
            let (stated, Reverse(index)) = *self.heap.peek()?;
            let gain = goals(&universe.combos[index])
                .iter()
                .filter(|goal| !covered.contains(goal))
                .count();
            if gain == stated {
                return Some((gain, index));
            }
            self.heap.pop();
            if gain > 0 {
                self.heap.push((gain, Reverse(index)));
            }
        }
    }
}

fn shape(combo: &Combo) -> Shape {
    (combo.release, combo.enrollment, combo.from.is_some())
}

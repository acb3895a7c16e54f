//! Columns and rows of the matrix.

use super::Book;
use super::model::{CategoryView, FeatureView, GroupHead, GroupView, MarkView, NamedFeature};
use crate::assess::{Assessment, FeatureRow, GroupMark, Offered};

pub(super) fn groups(assessment: &Assessment) -> Vec<GroupView> {
    assessment
        .groups
        .iter()
        .map(|group| GroupView {
            id: group.id.clone(),
            release: group.release_name.clone(),
            family: group.family.clone(),
            enrollment: group.enrollment.clone(),
            supervised: group.supervised,
            cells: group.cells.len() as u64,
        })
        .collect()
}

pub(super) fn group_heads(assessment: &Assessment) -> Vec<GroupHead> {
    let mut heads: Vec<GroupHead> = Vec::new();
    for group in &assessment.groups {
        match heads.last_mut() {
            Some(head) if head.release == group.release_name => head.columns += 1,
            _ => heads.push(GroupHead {
                release: group.release_name.clone(),
                columns: 1,
            }),
        }
    }
    heads
}

/// Offered features by category; unconfirmed ones; not offered ones.
pub(super) fn rows(book: &Book<'_>) -> (Vec<CategoryView>, Vec<FeatureView>, Vec<NamedFeature>) {
    let mut categories: Vec<CategoryView> = Vec::new();
    let mut unconfirmed = Vec::new();
    let mut not_offered = Vec::new();
    for row in &book.assessment.features {
        let has = |offered| row.groups.iter().any(|mark| mark.offered == offered);
        if has(Offered::Yes) {
            let view = feature(book, row);
            match categories.iter_mut().find(|known| known.id == row.category) {
                Some(category) => category.features.push(view),
                None => categories.push(CategoryView {
                    id: row.category.clone(),
                    features: vec![view],
                }),
            }
        } else if has(Offered::Unknown) {
            unconfirmed.push(feature(book, row));
        } else {
            not_offered.push(book.named(&row.id));
        }
    }
    (categories, unconfirmed, not_offered)
}

fn feature(book: &Book<'_>, row: &FeatureRow) -> FeatureView {
    FeatureView {
        id: row.id.clone(),
        name: row.name.clone(),
        overall: row.overall.as_str(),
        changed: row.groups.iter().any(|mark| mark.changed),
        marks: row
            .groups
            .iter()
            .map(|mark| self::mark(book, mark))
            .collect(),
    }
}

fn mark(book: &Book<'_>, mark: &GroupMark) -> MarkView {
    let mut notes: Vec<u64> = mark
        .findings
        .iter()
        .filter_map(|index| book.numbers.get(*index).copied())
        .filter(|number| *number > 0 && mark.offered == Offered::Yes)
        .collect();
    notes.sort_unstable();
    MarkView {
        mark: mark.mark.as_str(),
        observed: mark.observed.as_str(),
        notes,
        reasons: mark.reasons.clone(),
        changed: mark.changed,
        cases: mark.tally.total(),
    }
}

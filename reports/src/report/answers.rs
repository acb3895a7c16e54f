//! The four answers, material for the recommendation, priorities.

use std::collections::BTreeSet;

use device_matrix::known::Known;

use super::Book;
use super::Sourced;
use super::model::{
    Answers, ExistingAnswer, FindingRef, FindingView, Head, ItemRow, KnownIssueView, Material,
    NewAnswer, OpenQuestion, Priority, Recommendation, RecommendationReason, RestrictionAnswer,
    SourcedView, Task,
};
use crate::assess::rollup::overall;
use crate::assess::{Mark, Offered};

pub(super) fn answers(
    book: &Book<'_>,
    head: &Head,
    restrictions: &[FindingView],
    new_items: &[ItemRow],
) -> Answers {
    let existing = existing(book, head);
    let new_items = new_answer(head, new_items);
    let restrictions_answer = restriction_answer(book, head, restrictions);
    let recommendation = recommend(head, &existing, restrictions);
    Answers {
        existing,
        new_items,
        restrictions: restrictions_answer,
        recommendation,
    }
}

fn existing(book: &Book<'_>, head: &Head) -> ExistingAnswer {
    let rows = || {
        book.assessment
            .features
            .iter()
            .filter(|row| row.groups.iter().any(|mark| mark.offered == Offered::Yes))
            .map(|row| row.overall)
            .filter(|mark| *mark != Mark::NotSupported)
    };
    let count = |wanted: &[Mark]| rows().filter(|mark| wanted.contains(mark)).count() as u64;
    let seen = match overall(rows()) {
        Mark::OutOfScope => Mark::NotTested,
        mark => mark,
    };
    ExistingAnswer {
        mark: claim(head, seen).as_str(),
        seen: seen.as_str(),
        works: count(&[Mark::Works]),
        restricted: count(&[Mark::Restricted]),
        fails: count(&[Mark::Fails]),
        undecided: count(&[Mark::Blocked, Mark::Flaky, Mark::NotTested]),
        total: rows().count() as u64,
        unconfirmed: book
            .assessment
            .features
            .iter()
            .filter(|row| {
                let has = |offered| row.groups.iter().any(|mark| mark.offered == offered);
                !has(Offered::Yes) && has(Offered::Unknown)
            })
            .count() as u64,
    }
}

/// What may be said of the product: without it, that something works is never said.
fn claim(head: &Head, seen: Mark) -> Mark {
    if seen == Mark::Works && !head.product_exercised {
        Mark::NotTested
    } else {
        seen
    }
}

fn new_answer(head: &Head, items: &[ItemRow]) -> NewAnswer {
    let offered = |word: &str| items.iter().filter(|item| item.offered == word).count() as u64;
    let marks: Vec<Mark> = items
        .iter()
        .filter(|item| item.offered == "yes")
        .filter_map(|item| Mark::WORDS.iter().find(|(_, word)| *word == item.mark))
        .map(|(mark, _)| *mark)
        .collect();
    let mark = if items.is_empty() {
        Mark::OutOfScope
    } else if !marks.is_empty() {
        claim(head, overall(marks.iter().copied()))
    } else if offered("unknown") > 0 {
        Mark::Unconfirmed
    } else {
        Mark::NotOffered
    };
    NewAnswer {
        mark: mark.as_str(),
        items: items.len() as u64,
        offered: offered("yes"),
        usable: marks.iter().filter(|mark| **mark == Mark::Works).count() as u64,
        unconfirmed: offered("unknown"),
        not_offered: offered("no"),
    }
}

fn restriction_answer(
    book: &Book<'_>,
    head: &Head,
    restrictions: &[FindingView],
) -> RestrictionAnswer {
    let features: BTreeSet<&str> = restrictions
        .iter()
        .filter_map(|finding| finding.feature.as_ref())
        .map(|feature| feature.id.as_str())
        .collect();
    let groups: BTreeSet<usize> = book
        .assessment
        .findings
        .iter()
        .zip(&book.numbers)
        .filter(|(_, number)| **number > 0)
        .flat_map(|(finding, _)| finding.groups.iter().copied())
        .collect();
    let mark = if restrictions.iter().any(|finding| finding.kind == "failure") {
        Mark::Fails
    } else if !restrictions.is_empty() {
        Mark::Restricted
    } else if head.undecided > 0 {
        Mark::NotTested
    } else {
        claim(head, Mark::Works)
    };
    RestrictionAnswer {
        mark: mark.as_str(),
        count: restrictions.len() as u64,
        new: restrictions
            .iter()
            .filter(|finding| finding.since == "this_release")
            .count() as u64,
        features: features.len() as u64,
        groups: groups.len() as u64,
        groups_total: book.assessment.groups.len() as u64,
    }
}

/// The recommendation; the first line that holds decides, and every reason is listed.
fn recommend(
    head: &Head,
    existing: &ExistingAnswer,
    restrictions: &[FindingView],
) -> Recommendation {
    let of_kind = |kind: &str| -> Vec<String> {
        restrictions
            .iter()
            .filter(|finding| finding.kind == kind)
            .map(|finding| finding.id.clone())
            .collect()
    };
    let (failures, limits) = (of_kind("failure"), of_kind("restriction"));
    let has = |word: &str| head.reasons.contains(&word);
    let word =
        if !head.product_exercised || has("interrupted") || has("beta") || existing.total == 0 {
            "insufficient"
        } else if !failures.is_empty() {
            "wait"
        } else if head.undecided > 0 {
            "insufficient"
        } else if !limits.is_empty() {
            "conditional"
        } else {
            "recommended"
        };
    let reason = |word, count, findings| RecommendationReason {
        word,
        count,
        findings,
    };
    let mut reasons = Vec::new();
    if !head.product_exercised {
        reasons.push(reason("product_not_exercised", 0, Vec::new()));
    }
    if has("interrupted") {
        reasons.push(reason("interrupted", 0, Vec::new()));
    }
    if has("beta") {
        reasons.push(reason("beta", 0, Vec::new()));
    }
    if head.device_origin == "virtual" {
        reasons.push(reason("virtual_only", 0, Vec::new()));
    }
    if !failures.is_empty() {
        reasons.push(reason("failures", failures.len() as u64, failures));
    }
    if !limits.is_empty() {
        reasons.push(reason("restrictions", limits.len() as u64, limits));
    }
    if head.undecided > 0 {
        reasons.push(reason("undecided", head.undecided, Vec::new()));
    }
    if reasons.is_empty() {
        reasons.push(reason("nothing_against", existing.works, Vec::new()));
    }
    Recommendation { word, reasons }
}

pub(super) fn material(
    book: &Book<'_>,
    head: &Head,
    restrictions: &[FindingView],
    new_items: &[ItemRow],
    answers: &Answers,
) -> Material {
    let guidance = book.inputs.guidance;
    let text = |known: &Known<Sourced>| {
        known.as_known().map(|stated| SourcedView {
            text: stated.text.clone(),
            source: stated.source.clone(),
        })
    };
    let undetermined = restrictions
        .iter()
        .filter(|finding| finding.party == "undetermined")
        .count() as u64;
    let open = [
        ("undecided_cases", head.undecided),
        ("unconfirmed_features", answers.existing.unconfirmed),
        ("unconfirmed_items", answers.new_items.unconfirmed),
        ("undetermined_findings", undetermined),
    ];
    Material {
        better: new_items
            .iter()
            .filter(|item| item.mark == Mark::Works.as_str() && head.product_exercised)
            .map(|item| item.id.clone())
            .collect(),
        worse: restrictions
            .iter()
            .filter(|finding| finding.since == "this_release")
            .map(|finding| FindingRef {
                id: finding.id.clone(),
                feature: finding.feature.as_ref().map(|feature| feature.name.clone()),
                part: finding.part.clone(),
            })
            .collect(),
        security: text(&guidance.security),
        known_issues: guidance.known_issues.as_known().map(|issues| {
            issues
                .iter()
                .map(|issue| KnownIssueView {
                    number: issue.number.clone(),
                    text: issue.text.clone(),
                    source: issue.source.clone(),
                })
                .collect()
        }),
        cannot_update: guidance.cannot_update.as_known().cloned(),
        way_back: text(&guidance.way_back),
        open: open
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| OpenQuestion { word, count })
            .collect(),
    }
}

/// Guideline 2.1.1.2: (1) existing features usable, if with restrictions; (2) without; (3) new features usable, if with
/// restrictions; (4) without.
pub(super) fn priorities(
    book: &Book<'_>,
    restrictions: &[FindingView],
    new_items: &[ItemRow],
) -> Vec<Priority> {
    let existing = |kind: &str, action: &'static str| -> Vec<Task> {
        let mut tasks: Vec<Task> = Vec::new();
        for finding in restrictions.iter().filter(|finding| finding.kind == kind) {
            let action = if finding.party == "as_specified" {
                "move_to_replacement"
            } else {
                action
            };
            let same = tasks
                .iter_mut()
                .find(|task| task.feature == finding.feature && task.action == action);
            match same {
                Some(task) => task.findings.push(finding.id.clone()),
                None => tasks.push(Task {
                    feature: finding.feature.clone(),
                    item: None,
                    action,
                    findings: vec![finding.id.clone()],
                }),
            }
        }
        tasks
    };
    let mut second = existing("restriction", "lift_restriction");
    second.extend(
        book.assessment
            .features
            .iter()
            .filter(|row| matches!(row.overall, Mark::Blocked | Mark::Flaky))
            .filter(|row| row.groups.iter().any(|mark| mark.offered == Offered::Yes))
            .map(|row| Task {
                feature: Some(book.named(&row.id)),
                item: None,
                action: "decide",
                findings: Vec::new(),
            }),
    );
    let new = |marks: &[Mark], action: &'static str| -> Vec<Task> {
        new_items
            .iter()
            .filter(|item| item.offered == "yes" && item.path.is_none())
            .filter(|item| marks.iter().any(|mark| mark.as_str() == item.mark))
            .map(|item| Task {
                feature: None,
                item: Some(item.id.clone()),
                action,
                findings: Vec::new(),
            })
            .collect()
    };
    let undecided = [Mark::NotTested, Mark::Blocked, Mark::Flaky];
    let mut third = new(&[Mark::Fails], "restore");
    third.extend(new(&undecided, "try"));
    let fourth = new(&[Mark::Restricted], "lift_restriction");
    [existing("failure", "restore"), second, third, fourth]
        .into_iter()
        .zip(1..)
        .map(|(tasks, level)| Priority { level, tasks })
        .collect()
}

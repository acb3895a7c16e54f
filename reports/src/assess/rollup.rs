//! Roll-up: cases to marks, marks to features.

use super::types::{Mark, Offered, Outcome, Tally};

/// The mark of a feature in a group, from the outcomes of its cases.
///
/// What the OS does not support leaves the denominator. All fail is ×; some fail or are restricted is △; anything
/// undecided is never ○. When everything decided fails but something is undecided, "all fail" is not shown: the
/// undecided mark stands, and the failure stands among the findings.
#[must_use]
pub fn mark(tally: &Tally) -> Mark {
    let fails = tally.of(Outcome::Fails);
    let restricted = tally.of(Outcome::WorksWithRestrictions);
    let works = tally.of(Outcome::Works);
    let undecided =
        tally.of(Outcome::Blocked) + tally.of(Outcome::Flaky) + tally.of(Outcome::NotTested);
    if works + restricted + fails + undecided == 0 {
        return if tally.of(Outcome::NotSupportedByOs) > 0 {
            Mark::NotSupported
        } else {
            Mark::NotTested
        };
    }
    if fails > 0 && works + restricted + undecided == 0 {
        return Mark::Fails;
    }
    if restricted > 0 || (fails > 0 && works > 0) {
        return Mark::Restricted;
    }
    if tally.of(Outcome::Blocked) > 0 {
        Mark::Blocked
    } else if tally.of(Outcome::Flaky) > 0 {
        Mark::Flaky
    } else if undecided > 0 {
        Mark::NotTested
    } else {
        Mark::Works
    }
}

/// The mark shown: the observation for what is offered, else what the product says.
#[must_use]
pub const fn shown(offered: Offered, observed: Mark) -> Mark {
    match offered {
        Offered::Yes => observed,
        Offered::No => Mark::NotOffered,
        Offered::Unknown => Mark::Unconfirmed,
        Offered::OutOfScope => Mark::OutOfScope,
    }
}

/// One mark over several: the same rules, one level up.
#[must_use]
pub fn overall(marks: impl IntoIterator<Item = Mark>) -> Mark {
    let marks: Vec<Mark> = marks.into_iter().collect();
    let has = |wanted: Mark| marks.contains(&wanted);
    let undecided = [Mark::Blocked, Mark::Flaky, Mark::NotTested];
    let decided = marks
        .iter()
        .any(|mark| matches!(mark, Mark::Works | Mark::Restricted | Mark::Fails));
    if has(Mark::Fails)
        && !has(Mark::Works)
        && !has(Mark::Restricted)
        && !undecided.iter().any(|m| has(*m))
    {
        Mark::Fails
    } else if has(Mark::Restricted) || (has(Mark::Fails) && has(Mark::Works)) {
        Mark::Restricted
    } else if let Some(mark) = undecided.into_iter().find(|mark| has(*mark)) {
        mark
    } else if decided {
        Mark::Works
    } else {
        [Mark::NotSupported, Mark::Unconfirmed, Mark::NotOffered]
            .into_iter()
            .find(|mark| has(*mark))
            .unwrap_or(Mark::OutOfScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_make_the_mark() {
        use Outcome::{
            Blocked, Fails, Flaky, NotSupportedByOs, NotTested, Works, WorksWithRestrictions,
        };
        let rows: [(&[Outcome], Mark); 15] = [
            (&[], Mark::NotTested),
            (&[Works], Mark::Works),
            (&[Works, NotSupportedByOs], Mark::Works),
            (&[NotSupportedByOs], Mark::NotSupported),
            (&[Fails], Mark::Fails),
            (&[Fails, Fails, NotSupportedByOs], Mark::Fails),
            (&[Fails, Works], Mark::Restricted),
            (&[WorksWithRestrictions], Mark::Restricted),
            (&[WorksWithRestrictions, NotTested], Mark::Restricted),
            (&[Works, NotTested], Mark::NotTested),
            (&[Works, Blocked, Flaky], Mark::Blocked),
            (&[Works, Flaky], Mark::Flaky),
            (&[Fails, Blocked], Mark::Blocked),
            (&[Fails, Works, Blocked], Mark::Restricted),
            (&[NotSupportedByOs, NotTested], Mark::NotTested),
        ];
        for (outcomes, expected) in rows {
            let mut tally = Tally::default();
            for outcome in outcomes {
                tally.add(*outcome);
            }
            assert_eq!(mark(&tally), expected, "{outcomes:?}");
        }
    }

    #[test]
    fn nothing_undecided_is_ever_shown_as_working() {
        for undecided in [Outcome::Blocked, Outcome::Flaky, Outcome::NotTested] {
            let mut tally = Tally::default();
            for _ in 0..1000 {
                tally.add(Outcome::Works);
            }
            tally.add(undecided);
            assert_ne!(mark(&tally), Mark::Works);
        }
    }

    #[test]
    fn marks_make_the_answer() {
        let rows: [(&[Mark], Mark); 9] = [
            (&[], Mark::OutOfScope),
            (&[Mark::Works, Mark::NotSupported], Mark::Works),
            (&[Mark::Works, Mark::Fails], Mark::Restricted),
            (&[Mark::Fails, Mark::NotSupported], Mark::Fails),
            (&[Mark::Works, Mark::NotTested], Mark::NotTested),
            (&[Mark::Restricted, Mark::NotTested], Mark::Restricted),
            (&[Mark::NotSupported], Mark::NotSupported),
            (&[Mark::NotOffered, Mark::Unconfirmed], Mark::Unconfirmed),
            (&[Mark::Fails, Mark::Blocked], Mark::Blocked),
        ];
        for (marks, expected) in rows {
            assert_eq!(overall(marks.iter().copied()), expected, "{marks:?}");
        }
    }

    #[test]
    fn only_what_is_offered_shows_its_observation() {
        assert_eq!(shown(Offered::Yes, Mark::Fails), Mark::Fails);
        assert_eq!(shown(Offered::No, Mark::Works), Mark::NotOffered);
        assert_eq!(shown(Offered::Unknown, Mark::Works), Mark::Unconfirmed);
        assert_eq!(shown(Offered::OutOfScope, Mark::Works), Mark::OutOfScope);
    }
}

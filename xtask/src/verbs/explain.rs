//! `explain`: what a code means.

use crate::exit::{self, Exit, Outcome, Stop};

/// Every code of every crate with its explanation.
fn explanations() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        device_matrix::explain::EXPLANATIONS,
        device_matrix::capability::explain::EXPLANATIONS,
        scenarios::codes::EXPLANATIONS,
        &reports::codes::CODES,
        harness::server::console::codes::EXPLANATIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Prints the explanation of `code`, or the exit codes for `exit`.
pub(crate) fn run(code: &str) -> Outcome {
    if code.eq_ignore_ascii_case("exit") {
        print!("{}", exit::help());
        return Ok(Exit::Yes);
    }
    let Some((known, text)) = explanations().find(|(known, _)| known.eq_ignore_ascii_case(code))
    else {
        let near: Vec<&str> = explanations()
            .map(|(known, _)| known)
            .filter(|known| {
                known
                    .get(..2)
                    .is_some_and(|head| code.to_ascii_uppercase().starts_with(head))
            })
            .collect();
        return Err(Stop::usage(format!(
            "no code `{code}`; {}",
            if near.is_empty() {
                "codes begin with DM (data of device-matrix), SC (scenarios), RP (reports) or SV (described servers)"
                    .to_owned()
            } else {
                format!("known ones: {}", near.join(", "))
            }
        )));
    };
    println!("{known}\n\n{text}");
    Ok(Exit::Yes)
}

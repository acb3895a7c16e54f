//! A synthetic run, from events to the published documents.

#[expect(missing_docs, reason = "a fixture of this test")]
#[expect(unreachable_pub, reason = "a fixture of this test")]
mod fixture;

use fixture::{Fault, Run};
use reports::assess::Outcome;
use reports::render;

#[test]
fn the_documents_of_a_small_run() {
    let run = Run::new(Fault::OsIgnoresCamera);
    let model = run.report();
    insta::assert_snapshot!("markdown", render::markdown(&model).expect("markdown"));
    insta::assert_snapshot!("json", render::json(&model).expect("json"));
    insta::assert_snapshot!("junit", render::junit(&run.assess()).expect("junit"));
    insta::assert_snapshot!(
        "assessment",
        reports::assess::published::to_json(&run.assess())
    );
    let html = render::html(&model).expect("html");
    if let Ok(folder) = std::env::var("REPORT_OUT") {
        std::fs::write(format!("{folder}/report.html"), &html).expect("write");
    }
    let outcomes: Vec<Outcome> = run.assess().cases.iter().map(|case| case.outcome).collect();
    assert!(outcomes.contains(&Outcome::WorksWithRestrictions));
}

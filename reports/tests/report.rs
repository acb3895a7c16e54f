//! A synthetic run, from events to the published documents.

#[expect(unreachable_pub, reason = "a fixture of this test")]
mod fixture;

use device_matrix::enrollment::EnrollmentType;
use fixture::{Fault, Run, report};
use jiff::civil::date;
use reports::assess::{FindingKind, Mark, Offered, Outcome, Party, Verdict};
use reports::render;
use reports::sign::{ReportMeta, SignState, Signoffs, sign};
use reports::vendor::Lang;
use scenarios::event::{Event, SkipRecord};

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
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let all = || {
        let run = Run::new(Fault::OsIgnoresCamera);
        let model = run.report();
        [
            render::html(&model).expect("html"),
            render::markdown(&model).expect("markdown"),
            render::json(&model).expect("json"),
            render::junit(&run.assess()).expect("junit"),
        ]
    };
    let first = all();
    for _ in 0..5 {
        assert!(first == all(), "two renderings differ");
    }
}

#[test]
fn a_profile_that_installs_and_reads_back_without_effect_is_a_fault_of_the_os() {
    let assessment = Run::new(Fault::OsIgnoresCamera).assess();
    let finding = assessment
        .findings
        .iter()
        .find(|finding| finding.feature == "allow-camera")
        .expect("finding");
    assert_eq!(finding.kind, FindingKind::Failure);
    assert_eq!(finding.fault.party, Party::Os);
    assert_eq!(assessment.verdict, Verdict::Restrictions);
    let model = report(&assessment, "released", &Signoffs::default());
    let ja = render::markdown_in(&model, Lang::Ja).expect("ja");
    let en = render::markdown_in(&model, Lang::En).expect("en");
    assert!(
        ja.contains(
            "仕様に合うメッセージが届き、このバージョンで使えるはずの項目が働いていません。"
        ),
        "{ja}"
    );
    assert!(ja.contains("OSの不具合の疑い（2.3.2）"));
    assert!(
        en.contains(
            "A valid message was delivered, and what this version should offer did not come about."
        ),
        "{en}"
    );
    assert!(en.contains("Suspected OS defect (2.3.2)"));
}

#[test]
fn a_message_altered_on_the_way_is_a_fault_of_the_product() {
    let assessment = Run::new(Fault::ServerAltersLock).with_product().assess();
    let finding = assessment
        .findings
        .iter()
        .find(|finding| finding.feature == "remote-lock")
        .expect("finding");
    assert_eq!(
        (finding.fault.party, finding.fault.because),
        (Party::Product, "altered_on_the_way")
    );
    assert_eq!(finding.fault.details, ["#1 DeviceLock /Command/Message"]);
    let model = report(&assessment, "released", &Signoffs::default());
    let view = model
        .findings
        .iter()
        .find(|f| f.id == finding.id)
        .expect("view");
    assert!(
        view.conditions
            .as_ref()
            .is_some_and(|conditions| conditions.defect)
    );
    assert_eq!(model.answers.recommendation.word, "wait");
}

#[test]
fn attempts_that_differ_are_flaky_and_never_good() {
    let assessment = Run::new(Fault::LockIsFlaky).assess();
    let row = assessment
        .features
        .iter()
        .find(|row| row.id == "remote-lock")
        .expect("row");
    assert!(
        row.groups.iter().all(|mark| mark.mark == Mark::Flaky),
        "{row:?}"
    );
}

#[test]
fn a_server_that_goes_away_blocks_and_never_passes() {
    let assessment = Run::new(Fault::ServerGone).assess();
    let blocked = assessment
        .cases
        .iter()
        .filter(|case| case.outcome == Outcome::Blocked)
        .count();
    assert_eq!(blocked, 8);
    let finding = assessment
        .findings
        .iter()
        .find(|finding| finding.kind == FindingKind::Blocked && finding.offered == Offered::Yes)
        .expect("finding");
    assert_eq!(finding.fault.because, "server_unreachable");
}

#[test]
fn what_the_os_took_away_is_as_specified_and_names_the_replacement() {
    let model = Run::new(Fault::None).report();
    let note = &model.restrictions[0];
    assert_eq!(
        (note.kind, note.party, note.since),
        ("restriction", "as_specified", "this_release")
    );
    assert_eq!(
        note.replacement.as_ref().expect("replacement").en,
        "ServiceSubscriptions"
    );
    assert_eq!(note.since_release.as_deref(), Some("iOS 18.7"));
    assert_eq!(model.restrictions.len(), 1, "each restriction once");
    assert_eq!(model.answers.existing.seen, "restricted");
}

#[test]
fn an_upgraded_device_that_differs_is_shown() {
    let model = Run::new(Fault::OsIgnoresCamera).report();
    let row = &model.arrivals[0];
    assert_eq!(
        (row.feature.id.as_str(), row.fresh, row.upgraded),
        ("allow-camera", "lost", "works")
    );
    assert!(model.arrival_pairs > model.arrivals.len() as u64);
}

#[test]
fn behavior_changes_are_told_message_by_message() {
    let model = Run::new(Fault::None).report();
    let row = &model.behavior[0];
    assert_eq!(
        (row.what.as_str(), row.path.as_str(), row.change),
        ("DeviceInformation", "/QueryResponses/IMEI", "removed")
    );
}

#[test]
fn without_the_product_nothing_is_said_to_work() {
    let mut run = Run::new(Fault::None);
    run.scenarios.retain(|scenario| scenario.id.0 == "lock");
    run.features.retain(|feature| feature.id.0 == "remote-lock");
    let model = run.report();
    assert_eq!(
        (model.answers.existing.seen, model.answers.existing.mark),
        ("works", "not_tested")
    );
    assert_eq!(model.answers.recommendation.word, "insufficient");
    let ja = render::markdown_in(&model, Lang::Ja).expect("ja");
    assert!(ja.contains("OS側の動作のみを確認し、対象の 1 機能で制限は見つかっていません。製品での動作は未検証です。"), "{ja}");
    assert!(!ja.contains("制限なく利用できます"));
    assert!(!ja.contains("○ 制限なく利用可"));

    let product = Run {
        scenarios: run.scenarios.clone(),
        features: run.features.clone(),
        ..Run::new(Fault::None).with_product()
    };
    let model = product.report();
    assert_eq!(
        (
            model.answers.existing.mark,
            model.answers.recommendation.word
        ),
        ("works", "recommended")
    );
    assert_eq!((model.head.state, model.head.reasons.len()), ("draft", 0));
}

#[test]
fn a_beta_is_provisional_for_that_reason() {
    let assessment = Run::new(Fault::None).with_product().assess();
    let model = report(&assessment, "beta", &Signoffs::default());
    assert_eq!(model.head.state, "provisional");
    assert!(model.head.reasons.contains(&"beta"));
    assert!(model.bands.contains(&"beta"));
    let html = render::html(&model).expect("html");
    assert!(html.contains("本報告はベータ版による暫定的な検証結果です"));
    assert!(html.contains("These are provisional results on a beta version"));
}

#[test]
fn sign_refuses_what_is_undecided_and_shows_what_it_signed() {
    let day = date(2025, 9, 30);
    let undecided = Run::new(Fault::None).with_product();
    let meta = ReportMeta::from(&undecided.report());
    let refused = sign(&meta, &Signoffs::default(), "QA", SignState::Final, day).unwrap_err();
    assert!(
        refused
            .reasons
            .iter()
            .any(|reason| reason.contains("3 required cases are undecided")),
        "{refused}"
    );

    let mut ready = Run::new(Fault::None).with_product();
    ready
        .features
        .retain(|feature| feature.id.0 != "self-service-portal");
    let assessment = ready.assess();
    let model = report(&assessment, "released", &Signoffs::default());
    let signoffs = sign(
        &ReportMeta::from(&model),
        &Signoffs::default(),
        "検証 太郎",
        SignState::Final,
        day,
    )
    .expect("signed");
    let signed = report(&assessment, "released", &signoffs);
    assert_eq!((signed.head.state, signed.head.revision), ("final", 1));
    assert!(render::html(&signed).expect("html").contains("検証 太郎"));

    // Another content is not what was signed.
    let other = report(&undecided.assess(), "released", &signoffs);
    assert_ne!(other.head.state, "final");
    assert!(other.bands.contains(&"stale_signoff"));
}

#[test]
fn hostile_names_stay_text() {
    let mut run = Run::new(Fault::OsIgnoresCamera);
    let evil = "<script>alert('x')</script>|`**";
    run.features[4].name.ja = evil.to_owned();
    run.features[4].name.en = evil.to_owned();
    for event in &mut run.events {
        if let Event::Looked { pointer, seen, .. } = event {
            *pointer = format!("/{evil}");
            *seen = serde_json::json!(evil);
        }
    }
    let model = run.report();
    let html = render::html(&model).expect("html");
    assert!(!html.contains("<script>alert"), "unescaped");
    assert!(html.contains("&lt;script&gt;alert"));
    assert_eq!(
        html.matches("<script>").count(),
        1,
        "only the report's own script"
    );
    let markdown = render::markdown(&model).expect("markdown");
    assert!(!markdown.contains("<script>alert"));
    assert!(markdown.contains(r"\<script\>alert('x')\</script\>\|\`\*\*"));
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let html = render::html(&Run::new(Fault::None).report()).expect("html");
    for word in [
        "src=",
        "@import",
        "url(",
        "<link",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!html.contains(word), "{word}");
    }
    let links: Vec<&str> = html
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    for link in links {
        let own = link.starts_with('#') || link.starts_with("evidence/");
        assert!(own || link == "https://mybizgo.bizmo.in/", "{link}");
    }
    let mut seen = std::collections::BTreeSet::new();
    for id in html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(seen.insert(id), "{id} stands twice");
    }
    for target in html
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(seen.contains(target), "#{target} leads nowhere");
    }
}

#[test]
fn a_record_that_breaks_off_is_a_draft_with_a_band() {
    let mut run = Run::new(Fault::None);
    run.events.pop();
    let cut = run.events.len() / 2;
    run.events.truncate(cut);
    let assessment = run.assess();
    let model = report(&assessment, "released", &Signoffs::default());
    assert_eq!(model.head.state, "draft");
    assert!(model.bands.contains(&"interrupted"));
    assert!(
        assessment
            .cases
            .iter()
            .any(|case| case.reason.as_deref() == Some("not_reached"))
    );
}

/// The made-up run with only the lock, whose cases on cells that contain `word` were left out for `reason`.
fn lock_left_out(word: &str, reason: &str) -> Run {
    let mut run = Run::new(Fault::None).with_product();
    run.scenarios.retain(|scenario| scenario.id.0 == "lock");
    run.features.retain(|feature| feature.id.0 == "remote-lock");
    let mut left_out = Vec::new();
    run.events.retain(|event| match event {
        Event::Looked { case, .. } | Event::CaseEnded { case, .. } => !case.contains(word),
        Event::RunStarted { cells, .. } => {
            left_out = cells
                .iter()
                .map(|cell| cell.id.clone())
                .filter(|id| id.contains(word))
                .collect();
            true
        }
        _ => true,
    });
    if let Some(Event::RunStarted { skips, .. }) = run.events.first_mut() {
        skips.extend(left_out.into_iter().map(|cell| SkipRecord {
            what: format!("remote-lock@{cell}"),
            feature: Some("remote-lock".to_owned()),
            reason: reason.to_owned(),
            ja: String::new(),
            en: String::new(),
        }));
    }
    run
}

#[test]
fn what_the_tier_leaves_out_is_shown_and_other_groups_speak_for_the_feature() {
    let model = lock_left_out("account-user", "not_in_tier").report();
    let row = &model.categories[0].features[0];
    let marks: Vec<&str> = row.marks.iter().map(|mark| mark.mark).collect();
    assert_eq!(marks, ["works", "not_tested", "works"]);
    assert_eq!(row.marks[1].reasons, ["not_in_tier"]);
    assert_eq!((row.overall, model.head.undecided), ("works", 0));
}

#[test]
fn a_feature_that_is_left_out_everywhere_keeps_the_report_from_being_final() {
    let model = lock_left_out("ios26.0", "filtered_out").report();
    assert_eq!(model.head.undecided, 3);
    assert!(model.head.reasons.contains(&"undecided"));
    assert_eq!(model.answers.existing.mark, "not_tested");
}

#[test]
fn a_scenario_that_is_not_about_such_a_device_is_not_supported_there() {
    let mut run = lock_left_out("account-user", "x");
    if let Some(Event::RunStarted { skips, .. }) = run.events.first_mut() {
        skips.clear();
    }
    run.scenarios[0].applies = vec![scenarios::scenario::Condition {
        enrollments: vec![EnrollmentType::Ade, EnrollmentType::Profile],
        ..Default::default()
    }];
    let model = run.report();
    let marks: Vec<&str> = model.categories[0].features[0]
        .marks
        .iter()
        .map(|mark| mark.mark)
        .collect();
    assert_eq!(marks, ["works", "not_supported", "works"]);
}

#[test]
fn a_run_of_ten_thousand_cases_is_rendered() {
    let run = Run::new(Fault::None).grown(200, 50);
    let assessment = run.assess();
    assert_eq!(assessment.cases.len(), 10_000);
    let model = report(&assessment, "released", &Signoffs::default());
    assert_eq!(model.answers.existing.works, 200);
    let html = render::html(&model).expect("html");
    assert!(html.len() > 100_000);
}

/// What a run without a fault shows, as approved behavior.
fn approved(run: &Run) -> snapshots::baseline::Baselines {
    let (record, assessment) = (run.record(), run.assess());
    let mut all = snapshots::baseline::Baselines::default();
    for case in &assessment.cases {
        if let Some((key, seen)) = reports::assess::approved::observed(case, &record, &run.evidence)
        {
            let file = snapshots::file::SnapshotFile {
                text: seen.to_text(),
                ..Default::default()
            };
            all.approve(key, file);
        }
    }
    all
}

#[test]
fn a_silent_change_of_an_answer_is_a_difference_from_the_baseline_and_stands_in_the_report() {
    let mut run = Run::new(Fault::None);
    let baselines = approved(&run);
    let against = |run: &Run| {
        run.assess()
            .with_baselines(&run.record(), &run.evidence, &baselines)
            .expect("baselines")
    };
    let clean = against(&run);
    assert_eq!((clean.baselines.different, clean.baselines.new), (0, 0));
    assert!(clean.baselines.approved > 0);
    // The OS answers with a key more; every expectation still holds.
    for transcript in run.evidence.values_mut() {
        for message in &mut transcript.messages {
            if message.what == "DeviceLock" && message.body.get("Status").is_some() {
                message.body["LockNote"] = serde_json::json!("new in 26.0.1");
            }
        }
    }
    let changed = against(&run);
    assert_eq!(changed.verdict, clean.verdict, "no expectation sees it");
    assert!(changed.baselines.different > 0);
    let model = report(&changed, "released", &Signoffs::default());
    let row = model
        .behavior
        .iter()
        .find(|row| row.against == "baseline")
        .expect("a row");
    assert_eq!((row.path.as_str(), row.change), ("/LockNote", "added"));
    assert_eq!(
        row.decision.as_ref().map(|decision| decision.state),
        Some("pending")
    );
    let page = render::html(&model).expect("html");
    assert!(page.contains("decision pending") && page.contains("/LockNote"));
}

#[test]
fn a_known_issue_explains_its_finding_until_it_expires_and_nothing_beside_it() {
    use reports::assess::KnownState;
    let assessment = || Run::new(Fault::OsIgnoresCamera).assess();
    let state = |scope: &str, more: &str, day| {
        let text = format!(
            "[[issue]]\nid = \"KI-1\"\nfeature = \"allow-camera\"\non = [{scope}]\nparty = \"os\"\n{more}owner = \"QA\"\n\
             opened = 2025-09-01\nexpires = 2025-09-30\n"
        );
        let known = reports::known_issues::load(
            std::path::Path::new("known_issues.toml"),
            &text,
            |_| true,
            |_| true,
        )
        .expect("issues");
        let marked = assessment().with_known_issues(&known, day);
        assert_eq!(marked.verdict, Verdict::Restrictions, "the verdict stays");
        let found = marked.findings.iter().find_map(|finding| {
            let known = finding.known.as_ref()?;
            assert_eq!(finding.feature, "allow-camera");
            Some(known.state)
        });
        (found, marked.unmatched_issues.len())
    };
    let ios26 = "{ platform = \"ios\", from = \"26.0\", until = \"26.1\" }";
    let (open, past) = (date(2025, 9, 30), date(2025, 10, 1));
    let rows = [
        (ios26, "", open, Some(KnownState::Known), 0),
        (ios26, "", past, Some(KnownState::Expired), 0),
        (ios26, "part = \"off\"\n", open, Some(KnownState::Known), 0),
        (ios26, "part = \"on\"\n", open, None, 1),
        (
            ios26,
            "enrollments = [\"ade\"]\n",
            open,
            Some(KnownState::Wider),
            0,
        ),
        (
            "{ platform = \"ios\", builds = [\"23A341\"] }",
            "",
            open,
            Some(KnownState::Known),
            0,
        ),
        (
            "{ platform = \"ios\", builds = [\"23A999\"] }",
            "",
            open,
            None,
            0,
        ),
        (
            "{ platform = \"ios\", until = \"26.0\" }",
            "",
            open,
            None,
            0,
        ),
        ("{ platform = \"ipados\" }", "", open, None, 0),
    ];
    for (scope, more, day, expected, unmatched) in rows {
        assert_eq!(
            state(scope, more, day),
            (expected, unmatched),
            "{scope} {more}"
        );
    }
}

#[test]
fn two_runs_with_another_server_build_point_at_the_product() {
    let run = Run::new(Fault::None);
    let mut later = Run::new(Fault::ServerAltersLock);
    if let Some(Event::RunStarted { server_build, .. }) = later.events.first_mut() {
        *server_build = Some("0.2".to_owned());
    }
    let before = run.assess();
    let now = later
        .assess()
        .with_against(&later.evidence, &before, &run.evidence);
    let against = now.against.as_ref().expect("compared");
    assert_eq!(against.party, Party::Product);
    assert!(against.same_os && !against.same_server);
    assert!(
        against
            .changed
            .iter()
            .all(|(case, before, now)| case.starts_with("lock@")
                && (*before, *now) == (Outcome::Works, Outcome::Fails))
    );
    assert!(!against.changed.is_empty());
    let page = render::html(&report(&now, "released", &Signoffs::default())).expect("html");
    assert!(page.contains("a difference points at"));
}

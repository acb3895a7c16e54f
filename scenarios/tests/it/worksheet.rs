//! The worksheet goes out, is filled in, and comes back.

use crate::common::suite;
use device_matrix::diag::{SourceFile, render};
use device_matrix::known::Ternary;
use device_matrix::platform::Platform;
use scenarios::feature::{Column, FeatureId};
use scenarios::load::parse_overlay;
use scenarios::worksheet::{apply, export};

fn sheet(text: String) -> SourceFile {
    SourceFile {
        path: "worksheet.csv".into(),
        text,
    }
}

#[test]
fn an_answer_comes_back_as_an_overlay_with_its_source() {
    let mut features = suite().features;
    let sheet_out = export(&features);
    assert!(
        sheet_out.starts_with('\u{feff}'),
        "spreadsheets need the mark"
    );
    let row = "lost-mode,紛失モード,iOS,要確認,,,,,";
    assert!(sheet_out.contains(row), "{sheet_out}");
    assert!(
        !sheet_out.contains(",iPadOS,"),
        "inherited offers are not asked for"
    );
    // Untouched, it changes nothing.
    assert_eq!(
        apply(&sheet(sheet_out.clone()), &features),
        Ok(String::new())
    );

    let filled = sheet_out.replace(
        row,
        "lost-mode,紛失モード,iOS,要確認,〇,13.0,山田,2026/11/24,\"監視対象のみ, 注意\"",
    );
    let overlay = apply(&sheet(filled), &features).expect("a right answer");
    insta::assert_snapshot!(overlay);
    let file = SourceFile {
        path: "features.confirmed.toml".into(),
        text: overlay,
    };
    parse_overlay(&file, &mut features).expect("an overlay");
    let id = FeatureId("lost-mode".to_owned());
    let feature = features
        .iter()
        .find(|feature| feature.id == id)
        .expect("lost-mode");
    for platform in [Platform::Ios, Platform::Ipados] {
        let offer = &feature.offers[&Column::Platform(platform)];
        assert_eq!(offer.offered, Ternary::Yes, "{platform}");
    }
    assert!(!export(&features).contains("lost-mode,紛失モード,iOS,"));
}

#[test]
fn wrong_rows_are_all_named_with_their_lines() {
    let features = suite().features;
    let head = "\u{feff}機能ID,機能名,対象OS,現在の値,提供(○/×/空欄),最小OS,確認者,確認日,備考\r\n";
    let rows = [
        "lost-mode,紛失モード,iOS,要確認,△,,山田,2026-11-24,",
        "lost-mod,紛失モード,iOS,要確認,○,,山田,2026-11-24,",
        "lost-mode,紛失モード,tvOS,要確認,○,,山田,2026-11-24,",
        "lost-mode,紛失モード,iOS,要確認,○,17.x,山田,2026-11-24,",
        "os-update,更新,iOS,要確認,×,,,2026-11-24,",
        "os-update,更新,macOS,要確認,×,,山田,昨日,",
        "os-update,更新,tvOS,要確認,×,,山田,2026-11-24,これ, あれ",
        ",,,,,,,,",
    ];
    let file = sheet(format!("{head}{}\r\n", rows.join("\r\n")));
    let found = apply(&file, &features).expect_err("wrong rows");
    insta::assert_snapshot!(render(&found, &[file], false));
}

#[test]
fn something_else_than_a_worksheet_is_refused() {
    let features = suite().features;
    for text in ["", "a,b,c\n1,2,3\n", "\u{feff}"] {
        let result = apply(&sheet(text.to_owned()), &features);
        assert!(
            text.is_empty() || text == "\u{feff}" || result.is_err(),
            "{text:?}"
        );
    }
}

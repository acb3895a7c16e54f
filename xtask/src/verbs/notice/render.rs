//! `notice render`: the notice, the detailed maintenance notice and the reminder, from a decision.

use std::fs;
use std::path::{Path, PathBuf};

use device_matrix::diag::{self, SourceFile};
use device_matrix::known::Known;
use device_matrix::support::{GenerationKey, families, stuck_models};
use jiff::civil::Date;
use reports::decisions::{Decision, State, refuses};
use reports::notice::document::{Document, Kind, NoticeInputs, write};
use reports::notice::moment::jst_midnight;
use reports::notice::subject::verdict;
use reports::render::{self, RenderError};
use serde::Serialize;

use crate::cli::NoticeRenderArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::terminal::Terminal;
use crate::verbs::import;

#[derive(Debug, Serialize)]
struct RenderedJson {
    schema_version: u32,
    decision: String,
    name: String,
    state: &'static str,
    published: String,
    effective: String,
    days_of_notice: i64,
    files: Vec<String>,
}

/// Renders, or refuses with the working.
pub(super) fn run(arguments: &NoticeRenderArgs, data: &Data, lang: Lang) -> Outcome {
    let as_of = crate::clock::as_of(arguments.as_of);
    let source = find(&arguments.decision, data)?;
    let decision = lawful(&source, data)?;
    let rules = data.rules();
    let Some(verdict) = verdict(&decision, &data.vendor.sites, &rules) else {
        return Err(Stop::new(
            Exit::BadData,
            "the dates of the decision leave the calendar",
        ));
    };
    let stuck = stuck(&decision, data);
    let inputs = NoticeInputs {
        decision: &decision,
        vendor: &data.vendor,
        rules: &rules,
        verdict: &verdict,
        stuck: &stuck,
        as_of,
    };
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| Path::new("notices").join(&decision.id));
    fs::create_dir_all(&folder).map_err(|error| Stop::io(&folder, &error))?;
    let mut files = Vec::new();
    for (kind, word) in Kind::WORDS {
        // What is withdrawn has no maintenance and nothing to check on its day.
        if decision.state == State::Withdrawn && kind != Kind::Deprecation {
            continue;
        }
        let documents = data
            .vendor
            .languages
            .iter()
            .map(|lang| write(kind, *lang, &inputs))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| bug(&error))?;
        for (name, text) in
            texts(word, &documents, &decision, as_of).map_err(|error| bug(&error))?
        {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| Stop::io(&path, &error))?;
            files.push(path);
        }
    }
    let (published, effective) = decision.current();
    if arguments.json {
        crate::verbs::print_json(&RenderedJson {
            schema_version: 1,
            decision: decision.id.clone(),
            name: decision.name(),
            state: decision.state.as_str(),
            published: published.to_string(),
            effective: effective.to_string(),
            days_of_notice: verdict.days_of_notice,
            files: files
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        })?;
    } else {
        println!(
            "{}: {published} → {effective} ({} {})",
            decision.name(),
            verdict.days_of_notice,
            lang.pick("日", "days")
        );
        for path in &files {
            println!("  {}", path.display());
        }
    }
    Ok(Exit::Yes)
}

fn bug(error: &RenderError) -> Stop {
    Stop::new(Exit::Bug, error.to_string())
}

/// The file of a decision: by its name in the data, or by its path.
fn find(asked: &str, data: &Data) -> Result<SourceFile, Stop> {
    let named = data.sources.iter().find(|source| {
        source
            .path
            .parent()
            .is_some_and(|folder| folder.ends_with("reports/data/decisions"))
            && source.path.file_stem().is_some_and(|stem| stem == asked)
    });
    if let Some(source) = named {
        return Ok(source.clone());
    }
    let path = PathBuf::from(asked);
    if !path.is_file() {
        return Err(Stop::usage(format!(
            "no decision is named `{asked}` in reports/data/decisions, and there is no such file"
        )));
    }
    Ok(SourceFile {
        text: import::read(&path)?,
        path,
    })
}

/// The decision, when it can be told to customers as it is.
fn lawful(source: &SourceFile, data: &Data) -> Result<Decision, Stop> {
    let sources = std::slice::from_ref(source);
    match data.check_decisions(sources) {
        Ok(mut decisions) => decisions
            .pop()
            .ok_or_else(|| Stop::new(Exit::BadData, "the file holds no decision")),
        Err(found) => {
            let color = Terminal::detect(|name| std::env::var(name).ok()).color;
            let shown = diag::render(&found, sources, color);
            if found.iter().all(|diagnostic| refuses(diagnostic.code)) {
                Err(Stop::new(
                    Exit::No,
                    format!("{shown}the notice is not rendered, because it would be unlawful"),
                ))
            } else {
                Err(Stop::new(Exit::BadData, shown))
            }
        }
    }
}

/// Names of the models that run the version and nothing newer that is out on the day of effect; unknown when no data tell.
fn stuck(decision: &Decision, data: &Data) -> Known<Vec<String>> {
    stuck_models(
        &data.catalog,
        &data.support.generations,
        decision.platform,
        &GenerationKey(decision.version.clone()),
        decision.current().1,
    )
    .as_known()
    .map(|models| families(models))
    .into()
}

/// The files of one document.
fn texts(
    word: &str,
    documents: &[Document],
    decision: &Decision,
    as_of: Date,
) -> Result<Vec<(String, String)>, RenderError> {
    let seconds = jst_midnight(as_of).map_or(0, jiff::Timestamp::as_second);
    let mut files = vec![(format!("{word}.html"), render::notice_html(documents)?)];
    for document in documents {
        let lang = document.lang;
        let id = format!("{}.{word}.{lang}", decision.id);
        files.push((
            format!("{word}.{lang}.md"),
            render::notice_markdown(document)?,
        ));
        files.push((format!("{word}.{lang}.txt"), render::notice_text(document)?));
        files.push((
            format!("{word}.{lang}.eml"),
            render::notice_mail(document, &id, seconds)?,
        ));
    }
    Ok(files)
}

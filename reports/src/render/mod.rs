//! Renders a report: HTML, Markdown, JSON, `JUnit`. The same model gives the same bytes.

mod dates;
mod engine;
mod junit;
mod notice;
mod texts;

use crate::report::ReportModel;
use crate::vendor::Lang;

pub use junit::junit;
pub use notice::{notice_html, notice_mail, notice_markdown, notice_text};

pub(crate) use dates::full as full_date;
pub(crate) use texts::Texts;

/// Why a report can not be rendered; all of these are faults of templates or texts, not of data.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template or a value it needs.
    #[error("the report's template failed: {0}")]
    Template(#[from] tera::Error),
    /// A text file.
    #[error("the texts of language {lang} cannot be read: {cause}")]
    Texts {
        /// Language.
        lang: &'static str,
        /// What the parser said.
        cause: String,
    },
    /// JSON.
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A mail.
    #[error("the mail cannot be written: {0}")]
    Mail(std::io::Error),
    /// `JUnit`.
    #[error("the report cannot be written as JUnit: {0}")]
    Junit(#[from] quick_junit::SerializeError),
}

/// One self-contained HTML file in all languages of the report, the first one shown first.
pub fn html(model: &ReportModel) -> Result<String, RenderError> {
    engine::html(model, &languages(model))
}

/// One self-contained HTML file in one language.
pub fn html_in(model: &ReportModel, lang: Lang) -> Result<String, RenderError> {
    engine::html(model, &[lang])
}

/// Markdown in all languages of the report, one after the other.
pub fn markdown(model: &ReportModel) -> Result<String, RenderError> {
    engine::markdown(model, &languages(model))
}

/// Markdown in one language.
pub fn markdown_in(model: &ReportModel, lang: Lang) -> Result<String, RenderError> {
    engine::markdown(model, &[lang])
}

/// The published JSON, with a newline at its end.
pub fn json(model: &ReportModel) -> Result<String, RenderError> {
    let mut text = serde_json::to_string_pretty(model)?;
    text.push('\n');
    Ok(text)
}

/// JSON Schema of `report.json`, with a newline at its end.
pub fn report_schema() -> Result<String, RenderError> {
    schema_of::<ReportModel>()
}

/// JSON Schema of `assessment.json`, with a newline at its end.
pub fn assessment_schema() -> Result<String, RenderError> {
    schema_of::<crate::assess::published::AssessmentJson>()
}

fn schema_of<T: schemars::JsonSchema>() -> Result<String, RenderError> {
    let generator = schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut text = serde_json::to_string_pretty(&generator.into_root_schema_for::<T>())?;
    text.push('\n');
    Ok(text)
}

fn languages(model: &ReportModel) -> Vec<Lang> {
    Lang::WORDS
        .iter()
        .filter(|(_, word)| model.languages.contains(word))
        .map(|(lang, word)| {
            (
                model.languages.iter().position(|known| known == word),
                *lang,
            )
        })
        .collect::<std::collections::BTreeMap<_, _>>()
        .into_values()
        .collect()
}

//! Notices as HTML, Markdown, plain text and mail.

use mail_builder::MessageBuilder;
use mail_builder::headers::date::Date as MailDate;
use mail_builder::headers::message_id::MessageId;
use tera::Context;

use super::RenderError;
use super::engine::{Format, Page, engine, page};
use crate::notice::document::Document;
use crate::vendor::Lang;

/// One self-contained HTML file with the document in every language, the first one shown first.
pub fn notice_html(documents: &[Document]) -> Result<String, RenderError> {
    let bodies = documents
        .iter()
        .map(|document| body(document, Format::Html))
        .collect::<Result<Vec<_>, _>>()?;
    let langs: Vec<Lang> = documents.iter().map(lang_of).collect();
    let title = documents
        .first()
        .map_or("", |document| document.title.as_str());
    page(&Page {
        title,
        langs: &langs,
        bodies: &bodies,
    })
}

/// Markdown in the language of the document.
pub fn notice_markdown(document: &Document) -> Result<String, RenderError> {
    body(document, Format::Markdown)
}

/// Plain text for a ticket.
pub fn notice_text(document: &Document) -> Result<String, RenderError> {
    body(document, Format::Text)
}

/// A mail without sender and receiver: subject and plain text. `id` makes its name, `seconds` since 1970 its date; the
/// same document gives the same bytes.
pub fn notice_mail(document: &Document, id: &str, seconds: i64) -> Result<String, RenderError> {
    MessageBuilder::new()
        .message_id(MessageId::new(format!("{id}@notice.invalid")))
        .date(MailDate::new(seconds))
        .subject(document.title.as_str())
        .text_body(notice_text(document)?)
        .write_to_string()
        .map_err(RenderError::Mail)
}

fn lang_of(document: &Document) -> Lang {
    Lang::WORDS
        .iter()
        .find(|(_, word)| *word == document.lang)
        .map_or(Lang::Ja, |(lang, _)| *lang)
}

fn body(document: &Document, format: Format) -> Result<String, RenderError> {
    let engine = engine(lang_of(document), format)?;
    let mut context = Context::new();
    context.insert("d", document);
    context.insert("lang", document.lang);
    Ok(engine.render(format.notice(), &context)?)
}

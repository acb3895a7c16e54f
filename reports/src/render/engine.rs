//! Templates with texts: one engine a language and format.

use std::io::Write;
use std::sync::Arc;

use fluent_bundle::FluentArgs;
use rayon::prelude::*;
use tera::{Context, Error, Kwargs, State, Tera, TeraResult, Value};

use super::RenderError;
use super::dates;
use super::texts::Texts;
use crate::report::ReportModel;
use crate::vendor::Lang;

const COMPONENTS: &str = include_str!("../../templates/components.html");
const BODY: &str = include_str!("../../templates/body.html");
const PAGE: &str = include_str!("../../templates/page.html");
const STYLE: &str = include_str!("../../templates/style.css");
const SCRIPT: &str = include_str!("../../templates/script.js");
const TITLE: &str = include_str!("../../templates/title.txt");
const NOTICE_HTML: &str = include_str!("../../templates/notice.html");
const NOTICE_MARKDOWN: &str = include_str!("../../templates/notice.md");
const NOTICE_TEXT: &str = include_str!("../../templates/notice.txt");
const MARKDOWN: &str = include_str!("../../templates/report.md");

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Html,
    Markdown,
    Text,
}

impl Format {
    const fn template(self) -> &'static str {
        match self {
            Self::Html => "body.html",
            Self::Markdown | Self::Text => "report.md",
        }
    }

    /// The template of a notice.
    pub(super) const fn notice(self) -> &'static str {
        match self {
            Self::Html => "notice.html",
            Self::Markdown => "notice.md",
            Self::Text => "notice.txt",
        }
    }
}

/// A self-contained page around bodies, one in each language.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    pub(super) langs: &'a [Lang],
    pub(super) bodies: &'a [String],
}

pub(super) fn html(model: &ReportModel, langs: &[Lang]) -> Result<String, RenderError> {
    let bodies = bodies(model, langs, Format::Html)?;
    let lang = langs.first().copied().unwrap_or(Lang::Ja);
    let mut context = Context::new();
    context.insert("model", model);
    let title = engine(lang, Format::Html)?.render("title.txt", &context)?;
    page(&Page {
        title: title.trim_end(),
        langs,
        bodies: &bodies,
    })
}

/// Style, script and the switch of languages around bodies.
pub(super) fn page(page: &Page<'_>) -> Result<String, RenderError> {
    let Page {
        title,
        langs,
        bodies,
    } = page;
    let lang = langs.first().copied().unwrap_or(Lang::Ja);
    let engine = engine(lang, Format::Html)?;
    let mut context = Context::new();
    context.insert("title", title);
    context.insert("lang", lang.as_str());
    context.insert("style", STYLE);
    context.insert("script", SCRIPT);
    context.insert("bodies", bodies);
    context.insert(
        "langs",
        &langs.iter().map(|lang| lang.as_str()).collect::<Vec<_>>(),
    );
    Ok(engine.render("page.html", &context)?)
}

pub(super) fn markdown(model: &ReportModel, langs: &[Lang]) -> Result<String, RenderError> {
    Ok(bodies(model, langs, Format::Markdown)?.join("\n\n---\n\n"))
}

fn bodies(model: &ReportModel, langs: &[Lang], format: Format) -> Result<Vec<String>, RenderError> {
    langs
        .par_iter()
        .map(|lang| {
            let engine = engine(*lang, format)?;
            let mut context = Context::new();
            context.insert("model", model);
            context.insert("lang", lang.as_str());
            Ok(engine.render(format.template(), &context)?)
        })
        .collect()
}

pub(super) fn engine(lang: Lang, format: Format) -> Result<Tera, RenderError> {
    let texts = Arc::new(Texts::load(lang)?);
    let mut tera = Tera::default();
    tera.autoescape_on([".html", ".md"]);
    if format == Format::Markdown {
        tera.set_escape_fn(escape_markdown);
    }
    let shared = Arc::clone(&texts);
    tera.register_function("t", move |kwargs: Kwargs, _: &State| {
        translate(&shared, &kwargs)
    });
    tera.register_function(
        "has_text",
        move |kwargs: Kwargs, _: &State| -> TeraResult<bool> {
            Ok(texts.has(kwargs.must_get::<&str>("id")?))
        },
    );
    tera.register_filter(
        "tx",
        move |value: &Value, _: Kwargs, _: &State| -> TeraResult<String> {
            value
                .as_map()
                .and_then(|map| {
                    map.iter()
                        .find(|(key, _)| key.as_str() == Some(lang.as_str()))
                })
                .and_then(|(_, text)| text.as_str())
                .map(str::to_owned)
                .ok_or_else(|| Error::message("`tx` wants a text in both languages"))
        },
    );
    tera.register_filter("date", move |iso: &str, _: Kwargs, _: &State| {
        dates::full(lang, iso)
    });
    tera.register_filter("runs", runs);
    tera.register_filter("word", |text: &str, _: Kwargs, _: &State| word(text));
    tera.add_raw_templates([
        ("components.html", COMPONENTS),
        ("body.html", BODY),
        ("page.html", PAGE),
        ("report.md", MARKDOWN),
        ("title.txt", TITLE),
        ("notice.html", NOTICE_HTML),
        ("notice.md", NOTICE_MARKDOWN),
        ("notice.txt", NOTICE_TEXT),
    ])?;
    Ok(tera)
}

/// Neighbors with equal values of `by` together, in their order: a list of lists.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the template engine's signature of a filter"
)]
fn runs(values: &[Value], kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let by: &str = kwargs.must_get("by")?;
    let mut out: Vec<Vec<Value>> = Vec::new();
    for value in values {
        let key = value.get_from_path(by);
        match out.last_mut() {
            Some(run) if run.last().and_then(|last| last.get_from_path(by)) == key => {
                run.push(value.clone());
            }
            _ => out.push(vec![value.clone()]),
        }
    }
    Ok(Value::from_serializable(&out))
}

/// Only what may stand in the id of a text; anything else comes from outside and has no text.
fn word(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        .take(64)
        .collect()
}

fn translate(texts: &Texts, kwargs: &Kwargs) -> TeraResult<String> {
    let id: &str = kwargs.must_get("id")?;
    if !texts.has(id)
        && let Some(text) = kwargs.get::<&str>("or")?
    {
        return Ok(text.to_owned());
    }
    let mut args = FluentArgs::new();
    for (key, value) in kwargs.iter() {
        let Some(name) = key.as_str().filter(|name| *name != "id" && *name != "or") else {
            continue;
        };
        match (value.as_i64(), value.as_u64(), value.as_str()) {
            (Some(number), _, _) => args.set(name.to_owned(), number),
            (_, Some(number), _) => args.set(name.to_owned(), number),
            (_, _, Some(text)) => args.set(name.to_owned(), text.to_owned()),
            _ => {
                return Err(Error::message(format!(
                    "`{name}` of the text `{id}` is neither number nor text"
                )));
            }
        }
    }
    texts.text(id, &args).map_err(Error::message)
}

/// Escapes for Markdown as GitHub reads it: what would begin markup, HTML or a table cell gets a backslash, lines are
/// joined.
fn escape_markdown(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '#' | '~' => {
                write!(out, "\\{character}")?;
            }
            '\r' | '\n' => out.write_all(b" ")?,
            other => write!(out, "{other}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text_in_markdown() {
        let mut out = Vec::new();
        escape_markdown("<script>|`x`\n# *a* [b](c)", &mut out).expect("write");
        assert_eq!(
            String::from_utf8(out).expect("utf-8"),
            r"\<script\>\|\`x\` \# \*a\* \[b\](c)"
        );
    }
}

//! Reads a description; every mistake is told at once, with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use device_matrix::diag::{Diagnostic, SourceFile};
use device_matrix::platform::Platform;
use reqwest::{Method, Url};
use scenarios::action::ActionTable;
use scenarios::codes as generic;
use scenarios::load::reader::{self, Reader, Report, json, parse};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::codes;
use super::description::{
    Asked, Body, Button, Call, Console, Decode, Device, Enroll, Extract, From, Login, Page, PageBy,
    Place, ResultCall, SecretSource,
};
use super::templates::{ENCODING, ROOTS, expressions, readable};
use super::xpath;

/// Names that hold secrets, as far as names tell.
const SECRET_NAMES: [&str; 12] = [
    "password",
    "passwd",
    "token",
    "secret",
    "client_secret",
    "api_key",
    "apikey",
    "x-api-key",
    "authorization",
    "cookie",
    "x-auth-token",
    "private-token",
];

/// Kinds of login.
const LOGINS: [&str; 5] = ["none", "basic", "bearer", "oauth2", "form"];

struct File<'a> {
    source: &'a SourceFile,
    report: Report<'a>,
    secrets: BTreeSet<String>,
}

impl Console {
    /// Reads a description. `actions` are the actions that it may describe.
    pub fn load(source: &SourceFile, actions: &ActionTable) -> Result<Self, Vec<Diagnostic>> {
        let mut file = File {
            source,
            report: Report::new(&source.path),
            secrets: BTreeSet::new(),
        };
        let parsed = parse(source, &mut file.report);
        if !file.report.found.is_empty() {
            return Err(file.report.sorted());
        }
        let root = Reader::new(parsed.get_ref(), 0..0, "the description");
        let console = file.console(root, actions);
        match console {
            Some(console) if file.report.found.is_empty() => Ok(console),
            _ => Err(file.report.sorted()),
        }
    }
}

impl File<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let diagnostic = Diagnostic::error("", &self.source.path, span.clone(), String::new());
        let (line, column) = diagnostic.line_column(&self.source.text);
        Place {
            file: self.source.path.display().to_string(),
            line,
            column,
        }
    }

    fn console(&mut self, mut root: Reader<'_, '_>, actions: &ActionTable) -> Option<Console> {
        let (name, _) = root.required("name", &mut self.report);
        let (base, span) = root.required("base_url", &mut self.report);
        let base_url = self.url(base, &span);
        let ca = root
            .string("ca", &mut self.report)
            .map(|(text, _)| text.into());
        let timeout = self.seconds(&mut root, "timeout_seconds", 10.0, 600.0);
        let rate = self.number(&mut root, "requests_per_second", 0.01, 10_000.0);
        let retries = self.number(&mut root, "retries", 0.0, 10.0).unwrap_or(3.0);
        let retry_most = self.seconds(&mut root, "retry_wait_seconds", 30.0, 600.0);
        let secrets = self.secrets(&mut root);
        let login = self.login(&mut root);
        let version = self
            .table(&mut root, "version")
            .and_then(|inner| self.asked(inner));
        let device = self
            .table(&mut root, "device")
            .and_then(|inner| self.device(inner));
        let mut raw_actions = false;
        let command = self.table(&mut root, "command").and_then(|mut inner| {
            raw_actions = inner.boolean("actions", &mut self.report).unwrap_or(false);
            let call = self.call(&mut inner, "command");
            inner.finish(&mut self.report);
            call
        });
        let result = self
            .table(&mut root, "result")
            .and_then(|inner| self.result(inner));
        let enroll = self
            .table(&mut root, "enroll")
            .map(|inner| self.enroll(inner));
        if enroll.is_none() {
            root.missing("enroll", &mut self.report);
        }
        let mut buttons = BTreeMap::new();
        if let Some(table) = self.table(&mut root, "actions") {
            for (id, span, value) in table.entries() {
                if actions.row(id).is_none() {
                    self.report.error_help(
                        codes::UNKNOWN_ACTION,
                        span,
                        format!("unknown action `{id}`"),
                        generic::help(id, actions.ids()),
                    );
                }
                if let Some(inner) = reader::table(value, id, &mut self.report) {
                    buttons.insert(id.to_owned(), self.button(inner, id));
                }
            }
        }
        root.finish(&mut self.report);
        Some(Console {
            name: name.to_owned(),
            base_url: base_url?,
            ca,
            timeout,
            rate,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the bounds are 0 and 10"
            )]
            retries: retries as u32,
            retry_most,
            secrets,
            login: login?,
            version,
            device,
            command,
            raw_actions,
            result,
            enroll: enroll?,
            actions: buttons,
            revision: revision(&self.source.text),
        })
    }

    fn table<'t, 's>(
        &mut self,
        from: &mut Reader<'t, 's>,
        key: &'static str,
    ) -> Option<Reader<'t, 's>> {
        from.table(key, &mut self.report)
    }

    fn url(&mut self, text: &str, span: &Range<usize>) -> Option<Url> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => {
                if url.password().is_some() {
                    self.report.error(
                        codes::LITERAL_SECRET,
                        span.clone(),
                        "a password stands in the address".to_owned(),
                    );
                }
                Some(url)
            }
            _ => {
                if !text.is_empty() {
                    self.report.error_help(
                        codes::BAD_URL,
                        span.clone(),
                        format!("`{text}` is no web address"),
                        "write it like `https://mdm.example.com`".to_owned(),
                    );
                }
                None
            }
        }
    }

    fn number(
        &mut self,
        from: &mut Reader<'_, '_>,
        key: &'static str,
        least: f64,
        most: f64,
    ) -> Option<f64> {
        let value = from.value(key)?;
        let number = json(value, &mut self.report).as_f64();
        match number {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.report.error(
                    codes::OUT_OF_BOUNDS,
                    value.span(),
                    format!("`{key}` takes a number from {least} to {most}"),
                );
                None
            }
        }
    }

    fn seconds(
        &mut self,
        from: &mut Reader<'_, '_>,
        key: &'static str,
        default: f64,
        most: f64,
    ) -> Duration {
        let seconds = self.number(from, key, 0.01, most).unwrap_or(default);
        Duration::from_secs_f64(seconds)
    }

    fn secrets(&mut self, root: &mut Reader<'_, '_>) -> BTreeMap<String, SecretSource> {
        let mut all = BTreeMap::new();
        let Some(table) = self.table(root, "secrets") else {
            return all;
        };
        for (name, span, value) in table.entries() {
            self.secrets.insert(name.to_owned());
            if value.get_ref().as_str().is_some() {
                self.literal(name, span);
                continue;
            }
            let Some(mut inner) = reader::table(value, name, &mut self.report) else {
                continue;
            };
            let env = inner.string("env", &mut self.report);
            let path = inner.string("file", &mut self.report);
            inner.finish(&mut self.report);
            match (env, path) {
                (Some((variable, _)), None) => {
                    all.insert(name.to_owned(), SecretSource::Env(variable.to_owned()));
                }
                (None, Some((path, _))) => {
                    all.insert(name.to_owned(), SecretSource::File(path.into()));
                }
                _ => self.report.error(
                    generic::MISSING_KEY,
                    span,
                    format!("`{name}` comes from `env` or from `file`"),
                ),
            }
        }
        all
    }

    fn literal(&mut self, name: &str, span: Range<usize>) {
        self.report.error_help(
            codes::LITERAL_SECRET,
            span,
            format!("a secret stands in the file as `{name}`"),
            format!("write `{name} = {{ env = \"NAME\" }}` under [secrets], and `{{{{ secrets.{name} }}}}` here"),
        );
    }

    /// Checks a template; where a secret belongs, nothing but secrets may stand.
    fn template(&mut self, name: &str, text: &str, span: &Range<usize>) -> String {
        if let Err(why) = readable(text) {
            self.report.error(codes::BAD_TEMPLATE, span.clone(), why);
        }
        for expression in expressions(text) {
            let path: String = expression
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "._".contains(*c))
                .collect();
            let mut names = path.split('.');
            let root = names.next().unwrap_or_default();
            if !ROOTS.contains(&root) {
                self.report.error_help(
                    codes::UNKNOWN_VARIABLE,
                    span.clone(),
                    format!("unknown variable `{root}`"),
                    generic::help(root, ROOTS),
                );
            }
            if let ("secrets", Some(secret)) = (root, names.next())
                && !self.secrets.contains(secret)
            {
                let known: Vec<_> = self.secrets.iter().map(String::as_str).collect();
                self.report.error_help(
                    codes::UNKNOWN_VARIABLE,
                    span.clone(),
                    format!("no secret `{secret}` is declared"),
                    generic::help(secret, known.iter().copied()),
                );
            }
        }
        let secret = SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str());
        if secret && !text.contains("{{") && !text.is_empty() {
            self.literal(name, span.clone());
        }
        text.to_owned()
    }

    fn required_template(&mut self, from: &mut Reader<'_, '_>, key: &'static str) -> String {
        let (text, span) = from.required(key, &mut self.report);
        self.template(key, text, &span)
    }

    fn login(&mut self, root: &mut Reader<'_, '_>) -> Option<Login> {
        let Some(mut inner) = self.table(root, "login") else {
            return Some(Login::None);
        };
        let place = self.place(&inner.span());
        let (kind, span) = inner.required("kind", &mut self.report);
        let login = match kind {
            "none" => Login::None,
            "basic" => Login::Basic {
                user: self.required_template(&mut inner, "user"),
                password: self.required_template(&mut inner, "password"),
            },
            "bearer" => Login::Bearer {
                token: self.required_template(&mut inner, "token"),
            },
            "oauth2" => Login::OAuth2 {
                place,
                token_url: inner.required("token_url", &mut self.report).0.to_owned(),
                client_id: self.required_template(&mut inner, "client_id"),
                client_secret: self.required_template(&mut inner, "client_secret"),
                scope: inner
                    .string("scope", &mut self.report)
                    .map(|(text, _)| text.to_owned()),
            },
            "form" => {
                let page = self.table(&mut inner, "page").and_then(|mut table| {
                    let call = self.call(&mut table, "login.page");
                    table.finish(&mut self.report);
                    call
                });
                let csrf = self
                    .table(&mut inner, "csrf")
                    .and_then(|table| self.extract(table));
                let submit = self.sub_call(&mut inner, "submit", "login.submit");
                let csrf_after = self
                    .table(&mut inner, "csrf_after")
                    .and_then(|table| self.extract(table));
                Login::Form {
                    page: Box::new(page),
                    csrf: Box::new(csrf),
                    submit: Box::new(submit?),
                    csrf_after: Box::new(csrf_after),
                }
            }
            other => {
                self.report.error_help(
                    generic::UNKNOWN_WORD,
                    span,
                    format!("unknown kind of login `{other}`"),
                    generic::help(other, LOGINS),
                );
                return None;
            }
        };
        inner.finish(&mut self.report);
        Some(login)
    }

    fn sub_call(
        &mut self,
        from: &mut Reader<'_, '_>,
        key: &'static str,
        label: &str,
    ) -> Option<Call> {
        let Some(mut inner) = self.table(from, key) else {
            from.missing(key, &mut self.report);
            return None;
        };
        let call = self.call(&mut inner, label);
        inner.finish(&mut self.report);
        call
    }

    fn asked(&mut self, mut inner: Reader<'_, '_>) -> Option<Asked> {
        let call = self.call(&mut inner, "version");
        let value = self.sub_extract(&mut inner, "value");
        inner.finish(&mut self.report);
        Some(Asked {
            call: call?,
            value: value?,
        })
    }

    fn sub_extract(&mut self, from: &mut Reader<'_, '_>, key: &'static str) -> Option<Extract> {
        if let Some(inner) = self.table(from, key) {
            return self.extract(inner);
        }
        from.missing(key, &mut self.report);
        None
    }

    fn statuses(&mut self, from: &mut Reader<'_, '_>, key: &'static str) -> BTreeSet<u16> {
        let mut out = BTreeSet::new();
        for value in from.array(key, &mut self.report) {
            let status = json(value, &mut self.report)
                .as_u64()
                .and_then(|status| u16::try_from(status).ok())
                .filter(|status| (100..600).contains(status));
            match status {
                Some(status) => {
                    out.insert(status);
                }
                None => self.report.error(
                    codes::OUT_OF_BOUNDS,
                    value.span(),
                    "a status is a number from 100 to 599".to_owned(),
                ),
            }
        }
        out
    }

    fn device(&mut self, mut inner: Reader<'_, '_>) -> Option<Device> {
        let call = self.call(&mut inner, "device");
        let id = self.sub_extract(&mut inner, "id");
        let mut fields = BTreeMap::new();
        if let Some(table) = self.table(&mut inner, "fields") {
            for (name, _, value) in table.entries() {
                if let Some(field) = reader::table(value, name, &mut self.report)
                    && let Some(field) = self.extract(field)
                {
                    fields.insert(name.to_owned(), field);
                }
            }
        }
        let missing = self.statuses(&mut inner, "missing");
        let within = self.seconds(&mut inner, "within_seconds", 10.0, 600.0);
        let page = self
            .table(&mut inner, "page")
            .and_then(|table| self.page(table));
        inner.finish(&mut self.report);
        Some(Device {
            call: call?,
            id: id?,
            fields,
            missing,
            page,
            within,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bounds were checked"
    )]
    fn page(&mut self, mut inner: Reader<'_, '_>) -> Option<Page> {
        let (by, span) = inner.required("by", &mut self.report);
        let most = self.number(&mut inner, "most", 1.0, 1000.0).unwrap_or(20.0) as u32;
        let page_by = match by {
            "number" => Some(PageBy::Number {
                first: self.number(&mut inner, "first", 0.0, 1.0).unwrap_or(0.0) as u64,
            }),
            "offset" => Some(PageBy::Offset {
                size: self
                    .number(&mut inner, "size", 1.0, 10_000.0)
                    .unwrap_or(100.0) as u64,
            }),
            "link" => self.sub_extract(&mut inner, "next").map(PageBy::Link),
            "cursor" => self.sub_extract(&mut inner, "next").map(PageBy::Cursor),
            other => {
                self.report.error_help(
                    generic::UNKNOWN_WORD,
                    span,
                    format!("pages are not asked for by `{other}`"),
                    generic::help(other, ["number", "offset", "link", "cursor"]),
                );
                None
            }
        };
        inner.finish(&mut self.report);
        Some(Page { by: page_by?, most })
    }

    fn result(&mut self, mut inner: Reader<'_, '_>) -> Option<ResultCall> {
        let call = self.call(&mut inner, "result");
        let state = self.sub_extract(&mut inner, "state");
        let body = self.sub_extract(&mut inner, "body");
        let mut words = |key| -> Vec<String> {
            inner
                .strings(key, &mut self.report)
                .into_iter()
                .map(|(text, _)| text.to_owned())
                .collect()
        };
        let (pending, done) = (words("pending"), words("done"));
        if done.is_empty() {
            inner.missing("done", &mut self.report);
        }
        let missing = self.statuses(&mut inner, "missing");
        let first = self.seconds(&mut inner, "first_seconds", 0.2, 60.0);
        let most = self.seconds(&mut inner, "most_seconds", 5.0, 60.0);
        inner.finish(&mut self.report);
        Some(ResultCall {
            call: call?,
            state: state?,
            pending,
            done,
            missing,
            body: body?,
            first,
            most,
        })
    }

    fn enroll(&mut self, mut inner: Reader<'_, '_>) -> Enroll {
        let place = self.place(&inner.span());
        let mut url = |file: &mut Self, key| {
            let (text, span) = inner.string(key, &mut file.report)?;
            file.url(text, &span)
        };
        let (server_url, checkin_url) = (url(self, "server_url"), url(self, "checkin_url"));
        let mut text = |key| {
            inner
                .string(key, &mut self.report)
                .map(|(text, _)| text.to_owned())
        };
        let enroll = Enroll {
            topic: text("topic").unwrap_or_else(|| "com.apple.mgmt.External.harness".to_owned()),
            identity_ca: text("identity_ca").map(Into::into),
            identity_key: text("identity_key").map(Into::into),
            profile: text("profile"),
            place,
            server_url,
            checkin_url,
        };
        if enroll.profile.is_none() && enroll.server_url.is_none() {
            self.report.error_help(
                generic::MISSING_KEY,
                inner.span(),
                "[enroll] lacks `server_url`".to_owned(),
                "name the MDM endpoint as `server_url`, or an enrollment profile as `profile`"
                    .to_owned(),
            );
        }
        inner.finish(&mut self.report);
        enroll
    }

    fn button(&mut self, mut inner: Reader<'_, '_>, id: &str) -> Button {
        let label = format!("actions.{id}");
        let mut calls = Vec::new();
        for mut table in inner.tables("requests", &mut self.report) {
            calls.extend(self.call(&mut table, &label));
            table.finish(&mut self.report);
        }
        if calls.is_empty() {
            inner.missing("requests", &mut self.report);
        }
        let mut platforms = Vec::new();
        for (word, span) in inner.strings("platforms", &mut self.report) {
            let known = Platform::ALL.iter().map(|platform| platform.slug());
            if !known.clone().any(|slug| slug == word) {
                let known: Vec<_> = known.collect();
                self.report.error_help(
                    generic::UNKNOWN_WORD,
                    span,
                    format!("unknown platform `{word}`"),
                    generic::help(word, known.iter().copied()),
                );
            }
            platforms.push(word.to_owned());
        }
        let sends = inner.strings("sends", &mut self.report);
        let sends = sends.into_iter().map(|(text, _)| text.to_owned()).collect();
        let uuid = self
            .table(&mut inner, "command_uuid")
            .and_then(|table| self.extract(table));
        let within = self.seconds(&mut inner, "within_seconds", 5.0, 600.0);
        let every = self.seconds(&mut inner, "every_seconds", 0.5, 60.0);
        inner.finish(&mut self.report);
        Button {
            calls,
            platforms,
            sends,
            uuid,
            within,
            every,
        }
    }

    fn call(&mut self, inner: &mut Reader<'_, '_>, label: &str) -> Option<Call> {
        let (method, span) = inner.required("method", &mut self.report);
        let method = match method {
            "GET" => Some(Method::GET),
            "POST" => Some(Method::POST),
            "PUT" => Some(Method::PUT),
            "PATCH" => Some(Method::PATCH),
            "DELETE" => Some(Method::DELETE),
            "" => None,
            other => {
                self.report.error_help(
                    generic::UNKNOWN_WORD,
                    span,
                    format!("unknown method `{other}`"),
                    generic::help(other, ["GET", "POST", "PUT", "PATCH", "DELETE"]),
                );
                None
            }
        };
        let (path, span) = inner.required("path", &mut self.report);
        let place = self.place(&span);
        if !path.starts_with('/') && !path.is_empty() {
            self.report.error(
                codes::BAD_URL,
                span.clone(),
                format!("the path `{path}` does not begin with `/`"),
            );
        }
        self.template("path", path, &span);
        let query = self.pairs(inner, "query");
        let headers = self.pairs(inner, "headers");
        let body = self.body(inner);
        let expect = self.statuses(inner, "expect");
        let accept = self.table(inner, "accept").and_then(|mut table| {
            let equals = table
                .value("equals")
                .map(|value| json(value, &mut self.report));
            if equals.is_none() {
                table.missing("equals", &mut self.report);
            }
            Some((self.extract(table)?, equals?))
        });
        let repeat = inner.boolean("repeat", &mut self.report);
        let method = method?;
        Some(Call {
            place,
            label: label.to_owned(),
            repeat: repeat.unwrap_or(method == Method::GET),
            method,
            path: segments(path),
            query,
            headers,
            body,
            expect,
            accept,
        })
    }

    fn pairs(&mut self, inner: &mut Reader<'_, '_>, key: &'static str) -> Vec<(String, String)> {
        let Some(table) = self.table(inner, key) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for (name, _, value) in table.entries() {
            if let Some((text, span)) = reader::string(value, name, &mut self.report) {
                out.push((name.to_owned(), self.template(name, text, &span)));
            }
        }
        out
    }

    fn body(&mut self, inner: &mut Reader<'_, '_>) -> Body {
        let given = ["json", "form", "raw"]
            .into_iter()
            .filter(|key| inner.has(key))
            .count();
        if given > 1 {
            self.report.error(
                codes::BAD_CALL,
                inner.span(),
                "the call has several bodies".to_owned(),
            );
        }
        let mut body = Body::None;
        if let Some(value) = inner.value("json") {
            let template = json(value, &mut self.report);
            self.leaves("", &template, &value.span());
            body = Body::Json(template);
        }
        if inner.has("form") {
            body = Body::Form(self.pairs(inner, "form"));
        }
        let raw = inner.string("raw", &mut self.report);
        let kind = inner.string("content_type", &mut self.report);
        if let Some((text, span)) = raw {
            self.template("raw", text, &span);
            // One expression that is the whole body has nothing around it to break out to.
            let whole =
                text.starts_with("{{") && text.ends_with("}}") && text.matches("{{").count() == 1;
            for expression in expressions(text).filter(|_| !whole) {
                let filter = expression.rsplit('|').next().unwrap_or_default().trim();
                if !expression.contains('|') || !ENCODING.contains(&filter) {
                    self.report.error_help(
                        codes::UNSAFE_VALUE,
                        span.clone(),
                        format!("`{expression}` could break out of its place"),
                        format!("end it with one of {}", ENCODING.join(", ")),
                    );
                }
            }
            body = Body::Raw {
                content_type: kind.map_or("text/plain", |(text, _)| text).to_owned(),
                text: text.to_owned(),
            };
        }
        body
    }

    fn leaves(&mut self, name: &str, template: &Value, span: &Range<usize>) {
        match template {
            Value::String(text) => {
                self.template(name, text, span);
            }
            Value::Array(items) => items.iter().for_each(|item| self.leaves(name, item, span)),
            Value::Object(map) => {
                for (key, value) in map {
                    self.leaves(key, value, span);
                }
            }
            _ => {}
        }
    }

    fn extract(&mut self, mut inner: Reader<'_, '_>) -> Option<Extract> {
        let span = inner.span();
        let place = self.place(&span);
        let pointer = inner.string("pointer", &mut self.report);
        let css = inner.string("css", &mut self.report);
        let path = inner.string("xpath", &mut self.report);
        let header = inner.string("header", &mut self.report);
        let attribute = inner.string("attribute", &mut self.report);
        let matching = self.pairs(&mut inner, "where");
        let then = inner.string("then", &mut self.report);
        let decode = match inner.string("decode", &mut self.report) {
            None => Decode::None,
            Some((word, span)) => {
                let known = Decode::WORDS.iter().find(|(_, known)| *known == word);
                if known.is_none() {
                    self.report.error_help(
                        generic::UNKNOWN_WORD,
                        span,
                        format!("nothing is decoded as `{word}`"),
                        generic::help(word, Decode::WORDS.map(|(_, word)| word)),
                    );
                }
                known.map_or(Decode::None, |(decode, _)| *decode)
            }
        };
        inner.finish(&mut self.report);
        let bad = |file: &mut Self, span: Range<usize>, why: String| {
            file.report.error(codes::BAD_EXTRACTION, span, why);
        };
        let from = match (pointer, css, path, header) {
            (Some((pointer, at)), None, None, None) => {
                let then = then.map_or("", |(text, _)| text);
                let all = [pointer, then]
                    .into_iter()
                    .chain(matching.iter().map(|(pointer, _)| pointer.as_str()));
                for one in all {
                    if !one.is_empty() && !one.starts_with('/') {
                        bad(
                            self,
                            at.clone(),
                            format!("`{one}` is no JSON pointer; it begins with `/`"),
                        );
                    }
                }
                From::Pointer {
                    pointer: pointer.to_owned(),
                    matching,
                    then: then.to_owned(),
                }
            }
            (None, Some((selector, at)), None, None) => {
                if tl::parse_query_selector(selector).is_none() {
                    bad(self, at, format!("`{selector}` is no selector"));
                }
                From::Css {
                    selector: selector.to_owned(),
                    attribute: attribute.map(|(text, _)| text.to_owned()),
                }
            }
            (None, None, Some((path, at)), None) => {
                if let Err(why) = xpath::parse(path) {
                    bad(self, at, why);
                }
                From::XPath(path.to_owned())
            }
            (None, None, None, Some((name, _))) => From::Header(name.to_owned()),
            _ => {
                bad(
                    self,
                    span,
                    "a value is taken by exactly one of pointer, css, xpath, header".to_owned(),
                );
                return None;
            }
        };
        Some(Extract {
            place,
            from,
            decode,
        })
    }
}

/// The segments of a path; a `/` inside an expression does not divide.
fn segments(path: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut rest = path.trim_start_matches('/');
    while !rest.is_empty() {
        let taken = if rest.starts_with("{{") {
            rest.find("}}").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('/') {
            out.push(String::new());
            rest = &rest[1..];
            continue;
        } else {
            rest.find("{{")
                .into_iter()
                .chain(rest.find('/'))
                .min()
                .unwrap_or(rest.len())
        };
        if let Some(last) = out.last_mut() {
            last.push_str(&rest[..taken]);
        }
        rest = &rest[taken..];
    }
    out
}

fn revision(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(4).fold(String::new(), |mut out, byte| {
        // Writing to a string can not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn a_path_is_divided_outside_of_expressions() {
        assert_eq!(
            segments("/a/{{ args.x | replace(from='/', to='') }}-b/c"),
            ["a", "{{ args.x | replace(from='/', to='') }}-b", "c"]
        );
    }
}

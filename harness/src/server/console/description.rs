//! What a description says: the calls of a console, without code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;

/// Where a call stands in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Path of the file, as given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A described console.
#[derive(Clone, Debug, PartialEq)]
pub struct Console {
    /// What it is called.
    pub name: String,
    /// Beginning of every address.
    pub base_url: Url,
    /// PEM of a private CA, relative to the workspace.
    pub ca: Option<PathBuf>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Requests a second at most.
    pub rate: Option<f64>,
    /// Repetitions after 429 and 5xx.
    pub retries: u32,
    /// The longest pause before a repetition.
    pub retry_most: Duration,
    /// Where secrets come from.
    pub secrets: BTreeMap<String, SecretSource>,
    /// How to get in.
    pub login: Login,
    /// What the console calls itself.
    pub version: Option<Asked>,
    /// How a device is found; without it the console knows devices by their UDID.
    pub device: Option<Device>,
    /// How a raw command is sent.
    pub command: Option<Call>,
    /// Actions that are not described below go as raw commands.
    pub raw_actions: bool,
    /// How a result is read.
    pub result: Option<ResultCall>,
    /// How devices enroll.
    pub enroll: Enroll,
    /// The console's buttons, by id of the action.
    pub actions: BTreeMap<String, Button>,
    /// Digest of the file, to name its state.
    pub revision: String,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Environment variable.
    Env(String),
    /// A file readable by its owner alone.
    File(PathBuf),
}

/// How to get in.
#[derive(Clone, Debug, PartialEq)]
pub enum Login {
    /// Nothing is asked for.
    None,
    /// HTTP Basic.
    Basic {
        /// User.
        user: String,
        /// Password.
        password: String,
    },
    /// A token that does not change.
    Bearer {
        /// The token.
        token: String,
    },
    /// `OAuth2` client credentials.
    OAuth2 {
        /// Where it stands.
        place: Place,
        /// Path or URL of the token endpoint.
        token_url: String,
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: String,
        /// Scope.
        scope: Option<String>,
    },
    /// A form with a session cookie.
    Form {
        /// The page that shows the form, when it must be seen first.
        page: Box<Option<Call>>,
        /// The CSRF token on that page.
        csrf: Box<Option<Extract>>,
        /// Sends the form.
        submit: Box<Call>,
        /// The CSRF token of later calls, in the answer to the form.
        csrf_after: Box<Option<Extract>>,
    },
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Where it stands.
    pub place: Place,
    /// What it is for, such as `device` or `actions.remote-lock`.
    pub label: String,
    /// Method.
    pub method: Method,
    /// Path, a template for each segment.
    pub path: Vec<String>,
    /// Query, in order.
    pub query: Vec<(String, String)>,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Body,
    /// Statuses that mean yes; empty is 200 to 299.
    pub expect: BTreeSet<u16>,
    /// What the answer must show beside.
    pub accept: Option<(Extract, Value)>,
    /// It may be sent again after an error of the server.
    pub repeat: bool,
}

/// Body of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// None.
    None,
    /// JSON whose strings are templates; `{ "$value" = "args.x" }` is a variable with its type.
    Json(Value),
    /// A form.
    Form(Vec<(String, String)>),
    /// A template with its content type.
    Raw {
        /// Content type.
        content_type: String,
        /// Template.
        text: String,
    },
}

/// Takes a value from an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Extract {
    /// Where it stands.
    pub place: Place,
    /// From what.
    pub from: From,
    /// What is done with the text.
    pub decode: Decode,
}

/// From what a value is taken.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// JSON: a pointer; for an array the first entry in which all pointers have these values; then a pointer in it.
    Pointer {
        /// RFC 6901.
        pointer: String,
        /// Pointer in an entry, and the template of its value.
        matching: Vec<(String, String)>,
        /// RFC 6901, in the entry.
        then: String,
    },
    /// HTML.
    Css {
        /// Selector.
        selector: String,
        /// Attribute; the text when there is none.
        attribute: Option<String>,
    },
    /// XML.
    XPath(String),
    /// A header of the answer.
    Header(String),
}

/// What is done with an extracted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// Nothing.
    None,
    /// A property list in base64.
    Base64Plist,
    /// A property list as text.
    Plist,
    /// JSON as text.
    Json,
}

impl Decode {
    /// Every value with its word.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::None, "none"),
        (Self::Base64Plist, "base64-plist"),
        (Self::Plist, "plist"),
        (Self::Json, "json"),
    ];
}

/// A call with the value that is wanted of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The call.
    pub call: Call,
    /// The value.
    pub value: Extract,
}

/// How a device is found.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The call.
    pub call: Call,
    /// The console's id of the device, as `device.id` in later calls.
    pub id: Extract,
    /// More of the device, as `device.NAME` in later calls.
    pub fields: BTreeMap<String, Extract>,
    /// Statuses that mean that it is not there.
    pub missing: BTreeSet<u16>,
    /// Pages.
    pub page: Option<Page>,
    /// How long the console may take to know a device that has enrolled.
    pub within: Duration,
}

/// How the next page is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// What leads on.
    pub by: PageBy,
    /// Most pages.
    pub most: u32,
}

/// What leads to the next page.
#[derive(Clone, Debug, PartialEq)]
pub enum PageBy {
    /// `page.number` from `first`, in steps of one.
    Number {
        /// Number of the first page.
        first: u64,
    },
    /// `page.offset` from 0 in steps of `size`.
    Offset {
        /// Entries of a page.
        size: u64,
    },
    /// An address in the answer, on the same server.
    Link(Extract),
    /// `page.cursor`, empty at first, from the answer.
    Cursor(Extract),
}

/// How a result is read.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultCall {
    /// The call; `command.uuid` names the command.
    pub call: Call,
    /// The state of the command.
    pub state: Extract,
    /// States in which the device has not given its final answer.
    pub pending: Vec<String>,
    /// States with a final answer.
    pub done: Vec<String>,
    /// Statuses that mean pending.
    pub missing: BTreeSet<u16>,
    /// The device's answer.
    pub body: Extract,
    /// First pause between looks.
    pub first: Duration,
    /// Longest pause between looks.
    pub most: Duration,
}

/// How devices enroll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enroll {
    /// Where it stands.
    pub place: Place,
    /// `ServerURL`.
    pub server_url: Option<Url>,
    /// `CheckInURL`; `ServerURL` when there is none.
    pub checkin_url: Option<Url>,
    /// Push topic.
    pub topic: String,
    /// PEM of the CA that identities come from.
    pub identity_ca: Option<PathBuf>,
    /// PEM of its key.
    pub identity_key: Option<PathBuf>,
    /// URL of an enrollment profile.
    pub profile: Option<String>,
}

/// A button of the console.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// Requests in order.
    pub calls: Vec<Call>,
    /// Platform slugs it is for; empty is all.
    pub platforms: Vec<String>,
    /// `RequestType`s of which one must reach the device; empty is the one of the action table.
    pub sends: Vec<String>,
    /// `CommandUUID` in the answer to the last request.
    pub uuid: Option<Extract>,
    /// How long the console may take until the command waits for the device.
    pub within: Duration,
    /// How often the device comes to look meanwhile.
    pub every: Duration,
}

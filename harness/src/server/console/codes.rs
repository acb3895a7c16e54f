//! Codes of the diagnostics about descriptions of servers, with what `cargo xtask explain` says of each.

/// A secret that stands in the file.
pub const LITERAL_SECRET: &str = "SV0001";
/// A template that can not be read.
pub const BAD_TEMPLATE: &str = "SV0002";
/// A variable that no template has.
pub const UNKNOWN_VARIABLE: &str = "SV0003";
/// A pointer, selector or path that can not be read, or an extraction that is not exactly one of them.
pub const BAD_EXTRACTION: &str = "SV0004";
/// An action that the action table does not have.
pub const UNKNOWN_ACTION: &str = "SV0005";
/// A value in a raw body that could break out of its place.
pub const UNSAFE_VALUE: &str = "SV0006";
/// A base URL that is none.
pub const BAD_URL: &str = "SV0007";
/// A number outside its bounds.
pub const OUT_OF_BOUNDS: &str = "SV0008";
/// A call that is described in two ways or in none.
pub const BAD_CALL: &str = "SV0009";

/// What each code means and what to do, for `cargo xtask explain CODE`.
pub const EXPLANATIONS: &[(&str, &str)] = &[
    (
        LITERAL_SECRET,
        "Passwords, tokens and keys never stand in a description. Name where they come from under [secrets], as \
         `token = { env = \"NAME\" }` or `{ file = \"path\" }` (readable by its owner alone), and write \
         `{{ secrets.token }}` where it is needed.",
    ),
    (
        BAD_TEMPLATE,
        "The text between `{{` and `}}` can not be read as a template. Templates are Tera's; the message says what \
         was expected.",
    ),
    (
        UNKNOWN_VARIABLE,
        "Templates know device, command, action, args, profile, secrets, csrf and page. The help line names the nearest \
         one. A secret must be declared under [secrets].",
    ),
    (
        BAD_EXTRACTION,
        "A value is taken from an answer by exactly one of `pointer` (JSON pointer), `css` (selector), `xpath` or \
         `header`. `where` and `then` belong to `pointer`, `attribute` belongs to `css`.",
    ),
    (
        UNKNOWN_ACTION,
        "`scenarios/data/actions.toml` lists the actions. Describe a button under the name of one of them.",
    ),
    (
        UNSAFE_VALUE,
        "In a raw body a value must be encoded for the place where it stands, or it could change the meaning of what \
         is around it. End the expression with one of the filters json, xml, urlencode, base64. In paths, queries, \
         headers, forms and JSON bodies values are encoded by themselves.",
    ),
    (
        BAD_URL,
        "`base_url` is the beginning of every address, such as `https://mdm.example.com`; paths of calls begin with `/`.",
    ),
    (
        OUT_OF_BOUNDS,
        "The number lies outside what the harness takes, so that no description makes it wait or load without end. The \
         message names the bounds.",
    ),
    (
        BAD_CALL,
        "A call has a method, a path, and at most one body: `json`, `form` or `raw`.",
    ),
];

//! What the codes of this part mean, for `explain`.

/// Code and explanation.
pub const EXPLANATIONS: &[(&str, &str)] = &[
    (
        "DM1001",
        "The file is no TOML at this place. The rest of the file is read all the same, so that every error is shown at once.",
    ),
    (
        "DM1002",
        "The key is not known here. Keys that nobody reads are errors, because a misspelled key would change nothing and nobody would notice.",
    ),
    (
        "DM1003",
        "The value has another type than the key needs: a string in quotes, true or false, a whole number, an array in brackets or a table in braces.",
    ),
    (
        "DM1004",
        "The word is not one of the words that this key takes. The help line names the nearest word or all of them.",
    ),
    (
        "DM1005",
        "The text is no version: one to four numbers joined by dots, in quotes, such as \"17.6.1\". `introduced` also takes \"n/a\" (the vendor says it does not exist there) and \"all\" (since ever).",
    ),
    (
        "DM1006",
        "The file or key is not complete: an item needs `file` and `id`, a key needs `path`.",
    ),
    (
        "DM1007",
        "A key stands below a key that no file brings, or a row of a later source speaks of a key that neither the schema nor a seed has and does not say its type. Keys are stated parents first.",
    ),
    (
        "DM1008",
        "Two files of one layer state the same vendor file. Which of the two holds would be chance.",
    ),
    (
        "DM1009",
        "The folder of the catalogue holds `catalog.toml`, `conflicts.toml`, `vanished.toml` and the folders `schema`, `seed` and `later`; other files are not read.",
    ),
    (
        "DM1010",
        "`catalog.toml` says what the catalogue was read from and up to which date the facts reach. Without it no page can say how old its facts are.",
    ),
    (
        "DM1011",
        "The file adds to an item (`adds = false`) that no other layer brings.",
    ),
    (
        "DM1012",
        "A layer states the same key twice. The second statement would be ignored.",
    ),
    (
        "DM1020",
        "The date up to which the facts reach is shown on every page; it must be a date or \"unknown\".",
    ),
    (
        "DM1021",
        "The versions contradict each other: gone before it came, or deprecated after it was gone. Either the vendor's file has it so, or a later source was read wrongly.",
    ),
    (
        "DM1022",
        "A default, an allowed value or a range does not fit the type of its key.",
    ),
];

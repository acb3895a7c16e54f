//! The run record on disk: `events.jsonl` and content-addressed evidence, without secrets.

pub mod bound;
pub mod evidence;
pub mod id;
pub mod reader;
pub mod redact;
pub mod writer;

//! Printing that survives a reader who has left.
//!
//! The standard macros panic when the other end of a pipe is closed (`… --json | head`). The ones here take their place in
//! the whole crate: what nobody reads any more is dropped, and the verb ends with its own exit code. A stream that can
//! not be written for another reason, such as a full disk, ends the process with the code for that.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

use crate::exit::Exit;

/// Writes to standard output.
pub(crate) fn out(text: Arguments<'_>) {
    end_when_lost(write(std::io::stdout().lock(), text));
}

/// Writes to standard error. When it is lost, there is nobody left to tell.
pub(crate) fn err(text: Arguments<'_>) {
    let _ = write(std::io::stderr().lock(), text);
}

fn write(mut stream: impl Write, text: Arguments<'_>) -> std::io::Result<()> {
    stream.write_fmt(text)?;
    stream.flush()
}

fn end_when_lost(written: std::io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        err(format_args!(
            "standard output can not be written: {error}\n"
        ));
        std::process::exit(i32::from(Exit::BadData.code()));
    }
}

macro_rules! print {
    ($($text:tt)*) => { $crate::output::out(::std::format_args!($($text)*)) };
}

macro_rules! println {
    () => { $crate::output::out(::std::format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::out(::std::format_args!("{}\n", ::std::format_args!($($text)*))) };
}

macro_rules! eprint {
    ($($text:tt)*) => { $crate::output::err(::std::format_args!($($text)*)) };
}

macro_rules! eprintln {
    () => { $crate::output::err(::std::format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::err(::std::format_args!("{}\n", ::std::format_args!($($text)*))) };
}

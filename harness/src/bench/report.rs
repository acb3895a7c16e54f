//! The figures, and how they compare.

use serde::Serialize;

/// Version of the report's format.
pub const SCHEMA_VERSION: &str = "1.0";

/// What this machine can do at best, measured in the same run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ceilings {
    /// Cores.
    pub cores: usize,
    /// Loopback HTTP requests per second with nothing behind them.
    pub echo_per_second: f64,
    /// Bare plist exchanges per second over a socket.
    pub socket_per_second: f64,
    /// Bare plist exchanges per second over the in-process pipe.
    pub duplex_per_second: f64,
    /// CPU microseconds of both ends per bare exchange over the pipe, where the system tells.
    pub message_cpu_micros: Option<f64>,
    /// Microseconds to sign a message as a device does; of P-256 alone when no identity was given.
    pub sign_micros: Option<f64>,
    /// Microseconds to verify it as the server does; of P-256 alone when no identity was given.
    pub verify_micros: Option<f64>,
    /// Whether signing and verifying were measured with the envelope that travels.
    pub signature_is_whole: bool,
}

impl Ceilings {
    /// Signed messages per second that the cores allow: cores ÷ (message CPU + sign + verify).
    #[must_use]
    pub fn signed_per_second(&self) -> Option<f64> {
        let micros = self.message_cpu_micros? + self.sign_micros? + self.verify_micros?;
        (micros > 0.0).then(|| self.cores as f64 * 1e6 / micros)
    }
}

/// Which side of the bar is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// The value must be at least the bar.
    AtLeast,
    /// The value must be at most the bar.
    AtMost,
}

/// One figure against its bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// Stable name.
    pub name: String,
    /// What was measured, with the unit.
    pub what: String,
    /// The measured value; `None` when it could not be measured.
    pub value: Option<f64>,
    /// What it is compared with, when the bar is a ratio.
    pub ceiling: Option<f64>,
    /// `value ÷ ceiling`, or `value` itself when there is no ceiling.
    pub ratio: Option<f64>,
    /// Which side is good.
    pub wanted: Wanted,
    /// The bar.
    pub bar: f64,
    /// Whether it is met; `None` when it could not be measured.
    pub met: Option<bool>,
    /// Why it could not be measured, or what to keep in mind when reading it.
    pub note: Option<String>,
}

impl Bar {
    /// A value as a share of a ceiling.
    #[must_use]
    pub fn ratio(
        name: &str,
        what: &str,
        value: Option<f64>,
        ceiling: Option<f64>,
        wanted: Wanted,
        bar: f64,
    ) -> Self {
        let ratio = match (value, ceiling) {
            (Some(value), Some(ceiling)) if ceiling > 0.0 => Some(value / ceiling),
            _ => None,
        };
        Self::new(name, what, value, ceiling, ratio, wanted, bar)
    }

    /// A value against a fixed bar.
    #[must_use]
    pub fn fixed(name: &str, what: &str, value: Option<f64>, wanted: Wanted, bar: f64) -> Self {
        Self::new(name, what, value, None, value, wanted, bar)
    }

    fn new(
        name: &str,
        what: &str,
        value: Option<f64>,
        ceiling: Option<f64>,
        ratio: Option<f64>,
        wanted: Wanted,
        bar: f64,
    ) -> Self {
        let met = ratio.map(|ratio| match wanted {
            Wanted::AtLeast => ratio >= bar,
            Wanted::AtMost => ratio <= bar,
        });
        Self {
            name: name.to_owned(),
            what: what.to_owned(),
            value,
            ceiling,
            ratio,
            wanted,
            bar,
            met,
            note: None,
        }
    }

    /// Says what to keep in mind when reading the value.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        if self.met.is_some() {
            self.note = Some(note.into());
        }
        self
    }

    /// Says why there is no value.
    #[must_use]
    pub fn because(mut self, note: impl Into<String>) -> Self {
        if self.met.is_none() {
            self.note = Some(note.into());
        }
        self
    }
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Version of this format.
    pub schema_version: String,
    /// The machine's ceilings.
    pub ceilings: Ceilings,
    /// Figures against their bars, in a stable order.
    pub bars: Vec<Bar>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_can_be_met_missed_and_unknown() {
        let met = Bar::ratio("a", "", Some(61.0), Some(100.0), Wanted::AtLeast, 0.6);
        assert_eq!(met.met, Some(true));
        let missed = Bar::ratio("a", "", Some(59.0), Some(100.0), Wanted::AtLeast, 0.6);
        assert_eq!(missed.met, Some(false));
        let unknown = Bar::ratio("a", "", None, Some(100.0), Wanted::AtLeast, 0.6).because("no");
        assert_eq!((unknown.met, unknown.note.as_deref()), (None, Some("no")));
        let nothing = Bar::ratio("a", "", Some(1.0), Some(0.0), Wanted::AtLeast, 0.6);
        assert_eq!(nothing.met, None);
        let large = Bar::fixed("a", "", Some(3001.0), Wanted::AtMost, 3000.0);
        assert_eq!(large.met, Some(false));
    }
}

//! Progress of a run: a moving line for a person, a few quiet lines for a log.

use std::collections::HashSet;
use std::time::Instant;

use harness::runner::Sink;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use scenarios::event::{Ended, Event};

use crate::lang::Lang;
use crate::terminal::Terminal;

/// Share of the cases after which a log gets a line.
const LOG_STEPS: u64 = 4;

/// Shows how a run goes on.
pub(crate) struct Progress {
    bar: ProgressBar,
    lang: Lang,
    watched: bool,
    started: Instant,
    cells: u64,
    enrolled: u64,
    cases: u64,
    ended: HashSet<String>,
    blocked: u64,
    logged: u64,
}

impl Progress {
    pub(crate) fn new(terminal: Terminal, lang: Lang) -> Self {
        let bar = if terminal.watched {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template(
            "{spinner} {bar:30} {pos}/{len} {msg} · {per_sec} · {eta}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self {
            bar,
            lang,
            watched: terminal.watched,
            started: Instant::now(),
            cells: 0,
            enrolled: 0,
            cases: 0,
            ended: HashSet::new(),
            blocked: 0,
            logged: 0,
        }
    }

    /// Takes the moving line away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn begin(&mut self, cells: Option<u64>, cases: u64) {
        self.cells = cells.unwrap_or_default();
        self.cases = cases;
        self.bar.set_length(cases);
        if !self.watched {
            eprintln!(
                "{}",
                match (self.lang, cells) {
                    (Lang::Ja, Some(cells)) => format!("検証を開始: セル {cells}、ケース {cases}"),
                    (Lang::En, Some(cells)) => format!("verifying: {cells} cells, {cases} cases"),
                    (Lang::Ja, None) => format!("検証を再開: 残り {cases} ケース"),
                    (Lang::En, None) => format!("going on: {cases} cases are open"),
                }
            );
        }
    }

    fn advance(&mut self) {
        let done = self.ended.len() as u64;
        self.bar.set_position(done);
        // A run that goes on does not say again how many cells it has.
        let of = (self.cells > 0).then(|| format!("/{}", self.cells));
        let of = of.unwrap_or_default();
        let message = match self.lang {
            Lang::Ja => format!(
                "ケース · セル {}{of} · 保留 {}",
                self.enrolled, self.blocked
            ),
            Lang::En => format!(
                "cases · cells {}{of} · blocked {}",
                self.enrolled, self.blocked
            ),
        };
        self.bar.set_message(message);
        let step = done * LOG_STEPS / self.cases.max(1);
        if !self.watched && step > self.logged {
            self.logged = step;
            let seconds = self.started.elapsed().as_secs_f64();
            let rate = done as f64 / seconds.max(0.001);
            eprintln!(
                "{}",
                match self.lang {
                    Lang::Ja => format!(
                        "  {done}/{} ケース、{rate:.0} 件/秒、保留 {}",
                        self.cases, self.blocked
                    ),
                    Lang::En => format!(
                        "  {done}/{} cases, {rate:.0}/s, {} blocked",
                        self.cases, self.blocked
                    ),
                }
            );
        }
    }
}

impl Sink for Progress {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { cells, cases, .. } => self.begin(Some(cells.len() as u64), *cases),
            Event::Resumed { cases_open } => self.begin(None, *cases_open),
            Event::CellEnrolled { .. } => self.enrolled += 1,
            Event::CaseEnded { case, ended, .. } => {
                if self.ended.insert(case.clone()) && matches!(ended, Ended::Blocked { .. }) {
                    self.blocked += 1;
                }
                self.advance();
            }
            _ => {}
        }
    }
}

//! What goes on, for people who wait: nothing for a second, then a line on stderr if that is a terminal, and nothing of
//! it once it is over.

use std::io::IsTerminal as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Format;

/// What takes no longer shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// The line that may be on the terminal, for [`beside`].
static LINE: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A line that shows while this lives. There is one at a time.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Ends the wait for the line's turn, by being dropped.
    over: Option<Sender<()>>,
    waiting: Option<JoinHandle<()>>,
}

impl Progress {
    /// Something of unknown length begins. Programs are not told.
    pub(crate) fn new(format: Format, what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let mut progress = Self { bar, over: None, waiting: None };
        if matches!(format, Format::Text) && std::io::stderr().is_terminal() {
            let (over, end) = channel();
            let bar = progress.bar.clone();
            progress.over = Some(over);
            progress.waiting = Some(std::thread::spawn(move || {
                if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
            }));
            *line() = Some(progress.bar.clone());
        }
        progress.begin(what);
        progress
    }

    /// Something else of unknown length begins.
    pub(crate) fn begin(&self, what: &str) {
        self.bar.set_style(style("{spinner} {msg}"));
        self.bar.set_message(what.to_owned());
        if self.over.is_some() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// Something of parts begins, of so many if that is known. Nothing is drawn but by [`step`](Self::step), so that
    /// parts can be timed.
    pub(crate) fn parts(&self, what: &str, count: Option<usize>) {
        self.bar.disable_steady_tick();
        let template = if count.is_some() { "{msg} {bar:24} {pos}/{len}" } else { "{msg} {pos}" };
        self.bar.set_style(style(template));
        self.bar.set_message(what.to_owned());
        self.bar.set_length(count.unwrap_or_default() as u64);
        self.bar.set_position(0);
    }

    /// A part is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// The line itself, for what tells more.
    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.over = None;
        if let Some(waiting) = self.waiting.take() {
            // It only waits, and cannot fail.
            _ = waiting.join();
        }
        self.bar.finish_and_clear();
        *line() = None;
    }
}

/// Writes something while the line is away.
pub(crate) fn beside<T>(write: impl FnOnce() -> T) -> T {
    let bar = line().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// The style of a template, which is right.
pub(crate) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

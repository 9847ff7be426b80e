//! Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Result};

static PRESSED: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl-C only asks for an end; pressed again, it makes one.
pub(crate) fn listen() -> Result<()> {
    let listening = ctrlc::set_handler(|| {
        if PRESSED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    listening.map_err(|error| Failure::new(format!("cannot wait for Ctrl-C: {error}")))
}

/// Whether it has been pressed.
pub(crate) fn pressed() -> bool {
    PRESSED.load(Ordering::Relaxed)
}

//! Winograd's transforms of windows and of outputs, on vectors of channels.

mod outputs;
mod window;

pub(crate) use outputs::{Join, Outputs};
pub(crate) use window::Window;

//! The `convolve` command.
fn main() {}

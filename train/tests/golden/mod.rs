//! What `generate.py` wrote.

use serde_json::Value;

/// A file's cases.
pub(crate) fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// An array of numbers.
pub(crate) fn floats(array: &Value) -> Vec<f64> {
    array.as_array().expect("an array").iter().map(|number| number.as_f64().expect("a number")).collect()
}

/// An array of numbers that single precision holds.
#[allow(dead_code, reason = "not every test reads arrays like these")]
pub(crate) fn singles(array: &Value) -> Vec<f32> {
    floats(array).into_iter().map(|number| number as f32).collect()
}

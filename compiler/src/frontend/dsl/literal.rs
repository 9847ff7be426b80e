//! The values of literals.

use crate::spec::Value;

/// What a literal's text means, or why it means nothing here.
pub(super) fn value(text: &str) -> Result<Value, String> {
    match text.as_bytes() {
        [b'"', ..] | [b'r', b'"' | b'#', ..] => string(text).map(Value::Word),
        [b'0'..=b'9', ..] => number(text),
        _ => Err("characters and bytes have no meaning here".into()),
    }
}

/// The text of a string literal.
pub(super) fn string(text: &str) -> Result<String, String> {
    if let Some(raw) = text.strip_prefix('r') {
        let fences = raw.len() - raw.trim_start_matches('#').len();
        return match raw.get(fences + 1..raw.len().saturating_sub(fences + 1)) {
            Some(inside) => Ok(inside.to_owned()),
            None => Err("this is no string".into()),
        };
    }
    let Some(inside) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return Err("a string must be plain text in quotes".into());
    };
    let mut out = String::new();
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        out.push(match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | '"' | '\'')) => escaped,
                other => {
                    let other = other.unwrap_or_default();
                    return Err(format!("the escape `\\{other}` is not offered in names and paths"));
                }
            },
            plain => plain,
        });
    }
    Ok(out)
}

/// A whole number of any radix, or a decimal one; a type's suffix is stepped over.
fn number(text: &str) -> Result<Value, String> {
    let digits = text.replace('_', "");
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let body = if radix == 10 { &digits[..] } else { &digits[2..] };
    const INTEGERS: [&str; 12] =
        ["usize", "isize", "u128", "i128", "u64", "i64", "u32", "i32", "u16", "i16", "u8", "i8"];
    let whole = INTEGERS.iter().find_map(|suffix| body.strip_suffix(suffix)).unwrap_or(body);
    if whole.chars().all(|digit| digit.is_digit(radix)) && !whole.is_empty() {
        return i128::from_str_radix(whole, radix)
            .map(Value::Integer)
            .map_err(|_| "this number is far too large".into());
    }
    let float = ["f32", "f64"].iter().find_map(|suffix| body.strip_suffix(suffix)).unwrap_or(body);
    match float.parse() {
        Ok(float) if radix == 10 => Ok(Value::Float(float)),
        _ => Err("this is no number".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_form() {
        for (text, expected) in [
            ("64", Value::Integer(64)),
            ("1_000usize", Value::Integer(1000)),
            ("0x1F", Value::Integer(31)),
            ("0b101u8", Value::Integer(5)),
            ("0o17", Value::Integer(15)),
            ("0.3", Value::Float(0.3)),
            ("2.", Value::Float(2.0)),
            ("1e-3", Value::Float(0.001)),
            ("3f32", Value::Float(3.0)),
            ("170141183460469231731687303715884105727", Value::Integer(i128::MAX)),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
        assert!(value("170141183460469231731687303715884105728").is_err());
        assert!(value("5px").is_err());
        assert!(value("'a'").is_err());
        assert!(value("b\"a\"").is_err());
    }

    #[test]
    fn strings_of_every_form() {
        for (text, expected) in [
            (r#""a b""#, "a b"),
            (r##"r#"a"b"#"##, "a\"b"),
            (r#""a\\b\"""#, "a\\b\""),
            ("r\"c:\\d\"", "c:\\d"),
        ] {
            assert_eq!(string(text).as_deref(), Ok(expected), "{text}");
        }
        assert!(string(r#""a\n""#).is_err());
        assert!(string("c\"a\"").is_err());
    }
}

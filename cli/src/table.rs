//! Tables for people.

use std::fmt::Write as _;

use convolve_compiler::plan::Kernel;

/// Rows in aligned columns, the first one a heading; these columns are numbers.
pub(crate) fn table(rows: &[Vec<String>], numbers: &[usize]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            _ = match numbers.contains(&column) {
                true => write!(line, "{cell:>width$}  "),
                false => write!(line, "{cell:<width$}  "),
            };
        }
        _ = writeln!(text, "{}", line.trim_end());
        if index == 0 {
            let ruled: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            _ = writeln!(text, "{}", ruled.join("  "));
        }
    }
    text
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes to three digits, in units of a thousand.
pub(crate) fn bytes(count: u64) -> String {
    let mut unit = 0;
    let mut number = count as f64;
    while number >= 999.5 && unit < 4 {
        number /= 1000.0;
        unit += 1;
    }
    let places = if unit == 0 || number >= 99.95 {
        0
    } else if number >= 9.995 {
        1
    } else {
        2
    };
    format!("{number:.places$} {}", ["B", "kB", "MB", "GB", "TB"][unit])
}

/// A kernel with what tells its speed.
pub(crate) fn kernel(kernel: &Kernel) -> String {
    match kernel {
        Kernel::Winograd(winograd) => format!("Winograd {0}×{0}", winograd.tile.outputs()),
        other => other.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, grouped};

    #[test]
    fn thousands_are_grouped() {
        let shown = [0, 12, 999, 1000, 123_456, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "12", "999", "1,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn bytes_have_three_digits() {
        let shown = [0, 999, 1000, 12_345, 999_949, 999_999, 3_211_264].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.00 kB", "12.3 kB", "1.00 MB", "1.00 MB", "3.21 MB"]);
    }
}

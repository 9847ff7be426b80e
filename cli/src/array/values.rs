//! Arguments of layers as the command line has them: numbers joined by `x` where there are several, so that
//! commas can part alternatives.

use std::fmt;
use std::str::FromStr;

/// One number for rows and columns, or `3x5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair(pub(crate) [usize; 2]);

/// `valid`, `same`, `same_lower`, or cells: `1`, `1x2` (vertical, horizontal), `1x2x3x4` (top, bottom, left,
/// right).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    Word(&'static str),
    Cells(Vec<usize>),
}

/// Whole numbers joined by `x`.
pub(crate) fn numbers(text: &str) -> Option<Vec<usize>> {
    text.split('x').map(|number| number.parse().ok()).collect()
}

/// A name that YAML takes for nothing else.
pub(crate) fn word(text: &str) -> Result<String, String> {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word { Ok(text.to_owned()) } else { Err("expected the name of an activation".to_owned()) }
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match numbers(text).as_deref() {
            Some([both]) => Ok(Self([*both; 2])),
            Some(&[rows, columns]) => Ok(Self([rows, columns])),
            _ => Err("expected a number, or two as `3x5`".to_owned()),
        }
    }
}

impl FromStr for Padding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(word) = ["valid", "same", "same_lower"].into_iter().find(|word| *word == text) {
            return Ok(Self::Word(word));
        }
        match numbers(text) {
            Some(cells) if matches!(cells.len(), 1 | 2 | 4) => Ok(Self::Cells(cells)),
            _ => Err("expected `valid`, `same`, `same_lower`, or cells: `1`, `1x2` or `1x2x3x4`".to_owned()),
        }
    }
}

impl Pair {
    /// As the language writes it.
    pub(crate) fn yaml(self) -> String {
        let [rows, columns] = self.0;
        if rows == columns { rows.to_string() } else { format!("[{rows}, {columns}]") }
    }
}

impl Padding {
    /// As the language writes it.
    pub(crate) fn yaml(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Cells(cells) if cells.len() == 1 => cells[0].to_string(),
            Self::Cells(cells) => format!("{cells:?}"),
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, columns] = self.0;
        if rows == columns { write!(f, "{rows}") } else { write!(f, "{rows}×{columns}") }
    }
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Cells(cells) => {
                f.write_str(&cells.iter().map(usize::to_string).collect::<Vec<_>>().join("×"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_joined_by_x() {
        assert_eq!("3x5".parse(), Ok(Pair([3, 5])));
        assert_eq!("3".parse::<Pair>().map(Pair::yaml).as_deref(), Ok("3"));
        assert_eq!("1x2x3x4".parse::<Padding>().map(|p| p.yaml()).as_deref(), Ok("[1, 2, 3, 4]"));
        assert_eq!("same".parse(), Ok(Padding::Word("same")));
        for wrong in ["", "x", "3x", "-1", "1x2x3", "sam"] {
            assert!(wrong.parse::<Padding>().is_err(), "{wrong}");
        }
        assert!("1x2x3".parse::<Pair>().is_err());
    }
}

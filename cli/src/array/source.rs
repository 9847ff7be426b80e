//! The arrays that pictures start from: files, random numbers, counted ones.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use convolve_runtime::random::uniform;

use super::values::numbers;
use crate::failure::{Failure, Result};
use crate::npy::{self, Array};
use crate::{picture, tensors};

/// Where an array comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// So many rows and columns of random numbers from 0 to 1.
    Random([usize; 2]),
    /// 0, 1, 2, … row by row.
    Range([usize; 2]),
    File(PathBuf),
}

/// Rows and columns of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    pub(crate) shape: [usize; 2],
    /// Row by row.
    pub(crate) data: Vec<f32>,
}

/// Numbers of an array that a picture may show.
const MOST_NUMBERS: usize = 1 << 24;

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let shape = |text: &str| match numbers(text).as_deref() {
            Some(&[rows, columns]) if rows > 0 && columns > 0 => match rows.checked_mul(columns) {
                Some(count) if count <= MOST_NUMBERS => Ok([rows, columns]),
                _ => Err(format!("at most {MOST_NUMBERS} numbers can be shown")),
            },
            _ => Err("expected rows and columns, as `random:5x5`".to_owned()),
        };
        match text.split_once(':') {
            Some(("random", rest)) => Ok(Self::Random(shape(rest)?)),
            Some(("range", rest)) => Ok(Self::Range(shape(rest)?)),
            _ => Ok(Self::File(text.into())),
        }
    }
}

impl Source {
    /// The array.
    pub(crate) fn read(&self, seed: u64) -> Result<Grid> {
        let count = |shape: &[usize; 2]| shape[0] * shape[1];
        Ok(match self {
            Self::Random(shape) => Grid {
                shape: *shape,
                data: (0..count(shape)).map(|i| (uniform(seed, i as u64) + 1.0) / 2.0).collect(),
            },
            Self::Range(shape) => Grid { shape: *shape, data: (0..count(shape)).map(|i| i as f32).collect() },
            Self::File(path) => {
                file(path).map_err(|error| Failure::new(format!("`{}`: {error}", path.display())))?
            }
        })
    }

    /// What to call it.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Random(_) => "random input".to_owned(),
            Self::Range(_) => "input".to_owned(),
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

/// An image as its grey, or an array of one channel.
fn file(path: &Path) -> std::result::Result<Grid, String> {
    let bytes = tensors::content(path, MOST_NUMBERS).map_err(|error| format!("cannot read it: {error}"))?;
    let Array { shape, data } = if bytes.starts_with(npy::MAGIC) {
        Array::read(&bytes)?
    } else {
        let [rows, columns] = picture::size(&bytes)?;
        if rows.checked_mul(columns).is_none_or(|count| count > MOST_NUMBERS) {
            return Err(format!("an image of {rows}×{columns} pixels is too large to be shown"));
        }
        picture::read(&bytes, [rows, columns, 1])?
    };
    let shape = match shape[..] {
        [rows, columns] | [rows, columns, 1] | [1, rows, columns] | [1, rows, columns, 1] => [rows, columns],
        _ => {
            return Err(format!(
                "the array has shape {shape:?}, but a picture shows rows and columns; save one channel, \
                 `x[..., 0]`"
            ));
        }
    };
    if data.is_empty() {
        return Err("the array is empty".to_owned());
    }
    Ok(Grid { shape, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart() {
        assert_eq!("random:5x6".parse(), Ok(Source::Random([5, 6])));
        assert_eq!("range:1x2".parse(), Ok(Source::Range([1, 2])));
        assert_eq!("a.png".parse(), Ok(Source::File("a.png".into())));
        for wrong in ["random:", "random:5", "random:0x5", "random:5x5x1", "random:99999x99999"] {
            assert!(wrong.parse::<Source>().is_err(), "{wrong}");
        }
    }
}

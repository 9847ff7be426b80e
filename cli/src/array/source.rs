//! The arrays that pictures start from: files, random numbers, counted ones.

use std::path::{Path, PathBuf};
use std::str::FromStr;

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
        Ok(match self {
            Self::Random(shape) => Grid { shape: *shape, data: random(shape[0] * shape[1], seed) },
            Self::Range(shape) => {
                Grid { shape: *shape, data: (0..shape[0] * shape[1]).map(|i| i as f32).collect() }
            }
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

/// Numbers from 0 to 1, without 1: the upper bits of SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
pub(crate) fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 24) as f32
    };
    std::iter::repeat_with(next).take(count).collect()
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

    /// The first output of SplitMix64 from 0 is published: e220a8397b1dcdaf.
    #[test]
    fn random_numbers_are_those_of_the_paper() {
        let expected = (0xe220_a839_7b1d_cdaf_u64 >> 40) as f32 / (1 << 24) as f32;
        assert_eq!(random(1, 0), [expected]);
        assert!(random(1000, 7).iter().all(|x| (0.0..1.0).contains(x)));
    }
}

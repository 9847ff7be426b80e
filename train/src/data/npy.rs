//! NumPy's `.npy` files: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
//!
//! Written here because the readers that exist parse the header as a Python literal, without a limit on its size; the
//! header of an array of numbers is far simpler.

use convolve_runtime::weights::Data;

use super::DataError;
use super::source::Source;
use super::values::Values;

/// An array, its last axis fastest.
pub(crate) struct Array {
    /// Length of each axis.
    pub(crate) shape: Vec<usize>,
    /// Bytes for `u1` (divided by the unit that was asked for) and for booleans, floats for every other type.
    pub(crate) values: Values,
}

/// What a header says.
struct Header {
    shape: Vec<usize>,
    element: Element,
    big_endian: bool,
    /// Whether the first axis is fastest.
    fortran_order: bool,
}

/// The type of the elements.
enum Element {
    /// Unsigned bytes.
    Byte,
    /// Bytes of 0 or 1.
    Bool,
    /// Any other number: its size in bytes, and how it is read from little-endian ones, of which the first count.
    Number(usize, fn([u8; 8]) -> f32),
}

/// Bytes that a header may have; that of an array of numbers has about a hundred.
const LONGEST_HEADER: usize = 1 << 16;

impl Array {
    /// Reads a file. Unsigned bytes stand for themselves divided by `unit`.
    ///
    /// # Errors
    /// If it is not an array of real numbers, or not a whole one.
    pub(crate) fn read(source: &mut Source<'_>, unit: f32) -> Result<Self, DataError> {
        let header = Header::read(source)?;
        let size = match header.element {
            Element::Byte | Element::Bool => 1,
            Element::Number(size, _) => size,
        };
        let count = header.shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length));
        let bytes = count.and_then(|count| count.checked_mul(size)).ok_or_else(|| {
            source.error("an array that fits in memory", format!("the shape {:?}", header.shape))
        })?;
        let values = match header.element {
            Element::Byte => Values::Bytes { bytes: source.bytes(bytes, "an array")?, unit },
            Element::Bool => Values::Bytes { bytes: source.bytes(bytes, "an array")?, unit: 1.0 },
            Element::Number(size, get) => {
                let mut floats = Vec::new();
                source.each(bytes, "an array", |some| {
                    floats.extend(some.chunks_exact(size).map(|chunk| {
                        let mut element = [0; 8];
                        element[..size].copy_from_slice(chunk);
                        if header.big_endian {
                            element[..size].reverse();
                        }
                        get(element)
                    }));
                })?;
                floats.shrink_to_fit();
                Values::Floats(floats)
            }
        };
        source.end()?;
        let values = match values {
            values if !header.fortran_order => values,
            Values::Bytes { bytes, unit } => {
                Values::Bytes { bytes: last_axis_fastest(&header.shape, &bytes), unit }
            }
            Values::Floats(floats) => Values::Floats(last_axis_fastest(&header.shape, &floats)),
        };
        Ok(Self { shape: header.shape, values })
    }
}

/// What a header should have, and what it has instead.
type Mistake = (&'static str, String);

impl Header {
    fn read(source: &mut Source<'_>) -> Result<Self, DataError> {
        if source.array("the start of an .npy file")? != *b"\x93NUMPY" {
            return Err(source.error("an .npy file", "another start").at(0));
        }
        let [major, _minor] = source.array("the version of the format")?;
        let length = match major {
            1 => usize::from(u16::from_le_bytes(source.array("the length of the header")?)),
            2 | 3 => u32::from_le_bytes(source.array("the length of the header")?) as usize,
            other => {
                return Err(source.error("version 1, 2 or 3 of the .npy format", other.to_string()).at(6));
            }
        };
        if length > LONGEST_HEADER {
            let most = format!("a header of at most {LONGEST_HEADER} bytes");
            return Err(source.error(most, length.to_string()).at(8));
        }
        let text = source.bytes(length, "a header")?;
        Self::parse(&String::from_utf8_lossy(&text))
            .map_err(|(expected, found)| source.error(expected, found))
    }

    fn parse(text: &str) -> Result<Self, Mistake> {
        let value = |key: &'static str| {
            let after = text.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
            after.ok_or_else(|| ("a header with `descr`, `fortran_order` and `shape`", format!("no `{key}`")))
        };
        let descr = value("descr")?;
        let quoted = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        let (descr, _) = quoted.ok_or_else(|| (NUMBERS, "records".to_owned()))?;
        let element = Element::new(descr).ok_or_else(|| (NUMBERS, format!("`{descr}`")))?;

        let tuple = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (lengths, _) = tuple.ok_or_else(|| ("a shape in parentheses", "none".to_owned()))?;
        let lengths = lengths.split(',').map(str::trim).filter(|length| !length.is_empty());
        let shape: Result<Vec<usize>, Mistake> = lengths
            .map(|length| length.parse().map_err(|_| ("a shape of whole numbers", format!("`{length}`"))))
            .collect();

        let order = value("fortran_order")?;
        let fortran_order = order.starts_with("True");
        if !fortran_order && !order.starts_with("False") {
            return Err(("`fortran_order` to be True or False", "something else".to_owned()));
        }
        Ok(Self { shape: shape?, element, big_endian: descr.starts_with('>'), fortran_order })
    }
}

/// What the elements must be.
const NUMBERS: &str = "an array of real numbers or booleans";

impl Element {
    /// From NumPy's name, such as `<f4`.
    fn new(descr: &str) -> Option<Self> {
        fn first<const N: usize>(bytes: [u8; 8]) -> [u8; N] {
            std::array::from_fn(|index| bytes[index])
        }
        let (order, name) = descr.split_at_checked(1)?;
        if !matches!(order, "<" | ">" | "|" | "=") {
            return None;
        }
        Some(match name {
            "u1" => Self::Byte,
            "b1" => Self::Bool,
            "f2" => Self::Number(2, |bytes| Data::F16(&bytes).get(0)),
            "f4" => Self::Number(4, |bytes| f32::from_le_bytes(first(bytes))),
            "f8" => Self::Number(8, |bytes| f64::from_le_bytes(bytes) as f32),
            "i1" => Self::Number(1, |bytes| f32::from(bytes[0] as i8)),
            "i2" => Self::Number(2, |bytes| f32::from(i16::from_le_bytes(first(bytes)))),
            "i4" => Self::Number(4, |bytes| i32::from_le_bytes(first(bytes)) as f32),
            "i8" => Self::Number(8, |bytes| i64::from_le_bytes(bytes) as f32),
            "u2" => Self::Number(2, |bytes| f32::from(u16::from_le_bytes(first(bytes)))),
            "u4" => Self::Number(4, |bytes| u32::from_le_bytes(first(bytes)) as f32),
            "u8" => Self::Number(8, |bytes| u64::from_le_bytes(bytes) as f32),
            _ => return None,
        })
    }
}

/// Reorders an array whose first axis is fastest.
fn last_axis_fastest<T: Copy>(shape: &[usize], data: &[T]) -> Vec<T> {
    let mut position = vec![0; shape.len()];
    let mut reordered = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        let axes = shape.iter().zip(&position).rev();
        reordered.push(data[axes.fold(0, |index, (length, at)| index * length + at)]);
        for (at, length) in position.iter_mut().zip(shape).rev() {
            *at += 1;
            if *at < *length {
                break;
            }
            *at = 0;
        }
    }
    reordered
}

//! NumPy's `.npy` files: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
//!
//! Written here because the readers that exist parse the header as a Python literal, without a limit on its depth, its size
//! or the sizes it claims; the header of an array of numbers is far simpler.

mod header;

pub use header::{Element, Fault, Header, MAGIC, last_axis_fastest};

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

/// Bytes that a header may have; that of an array of numbers has about a hundred.
const LONGEST_HEADER: usize = 1 << 16;

impl Array {
    /// Reads a file. Unsigned bytes stand for themselves divided by `unit`.
    ///
    /// # Errors
    /// If it is not an array of real numbers, or not a whole one.
    pub(crate) fn read(source: &mut Source<'_>, unit: f32) -> Result<Self, DataError> {
        let header = header(source)?;
        let size = header.element.size();
        let count = header.shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length));
        let bytes = count.and_then(|count| count.checked_mul(size)).ok_or_else(|| {
            source.error("an array that fits in memory", format!("the shape {:?}", header.shape))
        })?;
        let values = match header.element {
            Element::Byte => Values::Bytes { bytes: source.bytes(bytes, "an array")?, unit },
            Element::Bool => Values::Bytes { bytes: source.bytes(bytes, "an array")?, unit: 1.0 },
            Element::Number(..) => {
                let mut floats = Vec::new();
                source.each(bytes, "an array", |some| {
                    floats.extend(some.chunks_exact(size).map(|element| header.number(element)));
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

/// Reads what stands before the numbers.
fn header(source: &mut Source<'_>) -> Result<Header, DataError> {
    if source.array::<6>("the start of an .npy file")?.as_slice() != MAGIC {
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
    Header::parse(&String::from_utf8_lossy(&text)).map_err(|fault| {
        const NUMBERS: &str = "an array of real numbers or booleans";
        let (expected, found) = match fault {
            Fault::Missing(key) => {
                ("a header with `descr`, `fortran_order` and `shape`", format!("no `{key}`"))
            }
            Fault::Records => (NUMBERS, "records".to_owned()),
            Fault::Type(name) => (NUMBERS, format!("`{name}`")),
            Fault::NoTuple => ("a shape in parentheses", "none".to_owned()),
            Fault::Length(length) => ("a shape of whole numbers", format!("`{length}`")),
            Fault::Order => ("`fortran_order` to be True or False", "something else".to_owned()),
        };
        source.error(expected, found)
    })
}

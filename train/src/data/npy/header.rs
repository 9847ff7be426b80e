//! What a file says of its numbers.

use convolve_runtime::weights::Data;

/// The first bytes of every file.
pub const MAGIC: &[u8] = b"\x93NUMPY";

/// What a header says.
#[derive(Clone, Debug)]
pub struct Header {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The type of the elements.
    pub element: Element,
    /// Whether their first bytes are the highest.
    pub big_endian: bool,
    /// Whether the first axis is fastest.
    pub fortran_order: bool,
}

/// The type of the elements.
#[derive(Clone, Copy, Debug)]
pub enum Element {
    /// Unsigned bytes.
    Byte,
    /// Bytes of 0 or 1.
    Bool,
    /// Any other number: its size in bytes, and how it is read from little-endian ones, of which the first count.
    Number(usize, fn([u8; 8]) -> f32),
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not say this.
    Missing(&'static str),
    /// The elements are records.
    Records,
    /// The elements are of this type, which is no real number.
    Type(String),
    /// The shape is not a tuple.
    NoTuple,
    /// This length in the shape is not a whole number.
    Length(String),
    /// The order is neither of the two that there are.
    Order,
}

impl Header {
    /// Reads the text of a header.
    ///
    /// # Errors
    /// If it is not that of an array of real numbers or booleans.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let value = |key: &'static str| {
            let after = text.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
            after.ok_or(Fault::Missing(key))
        };
        let descr = value("descr")?;
        let quoted = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        let (descr, _) = quoted.ok_or(Fault::Records)?;
        let element = Element::new(descr).ok_or_else(|| Fault::Type(descr.to_owned()))?;

        let tuple = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (lengths, _) = tuple.ok_or(Fault::NoTuple)?;
        let lengths = lengths.split(',').map(str::trim).filter(|length| !length.is_empty());
        let shape: Result<Vec<usize>, Fault> =
            lengths.map(|length| length.parse().map_err(|_| Fault::Length(length.to_owned()))).collect();

        let order = value("fortran_order")?;
        let fortran_order = order.starts_with("True");
        if !fortran_order && !order.starts_with("False") {
            return Err(Fault::Order);
        }
        Ok(Self { shape: shape?, element, big_endian: descr.starts_with('>'), fortran_order })
    }

    /// The number that these bytes are, as many as an element has.
    ///
    /// # Panics
    /// If there are more or fewer.
    #[must_use]
    pub fn number(&self, bytes: &[u8]) -> f32 {
        match self.element {
            Element::Byte => f32::from(bytes[0]),
            Element::Bool => f32::from(u8::from(bytes[0] != 0)),
            Element::Number(size, get) => {
                let mut element = [0; 8];
                element[..size].copy_from_slice(bytes);
                if self.big_endian {
                    element[..size].reverse();
                }
                get(element)
            }
        }
    }
}

impl Element {
    /// Bytes of an element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Byte | Self::Bool => 1,
            Self::Number(size, _) => size,
        }
    }

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
#[must_use]
pub fn last_axis_fastest<T: Copy>(shape: &[usize], data: &[T]) -> Vec<T> {
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

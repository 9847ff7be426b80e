//! NumPy's `.npy` files: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
//!
//! Written here because the readers that exist parse the header as a Python literal, without a limit on
//! its depth or on the sizes it claims; the header of an array of numbers is far simpler.

use convolve_runtime::weights::Data;

/// The first bytes of every file.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// An array, its last axis fastest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    /// Length of each axis.
    pub(crate) shape: Vec<usize>,
    /// The numbers.
    pub(crate) data: Vec<f32>,
}

/// Where the numbers of a file are, and what they are.
struct Header<'a> {
    shape: Vec<usize>,
    /// NumPy's name of their type, such as `<f4`.
    descr: &'a str,
    fortran_order: bool,
    /// The numbers' bytes.
    bytes: &'a [u8],
}

impl Array {
    /// Reads a file.
    ///
    /// # Errors
    /// In words, if it is not an array of real numbers, or not a whole one.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        let Header { shape, descr, fortran_order, bytes } = header(file)?;
        let (size, get) = element(descr)
            .ok_or_else(|| format!("it holds `{descr}`, but must hold real numbers or booleans"))?;
        let count = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        let needed = count.and_then(|count| count.checked_mul(size));
        if needed != Some(bytes.len()) {
            let needed = needed.map_or("more".to_owned(), |needed| needed.to_string());
            return Err(format!(
                "its array of shape {shape:?} takes {needed} bytes, but it has {}: the file is not whole",
                bytes.len()
            ));
        }
        let big_endian = descr.starts_with('>');
        let data: Vec<f32> = bytes
            .chunks_exact(size)
            .map(|chunk| {
                let mut element = [0; 8];
                element[..size].copy_from_slice(chunk);
                if big_endian {
                    element[..size].reverse();
                }
                get(element)
            })
            .collect();
        let data = if fortran_order { last_axis_fastest(&shape, &data) } else { data };
        Ok(Self { shape, data })
    }

    /// The array as a float32 file.
    pub(crate) fn write(&self) -> Vec<u8> {
        let lengths: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        // Python writes a tuple of one with a comma.
        let comma = if lengths.len() == 1 { "," } else { "" };
        let shape = format!("({}{comma})", lengths.join(", "));
        let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let start = MAGIC.len() + 4;
        // The numbers start at a multiple of 64 bytes.
        let padding = (start + header.len() + 1).next_multiple_of(64) - (start + header.len() + 1);
        header.extend(std::iter::repeat_n(' ', padding));
        header.push('\n');
        let mut file = MAGIC.to_vec();
        file.extend([1, 0]);
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.bytes());
        file.extend(self.data.iter().flat_map(|x| x.to_le_bytes()));
        file
    }
}

fn header(file: &[u8]) -> Result<Header<'_>, String> {
    let truncated = || "it ends within its header: the file is not whole".to_owned();
    let rest = file.strip_prefix(MAGIC).ok_or("it is not an .npy file")?;
    let (version, rest) = rest.split_at_checked(2).ok_or_else(truncated)?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk().map(|(n, rest)| (u16::from_le_bytes(*n) as usize, rest)),
        2 | 3 => rest.split_first_chunk().map(|(n, rest)| (u32::from_le_bytes(*n) as usize, rest)),
        other => return Err(format!("it has version {other} of the .npy format, which is not known")),
    }
    .ok_or_else(truncated)?;
    let (header, bytes) = rest.split_at_checked(length).ok_or_else(truncated)?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is not text")?;
    let value = |key: &str| {
        let missing = || format!("its header has no `{key}`");
        let (_, after) = header.split_once(&format!("'{key}':")).ok_or_else(missing)?;
        Ok::<_, String>(after.trim_start())
    };
    let descr = value("descr")?;
    let descr = descr.strip_prefix('\'').and_then(|quoted| quoted.split_once('\''));
    let (descr, _) = descr.ok_or("it holds records, but must hold real numbers or booleans")?;
    let lengths = value("shape")?.strip_prefix('(').and_then(|list| list.split_once(')'));
    let (lengths, _) = lengths.ok_or("the shape in its header is not a tuple")?;
    let lengths = lengths.split(',').map(str::trim).filter(|length| !length.is_empty());
    let shape: Result<Vec<usize>, _> = lengths.map(str::parse).collect();
    let shape = shape.map_err(|_| "the shape in its header is not made of whole numbers")?;
    let fortran_order = match value("fortran_order")? {
        order if order.starts_with("True") => true,
        order if order.starts_with("False") => false,
        _ => return Err("`fortran_order` in its header is neither True nor False".to_owned()),
    };
    Ok(Header { shape, descr, fortran_order, bytes })
}

/// Reads a number from little-endian bytes, of which the first ones count.
type Get = fn([u8; 8]) -> f32;

/// The bytes of a number of this type, and how it is read.
fn element(descr: &str) -> Option<(usize, Get)> {
    fn first<const N: usize>(bytes: [u8; 8]) -> [u8; N] {
        std::array::from_fn(|index| bytes[index])
    }
    let (order, name) = descr.split_at_checked(1)?;
    if !matches!(order, "<" | ">" | "|" | "=") {
        return None;
    }
    Some(match name {
        "f2" => (2, |bytes| Data::F16(&bytes).get(0)),
        "f4" => (4, |bytes| f32::from_le_bytes(first(bytes))),
        "f8" => (8, |bytes| f64::from_le_bytes(bytes) as f32),
        "i1" => (1, |bytes| f32::from(bytes[0] as i8)),
        "i2" => (2, |bytes| f32::from(i16::from_le_bytes(first(bytes)))),
        "i4" => (4, |bytes| i32::from_le_bytes(first(bytes)) as f32),
        "i8" => (8, |bytes| i64::from_le_bytes(bytes) as f32),
        "u1" => (1, |bytes| f32::from(bytes[0])),
        "u2" => (2, |bytes| f32::from(u16::from_le_bytes(first(bytes)))),
        "u4" => (4, |bytes| u32::from_le_bytes(first(bytes)) as f32),
        "u8" => (8, |bytes| u64::from_le_bytes(bytes) as f32),
        "b1" => (1, |bytes| f32::from(u8::from(bytes[0] != 0))),
        _ => return None,
    })
}

/// Reorders an array whose first axis is fastest.
fn last_axis_fastest(shape: &[usize], data: &[f32]) -> Vec<f32> {
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

#[cfg(test)]
mod tests;

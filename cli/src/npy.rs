//! NumPy's `.npy` files, from bytes and to bytes.

use convolve_train::data::npy::{Fault, Header, last_axis_fastest};

pub(crate) use convolve_train::data::npy::MAGIC;

/// An array, its last axis fastest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    /// Length of each axis.
    pub(crate) shape: Vec<usize>,
    /// The numbers.
    pub(crate) data: Vec<f32>,
}

impl Array {
    /// Reads a file.
    ///
    /// # Errors
    /// In words, if it is not an array of real numbers, or not a whole one.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        let (header, bytes) = header(file)?;
        let (shape, size) = (&header.shape, header.element.size());
        let count = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        let needed = count.and_then(|count| count.checked_mul(size));
        if needed != Some(bytes.len()) {
            let needed = needed.map_or("more".to_owned(), |needed| needed.to_string());
            return Err(format!(
                "its array of shape {shape:?} takes {needed} bytes, but it has {}: the file is not whole",
                bytes.len()
            ));
        }
        let data: Vec<f32> = bytes.chunks_exact(size).map(|element| header.number(element)).collect();
        let data = if header.fortran_order { last_axis_fastest(shape, &data) } else { data };
        Ok(Self { shape: header.shape, data })
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

/// What the file says of its numbers, and their bytes.
fn header(file: &[u8]) -> Result<(Header, &[u8]), String> {
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
    let header = Header::parse(header).map_err(|fault| match fault {
        Fault::Missing(key) => format!("its header has no `{key}`"),
        Fault::Records => "it holds records, but must hold real numbers or booleans".to_owned(),
        Fault::Type(name) => format!("it holds `{name}`, but must hold real numbers or booleans"),
        Fault::NoTuple => "the shape in its header is not a tuple".to_owned(),
        Fault::Length(_) => "the shape in its header is not made of whole numbers".to_owned(),
        Fault::Order => "`fortran_order` in its header is neither True nor False".to_owned(),
    })?;
    Ok((header, bytes))
}

#[cfg(test)]
mod tests;

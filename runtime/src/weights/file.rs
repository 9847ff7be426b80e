//! Tensors out of safetensors files.

use super::{Data, Parameter, WeightsError};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use safetensors::tensor::TensorInfo;
use safetensors::{Dtype, SafeTensors};

/// The element types that a weights file may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
}

/// Where a parameter's elements lie in a weights file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The type of the elements.
    pub element: Type,
    /// Their bytes, of the whole file.
    pub bytes: Range<usize>,
}

impl Place {
    /// The tensor's elements in `file`, the bytes that the place was found in.
    #[must_use]
    pub fn data<'a>(&self, file: &'a [u8]) -> Data<'a> {
        let bytes = &file[self.bytes.clone()];
        match self.element {
            Type::F32 => Data::F32(bytes),
            Type::F16 => Data::F16(bytes),
            Type::Bf16 => Data::Bf16(bytes),
        }
    }
}

/// The elements of each parameter, in the order of `parameters`, out of the bytes of a safetensors file.
///
/// # Errors
/// As [`locate`].
pub fn open<'a>(file: &'a [u8], parameters: &[Parameter<'_>]) -> Result<Vec<Data<'a>>, Vec<WeightsError>> {
    Ok(locate(file, parameters)?.iter().map(|place| place.data(file)).collect())
}

/// The place of each parameter, in the order of `parameters`, in the bytes of a safetensors file.
///
/// PyTorch's counter of batches beside a batch norm's running mean is passed over.
///
/// # Errors
/// Everything that is wrong, sorted by the names of the tensors: those missing, surplus, misshapen, of
/// another type, or with an element that is not finite.
pub fn locate(file: &[u8], parameters: &[Parameter<'_>]) -> Result<Vec<Place>, Vec<WeightsError>> {
    let (start, mut found) = header(file).map_err(|reason| [WeightsError::File { reason }])?;
    let mut places = Vec::with_capacity(parameters.len());
    let mut errors = Vec::new();
    for parameter in parameters {
        match found.remove(parameter.name) {
            Some(tensor) => match check(file, start, parameter, &tensor) {
                Ok(place) => places.push(place),
                Err(error) => errors.push(error),
            },
            None => errors.push(WeightsError::Missing {
                tensor: parameter.name.to_owned(),
                expected: parameter.shape.to_vec(),
            }),
        }
    }
    found.retain(|name, _| !is_batch_counter(name, parameters));
    errors.extend(surplus(found, &errors));
    if errors.is_empty() {
        return Ok(places);
    }
    errors.sort_by(|a, b| a.tensor().cmp(&b.tensor()));
    Err(errors)
}

/// The first byte of the elements, and the tensors by name.
fn header(file: &[u8]) -> Result<(usize, BTreeMap<String, TensorInfo>), String> {
    if exceeds(file, file.len()) {
        return Err("its header speaks of more bytes than the file has".to_owned());
    }
    let (length, metadata) = SafeTensors::read_metadata(file).map_err(|error| error.to_string())?;
    let start = size_of::<u64>() + length;
    let tensors: BTreeMap<_, _> =
        metadata.tensors().into_iter().map(|(name, tensor)| (name, tensor.clone())).collect();
    if tensors.values().any(|tensor| tensor.data_offsets.1 > file.len() - start) {
        return Err("it ends before its last tensor".to_owned());
    }
    Ok((start, tensors))
}

/// Whether the header has a number above `limit`, strings aside. The parser adds offsets unchecked, so
/// that of a hostile file they would overflow.
fn exceeds(file: &[u8], limit: usize) -> bool {
    let Some((length, rest)) = file.split_first_chunk() else { return false };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let (mut quoted, mut escaped, mut number) = (false, false, 0usize);
    rest[..length.min(rest.len())].iter().any(|&byte| {
        number = match byte {
            b'0'..=b'9' if !quoted => number.saturating_mul(10).saturating_add(usize::from(byte - b'0')),
            _ => 0,
        };
        quoted ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        number > limit
    })
}

fn check(
    file: &[u8],
    start: usize,
    parameter: &Parameter<'_>,
    tensor: &TensorInfo,
) -> Result<Place, WeightsError> {
    let name = parameter.name.to_owned();
    let element = match tensor.dtype {
        Dtype::F32 => Type::F32,
        Dtype::F16 => Type::F16,
        Dtype::BF16 => Type::Bf16,
        other => return Err(WeightsError::Type { tensor: name, found: format!("{other:?}") }),
    };
    if tensor.shape != parameter.shape {
        return Err(WeightsError::Shape {
            tensor: name,
            found: tensor.shape.clone(),
            expected: parameter.shape.to_vec(),
        });
    }
    let (first, end) = tensor.data_offsets;
    let place = Place { element, bytes: start + first..start + end };
    let data = place.data(file);
    let count = tensor.shape.iter().product();
    match (0..count).find(|&index| !data.get(index).is_finite()) {
        Some(index) => Err(WeightsError::NotFinite { tensor: name, element: index, value: data.get(index) }),
        None => Ok(place),
    }
}

/// Whether the tensor counts the batches that a batch norm has seen, which inference does not need.
fn is_batch_counter(name: &str, parameters: &[Parameter<'_>]) -> bool {
    name.strip_suffix("num_batches_tracked").is_some_and(|layer| {
        parameters.iter().any(|parameter| parameter.name.strip_suffix("running_mean") == Some(layer))
    })
}

/// The tensors that nothing uses, each with the missing one whose name is nearest.
fn surplus(found: BTreeMap<String, TensorInfo>, errors: &[WeightsError]) -> Vec<WeightsError> {
    let missing: Vec<&str> = errors
        .iter()
        .filter(|error| matches!(error, WeightsError::Missing { .. }))
        .filter_map(WeightsError::tensor)
        .collect();
    found
        .into_iter()
        .map(|(name, tensor)| {
            let suggestion = missing
                .iter()
                .map(|candidate| (edits(&name, candidate), candidate))
                .filter(|(edits, candidate)| *edits <= 1 + candidate.len() / 4)
                .min()
                .map(|(_, candidate)| (*candidate).to_owned());
            WeightsError::Surplus { tensor: name, found: tensor.shape, suggestion }
        })
        .collect()
}

/// Bytes to insert, delete or replace to make `a` into `b` (Levenshtein 1966).
fn edits(a: &str, b: &str) -> usize {
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.bytes().enumerate() {
        let mut diagonal = above[0];
        above[0] = row + 1;
        for (column, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = above[column + 1];
            above[column + 1] = replaced.min(above[column].min(diagonal) + 1);
        }
    }
    above[b.len()]
}

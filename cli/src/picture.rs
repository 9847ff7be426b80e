//! Images as inputs.

use std::io::Cursor;

use image::ImageReader;

use crate::npy::Array;

/// Reads a PNG or JPEG of this height and width as this many channels, 1 to 4, from 0 to 1.
///
/// # Errors
/// In words, if it is neither, broken, or of another size.
pub(crate) fn read(file: &[u8], [height, width, channels]: [usize; 3]) -> Result<Array, String> {
    if !(1..=4).contains(&channels) {
        return Err(format!("an image cannot be read as {channels} channels; give an .npy file"));
    }
    // The size first: nobody should wait, or need memory, for an image that cannot be used.
    let [rows, columns] = size(file)?;
    if [rows, columns] != [height, width] {
        return Err(format!(
            "the image is {rows} pixels high and {columns} wide, but the input is {height} high and {width} \
             wide; scale it first"
        ));
    }
    let image = reader(file)?.decode().map_err(broken)?;
    let data = match channels {
        1 => image.to_luma32f().into_raw(),
        2 => image.to_luma_alpha32f().into_raw(),
        3 => image.to_rgb32f().into_raw(),
        _ => image.to_rgba32f().into_raw(),
    };
    Ok(Array { shape: vec![height, width, channels], data })
}

/// The height and width of a PNG or JPEG.
///
/// # Errors
/// In words, if it is neither, or broken.
pub(crate) fn size(file: &[u8]) -> Result<[usize; 2], String> {
    let (columns, rows) = reader(file)?.into_dimensions().map_err(broken)?;
    Ok([rows as usize, columns as usize])
}

fn reader(file: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, String> {
    let reader = ImageReader::new(Cursor::new(file)).with_guessed_format();
    let reader = reader.map_err(|error| error.to_string())?;
    match reader.format() {
        Some(_) => Ok(reader),
        None => Err("it is neither an .npy file nor a PNG or JPEG".to_owned()),
    }
}

fn broken(error: image::ImageError) -> String {
    format!("it is not a whole image: {error}")
}

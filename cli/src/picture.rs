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
    let reader = || {
        let reader = ImageReader::new(Cursor::new(file)).with_guessed_format();
        let reader = reader.map_err(|error| error.to_string())?;
        match reader.format() {
            Some(_) => Ok(reader),
            None => Err("it is neither an .npy file nor a PNG or JPEG".to_owned()),
        }
    };
    let broken = |error: image::ImageError| format!("it is not a whole image: {error}");
    // The size first: nobody should wait, or need memory, for an image that cannot be used.
    let (columns, rows) = reader()?.into_dimensions().map_err(broken)?;
    if (rows as usize, columns as usize) != (height, width) {
        return Err(format!(
            "the image is {rows} pixels high and {columns} wide, but the input is {height} high and {width} \
             wide; scale it first"
        ));
    }
    let image = reader()?.decode().map_err(broken)?;
    let data = match channels {
        1 => image.to_luma32f().into_raw(),
        2 => image.to_luma_alpha32f().into_raw(),
        3 => image.to_rgb32f().into_raw(),
        _ => image.to_rgba32f().into_raw(),
    };
    Ok(Array { shape: vec![height, width, channels], data })
}

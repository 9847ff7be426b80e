//! Reads the 10,000 test images of MNIST with a compiled network, and shows a few of them.
//!
//! `cargo run --release --example digits`

use std::io::{self, Write};
use std::time::Instant;

use convolve::Level;
use convolve::Workspace;
use convolve_models::Mnist;
use convolve_models::data::{Digit, Digits, mnist_test};

fn main() -> io::Result<()> {
    let Digits { images, labels } = mnist_test();
    let model = Mnist::new();
    let mut workspace = Workspace::new();
    let mut outputs = vec![[0.0; 10]; images.len()];

    let start = Instant::now();
    model.predict_batch(&images, &mut outputs, &mut workspace);
    let micros = start.elapsed().as_secs_f64() * 1e6 / images.len() as f64;

    let is_right = |index: usize| read(&outputs[index]) == labels[index];
    let right = (0..images.len()).filter(|index| is_right(*index)).count();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} of {} digits read right: accuracy {:.4}, {micros:.1} µs an image on one core ({})",
        right,
        images.len(),
        right as f64 / images.len() as f64,
        Level::detect(),
    )?;

    let wrong = (0..images.len()).filter(|index| !is_right(*index)).take(2);
    for index in (0..3).chain(wrong) {
        writeln!(out, "\nimage {index} shows {}, read as {}", labels[index], read(&outputs[index]))?;
        draw(&mut out, &images[index], &outputs[index])?;
    }
    Ok(())
}

/// The most likely digit.
fn read(probabilities: &[f32; 10]) -> u8 {
    (0..10)
        .max_by(|a, b| probabilities[usize::from(*a)].total_cmp(&probabilities[usize::from(*b)]))
        .unwrap_or(0)
}

/// The image, two rows of pixels a line, and the probabilities beside it.
fn draw(out: &mut impl Write, image: &Digit, probabilities: &[f32; 10]) -> io::Result<()> {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    const BAR: usize = 40;
    for (line, rows) in image.chunks(2).enumerate() {
        let shade = |column: usize| {
            let ink = rows.iter().map(|row| row[column][0]).sum::<f32>() / rows.len() as f32;
            SHADES[(ink * (SHADES.len() - 1) as f32).round() as usize]
        };
        let pixels: String = (0..image[0].len()).map(shade).collect();
        // Ten bars, in the middle of the fourteen lines.
        match line.checked_sub(2).and_then(|digit| Some((digit, probabilities.get(digit)?))) {
            Some((digit, p)) => {
                let bar = "█".repeat((p * BAR as f32).round() as usize);
                writeln!(out, "{pixels}  {digit} {bar:<BAR$} {:5.1} %", p * 100.0)?;
            }
            None => writeln!(out, "{}", pixels.trim_end())?,
        }
    }
    Ok(())
}

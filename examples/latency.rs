//! Predicts on demand and tells how long each prediction took: the engine `convolve` of `benches/rivals.py`.
//!
//! `latency NETWORK FOLDER OUTPUT THREADS` reads `weights.safetensors` and `input.nhwc` from the folder. The
//! conversation is that of `benches/engines.py`; a request may name a number of images to predict at once,
//! and the times are then those of whole batches.

use std::error::Error;
use std::io::{self, BufRead};
use std::path::Path;
use std::time::Instant;
use std::{env, fs, slice};

use convolve::{Model, Tensor, Threads, Workspace};
use convolve_models::{AtrousPyramid, MnistPytorch, MobileNetV2, ResNet18, ResNet50, UNet};

/// Serves requests with a network.
macro_rules! serve {
    ($network:ident, $threads:expr, $folder:expr, $output:expr) => {{
        let input = floats(&fs::read($folder.join("input.nhwc"))?);
        let input = <$network as Model>::Input::view(&input);
        let mut requests = io::stdin().lock().lines();
        println!("started");
        requests.next().ok_or("no request to load")??;
        let start = Instant::now();
        let file = fs::read($folder.join("weights.safetensors"))?;
        let model = $network::from_safetensors(&file).map_err(|errors| format!("{errors:?}"))?;
        let model = model.with_threads($threads);
        drop(file);
        let mut workspace = Workspace::new();
        let output = model.predict(input, &mut workspace);
        println!("{}", start.elapsed().as_nanos());
        fs::write($output, bytes(output.floats()))?;
        for request in requests {
            let numbers: Result<Vec<usize>, _> = request?.split_whitespace().map(str::parse).collect();
            match numbers?[..] {
                [times] => tell(times, || {
                    model.predict(input, &mut workspace);
                }),
                [times, images] => {
                    let inputs = slice::from_ref(input).repeat(images);
                    let mut outputs = slice::from_ref(model.predict(input, &mut workspace)).repeat(images);
                    tell(times, || model.predict_batch(&inputs, &mut outputs, &mut workspace));
                }
                _ => return Err("a request is a count, or a count and a batch".into()),
            }
        }
    }};
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [network, folder, output, threads] = &arguments[..] else {
        return Err("latency NETWORK FOLDER OUTPUT THREADS".into());
    };
    let threads = Threads::new(threads.parse()?);
    let folder = Path::new(folder);
    match network.as_str() {
        "mnist" => serve!(MnistPytorch, &threads, folder, output),
        "unet" => serve!(UNet, &threads, folder, output),
        "resnet18" => serve!(ResNet18, &threads, folder, output),
        "resnet50" => serve!(ResNet50, &threads, folder, output),
        "mobilenetv2" => serve!(MobileNetV2, &threads, folder, output),
        "atrous_pyramid" => serve!(AtrousPyramid, &threads, folder, output),
        other => return Err(format!("no network is called {other}").into()),
    }
    Ok(())
}

/// Does it so many times, and prints the nanoseconds of each.
fn tell(times: usize, mut work: impl FnMut()) {
    let nanos = (0..times).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_nanos().to_string()
    });
    println!("{}", nanos.collect::<Vec<_>>().join(" "));
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|x| x.to_le_bytes()).collect()
}

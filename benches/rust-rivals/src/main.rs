//! tract and rten as engines of `benches/rivals.py`: `rust-rivals ENGINE FOLDER OUTPUT`.
//!
//! The conversation is that of `benches/engines.py`. tract has one thread; those of rten are told by
//! `RTEN_NUM_THREADS`.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use rten_tensor::AsView;
use tract_onnx::prelude::*;

/// Computes the outputs of the input.
type Predict = Box<dyn FnMut() -> Result<Vec<f32>>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [engine, folder, output] = &arguments[..] else { bail!("usage: rust-rivals ENGINE FOLDER OUTPUT") };
    let load = match engine.as_str() {
        "tract" => tract,
        "rten" => rten,
        other => bail!("no engine is called {other}"),
    };
    let model = Path::new(folder).join("model.onnx");
    let bytes = fs::read(Path::new(folder).join("input.nchw"))?;
    let input: Vec<f32> = bytes.as_chunks().0.iter().map(|word| f32::from_le_bytes(*word)).collect();

    let mut requests = io::stdin().lock().lines();
    println!("started");
    requests.next().context("no request to load")??;
    let start = Instant::now();
    let mut predict = load(&model, input)?;
    let result = predict()?;
    println!("{}", start.elapsed().as_nanos());
    fs::write(output, result.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
    for request in requests {
        let times: Result<Vec<String>> = (0..request?.trim().parse()?)
            .map(|_| {
                let start = Instant::now();
                predict()?;
                Ok(start.elapsed().as_nanos().to_string())
            })
            .collect();
        println!("{}", times?.join(" "));
        io::stdout().flush()?;
    }
    Ok(())
}

fn tract(model: &Path, input: Vec<f32>) -> Result<Predict> {
    let model = tract_onnx::onnx().model_for_path(model)?.into_optimized()?.into_runnable()?;
    let shape = model.model().input_fact(0)?.shape.as_concrete().context("a shape of numbers")?.to_vec();
    let input: Tensor = tract_ndarray::ArrayD::from_shape_vec(shape, input)?.into();
    Ok(Box::new(move || {
        let outputs = model.run(tvec!(input.clone().into()))?;
        Ok(outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect())
    }))
}

fn rten(model: &Path, input: Vec<f32>) -> Result<Predict> {
    let model = rten::Model::load_file(model)?;
    let id = *model.input_ids().first().context("an input")?;
    let shape = model.node_info(id).and_then(|node| node.shape()).context("a shape")?;
    let sizes = shape.iter().map(|size| match size {
        rten::Dimension::Fixed(size) => Some(*size),
        rten::Dimension::Symbolic(_) => None,
    });
    let sizes: Vec<usize> = sizes.collect::<Option<_>>().context("a shape of numbers")?;
    let input = rten_tensor::Tensor::from_data(&sizes, input);
    Ok(Box::new(move || {
        let output: rten_tensor::Tensor<f32> = model.run_one(input.view().into(), None)?.try_into()?;
        Ok(output.iter().copied().collect())
    }))
}

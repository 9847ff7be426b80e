//! A folder to work in, the command run in it, and files for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use convolve_tests::reference::Array;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own for a test.
pub(crate) struct Sandbox(TempDir);

/// What the command did.
pub(crate) struct Ran {
    /// The exit code; 101 would be a panic.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// The names of the files in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self) -> Command {
        self.inside(Command::new(env!("CARGO_BIN_EXE_convolve")))
    }

    fn inside(&self, mut command: Command) -> Command {
        command
            .current_dir(self.0.path())
            .env_remove("CONVOLVE_LEVEL")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null());
        command
    }

    /// Runs `convolve` in the folder with these arguments, which have no spaces in them.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        let output = self.command().args(arguments.split_whitespace()).output().expect("the command");
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let ran = Ran { code: status.code().expect("no signal"), stdout: text(stdout), stderr: text(stderr) };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    /// Runs a line of a page in the folder, as a shell does.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let command = Path::new(env!("CARGO_BIN_EXE_convolve"));
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let folders = command.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&folders));
        let mut shell = self.inside(Command::new("sh"));
        shell.args(["-c", line]).env("PATH", std::env::join_paths(folders).expect("folders"));
        shell.output().expect("a shell")
    }

    /// Runs it, and expects it to fail with these words on stderr.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &str, words: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("error: ") || ran.stderr.contains("error[C0"), "{}", ran.stderr);
        for word in words {
            assert!(ran.stderr.contains(word), "no `{word}` in:\n{}", ran.stderr);
        }
    }
}

/// What a picture says, in words and curves. The colours are those of the numbers that are checked, and may differ in
/// their last bit from processor to processor.
pub(crate) fn told(svg: &str) -> Vec<&str> {
    svg.lines()
        .filter(|line| ["<svg", "<title", "<text", "<polyline"].iter().any(|x| line.starts_with(x)))
        .collect()
}

/// The folder of the ready-made specifications.
pub(crate) fn specs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/specs").canonicalize().expect("the models")
}

/// A safetensors file of float32 tensors.
pub(crate) fn weights(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let bytes: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, shape, data)| {
            (*name, shape.to_vec(), data.iter().flat_map(|x| x.to_le_bytes()).collect())
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many floats as the shape has"))
    });
    safetensors::serialize(views, None).expect("a safetensors file")
}

/// A float32 array as NumPy writes it.
pub(crate) fn npy(shape: &str, data: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    let mut file = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    file.extend(header.bytes());
    file.extend(data.iter().flat_map(|x| x.to_le_bytes()));
    file
}

/// The shape, as NumPy writes it, and the numbers of a float32 file.
pub(crate) fn read_npy(path: &Path) -> (String, Vec<f32>) {
    let file = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = std::str::from_utf8(&file[10..10 + length]).expect("a header");
    assert!(header.contains("'descr': '<f4'") && header.contains("'fortran_order': False"), "{header}");
    let (_, shape) = header.split_once("'shape': ").expect("a shape");
    let (shape, _) = shape.split_once(", }").expect("the end of the shape");
    let (words, rest) = file[10 + length..].as_chunks();
    assert!(rest.is_empty());
    (shape.to_owned(), words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

/// An array as the commands that show arrays print it.
pub(crate) fn array(value: &Value) -> Array {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value["data"].clone()).expect("rows of numbers");
    let shape: [usize; 2] = serde_json::from_value(value["shape"].clone()).expect("a shape");
    assert_eq!(shape, [rows.len(), rows[0].len()]);
    Array { height: shape[0], width: shape[1], channels: 1, data: rows.concat() }
}

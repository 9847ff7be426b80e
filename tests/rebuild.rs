//! A change of a file that a network is made from rebuilds the crate, and Cargo does nothing without one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MAIN: &str = r#"
    convolve::cnn! { pub Net = "net.yaml" }
    fn main() {
        println!("{:?} {}", Net::OUTPUT_SHAPE, Net::new().predict(&[1.0, 2.0], &mut convolve::Workspace::new())[0]);
    }
"#;

/// A user's crate, outside the workspace.
struct Crate {
    directory: PathBuf,
    target: PathBuf,
}

impl Crate {
    fn new(workspace: &Path) -> Self {
        let target = workspace.join("target/tests/rebuild");
        let directory = target.join("crate");
        fs::create_dir_all(directory.join("src")).expect("the target directory is writable");
        let created = Self { directory, target };
        let dependency = workspace.display();
        created.write(
            "Cargo.toml",
            format!(
                "[package]\nname = \"rebuild\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
                 [dependencies]\nconvolve = {{ path = '{dependency}' }}\n[profile.dev]\ndebug = 0\n"
            ),
        );
        // The versions that this workspace has are the ones that are there without a network.
        fs::copy(workspace.join("Cargo.lock"), created.directory.join("Cargo.lock"))
            .expect("it has a lock file");
        created.write("src/main.rs", MAIN);
        created
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::write(self.directory.join(path), content).expect("the crate is writable");
    }

    /// Builds and runs: what the program and Cargo said.
    fn run(&self) -> (String, String) {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--offline", "--color=never"])
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", &self.target)
            .output()
            .expect("cargo starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is text");
        (text(output.stdout), text(output.stderr))
    }
}

/// A safetensors file with `values` as the kernel [units, 2] of a layer without bias.
fn weights(values: &[f32]) -> Vec<u8> {
    let header = format!(
        r#"{{"scores.weight":{{"dtype":"F32","shape":[{},2],"data_offsets":[0,{}]}}}}"#,
        values.len() / 2,
        values.len() * 4
    );
    let length = (header.len() as u64).to_le_bytes();
    length.into_iter().chain(header.into_bytes()).chain(values.iter().flat_map(|v| v.to_le_bytes())).collect()
}

fn network(units: &str) -> String {
    format!(
        "input: [2]\nweights: net.safetensors\nlayers:\n  - dense: {{ name: scores, units: {units}, bias: false }}\n"
    )
}

#[test]
fn changed_files_rebuild_the_crate() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests are in the workspace");
    let user = Crate::new(workspace);
    user.write("net.yaml", network("1"));
    user.write("net.safetensors", weights(&[1.0, 10.0]));
    let (said, log) = user.run();
    assert_eq!(said, "[1] 21\n", "{log}");

    let (said, log) = user.run();
    assert_eq!(said, "[1] 21\n", "{log}");
    assert!(!log.contains("Compiling"), "nothing changed, but: {log}");

    user.write("net.safetensors", weights(&[2.0, 10.0]));
    let (said, log) = user.run();
    assert_eq!(said, "[1] 22\n", "{log}");

    user.write("net.yaml", network("2"));
    let (_, log) = user.run();
    assert!(log.contains("error: [C0") && log.contains("src/main.rs:2:"), "the weights no longer fit: {log}");

    user.write("net.safetensors", weights(&[1.0, 10.0, 0.0, 0.0]));
    let (said, log) = user.run();
    assert_eq!(said, "[2] 21\n", "{log}");

    user.write("net.yaml", network("none"));
    let (_, log) = user.run();
    assert!(log.contains("net.yaml:4:"), "the error points into the file: {log}");

    fs::remove_file(user.directory.join("net.yaml")).expect("the file is there");
    let (_, log) = user.run();
    assert!(log.contains("the file `net.yaml` cannot be read"), "{log}");
}

//! The inner loops of the register tile keep their sums in registers: none touches the stack with a vector.
#![cfg(target_arch = "x86_64")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Multiply–adds of the smallest tile's loop.
const FEWEST_FMAS: usize = 4;

/// The assembly of the runtime, as release builds have it.
fn assembly() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("spills");
    let status = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["rustc", "--release", "--quiet", "-p", "convolve-runtime", "--features", "std", "--lib"])
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "--emit", "asm", "-C", "lto=off"])
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the runtime builds");
    let files = fs::read_dir(target.join("release/deps")).expect("the build's output");
    let name = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("convolve_runtime"))
    };
    let newest = files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| name(path) && path.extension().is_some_and(|extension| extension == "s"))
        .max_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    fs::read_to_string(newest.expect("an assembly file")).expect("a readable file")
}

/// The innermost loops: from a label to the first jump back to it, without another loop inside.
fn loops(assembly: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = assembly.lines().map(str::trim).collect();
    let mut found = Vec::new();
    let mut start = 0;
    for (at, line) in lines.iter().enumerate() {
        if let Some(label) = line.strip_suffix(':') {
            if label.starts_with(".LBB") {
                start = at;
            }
        } else if let Some(label) = line.strip_prefix('j').and_then(|jump| jump.split_whitespace().nth(1))
            && lines[start].strip_suffix(':') == Some(label)
        {
            found.push(lines[start..=at].to_vec());
        }
    }
    found
}

#[test]
fn inner_loops_hold_no_spills() {
    let assembly = assembly();
    for (level, register) in [("avx2", "%ymm"), ("avx512", "%zmm")] {
        let fmas = |body: &&Vec<&str>| {
            body.iter().filter(|line| line.starts_with("vfmadd") && line.contains(register)).count()
                >= FEWEST_FMAS
        };
        // An input for all lanes, read from memory, is what tells a tile's loop from other arithmetic.
        let broadcasts = |body: &&Vec<&str>| {
            let spread = |line: &&str| line.starts_with("vbroadcastss") || line.contains("{1to");
            body.iter().any(|line| spread(line) && line.contains('(') && !line.contains("(%rip)"))
        };
        let hot: Vec<_> =
            loops(&assembly).into_iter().filter(|body| fmas(&body) && broadcasts(&body)).collect();
        // Every shape of the register tile is a loop of its own.
        assert!(hot.len() >= 10, "only {} loops of {level} were recognised", hot.len());
        let spills =
            |body: &&Vec<&str>| body.iter().any(|line| line.contains(register) && line.contains("(%rsp"));
        let spilling: Vec<String> = hot.iter().filter(spills).map(|body| body.join("\n")).collect();
        assert!(
            spilling.is_empty(),
            "{level}: {} of {} loops spill:\n{}",
            spilling.len(),
            hot.len(),
            spilling.join("\n\n")
        );
    }
}

//! The inner loops of convolutions keep their sums in registers: none touches the stack with a vector.
#![cfg(target_arch = "x86_64")]

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The levels that are looked at: name, registers, and the least inputs of a turn of a tile's inner loop.
const LEVELS: [(&str, &str, usize); 2] = [("avx2", "%ymm", 4), ("avx512", "%zmm", 1)];

/// The windows of depthwise convolution that are looked at: level, registers, what the functions' names hold, taps that
/// are unrolled, pixels of the tiles. Of 5 × 5 windows and those with stride 2 in tiles, not all are unrolled, or limits
/// are put aside; a single row is seldom computed alone.
const WINDOWS: [(&str, &str, &str, usize, RangeInclusive<usize>); 5] = [
    ("avx2", "%ymm", "lanewise7CheckedKj0_", 1, 1..=7),
    ("avx2", "%ymm", "pairs5PairsKj3_Kj1_", 6, 1..=4),
    ("avx512", "%zmm", "lanewise7CheckedKj0_", 1, 1..=7),
    ("avx512", "%zmm", "columns7ColumnsKj1_", 9, 2..=4),
    ("avx512", "%zmm", "columns7ColumnsKj2_", 9, 1..=4),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The assembly of the runtime, as release builds have it where nothing else is said: in sixteen units. Names hold those of
/// type arguments.
static ASSEMBLY: LazyLock<String> = LazyLock::new(|| {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("spills");
    let status = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["rustc", "--release", "--quiet", "-p", "convolve-runtime", "--features", "std", "--lib"])
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "--emit", "asm", "-C", "lto=no", "-C", "codegen-units=16"])
        .args(["-C", "symbol-mangling-version=v0"])
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the runtime builds");
    let files = fs::read_dir(target.join("release/deps")).expect("the build's output");
    let mut files: Vec<PathBuf> = files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "s"))
        .filter(|path| build(path).starts_with("convolve_runtime"))
        .collect();
    // Another compiler's build may lie there too.
    files.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    let newest = build(files.last().expect("an assembly file"));
    let files = files.iter().filter(|path| build(path) == newest);
    files.map(|path| fs::read_to_string(path).expect("a readable file")).collect()
});

/// The name of the build that a file of assembly is of; each of its units has one.
fn build(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Name and lines of the functions of a level.
fn functions<'a>(assembly: &'a str, level: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let module = format!("{}{level}", level.len());
    let lines: Vec<&str> = assembly.lines().map(str::trim).collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| line.starts_with("_R") && line.ends_with(':'));
    starts
        .filter(|(_, name)| name.contains(&module))
        .map(|(at, &name)| {
            (name, lines[at..].iter().copied().take_while(|line| *line != ".cfi_endproc").collect())
        })
        .collect()
}

/// The innermost loops of a function: from a label to a jump back to it, without another loop inside.
fn loops<'a>(function: &[&'a str]) -> Vec<Vec<&'a str>> {
    let target =
        |line: &str| line.strip_prefix('j')?.split_whitespace().nth(1).map(|label| format!("{label}:"));
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (end, line) in function.iter().enumerate() {
        let back = target(line).and_then(|label| function[..end].iter().position(|line| *line == label));
        spans.extend(back.map(|start| (start, end)));
    }
    let inside = |inner: &(usize, usize), outer: &(usize, usize)| {
        inner != outer && outer.0 <= inner.0 && inner.1 <= outer.1
    };
    let innermost = |span: &&(usize, usize)| !spans.iter().any(|other| inside(other, span));
    spans.iter().filter(innermost).map(|&(start, end)| function[start..=end].to_vec()).collect()
}

/// Multiply–adds of vectors in a loop.
fn sums(body: &[&str], register: &str) -> usize {
    body.iter().filter(|line| line.starts_with("vfmadd") && line.contains(register)).count()
}

/// The most multiply–adds in a loop of each function.
///
/// # Panics
/// If a loop with multiply–adds spills.
fn hottest(level: &str, register: &str, functions: &[(&str, Vec<&str>)]) -> Vec<usize> {
    let hottest = |(name, lines): &(&str, Vec<&str>)| {
        let realigned = lines.contains(&"movq\t%rsp, %rbp");
        let stack = |line: &str| line.contains("(%rsp") || realigned && line.contains("(%rbp");
        let loops = loops(lines);
        for body in loops.iter().filter(|body| sums(body, register) > 0) {
            let spills = body.iter().any(|line| line.contains(register) && stack(line));
            assert!(!spills, "{level}: a loop of {name} spills:\n{}", body.join("\n"));
        }
        loops.iter().map(|body| sums(body, register)).max().unwrap_or(0)
    };
    functions.iter().map(hottest).collect()
}

/// Multiply–adds `pixels · vectors · inputs` of a turn of the inner loop, where it is of at least so many inputs for
/// several vectors, of the shapes in the table of a level's source.
fn shapes(level: &str, inputs: usize) -> Vec<usize> {
    let source = root().join(format!("runtime/src/simd/{level}.rs"));
    let source = fs::read_to_string(source).expect("the level's source");
    let (_, table) = source.split_once("shapes!(").expect("a table of shapes");
    let (table, _) = table.split_once(");").expect("the table's end");
    let number = |text: &str| text.trim().parse::<usize>().expect("a number");
    let row = |row: &str| {
        let (vectors, shapes) = row.split_once(':').expect("vectors and their shapes");
        let shape = |shape: &str| {
            let (pixels, sums) = shape.split_once('/').expect("pixels and sums of each");
            let least = if vectors.trim() == "1" { 1 } else { inputs };
            number(pixels) * number(vectors) * number(sums).max(least)
        };
        shapes.split_whitespace().map(shape).collect::<Vec<_>>()
    };
    table.split(';').skip(1).flat_map(row).collect()
}

#[test]
fn register_tiles_hold_no_spills() {
    for (level, register, inputs) in LEVELS {
        let functions = functions(&ASSEMBLY, level);
        let of = |part: &str| -> Vec<_> {
            functions.iter().filter(|(name, _)| name.contains(part)).cloned().collect()
        };

        // The register tile, which convolutions, dense layers and Winograd's products share: a function for each shape.
        let mut tiles = hottest(level, register, &of("4tile5Shape"));
        let mut shapes = shapes(level, inputs);
        tiles.sort_unstable();
        shapes.sort_unstable();
        assert_eq!(tiles, shapes, "multiply–adds of {level}'s tiles, and of the table");
    }

    // Tiles of pooled sums: four for each pixel.
    for (level, register, sums) in
        [("avx2", "%ymm", &[4, 8, 32][..]), ("avx512", "%zmm", &[4, 8, 8, 12, 16, 24])]
    {
        let mut functions = functions(&ASSEMBLY, level);
        functions.retain(|(name, _)| name.contains("6pooled4Tile"));
        let mut tiles = hottest(level, register, &functions);
        tiles.sort_unstable();
        assert_eq!(tiles, sums, "multiply–adds of {level}'s tiles of pooled sums");
    }

    // Tiles of a vector and a half.
    let mut functions = functions(&ASSEMBLY, "avx512");
    functions.retain(|(name, _)| name.contains("6halvedKj"));
    let mut tiles = hottest("avx512", "%zmm", &functions);
    tiles.sort_unstable();
    assert_eq!(tiles, Vec::from_iter(5..=13), "multiply–adds of tiles of a vector and a half");
}

#[test]
fn whole_tiles_stay_off_the_stack() {
    for (level, register, _) in LEVELS {
        let mut functions = functions(&ASSEMBLY, level);
        functions.retain(|(name, _)| name.contains("4tile5Shape"));
        assert!(!functions.is_empty(), "{level}'s tiles");
        for (name, lines) in functions {
            // Sums are limited when they are complete, and of whole tiles no sooner and no later written.
            let before = lines.iter().take_while(|line| !line.starts_with("vmax"));
            let is_written = |line: &&&str| line.contains(register) && line.ends_with("(%rsp)");
            let written: Vec<_> = before.filter(is_written).collect();
            assert!(written.is_empty(), "{name} puts sums away: {written:?}");
        }
    }
}

#[test]
fn small_windows_keep_weights_in_registers() {
    let mut functions = functions(&ASSEMBLY, "avx2");
    functions.retain(|(name, _)| name.contains("6pooled5Small"));
    let lines = functions.iter().flat_map(|(_, lines)| lines);
    let products: Vec<&&str> = lines.filter(|line| line.starts_with("vfmadd")).collect();
    assert_eq!(products.len(), 36, "four sums of nine products");
    let from_memory = products.iter().filter(|line| line.contains('('));
    assert_eq!(from_memory.count(), 0, "products of weights in memory");
}

#[test]
fn vectors_stay_in_their_functions() {
    let is_instruction = |line: &&str| line.starts_with("_R") && line.contains("__mm") && line.ends_with(':');
    let apart: Vec<&str> = ASSEMBLY.lines().filter(is_instruction).collect();
    assert!(apart.is_empty(), "instructions that became calls:\n{}", apart.join("\n"));
}

#[test]
fn depthwise_loops_hold_no_spills() {
    for (level, register, window, taps, pixels) in WINDOWS {
        let mut functions = functions(&ASSEMBLY, level);
        functions.retain(|(name, _)| name.contains(window));
        let loops = functions.iter().flat_map(|(_, lines)| loops(lines));
        let clean =
            loops.filter(|body| !body.iter().any(|line| line.contains(register) && line.contains("(%rsp")));
        let sums: Vec<usize> = clean.map(|body| sums(&body, register)).collect();
        let missing: Vec<usize> = pixels.filter(|pixels| !sums.contains(&(taps * pixels))).collect();
        assert!(
            missing.is_empty(),
            "{level}, {window}: no loop in registers for tiles of {missing:?} pixels"
        );
    }
}

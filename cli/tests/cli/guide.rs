//! Every `convolve` command of the README and the guide, run as it stands there: it does what it should, prints what the
//! page shows, and makes the page's pictures. `GUIDE=overwrite` renews what is shown.

use std::path::Path;
use std::process::Output;

use convolve_tests::pages::{Block, blocks, pages, root, text};
use convolve_train::data::{Dataset as _, Part, idx};

use crate::sandbox::{Sandbox, told};

/// A line in place of those that a page leaves out.
const LEFT_OUT: &str = "…";

/// The page whose commands another test runs.
const SLIDES: &str = "docs/slides.md";

/// Commands of the README that are too long for a test here: those of slide 9, and one that measures.
const LONG: [&str; 4] =
    ["convolve train models/specs/mnist.yaml", "convolve evaluate", "convolve history", "convolve bench"];

/// What a page's reader has: the files of `tests/guide` and of the repository, and a little data.
fn prepare(sandbox: &Sandbox, page: &str) {
    let copy = |from: &Path, to: &str| {
        let to = sandbox.path(to);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(from, to).expect("a copy");
    };
    let files = |folder: &str| {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect::<Vec<_>>()
    };
    for (folder, below) in
        [("tests/guide", ""), ("models/specs", "models/specs/"), ("models/weights", "models/weights/")]
    {
        for path in files(folder) {
            copy(&path, &format!("{below}{}", path.file_name().expect("a name").display()));
        }
    }
    std::fs::create_dir_all(sandbox.path("docs/images")).expect("a folder");
    if page == "docs/training.md" {
        data(sandbox);
    } else if page == "README.md" {
        for name in ["digit.png", "photo.png"] {
            copy(&root().join("docs/images/seven.png"), name);
        }
    }
}

/// Some of MNIST, and images with masks: where the ink is.
fn data(sandbox: &Sandbox) {
    let digits = idx::open_folder(&root().join("models/data"), Part::Test).expect("MNIST");
    for (part, range) in [("train", 0..640), ("t10k", 640..768)] {
        let count = u32::try_from(range.len()).expect("a small number").to_be_bytes();
        let mut images = [&[0, 0, 8, 3][..], &count, &[0, 0, 0, 28], &[0, 0, 0, 28]].concat();
        let mut labels = [&[0, 0, 8, 1][..], &count].concat();
        for index in range {
            let (mut image, mut label) = ([0.0; 784], [0.0]);
            digits.read(index, 0, &mut image, &mut label);
            let bytes = image.map(|pixel| (pixel * 255.0).round() as u8);
            images.extend(bytes);
            labels.push(label[0] as u8);
            if part == "t10k" {
                let ink = bytes.map(|byte| if byte < 128 { 0 } else { 255 });
                for (folder, pixels) in [("images", bytes), ("masks", ink)] {
                    let path = sandbox.path(&format!("scenes/{folder}/{index}.png"));
                    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                    image::save_buffer(path, &pixels, 28, 28, image::ColorType::L8).expect("a picture");
                }
            }
        }
        sandbox.file(&format!("mnist/{part}-images-idx3-ubyte"), images);
        sandbox.file(&format!("mnist/{part}-labels-idx1-ubyte"), labels);
    }
}

/// The commands of a block, each with what is shown below it.
fn commands(block: &Block) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.text.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command.to_owned(), String::new())),
            None => {
                let (_, shown) = commands.last_mut().unwrap_or_else(|| panic!("{}: no `$ `", block.place()));
                shown.extend([line, "\n"]);
            }
        }
    }
    commands
}

/// Whether what is printed is what is shown, but for what is left out.
fn is_shown(printed: &str, shown: &str) -> bool {
    let mut rest = printed.trim_end();
    let mut gap = false;
    for piece in shown.trim_end().split_inclusive(LEFT_OUT) {
        let lines = piece.trim_end_matches(LEFT_OUT).trim_matches('\n');
        match rest.split_once(lines) {
            Some((before, after)) if gap || before.is_empty() => rest = after,
            _ => return false,
        }
        gap = piece.ends_with(LEFT_OUT);
    }
    gap || rest.is_empty()
}

/// The pictures that a command makes are those of the repository.
fn compare_pictures(sandbox: &Sandbox, command: &str, overwrite: bool) {
    let words = command.split_whitespace();
    for picture in words.filter(|word| word.starts_with("docs/images/") && word.ends_with(".svg")) {
        let new = std::fs::read_to_string(sandbox.path(picture)).expect("a picture");
        if overwrite {
            std::fs::write(root().join(picture), &new).expect("a picture of the repository");
        }
        assert_eq!(told(&new), told(&text(picture)), "{picture} is not what its command makes");
    }
}

#[test]
fn every_command_prints_what_its_page_shows() {
    let overwrite = std::env::var_os("GUIDE").is_some_and(|word| word == "overwrite");
    for page in pages().iter().filter(|page| *page != SLIDES) {
        let sandbox = Sandbox::new();
        prepare(&sandbox, page);
        let mut renewed = text(page);
        for block in blocks(page) {
            if let ("yaml" | "yaml,compile_fail", Some(name)) = (block.mark.as_str(), block.file()) {
                sandbox.file(name, &block.text);
            }
            let commands = if block.mark == "console" { commands(&block) } else { Vec::new() };
            for (command, shown) in commands {
                if page == "README.md" && LONG.iter().any(|start| command.starts_with(start)) {
                    continue;
                }
                let Output { status, stdout, stderr } = sandbox.shell(&command);
                let printed = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8")).concat();
                let place = format!("{}: {command}", block.place());
                assert_eq!(status.success(), !shown.starts_with("error"), "{place}\n{printed}");
                if !shown.is_empty() && !is_shown(&printed, &shown) {
                    assert!(overwrite && !shown.contains(LEFT_OUT), "{place}\nprints\n{printed}");
                    renewed = renewed.replace(&shown, &format!("{}\n", printed.trim_end()));
                }
                compare_pictures(&sandbox, &command, overwrite);
            }
        }
        if overwrite {
            std::fs::write(root().join(page), renewed).expect("the page");
        }
    }
}

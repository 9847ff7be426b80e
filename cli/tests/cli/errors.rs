//! `convolve explain`, and the page that it prints from: every code with its mistake and its cure.

use std::path::PathBuf;

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::diagnostic::{Code, Severity};
use convolve_compiler::files::{File, Files};
use convolve_compiler::frontend::{dsl, yaml};
use proc_macro2::{TokenStream, TokenTree};

use crate::sandbox::{Ran, Sandbox, weights};

const PAGE: &str = include_str!("../../../docs/errors.md");

/// A section of the page.
struct Section {
    heading: &'static str,
    /// Language and text of each block.
    blocks: Vec<(&'static str, String)>,
}

fn sections() -> Vec<Section> {
    let (mut sections, mut inside) = (Vec::<Section>::new(), false);
    for line in PAGE.lines() {
        let fence = line.strip_prefix("```");
        if let Some(heading) = line.strip_prefix("### ") {
            sections.push(Section { heading, blocks: Vec::new() });
        }
        let Some(section) = sections.last_mut() else { continue };
        match (fence, section.blocks.last_mut()) {
            (Some(language), _) if !inside => section.blocks.push((language, String::new())),
            (None, Some((_, block))) if inside => *block += &format!("{line}\n"),
            _ => {}
        }
        inside ^= fence.is_some();
    }
    sections
}

/// The files that the page's networks name.
struct Named;

impl Files for Named {
    fn read(&self, path: &str) -> Result<File, String> {
        let file = |kernel: &[f32]| weights(&[("fc.weight", &[2, 3], kernel), ("fc.bias", &[2], &[0.0; 2])]);
        let bytes = match path {
            "net.safetensors" => file(&[0.5; 6]),
            "diverged.safetensors" => file(&[0.5, 0.5, f32::NAN, 0.5, 0.5, f32::INFINITY]),
            "integers.safetensors" => {
                let mut bytes = file(&[0.0; 6]);
                while let Some(at) = bytes.windows(5).position(|word| word == b"\"F32\"") {
                    bytes[at + 1] = b'I';
                }
                bytes
            }
            "net.pt" => b"PK\x03\x04 a zip archive".to_vec(),
            _ => return Err(format!("there is no `{path}`")),
        };
        Ok(File { bytes, path: PathBuf::from(path) })
    }
}

/// What is found wrong with a block of the page.
fn found(language: &str, text: &str) -> Vec<(Severity, Code)> {
    let parsed = match language {
        "yaml" => yaml::parse("net.yaml", text.as_bytes()),
        "rust,ignore" => {
            let tokens: TokenStream = text.parse().expect("tokens");
            let Some(TokenTree::Group(body)) = tokens.into_iter().last() else { panic!("a call: {text}") };
            dsl::parse(body.stream()).parsed
        }
        _ => panic!("no network is written in {language}"),
    };
    let analysis = analyse(parsed, &Defaults::default(), Some(&Named));
    analysis.diagnostics.iter().map(|diagnostic| (diagnostic.severity, diagnostic.code)).collect()
}

#[test]
fn every_code_has_a_section_under_its_title() {
    let headings: Vec<_> = sections().iter().map(|section| section.heading).collect();
    let codes: Vec<_> = Code::ALL.iter().map(|code| format!("{code}: {}", code.title())).collect();
    assert_eq!(headings, codes);
}

#[test]
fn every_section_makes_its_mistake_and_no_other_and_cures_it() {
    let mut faults = Vec::new();
    for (section, code) in sections().iter().zip(Code::ALL) {
        let [(language, wrong), (other, cure)] = &section.blocks[..] else { panic!("two blocks: {code}") };
        assert_eq!(language, other, "{code}");
        if *code == Code::NotText {
            // Stands in no page; its commands are run below.
            continue;
        }
        let severity = if *code == Code::Unused { Severity::Warning } else { Severity::Error };
        let (mistakes, left) = (found(language, wrong), found(language, cure));
        let made = !mistakes.is_empty() && mistakes.iter().all(|found| *found == (severity, *code));
        if !made || !left.is_empty() {
            faults.push(format!("{code}: {mistakes:?}, then {left:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_no_text_is_made_and_cured_as_the_page_says() {
    let sandbox = Sandbox::new();
    let tool = PathBuf::from(env!("CARGO_BIN_EXE_convolve"));
    let folder = tool.parent().expect("a folder").display();
    let section = &sections()[0];
    let results = section.blocks.iter().map(|(_, block)| {
        let commands: String = block
            .lines()
            .filter_map(|line| line.strip_prefix("$ "))
            .fold(format!("PATH=\"{folder}:$PATH\"\n"), |script, line| script + line + "\n");
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-ec", &commands]).current_dir(sandbox.path("")).output().expect("a shell");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    });
    let [(wrong, said), (cured, nothing)] = &results.collect::<Vec<_>>()[..] else { panic!("two blocks") };
    assert!(*wrong == Some(1) && said.starts_with("error[C0101]: "), "{wrong:?} {said}");
    assert_eq!((*cured, nothing.as_str()), (Some(0), ""));
}

#[test]
fn explain_prints_the_section_of_a_code() {
    let sandbox = Sandbox::new();
    for code in Code::ALL {
        let Ran { code: exit, stdout, stderr } = sandbox.run(&format!("explain {code}"));
        assert_eq!((exit, stderr.as_str()), (0, ""));
        assert!(stdout.starts_with(&format!("{code}: {}\n\n", code.title())), "{stdout}");
        assert!(stdout.ends_with("\n```\n") && !stdout.contains("\n#"), "{stdout}");
        assert!(PAGE.contains(&stdout), "{stdout}");
    }
    assert_eq!(sandbox.run("explain c0701").stdout, sandbox.run("explain C0701").stdout);
}

#[test]
fn explain_without_a_code_lists_all() {
    let Ran { code, stdout, .. } = Sandbox::new().run("explain");
    assert_eq!(code, 0);
    let lines: Vec<_> = stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), Code::ALL.len());
    assert_eq!(lines[0], "C0101  the file is not plain text");
    assert!(stdout.contains("\n\nC0201  "), "the themes stand apart: {stdout}");
}

#[test]
fn a_code_that_is_none_is_a_wrong_call() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("explain C0710x");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("a similar value exists") && ran.stderr.contains("C0710"), "{}", ran.stderr);
    assert_eq!(sandbox.run("explain window").code, 2);
}

#[test]
fn errors_say_where_more_is_told() {
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", "input: [4, 4, 1]\nlayers:\n  - max_pool2d: { kernel_size: 5 }\n");
    let stderr = sandbox.run("check net.yaml").stderr;
    assert!(stderr.starts_with("error[C0701]: the 5×5 kernel"), "{stderr}");
    assert!(stderr.ends_with("\n`convolve explain C0701` tells more\n"), "{stderr}");
}

/// The weights that a command is given have the codes of those that a network names.
#[test]
fn given_weights_have_the_same_codes() {
    let sandbox = Sandbox::new();
    sandbox.file("net.yaml", "input: [2]\nlayers:\n  - dense: { name: fc, units: 1 }\n");
    sandbox.file("short.safetensors", weights(&[("fc.weight", &[1, 2], &[1.0, 2.0])]));
    for (file, words) in
        [("short", "error[C0903]: `short.safetensors`: the file has no"), ("absent", "error[C0901]: ")]
    {
        let call = format!("bench net.yaml --weights {file}.safetensors");
        let ran = sandbox.run(&call);
        assert!(ran.code == 1 && ran.stderr.starts_with(words), "{}", ran.stderr);
    }
}

//! Files that want to crash the reader, or to keep it busy: each must come back, with one message.

use std::fmt::Write as _;

use convolve_compiler::frontend::yaml;
use convolve_compiler::render::{arrange, render};

/// The messages about a file, which must not be a network.
fn refused(bytes: &[u8]) -> String {
    let parsed = yaml::parse("bad.yaml", bytes);
    assert!(parsed.spec.networks.is_empty());
    assert_eq!(parsed.diagnostics.len(), 1);
    render(&parsed.diagnostics[0], &parsed.source)
}

/// What follows `count` times `text`.
fn after(text: &str, count: usize, rest: &str) -> Vec<u8> {
    (text.repeat(count) + rest).into_bytes()
}

#[test]
fn long_files_are_refused_by_their_length() {
    insta::assert_snapshot!("too_long", refused(&vec![b' '; 100_000_000]));
    insta::assert_snapshot!("one_byte_too_long", refused(&vec![b'#'; yaml::MOST_BYTES + 1]));
    // One byte less is read: a comment, and nothing else.
    insta::assert_snapshot!("comment_only", refused(&vec![b'#'; yaml::MOST_BYTES]));
}

#[test]
fn deep_flow_collections_are_refused() {
    insta::assert_snapshot!("deep_flow", refused(&after("[", 10_000, "")));
    for opening in ["[", "{", "{a: ", "[{a: ", "[\"]\", ", "[']', ", "[ # ]\n"] {
        let message = refused(&after(opening, 200_000 / opening.len(), ""));
        let expected = ["nested more than 128 levels deep", "more than 20000 opening brackets"];
        assert!(expected.iter().any(|words| message.contains(words)), "{opening}: {message}");
    }
}

#[test]
fn deep_blocks_are_refused() {
    insta::assert_snapshot!("deep_block", refused(&after("- ", 10_000, "a")));
    for opening in ["? ", "- ? ", ": ", "a: &a "] {
        refused(&after(opening, 10_000, "a"));
    }
    let mut steps = String::new();
    for depth in 0..1_000 {
        let _ = writeln!(steps, "{:depth$}a:", "");
    }
    assert!(refused(steps.as_bytes()).contains("nested more than 128 levels deep"));
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut bomb = "a0: &a0 { x: 1 }\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        let _ = writeln!(bomb, "a{level}: &a{level} [{below}]");
    }
    insta::assert_snapshot!("alias_bomb", refused(bomb.as_bytes()));
    // Long rather than deep: within the library's limit, beyond ours.
    let many = format!("a: &a [{}]\nb: [{}]\n", "1, ".repeat(2_000), "*a, ".repeat(2_000));
    assert!(refused(many.as_bytes()).contains("more than 200000 values"));
    let merged =
        format!("a: &a {{ x: 1 }}\nb: &b {{ <<: [{}] }}\n<<: [{}]", "*a, ".repeat(500), "*b, ".repeat(500));
    assert!(refused(merged.as_bytes()).contains("more than 200000 values"));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    insta::assert_snapshot!("latin_1", refused(b"name: A\ninput: [4] # gr\xfc\xdfe\nlayers: [relu]\n"));
    insta::assert_snapshot!("nul", refused(b"name: A\nlayers: [re\0lu]\n"));
    // Ends of lines to YAML, but to no editor.
    insta::assert_snapshot!("carriage_return", refused(b"d: {e\r,e: {e"));
    insta::assert_snapshot!("line_separator", refused("name: A\u{2028}input: [4]".as_bytes()));
    // UTF-16 with its byte order mark.
    insta::assert_snapshot!("utf_16", refused(b"\xff\xfen\0a\0m\0e\0"));
    // A truncated character at the end.
    insta::assert_snapshot!("truncated_character", refused(b"name: \xe2\x82"));
}

#[test]
fn excerpts_stay_readable() {
    let long = format!(
        "input: [4]\nlayers:\n  - conv2d: {{ {}filters: $, {} }}\n",
        "a: 1, ".repeat(99),
        "b: 2, ".repeat(99)
    );
    let parsed = yaml::parse("net.yaml", long.as_bytes());
    insta::assert_snapshot!("long_line", render(&parsed.diagnostics[0], &parsed.source));
    let wide = "input: [4]\nlayers:\n  - conv2d: { 名前: 値,\t\u{202e}x: \"e\u{301}\",\tfilters: $, b: 1 }\n";
    let parsed = yaml::parse("net.yaml", wide.as_bytes());
    insta::assert_snapshot!("wide_line", render(&parsed.diagnostics[0], &parsed.source));
}

#[test]
fn a_hundred_messages_are_enough() {
    let mut text = "input: [4]\nlayers:\n".to_owned();
    for filters in 0..1_000 {
        let _ = writeln!(text, "  - conv2d: {{ filters: ${filters}$ }}");
    }
    let parsed = yaml::parse("net.yaml", text.as_bytes());
    let shown = arrange(parsed.diagnostics, &parsed.source);
    assert_eq!(shown.len(), 100);
    assert_eq!(shown[99].notes.last().map(String::as_str), Some("900 more are not shown"));
}

/// Whatever is done to a file, it is read or explained, twice in the same words.
#[test]
fn damaged_files_are_read_or_explained() {
    const SEEDS: [&str; 3] =
        [include_str!("yaml/places.yaml"), include_str!("yaml/layers.txt"), include_str!("yaml/syntax.txt")];
    const PIECES: [&str; 24] = [
        "[", "]", "{", "}", ":", ": ", ",", "- ", "\n", "\t", "\"", "'", "&a ", "*a", "<<: ", "!t ", "$",
        "|\n", "#", "? ", "---\n", "\r\n", "\u{feff}", "ß",
    ];
    let mut random = Random(1);
    for round in 0..3_000 {
        let mut bytes = SEEDS[round % SEEDS.len()].as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() + 1);
            let end = (at + random.below(20)).min(bytes.len());
            match random.below(4) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes.insert(at, u8::try_from(random.below(256)).unwrap_or_default()),
                2 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
                _ => bytes.truncate(at),
            }
        }
        let messages = || -> Vec<String> {
            let parsed = yaml::parse("net.yaml", &bytes);
            assert!(parsed.diagnostics.len() + parsed.spec.networks.len() > 0);
            let shown = arrange(parsed.diagnostics, &parsed.source);
            shown.iter().map(|diagnostic| render(diagnostic, &parsed.source)).collect()
        };
        assert_eq!(messages(), messages());
    }
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }
}

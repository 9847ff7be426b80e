//! What is refused, and that reading always ends.

use super::*;

/// Everything that Rust has and a network has not, and what stands in its place.
#[test]
fn unsupported_rust_is_refused_with_a_remedy() {
    for (statement, message) in [
        ("x.relu()", "`.relu` after a layer: methods are not offered"),
        ("f(x.relu())", "`.relu` after a layer: methods are not offered"),
        ("x.0", "`.` after a layer"),
        ("if a { x } else { y }", "a network cannot branch"),
        ("let a = match x { _ => y }; a", "a network cannot branch"),
        ("while true { f(x); } x", "a network cannot loop on a condition"),
        ("return x", "`return` is not offered"),
        ("return x;", "`return` is not offered"),
        ("&x", "a layer is not borrowed"),
        ("*x", "a layer is not dereferenced"),
        ("|x| x", "closures are not offered"),
        ("f(|x| x)", "closures are not offered"),
        ("conv!(x)", "a macro is no layer"),
        ("nn::conv(x)", "a path is no layer"),
        ("x[0]", "a layer cannot be indexed"),
        ("x as f32", "a layer cannot be converted"),
        ("x?", "`?` after a layer"),
        ("x - y", "`-` between layers is not offered"),
        ("x / y", "layers cannot be divided"),
        ("{ x }", "a body inside an expression is not offered"),
        ("let a: Layer = f(x); a", "a layer's type is not written"),
        ("let (a, b) = f(x); a", "expected a name, found `(…)`"),
        ("let _ = f(x); x", "expected a name, found `_`"),
        ("let a; x", "expected `=` and a layer, found `;`"),
        ("let a = f(x) x", "expected `;`, found `x`"),
        ("let a = f(x);", "the body returns no layer"),
        ("x += y; x", "`+=` is not offered"),
        ("for i in 0..=3 { x = f(x); } x", "`..=` is not offered"),
        ("for i in 0..n { x = f(x); } x", "expected a whole number or a parameter, found `n`"),
        ("for i in 0..3 { f(x) } x", "a loop gives no value"),
        ("for i in x { } x", "expected a whole number or a parameter, found `x`"),
        ("use a::b; x", "`use` in a body"),
        ("#[cold] let a = f(x); a", "attributes have no meaning on a layer"),
        ("f(x, 3)", "expected a layer, found `3`"),
        ("f([x, y])", "expected a layer, found `[…]`"),
        ("f(a = 1, x)", "a source after an argument"),
        ("f(x, a = )", "expected a value, found the end"),
        ("f(x, a = 1 + 2)", "`+` between values"),
        ("f(x, a = n * 2)", "`*` between values"),
        ("f(x, a = 'c')", "`'c'`: characters and bytes have no meaning here"),
        ("f(x, a = (1, 2))", "expected a value, found `(…)`"),
        ("f(x, from = y)", "`from` belongs to YAML"),
        ("f(x, name = 3)", "`name` takes a word or a string"),
        ("f(x y)", "expected `,`, found `y`"),
        ("(f(x), y) * x", "a layer cannot be a tuple"),
        ("()", "expected a layer, found `()`"),
        ("", "the body returns no layer"),
    ] {
        let call = parse_text(&format!("fn N(x: Input<8>, y: Input<8>) -> Output {{ {statement} }}"));
        assert_eq!(messages(&call), [message], "{statement}");
        let diagnostic = &call.parsed.diagnostics[0];
        let explained =
            diagnostic.helps.len() + diagnostic.notes.len() > 0 || message.starts_with("expected");
        assert!(explained || message.contains(": "), "no remedy: {statement}");
    }
}

#[test]
fn items_are_refused_with_a_remedy() {
    for (item, message) in [
        ("", "expected a network, a block or a file, found nothing"),
        ("struct A;", "expected a network, a block or a file, found `struct`"),
        (
            "pub async fn N(x: Input<8>) -> Output { x }",
            "expected a network, a block or a file, found `async`",
        ),
        ("fn N<T>(x: Input<8>) -> Output { x }", "networks and blocks take no type parameters"),
        ("fn N(x: Input) -> Output { x }", "the input `x` has no shape"),
        ("fn N(x: Input<8, 8; 1>) -> Output { x }", "expected `,` or `>`, found `;`"),
        ("fn N(x) -> Output { x }", "expected `:` and a type, found the end"),
        ("fn N(&self) -> Output { x }", "expected `name: Type`, found `&`"),
        ("fn N(x: Inptu<8>) -> Output { x }", "unknown type `Inptu`"),
        ("fn N(x: Input<8>) -> Tensor { x }", "expected `Output` or `Layer`, found `Tensor`"),
        ("fn N() -> Output { relu(x) }", "the network `N` has no input"),
        ("fn N(x: Input<8>, n: usize) -> Output { x }", "`n` is no input, and `N` is a network"),
        ("fn N(x: Input<8>) -> Layer { x }", "the block `N` takes a layer of any shape"),
        ("fn b(n: usize) -> Layer { x }", "the block `b` takes no layer"),
        ("fn b(x: Layer) { x }", "`b` does not say what it returns"),
        ("fn b(x: Layer) -> Layer { (x, x) }", "the block `b` returns several layers"),
        ("pub fn b(x: Layer) -> Layer { x }", "the block `b` is public"),
        ("#[weights(\"a\")] fn b(x: Layer) -> Layer { x }", "a block has no `weights` of its own"),
        ("#[precision(strict)] fn b(x: Layer) -> Layer { x }", "a block has no `precision` of its own"),
        ("#[derive(Debug)] fn N(x: Input<8>) -> Output { x }", "this attribute means nothing here"),
        ("#[weights(\"a\")] #[weights(\"b\")] fn N(x: Input<8>) -> Output { x }", "`weights` is given twice"),
        ("#[weights = \"a\"] fn N(x: Input<8>) -> Output { x }", "expected `(\"file\")`, found `=`"),
        (
            "#[weights(\"a\", layuot = keras)] fn N(x: Input<8>) -> Output { x }",
            "`weights` has no argument `layuot`",
        ),
        ("#[weights()] fn N(x: Input<8>) -> Output { x }", "expected a file, a layout or a storage"),
        (
            "#[weights(storage = bf16, storage = f32)] fn N(x: Input<8>) -> Output { x }",
            "`storage` is given twice",
        ),
        ("#[weights(\"a\")] A = \"a.yaml\"", "a file says its `weights` itself"),
        ("#[precision(fast)] A = \"a.yaml\"", "a file says its `precision` itself"),
        ("#[precison(fast)] fn N(x: Input<8>) -> Output { x }", "this attribute means nothing here"),
        ("#[precision = \"fast\"] fn N(x: Input<8>) -> Output { x }", "expected `(strict)`, found `=`"),
        ("#[precision()] fn N(x: Input<8>) -> Output { x }", "expected a word, found nothing"),
        ("#[precision(fast, 2)] fn N(x: Input<8>) -> Output { x }", "expected nothing more, found `,`"),
        (
            "#[precision(fast)] #[precision(fast)] fn N(x: Input<8>) -> Output { x }",
            "`precision` is given twice",
        ),
        ("#[train(fast)] fn N(x: Input<8>) -> Output { x }", "expected nothing more, found `(…)`"),
        ("#[train] fn b(x: Layer) -> Layer { x }", "a block has no `train` of its own"),
        ("#[trace = 1] fn N(x: Input<8>) -> Output { x }", "expected nothing more, found `=`"),
        ("#[trace] A = \"a.yaml\"", "a file says its `trace` itself"),
        ("A = a.yaml", "expected the path of a YAML file in quotes, found `a`"),
        ("fn N(x: Input<8>) -> Output;", "expected the body, `{ … }`, found `;`"),
    ] {
        assert_eq!(messages(&parse_text(item)), [message], "{item}");
    }
}

/// One call, several mistakes: all are told, and what only follows from them is marked as broken.
#[test]
fn all_mistakes_come_at_once() {
    let call = parse_text(
        "fn N(x: Input<8>) -> Output { let a = f(x, n = , m = 'c', k = 3); let (b, c) = f(a); let d = b.g(); \
         let e = h(d); odd(e) } fn odd(x: Layr) -> Layer { x } fn M(x: Input<8>) -> Output { if a { x } }",
    );
    assert_eq!(
        messages(&call),
        [
            "expected a value, found `,`",
            "`'c'`: characters and bytes have no meaning here",
            "expected a name, found `(…)`",
            "`.g` after a layer: methods are not offered",
            "unknown type `Layr`",
            "a network cannot branch",
        ]
    );
    assert_eq!(
        show_body(&call.parsed.spec.networks[0].body),
        "a: broken; b: broken; c: broken; d: broken; e: h(d); -> output: broken"
    );
}

/// Each of these overflows the stack of a parser that follows its input.
#[test]
fn nesting_is_limited() {
    let deep = |open: &str, inner: &str, close: &str| {
        let (open, close) = (open.repeat(10_000), close.repeat(10_000));
        let text = format!("fn N(x: Input<8>) -> Output {{ {open}{inner}{close} }}");
        let call = parse_text(&text);
        call.parsed.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect::<Vec<_>>()
    };
    let limit = ["more than 64 levels of nesting"];
    assert_eq!(deep("relu(", "x", ")"), limit);
    assert_eq!(deep("(", "x", ")"), limit);
    assert_eq!(deep("elu(b = [", "1", "])"), limit);
    assert_eq!(deep("for i in 0..2 {", "", "}"), [limit[0], "the body returns no layer"]);
    assert_eq!(deep("x + ", "x", ""), [""; 0]);
    assert_eq!(deep("-", "x", ""), ["expected a layer, found `-`"]);
    assert_eq!(deep("&", "x", ""), ["a layer is not borrowed"]);
}

/// Any order of the grammar's own words gives a result, and what is read without an error is complete.
#[test]
fn token_soup_is_read_to_its_end() {
    const WORDS: [&str; 40] = [
        "fn", "N", "x", "Input<8>", "Layer", "->", "Output", "let", "a", "=", "conv2d", ",", ";", ":", "for",
        "i", "in", "0", "..", "3", "+", "*", "-", "1.5", "same", "#", "weights", "doc", "pub", "\"a\"",
        "'c'", "<", ">", "=", ",", "if", "|", "&", ".", "!",
    ];
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..5_000 {
        let mut text = String::from(["fn N(x: Input<8>) -> Output { ", "", "fn b(x: Layer"][random(3)]);
        let mut open: Vec<char> = text.chars().filter(|letter| "({".contains(*letter)).collect();
        open.retain(|opened| *opened == '{' || !text.contains(')'));
        for _ in 0..random(40) {
            match random(10) {
                0 => {
                    let opened = ['(', '[', '{'][random(3)];
                    open.push(opened);
                    text.push(opened);
                }
                1 if !open.is_empty() => text.extend(open.pop().map(closing)),
                _ => text += WORDS[random(WORDS.len())],
            }
            text.push(' ');
        }
        text.extend(open.into_iter().rev().map(closing));
        let call = parse_text(&text);
        let complete =
            call.parsed.spec.networks.iter().all(|network| !show_body(&network.body).contains("broken"));
        assert!(complete || !call.parsed.diagnostics.is_empty(), "{text}");
    }
}

fn closing(opened: char) -> char {
    match opened {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

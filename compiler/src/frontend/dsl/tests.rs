use super::*;
use crate::spec::{Argument, Entry, Operand, Statement, Value};

fn parse_text(text: &str) -> Call {
    parse(text.parse().expect("these are tokens"))
}

/// The body of one network as compact text; places are left out, and what a word means is marked: `$parameter`.
fn body(text: &str) -> String {
    let call = parse_text(&format!("fn N(x: Input<8, 8, 1>, y: Input<8, 8, 1>) -> Output {{ {text} }}"));
    assert_eq!(messages(&call), [""; 0], "{text}");
    show_body(&call.parsed.spec.networks[0].body)
}

fn messages(call: &Call) -> Vec<&str> {
    call.parsed.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect()
}

fn show_body(body: &crate::spec::Body) -> String {
    let outputs = body.outputs.iter().flatten().map(show_operand).collect::<Vec<_>>();
    format!("{}-> {}", show_statements(&body.statements), outputs.join(", "))
}

fn show_statements(statements: &[Statement]) -> String {
    let show = |statement: &Statement| match statement {
        Statement::Layer(entry) => show_entry(entry),
        Statement::Alias(name, operand) => format!("{} = {}", name.value, show_operand(operand)),
        Statement::Loop { variable, start, end, body } => {
            let (start, end) = (show_value(&start.value), show_value(&end.value));
            format!("for {} in {start}..{end} {{ {}}}", variable.value, show_statements(body))
        }
    };
    statements.iter().map(|statement| show(statement) + "; ").collect()
}

fn show_operand(operand: &Operand) -> String {
    match operand {
        Operand::Named(name) => name.value.clone(),
        Operand::Layer(entry) => show_entry(entry),
    }
}

fn show_entry(entry: &Entry) -> String {
    let name = entry.name.as_ref().map_or(String::new(), |name| format!("{}: ", name.value));
    if entry.broken {
        return format!("{name}broken");
    }
    let sources = entry.sources.iter().flatten().map(show_operand);
    let repeat = entry.repeat.iter().map(|repeat| format!("repeat={}", show_value(&repeat.value)));
    let parts = sources.chain(repeat).chain(entry.arguments.iter().map(show_argument)).collect::<Vec<_>>();
    format!("{name}{}({})", entry.kind.value, parts.join(", "))
}

fn show_argument(argument: &Argument) -> String {
    format!("{}={}", argument.name.value, show_value(&argument.value.value))
}

fn show_value(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Bool(truth) => truth.to_string(),
        Value::Word(word) => word.clone(),
        Value::List(values) => {
            format!(
                "[{}]",
                values.iter().map(|value| show_value(&value.value)).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Call(name, arguments) => {
            format!("{}({})", name.value, arguments.iter().map(show_argument).collect::<Vec<_>>().join(", "))
        }
        Value::Parameter(name) => format!("${name}"),
        Value::Nothing => "nothing".into(),
    }
}

const UNET: &str = r#"
    /// Segments a grey image.
    #[weights("unet.safetensors", layout = keras)]
    pub fn UNet(image: Input<256, 256, 1>) -> Output<256, 256, 1> {
        let c1 = double_conv(image, filters = 64);
        let c2 = double_conv(max_pool2d(c1, kernel_size = 2), filters = 128);
        let m1 = concat(upsample2d(c2, scale_factor = 2), c1);
        let c3 = double_conv(m1, filters = 64);
        conv2d(c3, filters = 1, kernel_size = 1, activation = sigmoid)
    }

    fn double_conv(x: Layer, filters: usize) -> Layer {
        let a = conv2d(x, filters = filters, kernel_size = 3, padding = same, activation = relu);
        conv2d(a, filters = filters, kernel_size = 3, padding = same, activation = relu)
    }
"#;

#[test]
fn a_whole_network() {
    let call = parse_text(UNET);
    assert_eq!(messages(&call), [""; 0]);
    let [item] = &call.items[..] else { panic!("one network, not {:?}", call.items) };
    assert_eq!(item.name, "UNet");
    assert_eq!(item.visibility.to_string(), "pub");
    assert!(item.docs.to_string().contains("Segments a grey image."));
    assert!(matches!(item.definition, Definition::Network(0)));

    let network = &call.parsed.spec.networks[0];
    assert_eq!(network.name.as_ref().map(|name| name.value.as_str()), Some("UNet"));
    assert_eq!(network.inputs[0].name.value, "image");
    let shape =
        |shape: &[Spanned<Value>]| shape.iter().map(|size| show_value(&size.value)).collect::<Vec<_>>();
    assert_eq!(shape(&network.inputs[0].shape.value), ["256", "256", "1"]);
    let [Some(declared)] = &network.declared[..] else { panic!("one shape is declared") };
    assert_eq!(shape(&declared.value), ["256", "256", "1"]);
    let weights = network.weights.as_ref().expect("weights are declared");
    assert_eq!(weights.file.as_ref().map(|file| file.value.as_str()), Some("unet.safetensors"));
    assert_eq!(weights.layout.as_ref().map(|layout| layout.value.as_str()), Some("keras"));
    assert_eq!(
        show_body(&network.body),
        "c1: double_conv(image, filters=64); \
         c2: double_conv(max_pool2d(c1, kernel_size=2), filters=128); \
         m1: concat(upsample2d(c2, scale_factor=2), c1); \
         c3: double_conv(m1, filters=64); \
         -> output: conv2d(c3, filters=1, kernel_size=1, activation=sigmoid)"
    );

    let block = &call.parsed.spec.blocks[0];
    assert_eq!((block.name.value.as_str(), block.inputs[0].value.as_str()), ("double_conv", "x"));
    assert_eq!(block.parameters[0].name.value, "filters");
    assert_eq!(
        show_body(&block.body),
        "a: conv2d(x, filters=$filters, kernel_size=3, padding=same, activation=relu); \
         -> output: conv2d(a, filters=$filters, kernel_size=3, padding=same, activation=relu)"
    );
}

#[test]
fn bindings_name_their_layers() {
    assert_eq!(body("let a = relu(x); a"), "a: relu(x); -> a");
    assert_eq!(body("let mut a = relu(x); a = relu(a); a"), "a: relu(x); a: relu(a); -> a");
    assert_eq!(body("let a = x; relu(a)"), "a = x; -> output: relu(a)");
    assert_eq!(body("relu(x); relu(y)"), "relu(x); -> output: relu(y)");
    assert_eq!(body("let r#type = relu(x); r#type"), "type: relu(x); -> type");
    assert_eq!(body("let a = relu(x, name = \"b.c\"); a"), "a = b.c: relu(x); -> a");
    assert_eq!(body("relu(x, name = probs)"), "-> probs: relu(x)");
    assert_eq!(body("(relu(x), y)"), "-> output: relu(x), y");
    assert_eq!(body("(relu(x))"), "-> output: relu(x)");
}

#[test]
fn signs_are_layers() {
    assert_eq!(body("x + y"), "-> output: add(x, y)");
    assert_eq!(body("let a = x + y * relu(x) + y; a"), "a: add(x, mul(y, relu(x)), y); -> a");
    assert_eq!(body("(x + y) * y"), "-> output: mul(add(x, y), y)");
    assert_eq!(body("relu(x + y)"), "-> output: relu(add(x, y))");
}

#[test]
fn every_kind_of_value() {
    assert_eq!(
        body(
            "f(x, a = 1, b = -2, c = 0.5, d = -1e-3, e = true, g = same, h = \"same\", i = [1, -2,], j = [],)"
        ),
        "-> output: f(x, a=1, b=-2, c=0.5, d=-0.001, e=true, g=same, h=same, i=[1, -2], j=[])"
    );
    assert_eq!(body("f(x, a = elu(alpha = 0.3), b = relu())"), "-> output: f(x, a=elu(alpha=0.3), b=relu())");
    assert_eq!(body("f(x, repeat = 3, a = 1)"), "-> output: f(x, repeat=3, a=1)");
    assert_eq!(body("f()"), "-> output: f()");
}

#[test]
fn loops_have_scopes() {
    assert_eq!(
        body(
            "let mut a = x; for i in 0..3 { a = f(a, n = i, m = j); for j in i..4 { a = g(a, n = [i, j]); } } a"
        ),
        "a = x; for i in 0..3 { a: f(a, n=$i, m=j); for j in $i..4 { a: g(a, n=[$i, $j]); }; }; -> a"
    );
    let text = "fn N(x: Input<8>) -> Output { let mut a = x; for i in 0..3 { let a = f(a); let b = f(a); b; } \
                b = f(a); g(b) }";
    assert_eq!(
        messages(&parse_text(text)),
        [
            "this `a` hides the one outside the loop, and each turn forgets it",
            "`b;` does nothing",
            "there is no `b` to assign to",
            "`b` is bound inside the loop above and gone after it",
        ]
    );
}

#[test]
fn files_and_networks_side_by_side() {
    let call =
        parse_text("pub A = \"a.yaml\"; /// Doc.\n pub(crate) B = \"b.yaml\", fn C(x: Input<4>) { relu(x) }");
    assert_eq!(messages(&call), [""; 0]);
    let shown = call.items.iter().map(|item| match &item.definition {
        Definition::File(path) => format!("{} {} = {}", item.visibility, item.name, path.value),
        Definition::Network(index) => format!("{}: network {index}", item.name),
    });
    assert_eq!(shown.collect::<Vec<_>>(), ["pub A = a.yaml", "pub (crate) B = b.yaml", "C: network 0"]);
    assert!(call.parsed.spec.networks[0].declared.is_empty());
}

#[test]
fn several_inputs_and_outputs() {
    let call = parse_text(
        "fn N(a: Input<8, 8, 1>, mut b: Input<10>) -> (Output<8, 8, 1>, Output) { (relu(a), relu(b)) }",
    );
    assert_eq!(messages(&call), [""; 0]);
    let network = &call.parsed.spec.networks[0];
    assert_eq!(network.inputs.len(), 2);
    assert_eq!(network.declared.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    assert_eq!(show_body(&network.body), "-> output: relu(a), output: relu(b)");
}

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
        ("#[weights(\"a\")] fn b(x: Layer) -> Layer { x }", "a block has no weights file of its own"),
        ("#[derive(Debug)] fn N(x: Input<8>) -> Output { x }", "this attribute means nothing here"),
        ("#[weights(\"a\")] #[weights(\"b\")] fn N(x: Input<8>) -> Output { x }", "`weights` is given twice"),
        ("#[weights = \"a\"] fn N(x: Input<8>) -> Output { x }", "expected `(\"file\")`, found `=`"),
        (
            "#[weights(\"a\", layuot = keras)] fn N(x: Input<8>) -> Output { x }",
            "`weights` has no argument `layuot`",
        ),
        ("#[weights()] fn N(x: Input<8>) -> Output { x }", "expected a file or a layout"),
        ("#[weights(\"a\")] A = \"a.yaml\"", "the file says where its weights are"),
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

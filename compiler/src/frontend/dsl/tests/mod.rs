//! What calls mean.

mod mistakes;

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
    #[weights("unet.safetensors", layout = keras, storage = bf16)]
    #[precision(strict)]
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
    assert_eq!(weights.storage.as_ref().map(|storage| storage.value.as_str()), Some("bf16"));
    assert_eq!(network.precision.as_ref().map(|precision| precision.value.as_str()), Some("strict"));
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

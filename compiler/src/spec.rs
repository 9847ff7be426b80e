//! What the user wrote: the one form that both notations become, every part with its place.
//!
//! Nothing here is checked yet: kinds, names and values are as written, blocks are not expanded.

/// Index of a place in the source's own table; only [`Source`](crate::source::Source) knows what it points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub u32);

/// Something and the place where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The thing.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Spanned<T> {
    /// `value`, written at `place`.
    pub const fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }
}

/// A file or a macro call: networks, and the blocks they share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// The networks; a YAML file holds exactly one.
    pub networks: Vec<Network>,
    /// Reusable sub-networks.
    pub blocks: Vec<Block>,
}

/// One network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The type's name; a YAML file may leave it to the macro call.
    pub name: Option<Spanned<String>>,
    /// Inputs in order.
    pub inputs: Vec<Input>,
    /// Where the weights come from.
    pub weights: Option<WeightsDeclaration>,
    /// `fast` or `strict`.
    pub precision: Option<Spanned<String>>,
    /// Whether it can be trained.
    pub train: Option<Spanned<bool>>,
    /// Whether its type tells what every layer gives.
    pub trace: bool,
    /// The layers.
    pub body: Body,
    /// The output shapes that `cnn!` declares, in order; `None` where none is given. Empty in YAML.
    pub declared: Vec<Option<Spanned<Vec<Spanned<Value>>>>>,
    /// Where the network starts.
    pub place: Place,
}

/// An input of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: Spanned<String>,
    /// `[height, width, channels]` or `[length]`; empty where it could not be read, which has been reported.
    pub shape: Spanned<Vec<Spanned<Value>>>,
}

/// The `weights` entry or attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightsDeclaration {
    /// The file to embed.
    pub file: Option<Spanned<String>>,
    /// `keras` or `pytorch`.
    pub layout: Option<Spanned<String>>,
    /// `f32` or `bf16`.
    pub storage: Option<Spanned<String>>,
}

/// A reusable sub-network.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its name.
    pub name: Spanned<String>,
    /// The layers that it is given; in YAML one, called `input`.
    pub inputs: Vec<Spanned<String>>,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// The layers.
    pub body: Body,
}

/// A parameter of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Spanned<String>,
    /// Its value where the caller gives none.
    pub default: Option<Spanned<Value>>,
}

/// The layers of a network or block.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// In the order of their evaluation; YAML without any has been reported.
    pub statements: Vec<Statement>,
    /// What it returns; `None` for the last layer.
    pub outputs: Option<Vec<Operand>>,
    /// Whether a name may be bound again, as in Rust; in YAML a second binding is a mistake.
    pub rebinds: bool,
}

/// A step of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// A layer or a block.
    Layer(Entry),
    /// Another name for a layer: `let a = b;`.
    Alias(Spanned<String>, Operand),
    /// `for variable in start..end { body }`, unrolled when the body is expanded.
    Loop {
        /// The loop's variable, a parameter inside the body.
        variable: Spanned<String>,
        /// First value.
        start: Spanned<Value>,
        /// One past the last value.
        end: Spanned<Value>,
        /// What is repeated.
        body: Vec<Statement>,
    },
}

/// A use of a layer or block.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The layer's or block's name.
    pub kind: Spanned<String>,
    /// The name it is given.
    pub name: Option<Spanned<String>>,
    /// What it reads; `None` for the layer above.
    pub sources: Option<Vec<Operand>>,
    /// How many times it is chained.
    pub repeat: Option<Spanned<Value>>,
    /// The other arguments, in order; one may stand twice, which is a mistake for `check` to report.
    pub arguments: Vec<Argument>,
    /// Whether a part could not be read, which the front end has reported: nothing is known of what it gives.
    pub broken: bool,
    /// The whole entry.
    pub place: Place,
}

/// A source of a layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A layer by its name.
    Named(Spanned<String>),
    /// A layer written in place.
    Layer(Box<Entry>),
}

/// `name: value` or `name = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The argument's name.
    pub name: Spanned<String>,
    /// Its value.
    pub value: Spanned<Value>,
}

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A bare word or string.
    Word(String),
    /// `[a, b]`.
    List(Vec<Spanned<Value>>),
    /// A word with arguments: `elu(alpha = 0.3)`, `{ elu: { alpha: 0.3 } }`.
    Call(Spanned<String>, Vec<Argument>),
    /// A parameter of the block around: `$filters`, or `filters` in `cnn!`.
    Parameter(String),
    /// Nothing: YAML's `null` or an empty value.
    Nothing,
}

//! The YAML text as an ordered tree, duplicate keys and all, and the place of every node in the text.
//!
//! serde_yaml walks a document in one fixed order, so a node is known by its number in that order: it is
//! its [`Place`]. A scalar's text is borrowed from the document, which tells where it stands; every other
//! node is found by a further walk that fails at its number, because the library's errors, alone, carry
//! positions.

use core::fmt;
use core::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use crate::spec::Place;

/// Nodes that a document may have once its aliases are expanded.
pub(super) const MOST_NODES: u32 = 200_000;

/// A node of the document.
#[derive(Debug)]
pub(super) struct Node {
    /// Its number.
    pub(super) place: Place,
    /// What it is.
    pub(super) content: Content,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Word(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Content {
    /// Whether it is one value, neither nothing nor a collection.
    pub(super) fn is_scalar(&self) -> bool {
        !matches!(self, Self::Nothing | Self::List(_) | Self::Map(_))
    }
}

/// Why a tree was not built, where the library's own error does not say.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    TooManyNodes,
    Tag(String),
}

/// Builds the tree of a document.
pub(super) fn build(text: &str) -> Result<Node, (serde_yaml::Error, Option<Refusal>)> {
    let mut builder = Builder { nodes: 0, refusal: None };
    builder.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| (error, builder.refusal))
}

struct Builder {
    nodes: u32,
    refusal: Option<Refusal>,
}

impl Builder {
    fn node<E: Error>(&mut self, content: Content) -> Result<Node, E> {
        Ok(Node { place: self.number()?, content })
    }

    fn number<E: Error>(&mut self) -> Result<Place, E> {
        if self.nodes == MOST_NODES {
            return Err(self.refuse(Refusal::TooManyNodes));
        }
        self.nodes += 1;
        Ok(Place(self.nodes - 1))
    }

    fn refuse<E: Error>(&mut self, refusal: Refusal) -> E {
        self.refusal = Some(refusal);
        E::custom("")
    }

    /// Puts a place on the library's own limit on aliases, which comes without.
    fn explain<E: Error>(&mut self, error: E) -> E {
        if error.to_string() == "repetition limit exceeded" {
            return self.refuse(Refusal::TooManyNodes);
        }
        error
    }
}

impl<'de> DeserializeSeed<'de> for &mut Builder {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Builder {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML node")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.node(Content::Nothing)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.node(Content::Nothing)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.node(Content::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.node(Content::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.node(Content::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        self.node(Content::Integer(value))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        // Beyond any limit of the language: which number it is does not matter.
        self.node(Content::Integer(i128::try_from(value).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.node(Content::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.node(Content::Word(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let place = self.number()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(&mut *self).map_err(|error| self.explain(error))? {
            items.push(item);
        }
        Ok(Node { place, content: Content::List(items) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let place = self.number()?;
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(&mut *self).map_err(|error| self.explain(error))? {
            let value = access.next_value_seed(&mut *self).map_err(|error| self.explain(error))?;
            entries.push((key, value));
        }
        Ok(Node { place, content: Content::Map(entries) })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Node, A::Error> {
        let (tag, _) = access.variant::<String>()?;
        Err(self.refuse(Refusal::Tag(tag)))
    }
}

/// Where each scalar of `tree` stands in `text`, by its number; `None` for what is not borrowed from it.
pub(super) fn spans(text: &str, tree: &Node) -> Vec<Option<Range<usize>>> {
    // The library has nothing to give as text where there is no document.
    if matches!(tree.content, Content::Nothing) {
        return vec![Some(0..0)];
    }
    let mut spans = Vec::new();
    // A walk along a tree that the same text gave does not fail.
    let walked =
        Spans { text, node: tree, spans: &mut spans }.deserialize(serde_yaml::Deserializer::from_str(text));
    debug_assert!(walked.is_ok(), "{walked:?}");
    spans
}

/// Walks along `node`, asking for each scalar as text.
struct Spans<'a> {
    text: &'a str,
    node: &'a Node,
    spans: &'a mut Vec<Option<Range<usize>>>,
}

impl Spans<'_> {
    fn of<'b>(&'b mut self, node: &'b Node) -> Spans<'b> {
        Spans { text: self.text, node, spans: self.spans }
    }
}

impl<'de> DeserializeSeed<'de> for Spans<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.spans.resize(self.node.place.0 as usize + 1, None);
        match self.node.content {
            Content::List(_) => deserializer.deserialize_seq(self),
            Content::Map(_) => deserializer.deserialize_map(self),
            Content::Nothing
            | Content::Bool(_)
            | Content::Integer(_)
            | Content::Float(_)
            | Content::Word(_) => deserializer.deserialize_str(self),
        }
    }
}

impl<'de> Visitor<'de> for Spans<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same node")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<(), E> {
        let start = (value.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let end = start.wrapping_add(value.len());
        if self.text.get(start..end) == Some(value) {
            self.spans[self.node.place.0 as usize] = Some(quoted(self.text, start..end));
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        if let Content::List(items) = &self.node.content {
            for item in items {
                access.next_element_seed(self.of(item))?;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        if let Content::Map(entries) = &self.node.content {
            for (key, value) in entries {
                access.next_key_seed(self.of(key))?;
                access.next_value_seed(self.of(value))?;
            }
        }
        Ok(())
    }
}

/// `span` with the quotes around it.
fn quoted(text: &str, span: Range<usize>) -> Range<usize> {
    let before = text[..span.start].chars().next_back();
    let after = text[span.end..].chars().next();
    match (before, after) {
        (Some('"'), Some('"')) | (Some('\''), Some('\'')) => span.start - 1..span.end + 1,
        _ => span,
    }
}

/// The byte at which the node of this number starts.
pub(super) fn locate(text: &str, place: Place) -> Option<usize> {
    let mut left = place.0;
    let error = Finder(&mut left).deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    error.location().map(|location| location.index()).filter(|&index| text.is_char_boundary(index))
}

/// Walks as [`Builder`] does, counting down, and fails at zero.
struct Finder<'a>(&'a mut u32);

impl Finder<'_> {
    fn pass<E: Error>(&mut self) -> Result<(), E> {
        *self.0 = self.0.checked_sub(1).ok_or_else(|| E::custom("here"))?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Finder<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Finder<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML node")
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.pass()
    }

    fn visit_none<E: Error>(mut self) -> Result<(), E> {
        self.pass()
    }

    fn visit_bool<E: Error>(mut self, _: bool) -> Result<(), E> {
        self.pass()
    }

    fn visit_i64<E: Error>(mut self, _: i64) -> Result<(), E> {
        self.pass()
    }

    fn visit_u64<E: Error>(mut self, _: u64) -> Result<(), E> {
        self.pass()
    }

    fn visit_i128<E: Error>(mut self, _: i128) -> Result<(), E> {
        self.pass()
    }

    fn visit_u128<E: Error>(mut self, _: u128) -> Result<(), E> {
        self.pass()
    }

    fn visit_f64<E: Error>(mut self, _: f64) -> Result<(), E> {
        self.pass()
    }

    fn visit_str<E: Error>(mut self, _: &str) -> Result<(), E> {
        self.pass()
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        self.pass()?;
        while access.next_element_seed(Finder(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        self.pass()?;
        while access.next_key_seed(Finder(self.0))?.is_some() {
            access.next_value_seed(Finder(self.0))?;
        }
        Ok(())
    }
}

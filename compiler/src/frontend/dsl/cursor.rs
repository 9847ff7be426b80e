//! Reading tokens one after another.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

/// A position in the tokens of one delimited group.
pub(super) struct Cursor {
    tokens: Vec<TokenTree>,
    next: usize,
    /// The closing delimiter, which "found the end" points at.
    end: Span,
}

impl Cursor {
    /// The start of `tokens`, which `end` closes.
    pub(super) fn new(tokens: TokenStream, end: Span) -> Self {
        Self { tokens: tokens.into_iter().map(bare).collect(), next: 0, end }
    }

    /// The start of what stands in the delimiters of `group`.
    pub(super) fn inside(group: &Group) -> Self {
        Self::new(group.stream(), group.span_close())
    }

    pub(super) fn at_end(&self) -> bool {
        self.next == self.tokens.len()
    }

    pub(super) fn peek(&self) -> Option<&TokenTree> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&TokenTree> {
        self.tokens.get(self.next + ahead)
    }

    pub(super) fn take(&mut self) -> Option<TokenTree> {
        let token = self.tokens.get(self.next).cloned();
        self.next += usize::from(token.is_some());
        token
    }

    /// Where the next token stands, or the closing delimiter.
    pub(super) fn span(&self) -> Span {
        self.peek().map_or(self.end, TokenTree::span)
    }

    /// Where the last taken token ends.
    pub(super) fn last_span(&self) -> Span {
        match self.next.checked_sub(1) {
            Some(last) => self.tokens[last].span(),
            None => self.span(),
        }
    }

    /// Whether these characters of punctuation come next.
    pub(super) fn at(&self, symbols: &str) -> bool {
        symbols.chars().enumerate().all(|(i, symbol)| is_symbol(self.peek_at(i), symbol))
    }

    /// Steps over `symbols` if they come next.
    pub(super) fn eat(&mut self, symbols: &str) -> bool {
        let there = self.at(symbols);
        if there {
            self.next += symbols.len();
        }
        there
    }

    /// Whether this word comes next.
    pub(super) fn at_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(TokenTree::Ident(ident)) if ident == word)
    }

    /// Steps over `word` if it comes next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let there = self.at_word(word);
        self.next += usize::from(there);
        there
    }

    /// Takes an identifier if one comes next.
    pub(super) fn eat_ident(&mut self) -> Option<Ident> {
        let Some(TokenTree::Ident(ident)) = self.peek() else { return None };
        let ident = ident.clone();
        self.next += 1;
        Some(ident)
    }

    /// Takes a group with this delimiter if one comes next.
    pub(super) fn eat_group(&mut self, delimiter: Delimiter) -> Option<Group> {
        let group = group_of(self.peek(), delimiter)?.clone();
        self.next += 1;
        Some(group)
    }

    /// Steps to the next `symbol`, not over it, or to the end.
    pub(super) fn skip_to(&mut self, symbol: char) {
        while !self.at_end() && !is_symbol(self.peek(), symbol) {
            self.next += 1;
        }
    }

    /// What comes next, for "found …".
    pub(super) fn found(&self) -> String {
        match self.peek() {
            None if self.tokens.is_empty() => "nothing".into(),
            None => "the end".into(),
            Some(TokenTree::Group(group)) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::None => return "an expression".into(),
                };
                format!("`{open}{}{close}`", if group.stream().is_empty() { "" } else { "…" })
            }
            Some(token) => format!("`{}`", excerpt(&token.to_string())),
        }
    }
}

/// `token` as a group with this delimiter.
pub(super) fn group_of(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// Whether `token` is this character of punctuation.
pub(super) fn is_symbol(token: Option<&TokenTree>, symbol: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == symbol)
}

/// An identifier as a name, without the `r#` of a raw one.
pub(super) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or_else(|| text.clone(), str::to_owned)
}

/// The start of what the user wrote, short enough for a message.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The token inside invisible delimiters: what a fragment of a surrounding `macro_rules!` comes as.
fn bare(mut token: TokenTree) -> TokenTree {
    while let Some(group) = group_of(Some(&token), Delimiter::None) {
        let mut inside = group.stream().into_iter();
        match (inside.next(), inside.next()) {
            (Some(only), None) => token = only,
            _ => break,
        }
    }
    token
}

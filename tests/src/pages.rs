//! The pages of the guide, and the blocks of code in them.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A page, and a block of code in it.
#[derive(Clone, Debug)]
pub struct Block {
    /// The page's path in the repository.
    pub page: String,
    /// The line of the opening fence, counted from 1.
    pub line: usize,
    /// What stands behind the fence: the language, and what is to be done with it.
    pub mark: String,
    /// What stands between the fences.
    pub text: String,
}

impl Block {
    /// Where it is.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }

    /// The file it is, if its first line is a comment with a name: `# net.yaml`.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        let name = self.text.lines().next()?.strip_prefix("# ")?;
        (name.contains('.') && !name.contains(' ')).then_some(name)
    }
}

/// A page of mistakes, which has tests of its own.
pub const ERRORS: &str = "docs/errors.md";

/// The paths of the README and of the pages in `docs`, but for [`ERRORS`], in the order of their names.
///
/// # Panics
/// If the folder cannot be read.
#[must_use]
pub fn pages() -> Vec<String> {
    let entries = fs::read_dir(root().join("docs")).expect("the guide");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut pages: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    pages.push("README.md".to_owned());
    pages.retain(|page| page != ERRORS);
    pages.sort();
    pages
}

/// The text of a file of the repository.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The blocks of a page.
///
/// # Panics
/// If the last one has no end.
#[must_use]
pub fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut open) = (Vec::new(), None::<Block>);
    for (line, content) in (1..).zip(text(page).lines()) {
        match (&mut open, content.strip_prefix("```")) {
            (None, Some(mark)) => {
                let (page, mark) = (page.to_owned(), mark.to_owned());
                open = Some(Block { page, line, mark, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.extend([content, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block of code has no end");
    blocks
}

/// What the blocks of all pages with this language are.
#[must_use]
pub fn blocks_in(language: &str) -> Vec<Block> {
    let mut all: Vec<Block> = pages().iter().flat_map(|page| blocks(page)).collect();
    all.retain(|block| block.mark.split(',').next() == Some(language));
    all
}

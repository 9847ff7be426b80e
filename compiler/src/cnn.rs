//! What `cnn!` does: from the tokens of a call to the tokens that take their place.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use crate::analysis::{Network, analyse};
use crate::check::Defaults;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::emit::{self, emit};
use crate::files::{self, File, Files};
use crate::frontend::{dsl, yaml};
use crate::render::{arrange, render};
use crate::source::Source;
use crate::spec::Spanned;

/// Expands `[root] body`, where `root` is the path of the `convolve` crate and `body` what the user wrote.
///
/// If anything is wrong, the result holds nothing but the errors, so that rustc reports no consequences of
/// missing parts, and what makes rustc watch the files that were read.
#[must_use]
pub fn expand(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter();
    let root = match tokens.next() {
        Some(TokenTree::Group(root)) => root.stream(),
        _ => quote!(::convolve),
    };
    let body = TokenStream::from_iter(tokens);
    let read = RefCell::default();
    let files = Directories { directories: directories(&body), read: &read };

    let dsl::Call { parsed, items } = dsl::parse(body);
    let written = analyse(parsed, &Defaults::default(), Some(&files));
    let mut report = Report::default();
    report.add(written.diagnostics, &written.source, None);
    let mut networks = Vec::new();
    for item in &items {
        networks.extend(match &item.definition {
            dsl::Definition::Network(index) => written.networks.get(*index).cloned(),
            dsl::Definition::File(path) => from_file(path, &item.name, &files, &written.source, &mut report),
        });
    }
    let Report { messages, failed } = report;
    let watched = read.take().into_iter().filter_map(|path| watch(&path));
    let models = items.iter().zip(&networks).map(|(item, network)| model(item, network, &root));
    if failed { quote!(#messages #(#watched)*) } else { quote!(#(#models)* #messages #(#watched)*) }
}

/// The network of a YAML file, called `name` in Rust.
fn from_file(
    path: &Spanned<String>,
    name: &Ident,
    files: &Directories<'_>,
    call: &Source,
    report: &mut Report,
) -> Option<Network> {
    let file = match files.read(&path.value) {
        Ok(file) => file,
        Err(reason) => {
            let message = format!("the file `{}` cannot be read", path.value);
            report.add(
                vec![Diagnostic::error(Code::UnreadableFile, path.place, message).note(reason)],
                call,
                None,
            );
            return None;
        }
    };
    let parsed = yaml::parse(&shown(&file.path, &path.value), &file.bytes);
    let named = parsed.spec.networks.first().and_then(|network| network.name.clone());
    let beside =
        Directories { directories: file.path.parent().map(Path::to_owned).into_iter().collect(), ..*files };
    let options = Defaults { name: Some(name.to_string()), ..Defaults::default() };
    let mut analysis = analyse(parsed, &options, Some(&beside));
    if let Some(named) = named.filter(|named| *name != named.value) {
        let message = format!("the file calls its network `{}`, not `{name}`", named.value);
        let help = format!(
            "write `{} = \"{}\"` in the macro, or remove `name` from the file",
            named.value, path.value
        );
        analysis.diagnostics.push(Diagnostic::error(Code::NetworkName, named.place, message).help(help));
    }
    report.add(analysis.diagnostics, &analysis.source, call.spans(path.place));
    analysis.networks.pop()
}

/// The type of a network.
fn model(item: &dsl::Item, network: &Network, root: &TokenStream) -> TokenStream {
    let dsl::Item { visibility, name, docs, .. } = item;
    let weights = network.weights.as_ref();
    emit(&network.graph, &emit::Item { root, visibility, name, docs, weights })
}

/// Files in the first of several directories that has them; notes what was read.
struct Directories<'a> {
    directories: Vec<PathBuf>,
    read: &'a RefCell<Vec<PathBuf>>,
}

impl Files for Directories<'_> {
    fn read(&self, path: &str) -> Result<File, String> {
        let Some(found) =
            self.directories.iter().map(|directory| directory.join(path)).find(|place| place.exists())
        else {
            let place = |directory: &PathBuf| {
                let directory = shown(directory, &directory.to_string_lossy());
                format!("`{}`", Path::new(&directory).join(path).display())
            };
            let places: Vec<_> = self.directories.iter().map(place).collect();
            return Err(format!("looked for {}", places.join(" and ")));
        };
        let file = files::read(&found)?;
        self.read.borrow_mut().push(file.path.clone());
        Ok(file)
    }
}

/// Where a call finds its files: in the crate's directory, as everywhere in Cargo, or beside the source file.
fn directories(body: &TokenStream) -> Vec<PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    // The span of the call itself is in the wrapper that `convolve` exports.
    let source = body.clone().into_iter().next().and_then(|token| token.span().local_file());
    let beside = source.and_then(|file| file.parent().map(Path::to_owned));
    manifest.into_iter().chain(beside).collect()
}

/// A path as messages show it: relative to where rustc runs, which a terminal can open, or as it was written.
fn shown(path: &Path, written: &str) -> String {
    let relative = || {
        let root = std::env::current_dir().ok()?.canonicalize().ok()?;
        Some(path.canonicalize().ok()?.strip_prefix(root).ok()?.to_str()?.to_owned())
    };
    relative().unwrap_or_else(|| written.to_owned())
}

/// Makes rustc, and so Cargo, notice when a file changes.
fn watch(path: &Path) -> Option<TokenStream> {
    let path = path.to_str()?;
    Some(quote!(
        const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
    ))
}

/// The messages for rustc.
#[derive(Default)]
struct Report {
    messages: TokenStream,
    failed: bool,
}

impl Report {
    /// Adds diagnostics, each at its own place or all at `spans`.
    fn add(&mut self, diagnostics: Vec<Diagnostic>, source: &Source, spans: Option<(Span, Span)>) {
        for diagnostic in arrange(diagnostics, source) {
            // rustc writes `error: ` before it.
            let text = format!("[{}] {}", diagnostic.code, render(&diagnostic, source));
            let place = spans.or_else(|| source.spans(diagnostic.place));
            let (first, last) = place.unwrap_or((Span::call_site(), Span::call_site()));
            self.messages.extend(match diagnostic.severity {
                Severity::Error => error(first, last, &text),
                Severity::Warning => warning(first, &text),
            });
            self.failed |= diagnostic.severity == Severity::Error;
        }
    }
}

/// An error from `first` to `last`: rustc joins the spans of an item's first and last token.
#[must_use]
pub fn error(first: Span, last: Span, text: &str) -> TokenStream {
    let path = quote_spanned!(first=> ::core::compile_error!);
    let message = quote_spanned!(last=> { #text });
    quote!(#path #message)
}

/// A warning: stable Rust has no better way than the use of something deprecated.
fn warning(at: Span, text: &str) -> TokenStream {
    let usage = Ident::new("NETWORK", at);
    quote! {
        const _: () = {
            #[deprecated(note = #text)]
            const NETWORK: () = ();
            #usage
        };
    }
}

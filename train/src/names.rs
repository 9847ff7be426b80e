//! Names of what can be chosen, as they are written on a command line and shown in a history.

use core::fmt;

/// A name that nothing has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// What was to be chosen.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// The names that there are.
    pub names: &'static [&'static str],
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "there is no {} `{}`; there are {}", self.what, self.name, names.join(", "))
    }
}

impl core::error::Error for UnknownName {}

/// `Display` and `FromStr` of a type whose values have names.
macro_rules! named {
    ($type:ty, $what:literal { $($name:literal => $value:path),* $(,)? }) => {
        impl ::core::fmt::Display for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(match self { $($value => $name),* })
            }
        }

        impl ::core::str::FromStr for $type {
            type Err = $crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($name => Ok($value),)*
                    _ => Err($crate::UnknownName { what: $what, name: name.to_owned(), names: &[$($name),*] }),
                }
            }
        }
    };
}
pub(crate) use named;

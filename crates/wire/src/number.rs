//! Registered numbers: any value is kept, the known ones have a name.

/// Defines a number as a newtype with one constant per registered value.
///
/// A constant works as a pattern, an unregistered value survives and prints as its registry's word and the number.
macro_rules! registry {
    (
        $(#[$meta:meta])*
        $name:ident($repr:ty), $word:literal {
            $( $(#[$item_meta:meta])* $constant:ident = $value:literal, $text:literal; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $( $(#[$item_meta])* pub const $constant: $name = $name($value); )*

            /// Each value that has a name here, in the registry's order.
            pub const KNOWN: &'static [$name] = &[$($name($value)),*];

            /// The registered name.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($text), )*
                    _ => None,
                }
            }
        }

        impl From<$repr> for $name {
            fn from(value: $repr) -> Self {
                $name(value)
            }
        }

        impl From<$name> for $repr {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, concat!($word, " {}"), self.0),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self}")
            }
        }
    };
}

pub(crate) use registry;

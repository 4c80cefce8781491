//! Values of a TOML file, and what is told of wrong ones: where they stand and what was expected.

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A value that is written as text, or as a number.
pub trait FromText: Sized {
    /// As a sentence's end.
    const EXPECTED: &'static str;
    const WISH: Wish = Wish::Text;
    fn from_text(text: &str) -> Option<Self>;
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Text,
    Number,
    /// Text that no message repeats.
    Secret,
}

/// A value as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T>(pub T);

impl<'de, T: FromText> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData)).map(Said)
    }
}

struct Reader<T>(PhantomData<T>);

impl<T: FromText> Reader<T> {
    fn understand<E: Error>(&self, text: Option<&str>, found: Unexpected<'_>) -> Result<T, E> {
        text.and_then(T::from_text).ok_or_else(|| match T::WISH {
            Wish::Secret => E::custom(format!("expected {}", T::EXPECTED)),
            _ => E::invalid_value(found, self),
        })
    }

    fn number<E: Error>(&self, text: &str, found: Unexpected<'_>) -> Result<T, E> {
        self.understand((T::WISH == Wish::Number).then_some(text), found)
    }
}

impl<T: FromText> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let wanted = T::WISH != Wish::Number;
        self.understand(wanted.then_some(text), Unexpected::Str(text))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.number(&value.to_string(), Unexpected::Signed(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.number(&value.to_string(), Unexpected::Unsigned(value))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        self.number(&value.to_string(), Unexpected::Bool(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        self.understand(None, Unexpected::Float(value))
    }
}

/// What the reader of a TOML file says of it, in the program's words.
pub fn in_words(message: &str) -> String {
    if let Some(of_key) = message.strip_prefix("unknown field ") {
        return unknown_key(of_key);
    }
    if let Some(of_key) = message.strip_prefix("missing field ") {
        let key = of_key.trim_matches('`');
        let example = EXAMPLES.iter().find(|(known, _)| *known == key);
        let example = example.map_or("", |(_, example)| example);
        return format!("`{key}` is missing here; expected a line such as {example}");
    }
    let of_value = ["invalid type: ", "invalid value: ", "invalid length "];
    let of_value = of_value
        .into_iter()
        .find_map(|start| message.strip_prefix(start));
    match of_value.and_then(|rest| rest.split_once(", expected ")) {
        Some((found, expected)) => {
            let found = found.strip_prefix("string ").unwrap_or(found);
            format!("expected {expected}, found {found}")
        }
        None => message.replace('\n', "; "),
    }
}

/// Of the keys that may not be left out.
const EXAMPLES: &[(&str, &str)] = &[
    ("site", "`[[site]]`, twice: one for each end"),
    ("name", "`name = \"branch\"`"),
    ("vendor", "`vendor = \"ios-xe\"` or `vendor = \"pan-os\"`"),
    (
        "wan",
        "`[site.wan]`, and below it `address = \"203.0.113.10/24\"`",
    ),
    (
        "lan",
        "`[[site.lan]]`, and below it `address = \"10.10.10.1/24\"`",
    ),
    ("address", "`address = \"10.10.10.1/24\"`"),
];

/// From `` `adress`, expected one of `address`, `interface` ``.
fn unknown_key(of_key: &str) -> String {
    let mut quoted = of_key.split('`').skip(1).step_by(2);
    let key = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    let distance = |known: &&&str| strsim::damerau_levenshtein(key, known);
    let nearest = known.iter().min_by_key(distance);
    let nearest = nearest.filter(|known| distance(known) <= 1 + key.len() / 3);
    let all: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    match nearest {
        Some(nearest) => format!("there is no key `{key}` here; did you mean `{nearest}`?"),
        None => format!(
            "there is no key `{key}` here; expected one of {}",
            all.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_typing_mistake_names_the_key_that_was_meant() {
        let told = in_words("unknown field `adress`, expected one of `interface`, `address`");
        assert_eq!(
            told,
            "there is no key `adress` here; did you mean `address`?"
        );
        let told = in_words("unknown field `colour`, expected one of `interface`, `address`");
        let known = "there is no key `colour` here; expected one of `interface`, `address`";
        assert_eq!(told, known);
    }
}

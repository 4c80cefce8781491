//! The one door to the data: JSON objects whose fields are hexadecimal or names.

use std::fmt::Display;
use std::path::Path;

use crossgate_crypto::Secret;
use serde_json::Value;

/// A JSON object of one case.
pub struct Vector(Value);

impl Vector {
    pub fn file(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        Self(serde_json::from_str(&text).unwrap())
    }

    pub fn at(&self, field: &str) -> Self {
        Self(self.0.get(field).unwrap().clone())
    }

    /// The cases of an array; an empty one would test nothing.
    pub fn cases(&self) -> Vec<Self> {
        let cases: Vec<Self> = self
            .0
            .as_array()
            .unwrap()
            .iter()
            .cloned()
            .map(Self)
            .collect();
        assert!(!cases.is_empty());
        cases
    }

    pub fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap()
    }

    pub fn number(&self, field: &str) -> u16 {
        self.0[field].as_u64().unwrap().try_into().unwrap()
    }

    pub fn octets(&self, field: &str) -> Vec<u8> {
        hex(self.text(field))
    }

    pub fn array<const N: usize>(&self, field: &str) -> [u8; N] {
        self.octets(field).try_into().unwrap()
    }

    pub fn secret(&self, field: &str) -> Secret {
        Secret::new(self.octets(field))
    }

    /// The algorithm whose name stands in the field; None for null.
    pub fn algorithm<T: Copy + Display>(&self, field: &str, all: &[T]) -> Option<T> {
        let name = self.0[field].as_str()?;
        let found = all.iter().find(|candidate| candidate.to_string() == name);
        Some(*found.unwrap_or_else(|| panic!("no algorithm is called {name}")))
    }
}

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).unwrap() as u8)
        .collect();
    assert_eq!(digits.len() % 2, 0);
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

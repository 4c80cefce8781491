//! Child SAs' keys as each engine logs them, in one form that can be compared.

use std::collections::BTreeSet;

/// One direction's keys; hexadecimal digits in lower case, without a prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SaKeys {
    pub spi: u32,
    /// With the salt behind it where the cipher has one.
    pub encryption: String,
    /// Empty where the cipher protects integrity itself.
    pub integrity: String,
}

/// The lines of `tests/peers/xfrmshim.c`: names and values, some with an algorithm's name between.
pub fn from_xfrmshim(log: &str) -> BTreeSet<SaKeys> {
    let keys = |line: &str| SaKeys {
        spi: number(after(line, "spi").unwrap_or_default()),
        encryption: key_of(line, &["enc", "aead"]),
        integrity: key_of(line, &["auth-trunc"]),
    };
    log.lines().map(keys).collect()
}

/// The lines of `tests/peers/pfkeyshim.c`: names and values.
pub fn from_pfkeyshim(log: &str) -> BTreeSet<SaKeys> {
    let hex = |line: &str, name: &str| digits(after(line, name).unwrap_or_default()).to_owned();
    let keys = |line: &str| SaKeys {
        spi: number(after(line, "spi").unwrap_or_default()),
        encryption: hex(line, "enc-key"),
        integrity: hex(line, "auth-key"),
    };
    log.lines().map(keys).collect()
}

/// Wireshark's table `esp_sa`: quoted fields, of which the fourth is the SPI, the sixth the
/// encryption key and the eighth the integrity key.
pub fn from_esp_sa(table: &str) -> BTreeSet<SaKeys> {
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let fields: Vec<&str> = row
            .split(',')
            .map(|field| field.trim_matches('"'))
            .collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        SaKeys {
            spi: number(field(3)),
            encryption: digits(field(5)).to_owned(),
            integrity: digits(field(7)).to_owned(),
        }
    })
    .collect()
}

/// The key two words behind one of these names, the word between being its algorithm.
fn key_of(line: &str, names: &[&str]) -> String {
    let key = names.iter().find_map(|name| {
        let mut words = line.split_whitespace().skip_while(|word| word != name);
        words.nth(2)
    });
    digits(key.unwrap_or_default()).to_owned()
}

fn after<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_whitespace()
        .skip_while(|word| *word != name)
        .nth(1)
}

fn digits(hexadecimal: &str) -> &str {
    hexadecimal.trim_start_matches("0x")
}

fn number(hexadecimal: &str) -> u32 {
    u32::from_str_radix(digits(hexadecimal), 16)
        .unwrap_or_else(|_| panic!("`{hexadecimal}` is no SPI"))
}

//! Octets of a file as text, and back.

/// How a file's text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// What Windows' shells write, recognised by its byte order mark.
    Utf16 {
        little_endian: bool,
    },
    /// ISO 8859-1: whatever else is text.
    Latin1,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 { .. } => "UTF-16",
            Self::Latin1 => "Latin-1",
        }
    }

    /// The text as its file would hold it. Latin-1 has no place for some characters: those make
    /// the file UTF-8.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Latin1 => {
                let octets: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
                octets.unwrap_or_else(|_| text.as_bytes().to_vec())
            }
            Self::Utf16 { little_endian } => {
                let units = std::iter::once(0xfeff).chain(text.encode_utf16());
                let octets = units.flat_map(|unit| match little_endian {
                    true => unit.to_le_bytes(),
                    false => unit.to_be_bytes(),
                });
                octets.collect()
            }
        }
    }
}

/// The text, or in a sentence's end why there is none.
pub fn decode(octets: Vec<u8>) -> Result<(String, Encoding), &'static str> {
    const NO_TEXT: &str = "it is no text";
    if let Some((little_endian, units)) = utf16(&octets) {
        let text = String::from_utf16(&units).map_err(|_| NO_TEXT)?;
        return Ok((text, Encoding::Utf16 { little_endian }));
    }
    match String::from_utf8(octets) {
        Ok(text) if text.contains('\0') => Err(NO_TEXT),
        Ok(text) => Ok((text, Encoding::Utf8)),
        Err(error) if is_binary(error.as_bytes()) => Err(NO_TEXT),
        Err(error) => {
            let text = error.as_bytes().iter().map(|&octet| char::from(octet));
            Ok((text.collect(), Encoding::Latin1))
        }
    }
}

/// The code units after a byte order mark.
fn utf16(octets: &[u8]) -> Option<(bool, Vec<u16>)> {
    let (little_endian, rest) = match octets {
        [0xff, 0xfe, rest @ ..] => (true, rest),
        [0xfe, 0xff, rest @ ..] => (false, rest),
        _ => return None,
    };
    let pairs = rest.as_chunks().0.iter();
    let units = pairs.map(|&pair| match little_endian {
        true => u16::from_le_bytes(pair),
        false => u16::from_be_bytes(pair),
    });
    Some((little_endian, units.collect()))
}

/// Text has next to no control characters, and no NUL.
fn is_binary(octets: &[u8]) -> bool {
    const ALLOWED: &[u8] = b"\t\n\r\x07\x08\x0c\x1b";
    let control = |octet: &&u8| octet.is_ascii_control() && !ALLOWED.contains(octet);
    octets.contains(&0) || octets.iter().filter(control).count() > octets.len() / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_each_encoding_is_read_and_written_back() {
        let cases: [(&[u8], &str, &str); 5] = [
            (b"z\xc3\xbcrich", "zürich", "UTF-8"),
            (b"z\xfcrich", "zürich", "Latin-1"),
            (b"\xff\xfez\0\xfc\0", "zü", "UTF-16"),
            (b"\xfe\xff\0z\0\xfc", "zü", "UTF-16"),
            (b"", "", "UTF-8"),
        ];
        for (octets, text, name) in cases {
            let (read, encoding) = decode(octets.to_vec()).expect("text");
            assert_eq!((read.as_str(), encoding.name()), (text, name));
            assert_eq!(encoding.encode(&read), octets);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let compressed = [0x1f, 0x8b, 8, 0, 0, 0, 0xff, 0xfe];
        let control: Vec<u8> = (1..=255).collect();
        for octets in [
            &compressed[..],
            b"text\0text",
            b"\xff\xfe\x00\xd8",
            &control,
        ] {
            assert!(decode(octets.to_vec()).is_err(), "{octets:?}");
        }
    }
}

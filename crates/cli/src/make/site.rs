//! The description of two sites, as it is written: `site.toml`.

use super::said::{FromText, Said, Wish};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf, Secret};
use crossgate_model::Identity;
use ipnet::Ipv4Net;
use serde::Deserialize;
use std::net::Ipv4Addr;
use std::time::Duration;
use toml::Spanned;

/// A value, and where it stands.
pub type At<T> = Spanned<Said<T>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Description {
    pub site: Vec<Spanned<Site>>,
    #[serde(default)]
    pub tunnel: Tunnel,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Site {
    pub name: At<Name>,
    pub vendor: At<Vendor>,
    pub release: Option<At<Release>>,
    pub hostname: Option<At<Name>>,
    #[serde(default)]
    pub internet: bool,
    pub identity: Option<At<Known>>,
    pub tunnel_interface: Option<At<Interface>>,
    pub tunnel_address: Option<At<Ipv4Net>>,
    pub wan: Spanned<Wan>,
    pub lan: Vec<Lan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wan {
    pub interface: Option<At<Interface>>,
    pub address: At<Ipv4Net>,
    pub next_hop: Option<At<Ipv4Addr>>,
    pub public: Option<At<Ipv4Addr>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lan {
    pub interface: Option<At<Interface>>,
    pub address: At<Ipv4Net>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tunnel {
    pub networks: Option<Spanned<Vec<[At<Network>; 2]>>>,
    pub liveness: Option<At<Duration>>,
    pub mss: Option<Spanned<u16>>,
    pub key: Option<At<Secret>>,
    pub key_file: Option<Spanned<String>>,
    pub key_env: Option<Spanned<String>>,
    #[serde(default)]
    pub ike: Ike,
    #[serde(default)]
    pub esp: Esp,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ike {
    pub encryption: Option<At<Encr>>,
    pub integrity: Option<At<Integ>>,
    pub group: Option<At<DhGroup>>,
    pub lifetime: Option<At<Duration>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Esp {
    pub encryption: Option<At<Encr>>,
    pub integrity: Option<At<Integ>>,
    pub pfs: Option<At<Option<DhGroup>>>,
    pub lifetime: Option<At<Duration>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    IosXe,
    PanOs,
}

/// One word of letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

/// An interface, as its vendor calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface(pub String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub text: String,
    pub major: u16,
    pub minor: u16,
}

/// An identity that an end shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known(pub Identity);

/// A network without host bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(pub Ipv4Net);

impl FromText for Vendor {
    const EXPECTED: &'static str = "`ios-xe` or `pan-os`";
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "ios-xe" => Some(Self::IosXe),
            "pan-os" => Some(Self::PanOs),
            _ => None,
        }
    }
}

impl FromText for Name {
    const EXPECTED: &'static str =
        "a word of at most 20 letters, digits, `-`, `_` and `.` that begins with a letter";
    fn from_text(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        (begins && text.len() <= 20 && text.chars().all(fits)).then(|| Self(text.into()))
    }
}

impl FromText for Interface {
    const EXPECTED: &'static str =
        "an interface's full name, such as GigabitEthernet0/0/0 or ethernet1/1";
    fn from_text(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.');
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let ends = text.ends_with(|c: char| c.is_ascii_digit());
        (begins && ends && text.chars().all(fits)).then(|| Self(text.into()))
    }
}

impl FromText for Release {
    const EXPECTED: &'static str = "a release, such as \"17.9\" or \"11.1\"";
    fn from_text(text: &str) -> Option<Self> {
        let (major, rest) = text.split_once('.')?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        text.chars().all(fits).then_some(())?;
        Some(Self {
            text: text.into(),
            major: major.parse().ok()?,
            minor: rest.get(..digits)?.parse().ok()?,
        })
    }
}

impl FromText for Known {
    const EXPECTED: &'static str =
        "an identity: a domain name, an email address or an IPv4 address";
    fn from_text(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        let is_word = !text.is_empty() && text.len() <= 255 && text.chars().all(fits);
        is_word.then(|| match (text.parse::<Ipv4Addr>(), text.contains('@')) {
            (Ok(address), _) => Self(Identity::Address(address.into())),
            (_, true) => Self(Identity::Email(text.into())),
            _ => Self(Identity::Fqdn(text.into())),
        })
    }
}

impl FromText for Ipv4Net {
    const EXPECTED: &'static str =
        "the interface's IPv4 address with its prefix length, such as \"10.10.10.1/24\"";
    fn from_text(text: &str) -> Option<Self> {
        let net: Self = text.parse().ok()?;
        let ends =
            net.prefix_len() < 31 && (net.addr() == net.network() || net.addr() == net.broadcast());
        (!ends && net.prefix_len() > 0).then_some(net)
    }
}

impl FromText for Network {
    const EXPECTED: &'static str = "a network, such as \"10.10.10.0/24\"";
    fn from_text(text: &str) -> Option<Self> {
        let net: Ipv4Net = text.parse().ok()?;
        (net.trunc() == net && net.prefix_len() > 0).then_some(Self(net))
    }
}

impl FromText for Ipv4Addr {
    const EXPECTED: &'static str = "an IPv4 address, such as \"203.0.113.1\"";
    fn from_text(text: &str) -> Option<Self> {
        let address: Self = text.parse().ok()?;
        (!address.is_unspecified() && !address.is_broadcast()).then_some(address)
    }
}

impl FromText for Encr {
    const EXPECTED: &'static str =
        "`aes-256-gcm`, `aes-128-gcm`, `aes-256-cbc`, `aes-192-cbc` or `aes-128-cbc`";
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "aes-256-gcm" => Some(Self::AesGcm256),
            "aes-128-gcm" => Some(Self::AesGcm128),
            "aes-256-cbc" => Some(Self::AesCbc256),
            "aes-192-cbc" => Some(Self::AesCbc192),
            "aes-128-cbc" => Some(Self::AesCbc128),
            _ => None,
        }
    }
}

impl FromText for Integ {
    const EXPECTED: &'static str = "`sha256`, `sha384` or `sha512`";
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "sha256" => Some(Self::HmacSha256_128),
            "sha384" => Some(Self::HmacSha384_192),
            "sha512" => Some(Self::HmacSha512_256),
            _ => None,
        }
    }
}

impl FromText for DhGroup {
    const EXPECTED: &'static str = "a group: 14, 15, 16, 19, 20 or 21";
    const WISH: Wish = Wish::Number;
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "14" | "15" | "16" | "19" | "20" | "21" => Self::from_iana(text.parse().ok()?),
            _ => None,
        }
    }
}

impl FromText for Option<DhGroup> {
    const EXPECTED: &'static str = "a group: 14, 15, 16, 19, 20 or 21; or false";
    const WISH: Wish = Wish::Number;
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "false" => Some(None),
            _ => DhGroup::from_text(text).map(Some),
        }
    }
}

impl FromText for Duration {
    const EXPECTED: &'static str = "a time with its unit, such as \"8h\", \"60m\" or \"3600s\"";
    fn from_text(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let number: u32 = number.trim_end().parse().ok()?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        Some(Self::from_secs(u64::from(number) * seconds))
    }
}

/// What both languages can say as a key.
impl FromText for Secret {
    const EXPECTED: &'static str = "a key of 32 to 127 letters, digits and signs without space, \
                                    quote, `?` or `\\`, that doesn't begin with `-`";
    const WISH: Wish = Wish::Secret;
    fn from_text(text: &str) -> Option<Self> {
        let fits = |c: u8| c.is_ascii_graphic() && !matches!(c, b'"' | b'\'' | b'?' | b'\\');
        let is_key = (32..=127).contains(&text.len()) && text.bytes().all(fits);
        (is_key && !text.starts_with('-')).then(|| Self::copy_of(text.as_bytes()))
    }
}

/// The PRF that goes with a cipher: PAN-OS takes it from the group with GCM, from the hash with CBC.
pub fn prf(integ: Option<Integ>, group: DhGroup) -> Prf {
    match (integ, group) {
        (Some(Integ::HmacSha256_128), _) => Prf::HmacSha256,
        (Some(Integ::HmacSha384_192), _) => Prf::HmacSha384,
        (Some(Integ::HmacSha512_256), _) => Prf::HmacSha512,
        (_, DhGroup::Ecp20) => Prf::HmacSha384,
        (_, DhGroup::Ecp21) => Prf::HmacSha512,
        _ => Prf::HmacSha256,
    }
}

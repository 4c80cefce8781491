//! Keys for Wireshark, where an operator asks for them: the tables `ikev2_decryption_table` and
//! `esp_sa`, as Wireshark keeps them in its configuration folder.

use crossgate_crypto::{Encr, Integ, Secret};
use crossgate_ike::IkeKeys;
use crossgate_model::ChildSa;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Two files that are appended to, readable for their owner alone.
pub struct KeyLog {
    ike: File,
    esp: File,
}

impl KeyLog {
    /// The files' names.
    pub const TABLES: [&str; 2] = ["ikev2_decryption_table", "esp_sa"];

    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let open = |name| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(folder.join(name))
        };
        let [ike, esp] = Self::TABLES;
        Ok(Self {
            ike: open(ike)?,
            esp: open(esp)?,
        })
    }

    pub fn ike(&mut self, keys: &IkeKeys) -> io::Result<()> {
        self.ike.write_all(ike_line(keys).as_bytes())
    }

    pub fn child(&mut self, sa: &ChildSa) -> io::Result<()> {
        self.esp.write_all(esp_lines(sa).as_bytes())
    }
}

fn ike_line(keys: &IkeKeys) -> String {
    format!(
        "{:016x},{:016x},{},{},\"{}\",{},{},\"{}\"\n",
        keys.initiator_spi,
        keys.responder_spi,
        hex(&keys.sk_ei),
        hex(&keys.sk_er),
        ike_cipher(keys.suite.encr),
        hex(&keys.sk_ai),
        hex(&keys.sk_ar),
        ike_integrity(keys.suite.integ),
    )
}

fn esp_lines(sa: &ChildSa) -> String {
    let (local, remote) = (sa.path.local, sa.path.remote);
    let directions = [
        (remote, local, sa.spi_in, &sa.keys_in),
        (local, remote, sa.spi_out, &sa.keys_out),
    ];
    let line = |(from, to, spi, keys): (IpAddr, IpAddr, u32, &crossgate_model::DirectionKeys)| {
        let family = if from.is_ipv4() { "IPv4" } else { "IPv6" };
        let (cipher, integrity) = (esp_cipher(sa.encr), esp_integrity(sa.integ));
        let (encr, integ) = (prefixed(&keys.encr), prefixed(&keys.integ));
        format!(
            "\"{family}\",\"{from}\",\"{to}\",\"0x{spi:08x}\",\"{cipher}\",\"{encr}\",\"{integrity}\",\"{integ}\"\n"
        )
    };
    directions.into_iter().map(line).collect()
}

fn hex(secret: &Secret) -> String {
    secret
        .expose()
        .iter()
        .fold(String::new(), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        })
}

fn prefixed(secret: &Secret) -> String {
    if secret.is_empty() {
        return String::new();
    }
    format!("0x{}", hex(secret))
}

/// Wireshark's names; what no key can be made for has none.
fn ike_cipher(encr: Encr) -> &'static str {
    match encr {
        Encr::AesCbc128 => "AES-CBC-128 [RFC3602]",
        Encr::AesCbc192 => "AES-CBC-192 [RFC3602]",
        Encr::AesCbc256 => "AES-CBC-256 [RFC3602]",
        Encr::AesGcm128 => "AES-GCM-128 with 16 octet ICV [RFC5282]",
        Encr::AesGcm192 => "AES-GCM-192 with 16 octet ICV [RFC5282]",
        Encr::AesGcm256 => "AES-GCM-256 with 16 octet ICV [RFC5282]",
        Encr::Des | Encr::TripleDes => "3DES [RFC2451]",
    }
}

fn ike_integrity(integ: Option<Integ>) -> &'static str {
    match integ {
        Some(Integ::HmacSha1_96) => "HMAC_SHA1_96 [RFC2404]",
        Some(Integ::HmacSha256_128) => "HMAC_SHA2_256_128 [RFC4868]",
        Some(Integ::HmacSha384_192) => "HMAC_SHA2_384_192 [RFC4868]",
        Some(Integ::HmacSha512_256) => "HMAC_SHA2_512_256 [RFC4868]",
        Some(Integ::HmacMd5_96) => "HMAC_MD5_96 [RFC2403]",
        None => "NONE [RFC4306]",
    }
}

fn esp_cipher(encr: Encr) -> &'static str {
    match encr {
        Encr::AesCbc128 | Encr::AesCbc192 | Encr::AesCbc256 => "AES-CBC [RFC3602]",
        Encr::AesGcm128 | Encr::AesGcm192 | Encr::AesGcm256 => {
            "AES-GCM with 16 octet ICV [RFC4106]"
        }
        Encr::Des => "DES-CBC [RFC2405]",
        Encr::TripleDes => "TripleDES-CBC [RFC2451]",
    }
}

fn esp_integrity(integ: Option<Integ>) -> &'static str {
    match integ {
        Some(Integ::HmacSha1_96) => "HMAC-SHA-1-96 [RFC2404]",
        Some(Integ::HmacSha256_128) => "HMAC-SHA-256-128 [RFC4868]",
        Some(Integ::HmacSha384_192) => "HMAC-SHA-384-192 [RFC4868]",
        Some(Integ::HmacSha512_256) => "HMAC-SHA-512-256 [RFC4868]",
        Some(Integ::HmacMd5_96) => "HMAC-MD5-96 [RFC2403]",
        None => "NULL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_crypto::{DhGroup, IkeSuite, Prf};
    use crossgate_model::view::{Encapsulation, Role};
    use crossgate_model::{DirectionKeys, OutboundUse, Path};
    use expect_test::expect;
    use std::time::Duration;

    fn keys(encr: u8, integ: &[u8]) -> DirectionKeys {
        DirectionKeys {
            encr: Secret::new(vec![encr; 4]),
            integ: Secret::copy_of(integ),
        }
    }

    fn child(encr: Encr, integ: Option<Integ>, integ_key: &[u8]) -> ChildSa {
        ChildSa {
            id: 1,
            connection: "C".into(),
            child: "C".into(),
            role: Role::Initiator,
            spi_in: 0x0a0b_0c0d,
            spi_out: 0x0102_0304,
            encr,
            integ,
            esn: false,
            keys_in: keys(0xaa, integ_key),
            keys_out: keys(0xbb, integ_key),
            local_selectors: Vec::new(),
            remote_selectors: Vec::new(),
            path: Path {
                local: [192, 0, 2, 1].into(),
                remote: [192, 0, 2, 2].into(),
                encapsulation: Encapsulation::Esp,
            },
            outbound: OutboundUse::Immediately,
            replay_window: 64,
            soft_kilobytes: None,
            hard_kilobytes: None,
            hard_lifetime: Duration::from_secs(60),
        }
    }

    #[test]
    fn a_pair_is_a_row_a_direction_with_sender_first() {
        let cbc = child(Encr::AesCbc256, Some(Integ::HmacSha256_128), &[0xcc, 0xdd]);
        expect![[r#"
            "IPv4","192.0.2.2","192.0.2.1","0x0a0b0c0d","AES-CBC [RFC3602]","0xaaaaaaaa","HMAC-SHA-256-128 [RFC4868]","0xccdd"
            "IPv4","192.0.2.1","192.0.2.2","0x01020304","AES-CBC [RFC3602]","0xbbbbbbbb","HMAC-SHA-256-128 [RFC4868]","0xccdd"
        "#]]
        .assert_eq(&esp_lines(&cbc));
        let gcm = child(Encr::AesGcm128, None, &[]);
        assert!(
            esp_lines(&gcm)
                .contains(r#""AES-GCM with 16 octet ICV [RFC4106]","0xaaaaaaaa","NULL","""#)
        );
    }

    #[test]
    fn an_ike_sa_is_a_row_with_the_initiators_keys_first() {
        let secret = |octet| Secret::new(vec![octet; 2]);
        let keys = IkeKeys {
            connection: "C".into(),
            initiator_spi: 0x11,
            responder_spi: 0x22,
            suite: IkeSuite {
                encr: Encr::AesCbc256,
                integ: Some(Integ::HmacSha256_128),
                prf: Prf::HmacSha256,
                dh: DhGroup::Modp14,
            },
            sk_ei: secret(1),
            sk_er: secret(2),
            sk_ai: secret(3),
            sk_ar: secret(4),
        };
        expect![[r#"
            0000000000000011,0000000000000022,0101,0202,"AES-CBC-256 [RFC3602]",0303,0404,"HMAC_SHA2_256_128 [RFC4868]"
        "#]]
        .assert_eq(&ike_line(&keys));
    }
}

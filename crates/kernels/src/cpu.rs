//! What the processor can do, and which kernels are used for it.

use std::fmt;
use std::sync::OnceLock;

/// How AES and GHASH are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CipherPath {
    /// The `aes` crate; for GCM, aws-lc.
    Portable,
    /// AES-NI and PCLMULQDQ, one block a register.
    AesNi,
    /// VAES and VPCLMULQDQ, two blocks a register.
    Vaes256,
    /// VAES and VPCLMULQDQ with AVX-512, four blocks a register.
    Vaes512,
}

/// How hashes are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashPath {
    /// The `sha1` and `sha2` crates, one message after the other.
    Portable,
    /// SHA-256 by SHA-NI, four messages interleaved; SHA-1, SHA-384 and SHA-512 as in `Portable`.
    ShaNi,
    /// SHA-256 over sixteen messages by SHA-NI, their message schedule by AVX-512; the others as in
    /// `Avx512`. Where a batch is too small to gain by it, as in `ShaNi`.
    ShaNiAvx512,
    /// Sixteen messages in lock-step by AVX-512, of SHA-384 and SHA-512 eight. Where a batch is too
    /// small to gain by it, as in `ShaNi`.
    Avx512,
}

/// The kernels that keys are made for. It can only be had for what this processor has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path {
    cipher: CipherPath,
    hash: HashPath,
}

impl CipherPath {
    pub const ALL: [Self; 4] = [Self::Portable, Self::AesNi, Self::Vaes256, Self::Vaes512];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::AesNi => "aes-ni",
            Self::Vaes256 => "vaes-256",
            Self::Vaes512 => "vaes-512",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn detected(self) -> bool {
        let aes_ni = is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        let vaes = aes_ni
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("vpclmulqdq");
        match self {
            Self::Portable => true,
            Self::AesNi => aes_ni,
            Self::Vaes256 => vaes,
            Self::Vaes512 => vaes && avx512(),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detected(self) -> bool {
        self == Self::Portable
    }
}

impl HashPath {
    pub const ALL: [Self; 4] = [Self::Portable, Self::ShaNi, Self::ShaNiAvx512, Self::Avx512];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::ShaNi => "sha-ni",
            Self::ShaNiAvx512 => "sha-ni+avx-512",
            Self::Avx512 => "avx-512",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn detected(self) -> bool {
        let sha_ni = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        match self {
            Self::Portable => true,
            Self::ShaNi => sha_ni,
            Self::ShaNiAvx512 | Self::Avx512 => {
                sha_ni && is_x86_feature_detected!("avx2") && avx512()
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detected(self) -> bool {
        self == Self::Portable
    }
}

#[cfg(target_arch = "x86_64")]
fn avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
}

/// Whether SHA-NI takes rounds as fast as they can be had elsewhere: AMD's starts two rounds each
/// cycle (Zen 4), Intel's each third (a Xeon with AMX).
#[cfg(target_arch = "x86_64")]
fn sha_unit_is_fast() -> bool {
    let vendor = core::arch::x86_64::__cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes) == [*b"Auth", *b"enti", *b"cAMD"]
}

#[cfg(not(target_arch = "x86_64"))]
fn sha_unit_is_fast() -> bool {
    false
}

impl Path {
    /// What works everywhere.
    pub const PORTABLE: Self = Self {
        cipher: CipherPath::Portable,
        hash: HashPath::Portable,
    };

    /// The fastest that this processor has.
    pub fn best() -> Self {
        static BEST: OnceLock<Path> = OnceLock::new();
        *BEST.get_or_init(|| {
            let mut ciphers = CipherPath::ALL.into_iter().rev();
            let mut hashes = HashPath::ALL.into_iter().rev();
            let hash = hashes.find(|path| path.detected());
            Self {
                cipher: ciphers
                    .find(|path| path.detected())
                    .unwrap_or(CipherPath::Portable),
                hash: match hash {
                    Some(HashPath::Avx512) if sha_unit_is_fast() => HashPath::ShaNiAvx512,
                    other => other.unwrap_or(HashPath::Portable),
                },
            }
        })
    }

    /// That choice, if this processor has it.
    pub fn new(cipher: CipherPath, hash: HashPath) -> Option<Self> {
        (cipher.detected() && hash.detected()).then_some(Self { cipher, hash })
    }

    /// All choices that this processor has.
    pub fn available() -> impl Iterator<Item = Self> {
        CipherPath::ALL.into_iter().flat_map(|cipher| {
            HashPath::ALL
                .into_iter()
                .filter_map(move |hash| Self::new(cipher, hash))
        })
    }

    pub const fn cipher(self) -> CipherPath {
        self.cipher
    }

    pub const fn hash(self) -> HashPath {
        self.hash
    }
}

/// As `show` prints it: `vaes-512, sha-ni+avx-512`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.cipher.name(), self.hash.name())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}

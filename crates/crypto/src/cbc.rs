//! AES in CBC mode (RFC 3602), in place. Padding is the packet formats' business.

use std::fmt;

use ::cbc::{Decryptor, Encryptor};
use aes::cipher::array::Array;
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser,
    InnerIvInit, KeyInit,
};
use aes::{Aes128, Aes192, Aes256};

use crate::algorithm::Encr;
use crate::error::CryptoError;
use crate::secret::Secret;

/// Octets of a block, and of the IV.
pub const BLOCK: usize = 16;

/// An AES-CBC key with its round keys expanded. They are wiped on drop.
#[derive(Clone)]
pub struct CbcKey {
    encr: Encr,
    cipher: Cipher,
}

#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "one per SA; a box would only add a pointer to follow for each packet"
)]
enum Cipher {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl CbcKey {
    /// The key must have exactly [`Encr::key_len`] octets.
    pub fn new(encr: Encr, key: &Secret) -> Result<Self, CryptoError> {
        let cipher = match encr {
            Encr::AesCbc128 => Cipher::Aes128(expand(encr, key)?),
            Encr::AesCbc192 => Cipher::Aes192(expand(encr, key)?),
            Encr::AesCbc256 => Cipher::Aes256(expand(encr, key)?),
            _ => return Err(encr.unsupported()),
        };
        Ok(Self { encr, cipher })
    }

    pub fn encr(&self) -> Encr {
        self.encr
    }

    /// Encrypts whole blocks.
    pub fn encrypt_in_place(&self, iv: &[u8; BLOCK], data: &mut [u8]) -> Result<(), CryptoError> {
        let blocks = whole_blocks(data)?;
        match &self.cipher {
            Cipher::Aes128(cipher) => encrypt(cipher, iv, blocks),
            Cipher::Aes192(cipher) => encrypt(cipher, iv, blocks),
            Cipher::Aes256(cipher) => encrypt(cipher, iv, blocks),
        }
        Ok(())
    }

    /// Decrypts whole blocks. Call it only after the ICV is verified.
    pub fn decrypt_in_place(&self, iv: &[u8; BLOCK], data: &mut [u8]) -> Result<(), CryptoError> {
        let blocks = whole_blocks(data)?;
        match &self.cipher {
            Cipher::Aes128(cipher) => decrypt(cipher, iv, blocks),
            Cipher::Aes192(cipher) => decrypt(cipher, iv, blocks),
            Cipher::Aes256(cipher) => decrypt(cipher, iv, blocks),
        }
        Ok(())
    }
}

impl fmt::Debug for CbcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CbcKey({})", self.encr)
    }
}

type Block = Array<u8, U16>;

fn expand<C: KeyInit>(encr: Encr, key: &Secret) -> Result<C, CryptoError> {
    C::new_from_slice(key.expose()).map_err(|_| CryptoError::Length {
        what: "encryption key",
        expected: encr.key_len(),
        found: key.len(),
    })
}

fn whole_blocks(data: &mut [u8]) -> Result<&mut [Block], CryptoError> {
    let found = data.len();
    match Array::slice_as_chunks_mut(data) {
        (blocks, []) => Ok(blocks),
        _ => Err(CryptoError::NotWholeBlocks {
            block: BLOCK,
            found,
        }),
    }
}

fn encrypt<C>(cipher: &C, iv: &[u8; BLOCK], blocks: &mut [Block])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    Encryptor::inner_iv_init(cipher, iv.into()).encrypt_blocks(blocks);
}

fn decrypt<C>(cipher: &C, iv: &[u8; BLOCK], blocks: &mut [Block])
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    Decryptor::inner_iv_init(cipher, iv.into()).decrypt_blocks(blocks);
}

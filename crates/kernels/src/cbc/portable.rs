//! CBC by the `aes` and `cbc` crates.

use aes::cipher::array::Array;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use cbc::{Decryptor, Encryptor};

use super::Block;

pub(crate) enum Aes {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl Aes {
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Self::Aes128),
            24 => Aes192::new_from_slice(key).ok().map(Self::Aes192),
            _ => Aes256::new_from_slice(key).ok().map(Self::Aes256),
        }
    }

    pub(crate) fn encrypt(&self, iv: &Block, blocks: &mut [Block]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        match self {
            Self::Aes128(aes) => Encryptor::inner_iv_init(aes, iv.into()).encrypt_blocks(blocks),
            Self::Aes192(aes) => Encryptor::inner_iv_init(aes, iv.into()).encrypt_blocks(blocks),
            Self::Aes256(aes) => Encryptor::inner_iv_init(aes, iv.into()).encrypt_blocks(blocks),
        }
    }

    pub(crate) fn decrypt(&self, iv: &Block, blocks: &mut [Block]) {
        let blocks = Array::cast_slice_from_core_mut(blocks);
        match self {
            Self::Aes128(aes) => Decryptor::inner_iv_init(aes, iv.into()).decrypt_blocks(blocks),
            Self::Aes192(aes) => Decryptor::inner_iv_init(aes, iv.into()).decrypt_blocks(blocks),
            Self::Aes256(aes) => Decryptor::inner_iv_init(aes, iv.into()).decrypt_blocks(blocks),
        }
    }
}

//! Transform types and the identifiers of each (RFC 7296 §3.3.2 and the RFCs that registered more).

use crate::number::registry;

registry! {
    /// What a transform chooses (RFC 7296 §3.3.2; the additional key exchanges are RFC 9370's).
    TransformType(u8), "transform type" {
        ENCR = 1, "ENCR";
        PRF = 2, "PRF";
        INTEG = 3, "INTEG";
        KE = 4, "KE";
        /// "Sequence Numbers" in today's registry, "Extended Sequence Numbers" in RFC 7296.
        ESN = 5, "SN";
        ADDKE1 = 6, "ADDKE1";
        ADDKE2 = 7, "ADDKE2";
        ADDKE3 = 8, "ADDKE3";
        ADDKE4 = 9, "ADDKE4";
        ADDKE5 = 10, "ADDKE5";
        ADDKE6 = 11, "ADDKE6";
        ADDKE7 = 12, "ADDKE7";
        KWA = 13, "KWA";
        GCAUTH = 14, "GCAUTH";
    }
}

registry! {
    /// Transform type 1, encryption algorithms.
    EncrId(u16), "encryption algorithm" {
        DES_IV64 = 1, "ENCR_DES_IV64";
        DES = 2, "ENCR_DES";
        TRIPLE_DES = 3, "ENCR_3DES";
        RC5 = 4, "ENCR_RC5";
        IDEA = 5, "ENCR_IDEA";
        CAST = 6, "ENCR_CAST";
        BLOWFISH = 7, "ENCR_BLOWFISH";
        TRIPLE_IDEA = 8, "ENCR_3IDEA";
        DES_IV32 = 9, "ENCR_DES_IV32";
        NULL = 11, "ENCR_NULL";
        AES_CBC = 12, "ENCR_AES_CBC";
        AES_CTR = 13, "ENCR_AES_CTR";
        AES_CCM_8 = 14, "ENCR_AES_CCM_8";
        AES_CCM_12 = 15, "ENCR_AES_CCM_12";
        AES_CCM_16 = 16, "ENCR_AES_CCM_16";
        AES_GCM_8 = 18, "ENCR_AES_GCM_8";
        AES_GCM_12 = 19, "ENCR_AES_GCM_12";
        AES_GCM_16 = 20, "ENCR_AES_GCM_16";
        NULL_AUTH_AES_GMAC = 21, "ENCR_NULL_AUTH_AES_GMAC";
        CAMELLIA_CBC = 23, "ENCR_CAMELLIA_CBC";
        CAMELLIA_CTR = 24, "ENCR_CAMELLIA_CTR";
        CAMELLIA_CCM_8 = 25, "ENCR_CAMELLIA_CCM_8";
        CAMELLIA_CCM_12 = 26, "ENCR_CAMELLIA_CCM_12";
        CAMELLIA_CCM_16 = 27, "ENCR_CAMELLIA_CCM_16";
        CHACHA20_POLY1305 = 28, "ENCR_CHACHA20_POLY1305";
        AES_CCM_8_IIV = 29, "ENCR_AES_CCM_8_IIV";
        AES_GCM_16_IIV = 30, "ENCR_AES_GCM_16_IIV";
        CHACHA20_POLY1305_IIV = 31, "ENCR_CHACHA20_POLY1305_IIV";
        KUZNYECHIK_MGM_KTREE = 32, "ENCR_KUZNYECHIK_MGM_KTREE";
        MAGMA_MGM_KTREE = 33, "ENCR_MAGMA_MGM_KTREE";
        KUZNYECHIK_MGM_MAC_KTREE = 34, "ENCR_KUZNYECHIK_MGM_MAC_KTREE";
        MAGMA_MGM_MAC_KTREE = 35, "ENCR_MAGMA_MGM_MAC_KTREE";
    }
}

registry! {
    /// Transform type 2, pseudorandom functions.
    PrfId(u16), "pseudorandom function" {
        HMAC_MD5 = 1, "PRF_HMAC_MD5";
        HMAC_SHA1 = 2, "PRF_HMAC_SHA1";
        HMAC_TIGER = 3, "PRF_HMAC_TIGER";
        AES128_XCBC = 4, "PRF_AES128_XCBC";
        HMAC_SHA2_256 = 5, "PRF_HMAC_SHA2_256";
        HMAC_SHA2_384 = 6, "PRF_HMAC_SHA2_384";
        HMAC_SHA2_512 = 7, "PRF_HMAC_SHA2_512";
        AES128_CMAC = 8, "PRF_AES128_CMAC";
        HMAC_STREEBOG_512 = 9, "PRF_HMAC_STREEBOG_512";
    }
}

registry! {
    /// Transform type 3, integrity algorithms.
    IntegId(u16), "integrity algorithm" {
        NONE = 0, "NONE";
        HMAC_MD5_96 = 1, "AUTH_HMAC_MD5_96";
        HMAC_SHA1_96 = 2, "AUTH_HMAC_SHA1_96";
        DES_MAC = 3, "AUTH_DES_MAC";
        KPDK_MD5 = 4, "AUTH_KPDK_MD5";
        AES_XCBC_96 = 5, "AUTH_AES_XCBC_96";
        HMAC_MD5_128 = 6, "AUTH_HMAC_MD5_128";
        HMAC_SHA1_160 = 7, "AUTH_HMAC_SHA1_160";
        AES_CMAC_96 = 8, "AUTH_AES_CMAC_96";
        AES_128_GMAC = 9, "AUTH_AES_128_GMAC";
        AES_192_GMAC = 10, "AUTH_AES_192_GMAC";
        AES_256_GMAC = 11, "AUTH_AES_256_GMAC";
        HMAC_SHA2_256_128 = 12, "AUTH_HMAC_SHA2_256_128";
        HMAC_SHA2_384_192 = 13, "AUTH_HMAC_SHA2_384_192";
        HMAC_SHA2_512_256 = 14, "AUTH_HMAC_SHA2_512_256";
    }
}

registry! {
    /// Transform type 4 and types 6 to 12: key exchange methods, Diffie-Hellman groups among them.
    DhId(u16), "key exchange method" {
        NONE = 0, "NONE";
        MODP_768 = 1, "768-bit MODP Group";
        MODP_1024 = 2, "1024-bit MODP Group";
        MODP_1536 = 5, "1536-bit MODP Group";
        MODP_2048 = 14, "2048-bit MODP Group";
        MODP_3072 = 15, "3072-bit MODP Group";
        MODP_4096 = 16, "4096-bit MODP Group";
        MODP_6144 = 17, "6144-bit MODP Group";
        MODP_8192 = 18, "8192-bit MODP Group";
        ECP_256 = 19, "256-bit random ECP group";
        ECP_384 = 20, "384-bit random ECP group";
        ECP_521 = 21, "521-bit random ECP group";
        MODP_1024_160 = 22, "1024-bit MODP Group with 160-bit Prime Order Subgroup";
        MODP_2048_224 = 23, "2048-bit MODP Group with 224-bit Prime Order Subgroup";
        MODP_2048_256 = 24, "2048-bit MODP Group with 256-bit Prime Order Subgroup";
        ECP_192 = 25, "192-bit Random ECP Group";
        ECP_224 = 26, "224-bit Random ECP Group";
        BRAINPOOL_P224R1 = 27, "brainpoolP224r1";
        BRAINPOOL_P256R1 = 28, "brainpoolP256r1";
        BRAINPOOL_P384R1 = 29, "brainpoolP384r1";
        BRAINPOOL_P512R1 = 30, "brainpoolP512r1";
        CURVE25519 = 31, "Curve25519";
        CURVE448 = 32, "Curve448";
        GOST3410_2012_256 = 33, "GOST3410_2012_256";
        GOST3410_2012_512 = 34, "GOST3410_2012_512";
        ML_KEM_512 = 35, "ml-kem-512";
        ML_KEM_768 = 36, "ml-kem-768";
        ML_KEM_1024 = 37, "ml-kem-1024";
    }
}

registry! {
    /// Transform type 5, how sequence numbers count.
    EsnId(u16), "sequence numbers" {
        NO_ESN = 0, "32-bit Sequential Numbers";
        ESN = 1, "Partially Transmitted 64-bit Sequential Numbers";
        UNSPECIFIED = 2, "32-bit Unspecified Numbers";
    }
}

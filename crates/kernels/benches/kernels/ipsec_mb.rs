//! intel-ipsec-mb 1.3 (`intel-ipsec-mb.h`), as far as the comparison needs it: its SSE path and the
//! path that it chooses by itself.

use std::ffi::c_void;
use std::ptr;

use crate::{Run, Sa, Suite};

#[repr(C)]
struct Manager {
    _opaque: [u8; 0],
}

/// `IMB_JOB`.
#[repr(C)]
struct Job {
    enc_keys: *const c_void,
    dec_keys: *const c_void,
    key_len: u64,
    src: *const u8,
    dst: *mut u8,
    cipher_start: u64,
    cipher_len: u64,
    hash_start: u64,
    hash_len: u64,
    iv: *const u8,
    iv_len: u64,
    tag: *mut u8,
    tag_len: u64,
    /// Of the union: HMAC's inner state, or GCM's additional data.
    inner_or_aad: *const c_void,
    /// Of the union: HMAC's outer state, or the additional data's length.
    outer_or_aad_len: *const c_void,
    _rest_of_union: u64,
    status: u32,
    cipher_mode: u32,
    direction: u32,
    hash: u32,
    order: u32,
    _user_data: [u64; 6],
}

const _: () = assert!(size_of::<Job>() == 200);

const COMPLETED: u32 = 3;
const CBC: u32 = 1;
const GCM: u32 = 5;
const ENCRYPT: u32 = 1;
const DECRYPT: u32 = 2;
const HMAC_SHA_1: u32 = 1;
const HMAC_SHA_256: u32 = 3;
const GMAC: u32 = 9;
const CIPHER_THEN_HASH: u32 = 1;
const HASH_THEN_CIPHER: u32 = 2;

#[link(name = "IPSec_MB")]
unsafe extern "C" {
    fn alloc_mb_mgr(flags: u64) -> *mut Manager;
    fn init_mb_mgr_sse(manager: *mut Manager);
    fn init_mb_mgr_auto(manager: *mut Manager, arch: *mut u32);
}

type GetJob = unsafe extern "C" fn(*mut Manager) -> *mut Job;
type Expand = unsafe extern "C" fn(*const u8, *mut c_void, *mut c_void);
type Absorb = unsafe extern "C" fn(*const u8, *mut c_void);

/// Where the functions stand in `IMB_MGR` of version 1.3.
#[derive(Clone, Copy)]
struct Library {
    manager: *mut Manager,
    next: GetJob,
    submit: GetJob,
    flush: GetJob,
    expand_128: Expand,
    expand_256: Expand,
    sha1: Absorb,
    sha256: Absorb,
    gcm_256: Absorb,
}

impl Library {
    fn new(sse: bool) -> Self {
        // SAFETY: the manager is made and initialised as the library asks for, and the offsets are
        // those of these functions in its version 1.3.
        unsafe {
            let manager = alloc_mb_mgr(0);
            assert!(!manager.is_null(), "no memory for ipsec-mb");
            if sse {
                init_mb_mgr_sse(manager);
            } else {
                init_mb_mgr_auto(manager, ptr::null_mut());
            }
            let at = |offset: usize| manager.cast::<u8>().add(offset);
            Self {
                manager,
                next: at(64).cast::<GetJob>().read(),
                submit: at(80).cast::<GetJob>().read(),
                flush: at(96).cast::<GetJob>().read(),
                expand_128: at(112).cast::<Expand>().read(),
                expand_256: at(128).cast::<Expand>().read(),
                sha1: at(160).cast::<Absorb>().read(),
                sha256: at(176).cast::<Absorb>().read(),
                gcm_256: at(464).cast::<Absorb>().read(),
            }
        }
    }
}

/// Round keys of both directions, HMAC's states, GCM's tables.
#[repr(C, align(64))]
struct Keys {
    enc: [u8; 256],
    dec: [u8; 256],
    inner: [u8; 64],
    outer: [u8; 64],
    gcm: [u8; 1024],
}

impl Keys {
    fn new(library: &Library, suite: Suite, sa: &Sa) -> Box<Self> {
        let mut keys = Box::new(Self {
            enc: [0; 256],
            dec: [0; 256],
            inner: [0; 64],
            outer: [0; 64],
            gcm: [0; 1024],
        });
        let (enc, dec) = (keys.enc.as_mut_ptr().cast(), keys.dec.as_mut_ptr().cast());
        let pad = |with: u8| {
            let mut block = [with; 64];
            let len = if suite == Suite::Aes128CbcSha1 {
                20
            } else {
                32
            };
            block
                .iter_mut()
                .zip(&sa.mac[..len])
                .for_each(|(to, from)| *to ^= from);
            block
        };
        let absorb = if suite == Suite::Aes128CbcSha1 {
            library.sha1
        } else {
            library.sha256
        };
        // SAFETY: all places have at least the size that the library writes: 15 round keys of 16
        // octets, a state of the hash, and `struct gcm_key_data` of 1008 octets.
        unsafe {
            match suite {
                Suite::Aes128CbcSha1 => (library.expand_128)(sa.cipher.as_ptr(), enc, dec),
                _ => (library.expand_256)(sa.cipher.as_ptr(), enc, dec),
            }
            absorb(pad(0x36).as_ptr(), keys.inner.as_mut_ptr().cast());
            absorb(pad(0x5c).as_ptr(), keys.outer.as_mut_ptr().cast());
            (library.gcm_256)(sa.cipher.as_ptr(), keys.gcm.as_mut_ptr().cast());
        }
        keys
    }
}

/// Both paths.
pub fn candidates<'s>(
    suite: Suite,
    sas: &'s [Sa],
    stride: usize,
    sealing: bool,
) -> Vec<(String, Run<'s>)> {
    [("ipsec-mb sse", true), ("ipsec-mb auto", false)]
        .into_iter()
        .map(|(name, sse)| {
            let library = Library::new(sse);
            let keys: Vec<_> = sas
                .iter()
                .map(|sa| Keys::new(&library, suite, sa))
                .collect();
            let mut scratch = Scratch::default();
            let run: Run<'s> = Box::new(move |buffer| {
                run(
                    &library,
                    suite,
                    &keys,
                    stride,
                    sealing,
                    buffer,
                    &mut scratch,
                );
            });
            (name.to_owned(), run)
        })
        .collect()
}

/// Nonces, and tags as they should be.
#[derive(Default)]
struct Scratch {
    nonces: Vec<[u8; 12]>,
    tags: Vec<[u8; 16]>,
}

fn run(
    library: &Library,
    suite: Suite,
    keys: &[Box<Keys>],
    stride: usize,
    sealing: bool,
    buffer: &mut [u8],
    scratch: &mut Scratch,
) {
    let count = buffer.len() / stride;
    scratch.tags.resize(count, [0; 16]);
    scratch.nonces.clear();
    scratch
        .nonces
        .extend(buffer.chunks_exact(stride).map(|packet| {
            let mut nonce = [1; 12];
            nonce[4..].copy_from_slice(&packet[8..16]);
            nonce
        }));
    let mut done = 0;
    for (i, octets) in buffer.chunks_exact_mut(stride).enumerate() {
        let tag = if sealing {
            octets[stride - suite.icv()..].as_mut_ptr()
        } else {
            scratch.tags[i].as_mut_ptr()
        };
        // SAFETY: a job of the library, filled in whole, for octets that live until it is flushed.
        let back = unsafe {
            let job = (library.next)(library.manager);
            fill(
                &mut *job,
                suite,
                &keys[i % keys.len()],
                octets,
                &scratch.nonces[i],
                tag,
                sealing,
            );
            (library.submit)(library.manager)
        };
        done += finished(back);
    }
    loop {
        // SAFETY: the manager is the library's.
        let back = unsafe { (library.flush)(library.manager) };
        if back.is_null() {
            break;
        }
        done += finished(back);
    }
    assert_eq!(done, count, "ipsec-mb finished fewer jobs than it got");
    if !sealing {
        for (octets, tag) in buffer.chunks_exact(stride).zip(&scratch.tags) {
            assert!(
                octets[stride - suite.icv()..] == tag[..suite.icv()],
                "not authentic"
            );
        }
    }
}

fn finished(job: *mut Job) -> usize {
    if job.is_null() {
        return 0;
    }
    // SAFETY: the library gave the job back.
    usize::from(unsafe { (*job).status } == COMPLETED)
}

fn fill(
    job: &mut Job,
    suite: Suite,
    keys: &Keys,
    octets: &mut [u8],
    nonce: &[u8; 12],
    tag: *mut u8,
    sealing: bool,
) {
    let (front, end) = (suite.front(), octets.len() - suite.icv());
    let gcm = suite == Suite::Aes256Gcm;
    job.key_len = suite.key() as u64;
    job.src = octets.as_ptr();
    job.dst = octets[front..].as_mut_ptr();
    job.cipher_start = front as u64;
    job.cipher_len = (end - front) as u64;
    job.hash_start = 0;
    job.hash_len = end as u64;
    job.tag = tag;
    job.tag_len = suite.icv() as u64;
    job.direction = if sealing { ENCRYPT } else { DECRYPT };
    job.order = if sealing {
        CIPHER_THEN_HASH
    } else {
        HASH_THEN_CIPHER
    };
    if gcm {
        job.enc_keys = keys.gcm.as_ptr().cast();
        job.dec_keys = keys.gcm.as_ptr().cast();
        job.iv = nonce.as_ptr();
        job.iv_len = 12;
        job.cipher_mode = GCM;
        job.hash = GMAC;
        job.hash_start = front as u64;
        job.hash_len = (end - front) as u64;
        job.inner_or_aad = octets.as_ptr().cast();
        job.outer_or_aad_len = ptr::without_provenance(8);
    } else {
        job.enc_keys = keys.enc.as_ptr().cast();
        job.dec_keys = keys.dec.as_ptr().cast();
        job.iv = octets[8..].as_ptr();
        job.iv_len = 16;
        job.cipher_mode = CBC;
        job.hash = if suite == Suite::Aes128CbcSha1 {
            HMAC_SHA_1
        } else {
            HMAC_SHA_256
        };
        job.inner_or_aad = keys.inner.as_ptr().cast();
        job.outer_or_aad_len = keys.outer.as_ptr().cast();
    }
}

//! Asking for memory before it is needed.

/// Octets that caches keep together.
const LINE: usize = 64;

/// Has the processor bring a value into its caches, and doesn't wait for it. On other processors
/// than x86 it does nothing.
pub fn prefetch<T: ?Sized>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(value).cast::<i8>();
        for at in (0..size_of_val(value)).step_by(LINE) {
            // SAFETY: every x86-64 processor has the instruction, and it reads nothing that the
            // program could see, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(at)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (value, LINE);
}

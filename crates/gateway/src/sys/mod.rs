//! Where the machine is touched in ways that the safe libraries don't cover. Each `unsafe` of the
//! program is below here, with its reason.

#[allow(unsafe_code)]
pub mod messages;
#[allow(unsafe_code)]
pub mod tun;
#[allow(unsafe_code)]
pub mod udp;

//! What becomes of a packet by a gateway's routes, zones, security rules and NAT: no I/O.

#![forbid(unsafe_code)]

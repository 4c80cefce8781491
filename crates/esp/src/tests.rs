//! Two ends of a tunnel and whatever happens between them. All tests go through [`support::Ends`]
//! or, for one part alone, through that part's `check`.

mod configuration;
mod lifetime;
mod many;
mod mss;
mod path_mtu;
mod policy;
mod refusal;
mod rekey;
mod replay;
mod round_trip;
mod size;
mod support;
mod train;
mod vectors;

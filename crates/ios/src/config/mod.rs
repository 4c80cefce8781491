//! A configuration in IOS's own terms: what the lines say, each value with its place.
//!
//! Lines are obeyed in their order, as a device does: a later one changes what an earlier one said,
//! `no` takes it back, and naming something again goes on with it.

pub mod access_list;
pub mod crypto_map;
mod global;
pub mod ikev2;
pub mod interface;
pub mod ipsec_profile;
pub mod isakmp;
pub mod keyring;
pub mod nat;
pub mod oversize;
pub mod pki;
pub mod policy;
pub mod profile;
pub mod proposal;
pub(crate) mod reasons;
mod routes;
pub mod sa;
pub mod transform;

pub(crate) use global::GLOBAL;

use crate::grammar::{Args, Context, Mode, run};
use crate::tree::Tree;
use access_list::AccessList;
use crossgate_diag::{Span, Spanned};
use crossgate_model::Route;
use crypto_map::CryptoMapEntry;
use ikev2::Ikev2Globals;
use interface::Interface;
use ipsec_profile::IpsecProfile;
use keyring::Keyring;
use oversize::OversizeSettings;
use policy::Policy;
use profile::Profile;
use proposal::Proposal;
use sa::SaSettings;
use transform::TransformSet;

#[derive(Clone, Debug)]
pub struct Config {
    pub hostname: Option<Spanned<String>>,
    /// As after `version`: `17.9`.
    pub version: Option<Spanned<String>>,
    pub interfaces: Vec<Interface>,
    pub routes: Vec<Route>,
    pub proposals: Vec<Proposal>,
    pub policies: Vec<Policy>,
    pub keyrings: Vec<Keyring>,
    pub profiles: Vec<Profile>,
    pub ikev2: Ikev2Globals,
    pub transform_sets: Vec<TransformSet>,
    pub ipsec_profiles: Vec<IpsecProfile>,
    /// `crypto ipsec security-association …`: what profiles and maps don't say themselves.
    pub sa: SaSettings,
    /// In order of sequence numbers within a map.
    pub crypto_maps: Vec<CryptoMapEntry>,
    /// `crypto map NAME local-address INTERFACE`.
    pub map_addresses: Vec<(Spanned<String>, Spanned<String>)>,
    pub access_lists: Vec<AccessList>,
    /// ISAKMP, and with it very likely IKEv2.
    pub isakmp_enabled: Spanned<bool>,
    /// UDP encapsulation where a NAT is found.
    pub nat_transparency: Spanned<bool>,
    pub oversize: OversizeSettings,
    /// IKEv1's policies and keys.
    pub isakmp: isakmp::Isakmp,
    pub pki: pki::Pki,
    pub nat: nat::Nat,
    pub license: License,
}

/// What a file tells of the router's licence.
#[derive(Clone, Debug, Default)]
pub struct License {
    /// The line with `securityk9`.
    pub security: Option<Span>,
    /// `hseck9`, which lifts the bounds of the other.
    pub high_security: bool,
    /// The product's identifier: `ISR4321/K9`.
    pub product: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hostname: None,
            version: None,
            interfaces: Vec::new(),
            routes: Vec::new(),
            proposals: Vec::new(),
            policies: Vec::new(),
            keyrings: Vec::new(),
            profiles: Vec::new(),
            ikev2: Ikev2Globals::default(),
            transform_sets: Vec::new(),
            ipsec_profiles: Vec::new(),
            sa: SaSettings::default(),
            crypto_maps: Vec::new(),
            map_addresses: Vec::new(),
            access_lists: Vec::new(),
            isakmp_enabled: Spanned::default_of(true),
            nat_transparency: Spanned::default_of(true),
            oversize: OversizeSettings::default(),
            isakmp: isakmp::Isakmp::default(),
            pki: pki::Pki::default(),
            nat: nat::Nat::default(),
            license: License::default(),
        }
    }
}

pub(crate) fn interpret(tree: &Tree, cx: &mut Context<'_>) -> Config {
    let mut config = Config::default();
    run(Mode::Global, GLOBAL, &tree.lines, &mut config, cx);
    config.crypto_maps.sort_by_key(|entry| entry.sequence.value);
    let policies = &mut config.isakmp.policies;
    policies.sort_by_key(|policy| policy.priority.value);
    config
}

/// A thing that a configuration names, and others refer to.
pub trait Named {
    /// What a message calls such a thing.
    const WHAT: &'static str;

    fn new(name: Spanned<String>) -> Self;

    fn name(&self) -> &Spanned<String>;
}

pub(crate) fn find<'c, T: Named>(list: &'c [T], name: &str) -> Option<&'c T> {
    list.iter().find(|item| item.name().value == name)
}

/// The one of that name, made now if there was none.
pub(crate) fn entry<'l, T: Named>(
    list: &'l mut Vec<T>,
    name: Spanned<String>,
    cx: &mut Context<'_>,
) -> Option<&'l mut T> {
    let known = cx.place(T::WHAT, &name, list, |item| item.name() == &name);
    let at = known.unwrap_or(list.len());
    if known.is_none() {
        list.push(T::new(name));
    }
    list.get_mut(at)
}

pub(crate) fn remove<T: Named>(list: &mut Vec<T>, name: &str, cx: &mut Context<'_>) {
    cx.remove(T::WHAT, name, list, |item| item.name().value == name);
}

/// A value in a list in which each stands once, a repeated one at its end; `no` takes it out.
/// `key` is the same for equal values of the same list.
pub(crate) fn enlist<T: PartialEq>(
    list: &mut Vec<T>,
    value: T,
    (kind, key): (&'static str, &str),
    args: &mut Args<'_, '_>,
) {
    if !args.cx.is_new(kind, key) {
        list.retain(|known| known != &value);
    }
    if !args.no {
        list.push(value);
    }
}

/// A switch: on, or, after `no`, off.
pub(crate) fn switch(no: bool, span: Span) -> Spanned<bool> {
    Spanned::at(!no, span)
}

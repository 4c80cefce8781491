//! Names that rules use and nothing defines.

use super::Scope;
use super::address::{parse_net, parse_range};
use crate::tree::At;
use crossgate_diag::Finding;
use crossgate_model::{AddressObject, AddressValue, Policy};
use std::collections::BTreeSet;

pub fn expect(scope: &mut Scope<'_>, policy: &mut Policy, rules: &[At<'_>]) {
    let undefined = undefined(scope, policy, rules);
    let book = &mut policy.addresses;
    undefined.into_iter().for_each(|object| book.push(object));
}

/// Tells of them; address objects that there surely aren't match no packet.
fn undefined(scope: &mut Scope<'_>, policy: &Policy, rules: &[At<'_>]) -> Vec<AddressObject> {
    let mut undefined: Vec<AddressObject> = Vec::new();
    let zones: BTreeSet<&str> = policy.zones.iter().map(|z| z.name.as_str()).collect();
    let objects = policy.addresses.iter().map(|object| object.name.as_str());
    let addresses: BTreeSet<&str> = objects.collect();
    let objects = policy.services.iter().map(|object| object.name.as_str());
    let services: BTreeSet<&str> = objects.collect();
    let is_literal = |word: &str| parse_net(word).is_some() || parse_range(word).is_some();
    for rule in rules {
        let used = |lists: [&'static str; 2]| lists.into_iter().flat_map(|it| rule.values(&[it]));
        for name in used(["from", "to"]).filter(|_| !zones.is_empty()) {
            let is_any = ["any", "multicast"].contains(&name.word());
            if !zones.contains(name.word()) && !is_any {
                tell(scope, "zone", name, &zones, Told::Always);
            }
        }
        for name in used(["source", "destination"]) {
            let is_known = addresses.contains(name.word()) || is_literal(name.word());
            if !is_known && tell(scope, "address object", name, &addresses, Told::IfNear) {
                undefined.push(AddressObject {
                    name: name.name(),
                    value: AddressValue::Undefined,
                });
            }
        }
        for name in rule.values(&["service"]) {
            if !services.contains(name.word()) {
                tell(scope, "service", name, &services, Told::IfNear);
            }
        }
    }
    undefined
}

/// Of addresses and services a device has its own, such as regions and lists that it loads: of these
/// only what is nearly a name that the file has is told.
#[derive(PartialEq, Eq)]
enum Told {
    Always,
    IfNear,
}

fn tell(
    scope: &mut Scope<'_>,
    what: &str,
    name: At<'_>,
    names: &BTreeSet<&str>,
    told: Told,
) -> bool {
    let title = format!("there is no {what} `{}`", name.shown());
    let error =
        Finding::error("undefined-name", title).at(name.span(), "nothing of this name is defined");
    match scope.meant(name, names.iter().copied()) {
        Some(meant) => scope.tell(error.meant(name.span(), meant)),
        None if told == Told::Always => scope.tell(error),
        None => return false,
    }
    true
}

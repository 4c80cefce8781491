//! `show crypto ikev2 proposal`, `policy` and `profile`: the configuration with its defaults. No
//! key is ever among it.

use super::{OrNone, Page, algorithm, running};
use crate::behaviour::{self, Release};
use crate::config::policy::Policy;
use crate::config::profile::{Dpd, LocalMatch, Method, MethodKind, Profile};
use crate::config::proposal::Proposal;
use crossgate_diag::Spanned;
use crossgate_model::operate::Station;
use crossgate_model::{Identity, IdentityMatch};
use ipnet::IpNet;
use std::fmt::Display;

pub fn proposals(station: &Station<'_>, name: Option<&str>) -> String {
    let Some(config) = running::config(station.masked_config) else {
        return String::new();
    };
    let mut page = Page::default();
    if wanted(name, "default") && !has(&config.proposals, |p| &p.name, "default") {
        default_proposal(&mut page, release(station));
    }
    for proposal in config
        .proposals
        .iter()
        .filter(|p| wanted(name, &p.name.value))
    {
        configured_proposal(&mut page, proposal);
    }
    page.0
}

fn wanted(name: Option<&str>, own: &str) -> bool {
    name.is_none_or(|name| name == own)
}

fn has<T>(list: &[T], name: fn(&T) -> &Spanned<String>, wanted: &str) -> bool {
    list.iter().any(|item| name(item).value == wanted)
}

fn release(station: &Station<'_>) -> Release {
    Release::parse(&station.snapshot.system.release).unwrap_or(Release::ASSUMED)
}

fn default_proposal(page: &mut Page, release: Release) {
    let default = behaviour::default_proposal(release).value;
    page.line(" IKEv2 proposal: default ");
    proposal_lines(
        page,
        [
            words(
                default
                    .encr
                    .iter()
                    .map(|encr| algorithm::cipher_and_bits(*encr)),
            ),
            words(
                default
                    .integ
                    .iter()
                    .map(|integ| algorithm::integrity(*integ)),
            ),
            words(default.integ.iter().map(|integ| algorithm::digest(*integ))),
            words(default.groups.iter().map(|group| algorithm::group(*group))),
        ],
    );
}

fn configured_proposal(page: &mut Page, proposal: &Proposal) {
    let integ = || proposal.integ.iter().map(|integ| integ.value);
    let prf = match proposal.prf.is_empty() {
        // Without a line of its own, the PRF follows the integrity list.
        true => words(integ().map(algorithm::digest)),
        false => words(proposal.prf.iter().map(|prf| algorithm::prf(prf.value))),
    };
    page.line(format_args!(" IKEv2 proposal: {} ", proposal.name.value));
    proposal_lines(
        page,
        [
            words(
                proposal
                    .encr
                    .iter()
                    .map(|encr| algorithm::cipher_and_bits(encr.value)),
            ),
            words(integ().map(algorithm::integrity)),
            prf,
            words(
                proposal
                    .groups
                    .iter()
                    .map(|group| algorithm::group(group.value)),
            ),
        ],
    );
}

fn proposal_lines(page: &mut Page, [encr, integ, prf, groups]: [String; 4]) {
    page.line(format_args!("     Encryption : {encr}"));
    page.line(format_args!("     Integrity  : {integ}"));
    page.line(format_args!("     PRF        : {prf}"));
    page.line(format_args!("     DH Group   : {groups}"));
}

fn words<T: Display>(all: impl Iterator<Item = T>) -> String {
    let all: Vec<String> = all.map(|word| word.to_string()).collect();
    if all.is_empty() {
        "none".into()
    } else {
        all.join(" ")
    }
}

pub fn policies(station: &Station<'_>, name: Option<&str>) -> String {
    let Some(config) = running::config(station.masked_config) else {
        return String::new();
    };
    let mut page = Page::default();
    if wanted(name, "default") && !has(&config.policies, |p| &p.name, "default") {
        policy_lines(&mut page, "default", ": any", &[], &["default"]);
    }
    for policy in config
        .policies
        .iter()
        .filter(|p| wanted(name, &p.name.value))
    {
        configured_policy(&mut page, policy);
    }
    page.0
}

fn configured_policy(page: &mut Page, policy: &Policy) {
    let locals: Vec<String> = policy
        .match_local
        .iter()
        .map(|at| super::address(at.value))
        .collect();
    let proposals: Vec<&str> = policy.proposals.iter().map(|p| p.value.as_str()).collect();
    policy_lines(page, &policy.name.value, " : global", &locals, &proposals);
}

fn policy_lines(page: &mut Page, name: &str, fvrf: &str, locals: &[String], proposals: &[&str]) {
    page.line(format_args!(" IKEv2 policy : {name}"));
    page.line(format_args!("      Match fvrf {fvrf}"));
    if locals.is_empty() {
        page.line("      Match address local : any ");
    }
    for local in locals {
        page.line(format_args!("      Match address local : {local} "));
    }
    for proposal in proposals {
        page.line(format_args!("      Proposal    : {proposal} "));
    }
}

pub fn profiles(station: &Station<'_>, name: Option<&str>) -> String {
    let Some(config) = running::config(station.masked_config) else {
        return String::new();
    };
    let mut page = Page::default();
    for profile in config
        .profiles
        .iter()
        .filter(|p| wanted(name, &p.name.value))
    {
        let connections = station.gateway.connections.iter();
        let users = connections.filter(|c| of_profile(&c.name.value, &profile.name.value));
        page.blank();
        identification(&mut page, profile, users.count());
        let dpd = profile.dpd.or(config.ikev2.dpd).map(|dpd| dpd.value);
        let keepalive = profile.nat_keepalive.or(config.ikev2.nat_keepalive);
        let lifetime = profile
            .lifetime
            .map_or(behaviour::IKE_LIFETIME.value, |l| l.value);
        page.line(format_args!(" Lifetime: {} seconds", lifetime.as_secs()));
        page.line(format_args!(" DPD: {}", dead_peers(dpd)));
        page.line(match keepalive {
            Some(every) => format!(" NAT-keepalive: {}", every.value.as_secs()),
            None => " NAT-keepalive: disabled".into(),
        });
        unserved(&mut page);
    }
    page.0
}

/// A connection is named after its profile, and its peer where there are several.
fn of_profile(connection: &str, profile: &str) -> bool {
    let rest = connection.strip_prefix(profile);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn identification(page: &mut Page, profile: &Profile, users: usize) {
    page.line(format_args!("IKEv2 profile: {}", profile.name.value));
    let shutdown = profile.shutdown.is_some_and(|shutdown| shutdown.value);
    page.line(format_args!(
        " Shutdown : {}",
        if shutdown { "Yes" } else { "No" }
    ));
    page.line(format_args!(" Ref Count: {users}"));
    page.line(" Match criteria: ");
    page.line("  Fvrf: global");
    let mut locals = profile
        .match_local
        .iter()
        .map(|local| local_match(&local.value))
        .peekable();
    if locals.peek().is_none() {
        page.line("  Local address/interface: none");
    }
    for local in locals {
        page.line(format_args!("  Local address/interface: {local}"));
    }
    page.line("  Identities: ");
    for wanted in &profile.match_remote {
        page.line(format_args!("   {}", identity_match(&wanted.value)));
    }
    page.line("  Certificate maps: none");
    let own = profile
        .local_identity
        .as_ref()
        .map(|id| identity(&id.value));
    page.line(format_args!(" Local identity: {}", OrNone(own)));
    page.line(" Remote identity: none");
    let local = profile.local_auth.as_ref().map(method);
    page.line(format_args!(
        " Local authentication method: {}",
        OrNone(local)
    ));
    let remote = words(profile.remote_auth.iter().map(method));
    page.line(format_args!(" Remote authentication method(s): {remote}"));
    page.line(" EAP options: none");
    let keyring = profile
        .keyring
        .as_ref()
        .map(|keyring| keyring.value.as_str());
    page.line(format_args!(" Keyring: {}", OrNone(keyring)));
    page.line(" Trustpoint(s): none");
}

fn local_match(local: &LocalMatch) -> String {
    match local {
        LocalMatch::Address(at) => super::address(*at),
        LocalMatch::Interface(name) => name.clone(),
    }
}

fn identity_match(wanted: &IdentityMatch) -> String {
    match wanted {
        IdentityMatch::Exactly(Identity::Address(at)) => network(IpNet::from(*at)),
        IdentityMatch::Exactly(id) => identity(id),
        IdentityMatch::AddressWithin(net) => network(*net),
        IdentityMatch::FqdnDomain(domain) => format!("fqdn domain {domain}"),
        IdentityMatch::EmailDomain(domain) => format!("email domain {domain}"),
        IdentityMatch::Any => "any".into(),
    }
}

/// `address 10.16.201.1 255.255.255.252`.
fn network(net: IpNet) -> String {
    match net {
        IpNet::V4(net) => format!("address {} {}", net.addr(), net.netmask()),
        IpNet::V6(net) => {
            format!(
                "address {}/{}",
                super::address(net.addr().into()),
                net.prefix_len()
            )
        }
    }
}

fn identity(id: &Identity) -> String {
    match id {
        Identity::Address(at) => format!("address {}", super::address(*at)),
        other => other.to_string(),
    }
}

fn method(method: &Spanned<Method>) -> &'static str {
    match method.value.kind {
        MethodKind::PreShare => "pre-share",
        MethodKind::RsaSignature => "rsa-sig",
        MethodKind::EcdsaSignature => "ecdsa-sig",
        MethodKind::Eap => "eap",
    }
}

fn dead_peers(dpd: Option<Dpd>) -> String {
    let Some(dpd) = dpd else {
        return "disabled".into();
    };
    let manner = if dpd.on_demand {
        "on-demand"
    } else {
        "periodic"
    };
    let (every, retry) = (dpd.interval.as_secs(), dpd.retry.as_secs());
    format!("interval {every}, retry-interval {retry}, {manner}")
}

/// What IOS prints after these and what isn't served here.
fn unserved(page: &mut Page) {
    page.line(" Ivrf: none");
    page.line(" Virtual-template: none");
    page.line(" mode auto: none");
    page.line(" AAA AnyConnect EAP authentication mlist: none");
    page.line(" AAA EAP authentication mlist: none");
    page.line(" AAA authentication mlist: none");
    page.line(" AAA Accounting: none");
    page.line(" AAA group authorization: none");
    page.line(" AAA user authorization: none");
}

//! Global mode: what is obeyed, what is known and not obeyed, and what is known to be about
//! something else.

use super::reasons::{
    ECN, NO_CERTIFICATES, NO_DUMMIES, NO_IKEV1, NO_NAT, NO_REDIRECT, NO_REMOTE_ACCESS, ONE_TABLE,
    PATH_MTU,
};
use super::{
    Config, access_list, crypto_map, ikev2, interface, ipsec_profile, isakmp, keyring, nat,
    oversize, pki, policy, profile, proposal, routes, sa, switch, transform,
};
use crate::grammar::{Args, Mode, Rule, Unobeyed, aside, lacking, read, section, set};
use crate::tree::Line;
use crossgate_diag::{Certainty, Finding};

const MANAGEMENT: &str = "management of the device";
const AAA: &str = "users and their authentication";
const LOGGING: &str = "logging and monitoring";
const LAYER2: &str = "switching, VLANs and hardware";
const SERVICES: &str = "services to hosts";
const QOS: &str = "quality of service, filters and inspection";
const ROUTING: &str = "dynamic routing, whose routes are not learnt here";
const ASA: &str = "it is a command of the ASA, another product";

pub(crate) static GLOBAL: &[Rule<Config>] = &[
    set("hostname", hostname),
    set("version", version),
    section("interface", Mode::Interface, interface::open),
    section("crypto ikev2 proposal", Mode::Proposal, proposal::open),
    section("crypto ikev2 policy", Mode::Policy, policy::open),
    section("crypto ikev2 keyring", Mode::Keyring, keyring::open),
    section("crypto ikev2 profile", Mode::Profile, profile::open),
    set("crypto ikev2 dpd", ikev2::dpd),
    set("crypto ikev2 fragmentation", ikev2::fragmentation),
    set("crypto ikev2 limit", ikev2::limit),
    set("crypto ikev2 cookie-challenge", ikev2::cookie),
    set("crypto ikev2 nat keepalive", ikev2::nat_keepalive),
    aside("crypto ikev2 diagnose", LOGGING),
    aside("crypto ikev2 http-url", NO_CERTIFICATES),
    aside("crypto ikev2 certificate-cache", NO_CERTIFICATES),
    lacking(
        "crypto ikev2 window",
        "one request is outstanding at a time",
    ),
    lacking("crypto ikev2 authorization policy", NO_REMOTE_ACCESS),
    lacking("crypto ikev2 name-mangler", NO_REMOTE_ACCESS),
    lacking("crypto ikev2 client", NO_REMOTE_ACCESS),
    lacking("crypto ikev2 cluster", NO_REMOTE_ACCESS),
    lacking("crypto ikev2 redirect", NO_REDIRECT),
    lacking("crypto ikev2 reconnect", NO_REMOTE_ACCESS),
    lacking("crypto ikev2 cts", "packets carry no security group tags"),
    lacking("crypto ikev2 mobike", "addresses of an IKE SA stay"),
    lacking("crypto ikev2 enable", ASA),
    lacking("crypto ikev2 remote-access", ASA),
    section(
        "crypto ipsec transform-set",
        Mode::TransformSet,
        transform::open,
    ),
    section(
        "crypto ipsec profile",
        Mode::IpsecProfile,
        ipsec_profile::open,
    ),
    set(
        "crypto ipsec security-association lifetime",
        sa::lifetime::<Config>,
    ),
    set(
        "crypto ipsec security-association idle-time",
        sa::idle::<Config>,
    ),
    set(
        "crypto ipsec security-association replay",
        sa::replay::<Config>,
    ),
    lacking("crypto ipsec security-association pmtu-aging", PATH_MTU),
    lacking("crypto ipsec security-association ecn", ECN),
    lacking("crypto ipsec security-association dummy", NO_DUMMIES),
    set(
        "crypto ipsec nat-transparency udp-encapsulation",
        nat_transparency,
    ),
    aside("crypto ipsec nat-transparency spi-matching", MANAGEMENT),
    set("crypto ipsec df-bit", oversize::df_bit::<Config>),
    set(
        "crypto ipsec fragmentation",
        oversize::fragmentation::<Config>,
    ),
    aside("crypto ipsec server", SERVICES),
    lacking("crypto ipsec client", NO_REMOTE_ACCESS),
    lacking("crypto ipsec ikev1", ASA),
    lacking("crypto ipsec ikev2", ASA),
    lacking(
        "crypto ipsec optional",
        "what is to be encrypted is never sent in the clear",
    ),
    section("crypto map", Mode::CryptoMap, crypto_map::open).when(crypto_map::opens),
    set("crypto map", crypto_map::local_address).when(crypto_map::sets_local),
    lacking(
        "crypto map",
        "a map has static `ipsec-isakmp` entries and `local-address` only",
    ),
    lacking(
        "crypto dynamic-map",
        "peers of unknown address are not served by crypto maps",
    ),
    read("crypto isakmp policy", isakmp::policy, Unobeyed::Later),
    read("crypto isakmp key", isakmp::key, Unobeyed::Later),
    lacking("crypto isakmp profile", NO_IKEV1),
    lacking("crypto isakmp keepalive", NO_IKEV1),
    lacking("crypto isakmp identity", NO_IKEV1),
    lacking("crypto isakmp aggressive-mode", NO_IKEV1),
    lacking("crypto isakmp client", NO_IKEV1),
    lacking("crypto isakmp nat", NO_IKEV1),
    lacking("crypto isakmp nat-traversal", ASA),
    aside("crypto isakmp invalid-spi-recovery", MANAGEMENT),
    lacking("crypto isakmp", NO_IKEV1),
    set("crypto isakmp enable", isakmp_enable),
    read(
        "crypto keyring",
        isakmp::keyring,
        Unobeyed::Lacking(NO_IKEV1),
    ),
    lacking("crypto ikev1", ASA),
    lacking("crypto gdoi", "group keys (GDOI, G-IKEv2) are not served"),
    lacking("crypto gkm", "group keys (GDOI, G-IKEv2) are not served"),
    lacking("crypto identity", NO_CERTIFICATES),
    read(
        "crypto pki trustpoint",
        pki::trustpoint,
        Unobeyed::Aside(NO_CERTIFICATES),
    ),
    read(
        "crypto pki certificate chain",
        pki::chain,
        Unobeyed::Aside(NO_CERTIFICATES),
    ),
    aside("crypto pki", NO_CERTIFICATES),
    read(
        "crypto ca trustpoint",
        pki::trustpoint,
        Unobeyed::Aside(NO_CERTIFICATES),
    ),
    read(
        "crypto ca certificate chain",
        pki::chain,
        Unobeyed::Aside(NO_CERTIFICATES),
    ),
    aside("crypto ca", NO_CERTIFICATES),
    aside("crypto key", NO_CERTIFICATES),
    aside("crypto csr-params", NO_CERTIFICATES),
    aside("crypto engine", MANAGEMENT),
    aside("crypto logging", LOGGING),
    aside("crypto mib", LOGGING),
    aside("crypto ssl", SERVICES),
    aside("crypto call", MANAGEMENT),
    section(
        "ip access-list standard",
        Mode::AccessList,
        access_list::open_standard,
    ),
    section(
        "ip access-list extended",
        Mode::AccessList,
        access_list::open_extended,
    ),
    aside("ip access-list resequence", MANAGEMENT),
    aside("ip access-list log-update", LOGGING),
    aside("ip access-list logging", LOGGING),
    set("access-list", access_list::numbered),
    lacking("ip route vrf", ONE_TABLE),
    set("ip route", routes::ip),
    set("ipv6 route", routes::ipv6),
    lacking("vrf definition", ONE_TABLE),
    lacking("ip vrf", ONE_TABLE),
    aside("router", ROUTING),
    aside("ip bgp-community", ROUTING),
    aside("ip prefix-list", ROUTING),
    aside("ip as-path", ROUTING),
    aside("ip community-list", ROUTING),
    aside("ip multicast-routing", ROUTING),
    aside("ip pim", ROUTING),
    aside("ip local policy", ROUTING),
    aside("ip default-network", ROUTING),
    aside("ip sla", LOGGING),
    aside("ip flow-export", LOGGING),
    aside("ip flow-cache", LOGGING),
    aside("ip flow-top-talkers", LOGGING),
    aside("ip name-server", MANAGEMENT),
    aside("ip domain", MANAGEMENT),
    aside("ip domain-name", MANAGEMENT),
    aside("ip domain-lookup", MANAGEMENT),
    aside("ip domain-list", MANAGEMENT),
    aside("ip host", MANAGEMENT),
    aside("ip http", MANAGEMENT),
    aside("ip ssh", MANAGEMENT),
    aside("ip scp", MANAGEMENT),
    aside("ip ftp", MANAGEMENT),
    aside("ip tftp", MANAGEMENT),
    aside("ip tcp", MANAGEMENT),
    aside("ip rcmd", MANAGEMENT),
    aside("ip telnet", MANAGEMENT),
    aside("ip finger", MANAGEMENT),
    aside("ip bootp", MANAGEMENT),
    aside("ip source-route", MANAGEMENT),
    aside("ip gratuitous-arps", MANAGEMENT),
    aside("ip options", MANAGEMENT),
    aside("ip icmp", MANAGEMENT),
    aside("ip default-gateway", MANAGEMENT),
    aside("ip tacacs", AAA),
    aside("ip radius", AAA),
    aside("ip admission", AAA),
    aside("ip dhcp", SERVICES),
    aside("ip dns", SERVICES),
    aside("ip forward-protocol", SERVICES),
    aside("ip nhrp", SERVICES),
    aside("ip local pool", SERVICES),
    aside("ip wccp", SERVICES),
    read(
        "ip nat inside source",
        nat::source,
        Unobeyed::Judged(NO_NAT),
    ),
    read("ip nat pool", nat::pool, Unobeyed::Judged(NO_NAT)),
    lacking("ip nat", NO_NAT),
    aside("ip cef", MANAGEMENT),
    aside("ip routing", MANAGEMENT),
    aside("ip subnet-zero", MANAGEMENT),
    aside("ip classless", MANAGEMENT),
    aside("ip inspect", QOS),
    aside("ip nbar", QOS),
    aside("ip igmp", LAYER2),
    aside("ip arp", LAYER2),
    aside("ip device", LAYER2),
    aside("ip visibility", LAYER2),
    aside("ipv6 unicast-routing", MANAGEMENT),
    aside("ipv6 cef", MANAGEMENT),
    aside("ipv6 router", ROUTING),
    aside("ipv6 prefix-list", ROUTING),
    aside("ipv6 access-list", QOS),
    aside("ipv6 nd", SERVICES),
    aside("ipv6 dhcp", SERVICES),
    read("route-map", nat::route_map, Unobeyed::Aside(ROUTING)),
    aside("route-tag", ROUTING),
    aside("bfd", ROUTING),
    aside("bfd-template", ROUTING),
    aside("key chain", ROUTING),
    aside("mpls", ROUTING),
    aside("nve", ROUTING),
    aside("l2vpn", ROUTING),
    aside("track", LOGGING),
    aside("aaa", AAA),
    aside("username", AAA),
    aside("user-name", AAA),
    aside("enable", AAA),
    aside("tacacs", AAA),
    aside("tacacs-server", AAA),
    aside("radius", AAA),
    aside("radius-server", AAA),
    aside("ldap", AAA),
    aside("privilege", AAA),
    aside("parser", AAA),
    aside("login", AAA),
    aside("dot1x", AAA),
    aside("device-tracking", LAYER2),
    aside("identity", AAA),
    aside("security passwords", AAA),
    aside("password encryption", AAA),
    aside("authentication", AAA),
    aside("service", MANAGEMENT),
    aside("boot", MANAGEMENT),
    aside("boot-start-marker", MANAGEMENT),
    aside("boot-end-marker", MANAGEMENT),
    aside("config-register", MANAGEMENT),
    aside("platform", MANAGEMENT),
    read("license", license, Unobeyed::Aside(MANAGEMENT)),
    aside("diagnostic", MANAGEMENT),
    aside("memory", MANAGEMENT),
    aside("memory-size", MANAGEMENT),
    aside("multilink", MANAGEMENT),
    aside("subscriber", MANAGEMENT),
    aside("redundancy", MANAGEMENT),
    aside("banner", MANAGEMENT),
    aside("line", MANAGEMENT),
    aside("alias", MANAGEMENT),
    aside("archive", MANAGEMENT),
    aside("clock", MANAGEMENT),
    aside("ntp", MANAGEMENT),
    aside("sntp", MANAGEMENT),
    aside("prompt", MANAGEMENT),
    aside("macro", MANAGEMENT),
    aside("menu", MANAGEMENT),
    aside("file", MANAGEMENT),
    aside("exception", MANAGEMENT),
    aside("scheduler", MANAGEMENT),
    aside("process", MANAGEMENT),
    aside("process-max-time", MANAGEMENT),
    aside("call-home", MANAGEMENT),
    aside("call", MANAGEMENT),
    aside("netconf", MANAGEMENT),
    aside("netconf-yang", MANAGEMENT),
    aside("restconf", MANAGEMENT),
    aside("gnmi-yang", MANAGEMENT),
    aside("gnxi", MANAGEMENT),
    aside("telemetry", LOGGING),
    aside("cdp", MANAGEMENT),
    aside("lldp", MANAGEMENT),
    aside("wsma", MANAGEMENT),
    aside("ssh", MANAGEMENT),
    aside("transceiver", MANAGEMENT),
    aside("hw-module", MANAGEMENT),
    aside("card", MANAGEMENT),
    aside("controller", LAYER2),
    aside("app-hosting", MANAGEMENT),
    aside("iox", MANAGEMENT),
    aside("virtual-service", MANAGEMENT),
    aside("upgrade", MANAGEMENT),
    aside("time-range", QOS),
    aside("logging", LOGGING),
    aside("snmp", LOGGING),
    aside("snmp-server", LOGGING),
    aside("rmon", LOGGING),
    aside("monitor", LOGGING),
    aside("event", LOGGING),
    aside("flow", LOGGING),
    aside("performance", LOGGING),
    aside("spanning-tree", LAYER2),
    aside("vlan", LAYER2),
    aside("vtp", LAYER2),
    aside("switch", LAYER2),
    aside("switchport", LAYER2),
    aside("mac", LAYER2),
    aside("mac-address-table", LAYER2),
    aside("errdisable", LAYER2),
    aside("udld", LAYER2),
    aside("power", LAYER2),
    aside("port-channel", LAYER2),
    aside("lacp", LAYER2),
    aside("bridge", LAYER2),
    aside("bridge-domain", LAYER2),
    aside("ethernet", LAYER2),
    aside("arp", LAYER2),
    aside("mls", LAYER2),
    aside("sdm", LAYER2),
    aside("stackwise-virtual", LAYER2),
    aside("voice", SERVICES),
    aside("voice-card", SERVICES),
    aside("dial-peer", SERVICES),
    aside("sip-ua", SERVICES),
    aside("telephony-service", SERVICES),
    aside("gatekeeper", SERVICES),
    aside("gateway", SERVICES),
    aside("mgcp", SERVICES),
    aside("webvpn", SERVICES),
    aside("vpdn", SERVICES),
    aside("vpdn-group", SERVICES),
    aside("pppoe", SERVICES),
    aside("chat-script", SERVICES),
    aside("dialer-list", SERVICES),
    aside("dialer", SERVICES),
    aside("modem", SERVICES),
    aside("scripting", SERVICES),
    aside("class-map", QOS),
    aside("policy-map", QOS),
    aside("control-plane", QOS),
    aside("object-group", QOS),
    aside("zone", QOS),
    aside("zone-pair", QOS),
    aside("parameter-map", QOS),
    aside("cts", QOS),
    aside("table-map", QOS),
];

fn hostname(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    config.hostname = args.unless_no(|args| args.name("a host name"))?;
    Some(())
}

fn version(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    let version = args.name("a release, such as 17.9")?;
    if crate::behaviour::Release::parse(&version).is_none() {
        args.wrong(version.span, "a release, such as 17.9");
        return None;
    }
    config.version = Some(version);
    Some(())
}

fn nat_transparency(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    config.nat_transparency = switch(args.no, args.line);
    Some(())
}

/// `license boot level securityk9`, `license boot module c2900 technology-package securityk9`,
/// `license feature hseck9`, `license udi pid ISR4321/K9 sn …`.
fn license(config: &mut Config, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    let line = args.line;
    let words = args.rest()?;
    let license = &mut config.license;
    let mut words = words.value.split_whitespace();
    let mut keyword = || words.next().map(str::to_ascii_lowercase);
    let (kind, what) = (keyword()?, keyword());
    match (kind.as_str(), what.as_deref()) {
        ("boot", _) if words.any(|word| word.eq_ignore_ascii_case("securityk9")) => {
            license.security = (!args.no).then_some(line);
        }
        ("feature", Some("hseck9")) => license.high_security = !args.no,
        ("udi", Some("pid")) => license.product = words.next().map(str::to_owned),
        _ => {}
    }
    Some(())
}

/// The published hardening advice to turn ISAKMP off has a side effect that it doesn't tell.
fn isakmp_enable(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    config.isakmp_enabled = switch(args.no, args.line);
    if args.no {
        args.cx.push(
            Finding::warning(
                "isakmp-disabled",
                "ISAKMP is off, which very likely stops IKEv2 as well",
            )
            .at(args.line, "not obeyed here: IKEv2 goes on")
            .certain(Certainty::Undocumented)
            .noted("Cisco's advisory cisco-sa-20170927-ike names it as what stops IKE altogether")
            .help("remove ISAKMP policies and keys instead, and filter UDP 500 and 4500 by peer"),
        );
    }
    Some(())
}

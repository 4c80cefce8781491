//! From a description to two gateways, or to what is wrong with it and where.

use super::place::{
    Networks, Place, Port, SELECTORS, TCP_HEADERS, TunnelPort, fitting, gateway, stated,
};
use super::site::{At, Description, Esp, Ike, Interface, Site, Tunnel, Vendor, prf};
use crossgate_crypto::{DhGroup, Encr, Integ, Secret};
use crossgate_diag::Spanned;
use crossgate_model::behaviour::{Liveness, Retransmission};
use crossgate_model::config::{CertificateUse, IkeVersion, Lifetime, LocalEnd};
use crossgate_model::{
    Auth, Child, Connection, EspProposal, Gateway, Identity, IdentityMatch, IkeProposal,
    Initiation, Nat, PresharedKey, RemoteEnd, Selector, SelectorPair,
};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const IKE_LIFETIME: Duration = Duration::from_secs(8 * 3600);
const LIVENESS: Duration = Duration::from_secs(10);
const NAT_KEEPALIVE: Duration = Duration::from_secs(20);
/// Of a VTI whose access list says what is encrypted.
const MULTI_SA_VTI: (u16, u16) = (16, 12);
const IOS_XE: &str = "17.9";
/// Packets: IOS-XE has no larger one, and PAN-OS begins with it.
const REPLAY_WINDOW: u32 = 1024;

/// A mistake of the description.
#[derive(Debug)]
pub struct Wrong {
    pub at: Range<usize>,
    pub sentence: String,
}

type Checked<T> = Result<T, Wrong>;

fn wrong<T>(at: Range<usize>, sentence: impl Into<String>) -> Checked<T> {
    let sentence = sentence.into();
    Err(Wrong { at, sentence })
}

/// Two gateways that mean each other.
pub struct Design {
    pub names: [String; 2],
    pub vendors: [Vendor; 2],
    pub gateways: [Gateway; 2],
    /// A NAT stands before one of them.
    pub nat: bool,
}

/// Both ends as they are to be, with that key.
pub fn design(description: &Description, key: &Secret) -> Checked<Design> {
    let [first, second] = two_sites(description)?;
    let sites = [first.get_ref(), second.get_ref()];
    let suites = Suites::of(&description.tunnel)?;
    for site in sites {
        site_alone(site, &suites)?;
    }
    apart(sites)?;
    let pairs = pairs(&description.tunnel, sites)?;
    let port = suites.port(&description.tunnel)?;
    let end = |own: &Site, peer: &Site, pairs: &[[Ipv4Net; 2]]| {
        let place = place(own, peer, port.clone());
        let connection = connection(&place, [own, peer], &suites, pairs, key);
        gateway(&place, connection, &networks(pairs))
    };
    let swapped: Vec<[Ipv4Net; 2]> = pairs.iter().map(|[a, b]| [*b, *a]).collect();
    Ok(Design {
        names: sites.map(|site| site.name.get_ref().0.0.clone()),
        vendors: sites.map(Site::vendor),
        nat: sites.iter().any(|site| site.wan.get_ref().public.is_some()),
        gateways: [
            end(sites[0], sites[1], &pairs),
            end(sites[1], sites[0], &swapped),
        ],
    })
}

impl Site {
    fn vendor(&self) -> Vendor {
        self.vendor.get_ref().0
    }

    fn title(&self) -> &str {
        &self.name.get_ref().0.0
    }

    fn wan_address(&self) -> Ipv4Net {
        self.wan.get_ref().address.get_ref().0
    }

    /// Where the peer finds it.
    fn seen_at(&self) -> IpAddr {
        let public = self.wan.get_ref().public.as_ref();
        let public = public.map(|address| address.get_ref().0);
        public.unwrap_or(self.wan_address().addr()).into()
    }

    /// What it shows: the address that it knows of itself, unless it is told otherwise.
    fn identity(&self) -> Identity {
        let known = self
            .identity
            .as_ref()
            .map(|known| known.get_ref().0.0.clone());
        known.unwrap_or(Identity::Address(self.wan_address().addr().into()))
    }

    fn lans(&self) -> impl Iterator<Item = Ipv4Net> + '_ {
        self.lan.iter().map(|lan| lan.address.get_ref().0)
    }
}

type SpannedSite = toml::Spanned<Site>;

fn two_sites(description: &Description) -> Checked<[&SpannedSite; 2]> {
    match description.site.as_slice() {
        [first, second] => Ok([first, second]),
        [] => wrong(
            0..0,
            "expected `[[site]]` twice, one for each end, found none",
        ),
        [only] => wrong(
            only.span(),
            "expected `[[site]]` twice, one for each end, found this one alone",
        ),
        [_, _, third, ..] => wrong(
            third.span(),
            format!(
                "expected `[[site]]` twice, one for each end, found {}: describe each tunnel in a \
                 file of its own",
                description.site.len()
            ),
        ),
    }
}

/// What can be wrong with a site whatever the other one is.
fn site_alone(site: &Site, suites: &Suites) -> Checked<()> {
    let wan = site.wan.get_ref();
    let net = site.wan_address();
    if let Some(hop) = &wan.next_hop {
        let address = hop.get_ref().0;
        if !net.contains(&address) || address == net.addr() {
            return wrong(
                hop.span(),
                format!(
                    "expected another address of {} than the interface's own, found {address}",
                    net.trunc()
                ),
            );
        }
    }
    if site.lan.is_empty() {
        let sentence = format!(
            "`{}` has no `[[site.lan]]`; expected one at least",
            site.title()
        );
        return wrong(site.name.span(), sentence);
    }
    let mut known = vec![(net, "the WAN")];
    for lan in &site.lan {
        let address = lan.address.get_ref().0;
        if let Some((_, which)) = known.iter().find(|(other, _)| overlap(*other, address)) {
            let sentence = format!("{} overlaps with {which} of the same site", address.trunc());
            return wrong(lan.address.span(), sentence);
        }
        known.push((address, "another LAN"));
    }
    interfaces(site)?;
    release(site, suites)
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

/// Names that the vendor has, each once.
fn interfaces(site: &Site) -> Checked<()> {
    let ports = std::iter::once(&site.wan.get_ref().interface);
    let ports = ports.chain(site.lan.iter().map(|lan| &lan.interface));
    let mut known: Vec<&str> = Vec::new();
    for name in ports.flatten().chain(&site.tunnel_interface) {
        let is_tunnel = site.tunnel_interface.as_ref() == Some(name);
        let written = name.get_ref().0.0.as_str();
        let example = match is_tunnel {
            true => site.vendor().tunnel(),
            false => site.vendor().wan(),
        };
        if !is_of(site.vendor(), written, is_tunnel) {
            let vendor = site.vendor().title();
            let kind = if is_tunnel {
                "a tunnel interface"
            } else {
                "an interface"
            };
            return wrong(
                name.span(),
                format!("expected {kind} as {vendor} calls it, such as {example}, found {written}"),
            );
        }
        if known.contains(&written) {
            let sentence = format!("{written} is in use already at `{}`", site.title());
            return wrong(name.span(), sentence);
        }
        known.push(written);
    }
    Ok(())
}

fn is_of(vendor: Vendor, name: &str, is_tunnel: bool) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    match (vendor, is_tunnel) {
        (Vendor::IosXe, true) => name.strip_prefix("Tunnel").is_some_and(number),
        (Vendor::PanOs, true) => name.strip_prefix("tunnel.").is_some_and(number),
        (Vendor::IosXe, false) => {
            name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.starts_with("Tunnel")
        }
        (Vendor::PanOs, false) => ["ethernet", "ae"].iter().any(|kind| {
            let rest = name.strip_prefix(kind);
            rest.is_some_and(|rest| rest.split(['/', '.']).all(number))
        }),
    }
}

impl Vendor {
    pub fn title(self) -> &'static str {
        match self {
            Self::IosXe => "IOS-XE",
            Self::PanOs => "PAN-OS",
        }
    }
}

/// What releases lack of what is written here.
fn release(site: &Site, suites: &Suites) -> Checked<()> {
    let Some(written) = &site.release else {
        return Ok(());
    };
    let release = &written.get_ref().0;
    let least = match site.vendor() {
        Vendor::IosXe => (MULTI_SA_VTI, "several networks in a tunnel interface"),
        Vendor::PanOs if suites.has_newer_group() => ((10, 2), "the groups 15, 16 and 21"),
        Vendor::PanOs if suites.ike.0.is_aead() => ((10, 1), "AES-GCM for IKE"),
        Vendor::PanOs => ((9, 0), "IKEv2 as it is written here"),
    };
    let ((major, minor), what) = least;
    if (release.major, release.minor) >= (major, minor) {
        return Ok(());
    }
    let vendor = site.vendor().title();
    wrong(
        written.span(),
        format!(
            "expected {vendor} {major}.{minor} or later for {what}, found {}",
            release.text
        ),
    )
}

/// What can be wrong with two sites together.
fn apart([first, second]: [&Site; 2]) -> Checked<()> {
    if first.title().eq_ignore_ascii_case(second.title()) {
        let sentence = format!(
            "both sites are called `{}`; expected two names",
            second.title()
        );
        return wrong(second.name.span(), sentence);
    }
    if first.seen_at() == second.seen_at() || first.wan_address() == second.wan_address() {
        let sentence = format!("{} is the other site's address as well", second.seen_at());
        return wrong(second.wan.get_ref().address.span(), sentence);
    }
    for lan in &second.lan {
        let net = lan.address.get_ref().0;
        if let Some(other) = first.lans().find(|other| overlap(*other, net)) {
            let sentence = format!(
                "{} overlaps with {} behind `{}`: hosts could not tell them apart; renumber one \
                 of them",
                net.trunc(),
                other.trunc(),
                first.title()
            );
            return wrong(lan.address.span(), sentence);
        }
    }
    let one_segment = first.wan_address().trunc() == second.wan_address().trunc();
    for site in [first, second] {
        let wan = site.wan.get_ref();
        if wan.next_hop.is_none() && (!one_segment || site.internet) {
            let hosts = wan.address.get_ref().0;
            let example = hosts.hosts().find(|host| *host != hosts.addr());
            let example = example.unwrap_or(Ipv4Addr::UNSPECIFIED);
            let sentence = format!(
                "`next-hop` is missing here; expected the address of the router on this network, \
                 such as `next-hop = \"{example}\"`"
            );
            return wrong(site.wan.span(), sentence);
        }
    }
    Ok(())
}

/// Which networks are joined, the first site's first.
fn pairs(tunnel: &Tunnel, sites: [&Site; 2]) -> Checked<Vec<[Ipv4Net; 2]>> {
    let Some(written) = &tunnel.networks else {
        let [first, second] = sites.map(|site| site.lans().map(|lan| lan.trunc()));
        let second: Vec<Ipv4Net> = second.collect();
        let all = first.flat_map(|a| second.iter().map(move |b| [a, *b]));
        return Ok(all.collect());
    };
    let mut pairs: Vec<[Ipv4Net; 2]> = Vec::new();
    for pair in written.get_ref() {
        let nets = [&pair[0], &pair[1]].map(|net| net.get_ref().0.0);
        for (index, site) in sites.iter().enumerate() {
            let (net, at) = (nets[index], &pair[index]);
            if !site.lans().any(|lan| lan.trunc().contains(&net)) {
                return wrong(at.span(), not_behind(net, site, index));
            }
        }
        if pairs.contains(&nets) {
            return wrong(
                pair[0].span(),
                format!("{} and {} are joined already", nets[0], nets[1]),
            );
        }
        pairs.push(nets);
    }
    if pairs.is_empty() {
        return wrong(
            written.span(),
            "expected one pair of networks at least, found none",
        );
    }
    Ok(pairs)
}

fn not_behind(net: Ipv4Net, site: &Site, index: usize) -> String {
    let which = ["first", "second"][index];
    let lans: Vec<String> = site.lans().map(|lan| lan.trunc().to_string()).collect();
    format!(
        "{net} is not behind `{}`, whose network comes {which} in a pair; expected {} or a part \
         of it",
        site.title(),
        lans.join(" or ")
    )
}

fn networks(pairs: &[[Ipv4Net; 2]]) -> Networks {
    let mut networks = Networks::default();
    for [local, remote] in pairs {
        for (list, net) in [(&mut networks.local, local), (&mut networks.remote, remote)] {
            let net = IpNet::V4(*net);
            if !list.contains(&net) {
                list.push(net);
            }
        }
    }
    networks
}

/// What is negotiated.
struct Suites {
    ike: (Encr, Option<Integ>, DhGroup),
    esp: (Encr, Option<Integ>),
    pfs: Option<DhGroup>,
    ike_lifetime: Duration,
    esp_lifetime: Duration,
    liveness: Duration,
}

impl Suites {
    fn of(tunnel: &Tunnel) -> Checked<Self> {
        let (ike, esp): (&Ike, &Esp) = (&tunnel.ike, &tunnel.esp);
        let (encr, integ) = suite(&ike.encryption, &ike.integrity)?;
        let group = ike
            .group
            .as_ref()
            .map_or(DhGroup::Ecp20, |group| group.get_ref().0);
        let pfs = esp.pfs.as_ref().map_or(Some(group), |pfs| pfs.get_ref().0);
        Ok(Self {
            ike: (encr, integ, group),
            esp: suite(&esp.encryption, &esp.integrity)?,
            pfs,
            ike_lifetime: time(&ike.lifetime, IKE_LIFETIME, 180..=86_400)?,
            esp_lifetime: time(&esp.lifetime, HOUR, 180..=2_592_000)?,
            liveness: time(&tunnel.liveness, LIVENESS, 10..=100)?,
        })
    }

    fn has_newer_group(&self) -> bool {
        let newer = [DhGroup::Modp15, DhGroup::Modp16, DhGroup::Ecp21];
        newer.contains(&self.ike.2) || self.pfs.is_some_and(|pfs| newer.contains(&pfs))
    }

    fn esp_offer(&self, name: &str) -> EspProposal {
        let (encr, integ) = self.esp;
        EspProposal {
            name: Some(stated(name.to_owned())),
            encr: vec![stated(encr)],
            integ: integ.map(stated).into_iter().collect(),
            esn: false,
        }
    }

    /// A tunnel's interface, still without its name.
    fn port(&self, tunnel: &Tunnel) -> Checked<TunnelPort> {
        let fits = fitting(&[self.esp_offer("")]);
        let mss = tunnel.mss.as_ref().map_or(fits, |mss| *mss.get_ref());
        if let Some(written) = &tunnel.mss
            && !(1000..=fits).contains(&mss)
        {
            let sentence = format!("expected 1000 to {fits} octets, which fit, found {mss}");
            return wrong(written.span(), sentence);
        }
        Ok(TunnelPort {
            interface: String::new(),
            address: None,
            mtu: Some(mss + TCP_HEADERS),
            mss: Some(mss),
        })
    }
}

/// A cipher, and the integrity algorithm that it needs.
fn suite(encr: &Option<At<Encr>>, integ: &Option<At<Integ>>) -> Checked<(Encr, Option<Integ>)> {
    let encr = encr
        .as_ref()
        .map_or(Encr::AesGcm256, |encr| encr.get_ref().0);
    match integ {
        Some(integ) if encr.is_aead() => wrong(
            integ.span(),
            format!(
                "{} needs no integrity algorithm; leave this line out",
                encr.name()
            ),
        ),
        Some(integ) => Ok((encr, Some(integ.get_ref().0))),
        None => Ok((encr, (!encr.is_aead()).then_some(Integ::HmacSha384_192))),
    }
}

/// A time that both languages can say; PAN-OS has seconds up to 65,535, and minutes.
fn time(
    written: &Option<At<Duration>>,
    default: Duration,
    range: RangeInclusive<u64>,
) -> Checked<Duration> {
    let Some(written) = written else {
        return Ok(default);
    };
    let time = written.get_ref().0;
    let seconds = time.as_secs();
    if !range.contains(&seconds) {
        let (least, most) = (range.start(), range.end());
        let sentence = format!("expected {least} s to {most} s, found {seconds} s");
        return wrong(written.span(), sentence);
    }
    if seconds > 65_535 && !seconds.is_multiple_of(60) {
        let sentence = format!("expected whole minutes, found {seconds} s");
        return wrong(written.span(), sentence);
    }
    Ok(time)
}

fn place(own: &Site, peer: &Site, port: TunnelPort) -> Place {
    let vendor = own.vendor();
    let named = |name: &Option<At<Interface>>, habit: String| {
        name.as_ref()
            .map_or(habit, |name| name.get_ref().0.0.clone())
    };
    let wan = own.wan.get_ref();
    let release = own
        .release
        .as_ref()
        .map(|release| release.get_ref().0.text.clone());
    let hostname = own.hostname.as_ref().unwrap_or(&own.name);
    let lans = own.lan.iter().enumerate().map(|(number, lan)| Port {
        interface: named(&lan.interface, vendor.lan(number)),
        address: lan.address.get_ref().0.into(),
    });
    Place {
        vendor,
        release: release.or((vendor == Vendor::IosXe).then(|| IOS_XE.to_owned())),
        hostname: Some(hostname.get_ref().0.0.clone()),
        wan: Port {
            interface: named(&wan.interface, vendor.wan()),
            address: own.wan_address().into(),
        },
        next_hop: wan.next_hop.as_ref().map(|hop| hop.get_ref().0.into()),
        lans: lans.collect(),
        tunnel: TunnelPort {
            interface: named(&own.tunnel_interface, vendor.tunnel()),
            address: own
                .tunnel_address
                .as_ref()
                .map(|net| net.get_ref().0.into()),
            ..port
        },
        internet: own.internet,
        peer: peer.title().to_owned(),
    }
}

fn connection(
    place: &Place,
    [own, peer]: [&Site; 2],
    suites: &Suites,
    pairs: &[[Ipv4Net; 2]],
    key: &Secret,
) -> Connection {
    let vendor = place.vendor;
    let [ike, esp] = vendor.offers(&place.peer);
    let (encr, integ, group) = suites.ike;
    let auth = || {
        stated(Auth::Psk(PresharedKey::Known(Secret::copy_of(
            key.expose(),
        ))))
    };
    let identity = match own.identity.is_some() {
        true => stated(own.identity()),
        false => Spanned::default_of(own.identity()),
    };
    Connection {
        name: stated(vendor.connection(&place.peer)),
        version: stated(IkeVersion::V2),
        local: LocalEnd {
            interface: Some(stated(place.wan.interface.clone())),
            address: Some(stated(place.wan.address.addr())),
        },
        remote: RemoteEnd::Address(stated(peer.seen_at())),
        proposals: vec![IkeProposal {
            name: Some(stated(ike)),
            encr: vec![stated(encr)],
            integ: integ.map(stated).into_iter().collect(),
            prf: vec![stated(prf(integ, group))],
            groups: vec![stated(group)],
        }],
        local_identity: identity,
        remote_identities: vec![stated(IdentityMatch::Exactly(peer.identity()))],
        local_auth: auth(),
        remote_auth: auth(),
        certificates: CertificateUse::default(),
        post_quantum: None,
        lifetime: stated(suites.ike_lifetime),
        liveness: Some(stated(Liveness {
            interval: suites.liveness,
            on_demand: false,
            retransmission: Retransmission::default(),
        })),
        nat: Nat {
            enabled: stated(true),
            force_encapsulation: stated(false),
            agrees_on_udp: false,
            keepalive: stated(NAT_KEEPALIVE),
        },
        fragmentation: None,
        initiation: stated(Initiation::OnTraffic),
        enabled: stated(true),
        children: children(place, suites, &esp, pairs),
    }
}

fn children(place: &Place, suites: &Suites, esp: &str, pairs: &[[Ipv4Net; 2]]) -> Vec<Child> {
    let interface = &place.tunnel.interface;
    let tunnel = place.vendor.tunnel_name(&place.peer, interface);
    let child = |(number, pair): (usize, &[Ipv4Net; 2])| {
        let [local, remote] = pair.map(|net| Selector::net(net.into()));
        Child {
            name: stated(place.vendor.child(&tunnel, number, pairs.len())),
            tunnel: stated(tunnel.clone()),
            tunnel_interface: Some(stated(interface.clone())),
            selectors: stated(SelectorPair { local, remote }),
            responder_selectors: SELECTORS,
            proposals: vec![suites.esp_offer(esp)],
            pfs: suites.pfs.map(stated),
            lifetime: Lifetime {
                time: stated(suites.esp_lifetime),
                kilobytes: None,
                idle: None,
            },
            replay_window: stated(REPLAY_WINDOW),
            oversize: Default::default(),
            enabled: stated(true),
        }
    };
    pairs.iter().enumerate().map(child).collect()
}

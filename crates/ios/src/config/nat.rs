//! Address translation, read for whoever judges the file: it isn't done here.

use super::Config;
use crate::grammar::Args;
use crate::tree::{Line, slice};
use crossgate_diag::{Span, Spanned};

#[derive(Clone, Debug, Default)]
pub struct Nat {
    /// In the order of the file.
    pub sources: Vec<NatSource>,
    /// Pools by name, with their first address.
    pub pools: Vec<(String, Spanned<String>)>,
    pub route_maps: Vec<RouteMapEntry>,
}

/// `ip nat inside source …`.
#[derive(Clone, Debug)]
pub struct NatSource {
    pub which: Which,
    pub to: To,
    /// From `list`, `route-map` or `static` to the name after it.
    pub name: Spanned<String>,
}

/// Which packets are translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    List(Spanned<String>),
    RouteMap(Spanned<String>),
    /// One inside address, or one service of it.
    Static(Spanned<String>),
}

/// To what.
#[derive(Clone, Debug)]
pub enum To {
    Interface(Spanned<String>),
    Pool(Spanned<String>),
    Address(Spanned<String>),
}

/// One entry of a route map, as far as NAT asks for it.
#[derive(Clone, Debug)]
pub struct RouteMapEntry {
    pub name: String,
    pub sequence: u32,
    pub permits: bool,
    /// `match ip address`.
    pub lists: Vec<Spanned<String>>,
}

pub(super) fn source(config: &mut Config, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    let kind = args.take()?;
    let keyword = kind.to_ascii_lowercase();
    let which = match keyword.as_str() {
        "list" => Which::List(args.take()?.map(str::to_owned)),
        "route-map" => Which::RouteMap(args.take()?.map(str::to_owned)),
        "static" => return static_source(config, args, kind),
        _ => return None,
    };
    let (Which::List(name) | Which::RouteMap(name) | Which::Static(name)) = &which;
    let name = Spanned {
        value: format!("{keyword} {}", name.value),
        span: crate::grammar::join(kind.span, name.span),
    };
    let to = match args.take_keyword()?.as_str() {
        "interface" => To::Interface(args.interface("an interface")?),
        "pool" => To::Pool(args.take()?.map(str::to_owned)),
        _ => return None,
    };
    put(config, NatSource { which, to, name }, args);
    Some(())
}

/// `static [tcp|udp] LOCAL [PORT] GLOBAL [PORT]`, `static network …` of a whole network isn't
/// one address.
fn static_source(config: &mut Config, args: &mut Args<'_, '_>, kind: Spanned<&str>) -> Option<()> {
    let by_port = matches!(args.keyword(0).as_deref(), Some("tcp" | "udp"));
    if by_port {
        args.take();
    }
    let local = args.take()?.map(str::to_owned);
    local.value.parse::<std::net::IpAddr>().ok()?;
    if by_port {
        args.take();
    }
    let to = match args.keyword(0)?.as_str() {
        "interface" => {
            args.take();
            To::Interface(args.interface("an interface")?)
        }
        _ => To::Address(args.take()?.map(str::to_owned)),
    };
    let name = Spanned {
        value: format!("static {}", local.value),
        span: crate::grammar::join(kind.span, local.span),
    };
    let which = Which::Static(local);
    put(config, NatSource { which, to, name }, args);
    Some(())
}

fn put(config: &mut Config, source: NatSource, args: &mut Args<'_, '_>) {
    let sources = &mut config.nat.sources;
    if !args.cx.is_new("source translation", &source.name) {
        sources.retain(|known| known.which != source.which);
    }
    if !args.no {
        sources.push(source);
    }
}

/// `ip nat pool NAME FIRST LAST …`.
pub(super) fn pool(config: &mut Config, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    let name = args.take()?.value.to_owned();
    let pools = &mut config.nat.pools;
    if !args.cx.is_new("address pool", &name) {
        pools.retain(|(known, _)| *known != name);
    }
    if !args.no {
        let first = args.take()?.map(str::to_owned);
        pools.push((name, first));
    }
    Some(())
}

/// `route-map NAME [permit|deny] [SEQUENCE]`.
pub(super) fn route_map(
    config: &mut Config,
    args: &mut Args<'_, '_>,
    lines: &[Line],
) -> Option<()> {
    let name = args.take()?.value.to_owned();
    let permits = match args.keyword(0).as_deref() {
        Some(word @ ("permit" | "deny")) => {
            args.take();
            word == "permit"
        }
        _ => true,
    };
    let sequence = args.peek(0).and_then(|word| word.parse().ok());
    let maps = &mut config.nat.route_maps;
    if args.no {
        maps.retain(|known| known.name != name || sequence.is_some_and(|s| s != known.sequence));
        return Some(());
    }
    let mut entry = RouteMapEntry {
        name,
        sequence: sequence.unwrap_or(10),
        permits,
        lists: Vec::new(),
    };
    for line in lines {
        let keywords = crate::tree::keywords(args.cx.text, line);
        let matches_lists = keywords
            .iter()
            .zip(["match", "ip", "address"])
            .all(|(word, keyword)| word == keyword);
        if matches_lists {
            let names = line.words.iter().skip(3);
            let name = |span: &Span| slice(args.cx.text, *span).to_owned();
            let lists = names.map(|span| Spanned::at(name(span), *span));
            entry.lists.extend(lists);
        }
    }
    maps.push(entry);
    Some(())
}

//! The tree lowered to the vendor-neutral gateway.
//!
//! Elements were checked against the schema before, and refused values are invisible here; what is
//! told here is what only shows when elements are taken together: names that nothing defines,
//! settings that can't be obeyed, addresses that don't fit.

mod address;
pub(crate) mod algorithm;
mod certificate;
mod identity;
mod ike;
mod interface;
mod named;
mod policy;
mod profile;
mod route;
mod tunnel;
mod unused;

use crate::behaviour;
use crate::tree::{At, Tree};
use address::AddressBook;
use crossgate_diag::{Finding, Severity, Span, Spanned, is_surely_again, surely};
use crossgate_model::{Gateway, Interface, Limits};
use interface::Elsewhere;
pub(crate) use profile::predefined;
use std::collections::{BTreeMap, BTreeSet};

/// The gateway that a configuration describes.
pub fn lower(tree: &Tree) -> (Gateway, Vec<Finding>) {
    let mut scope = Scope::new(tree.root());
    scope.tell_other_devices();
    scope.interfaces = interface::interfaces(&mut scope);
    let named = scope.interfaces.iter().map(|i| i.name.value.clone());
    scope.index = named.zip(0..).collect();
    let routes = route::routes(&mut scope);
    let children = tunnel::children(&mut scope);
    let connections = ike::connections(&mut scope, children);
    let policy = policy::policy(&mut scope);
    let certificates = certificate::certificates(&mut scope);
    unused::tell(&mut scope);
    let release = release(tree.root());
    let gateway = Gateway {
        dialect: "pan-os",
        hostname: hostname(&scope),
        behaviour: behaviour::of_release(release.as_ref().map(|r| r.value.as_str())),
        release,
        interfaces: scope.interfaces,
        routes,
        connections,
        limits: limits(scope.device),
        policy: policy.into(),
        throughput_cap: None,
        certificates,
    };
    (gateway, scope.findings)
}

/// `detail-version` has the maintenance release, which `version` lacks.
fn release(root: At<'_>) -> Option<Spanned<String>> {
    let detail = root.attribute("detail-version");
    detail.or_else(|| root.attribute("version")).cloned()
}

fn hostname(scope: &Scope<'_>) -> Option<Spanned<String>> {
    let path = ["deviceconfig", "system", "hostname"];
    scope.device.value(&path).map(At::name)
}

/// PAN-OS's own bounds where the file sets none: a cookie from 500 half-open IKE SAs on, 65,535 of
/// them at most (vendor's documents).
fn limits(device: At<'_>) -> Limits {
    let settings = ["deviceconfig", "setting", "vpn", "ikev2"];
    let said = |name| {
        let ikev2 = device.path(&settings)?;
        ikev2.number::<u32>(&[name])
    };
    let threshold = cookies_always(device).or_else(|| said("cookie-threshold"));
    Limits {
        cookie_threshold: threshold.unwrap_or(Spanned::default_of(500)),
        max_half_open: said("max-half-opened-sa").unwrap_or(Spanned::default_of(65_535)),
        ..Limits::default()
    }
}

/// If every gateway has `require-cookie`, each peer is asked for a cookie: the threshold is 0.
fn cookies_always(device: At<'_>) -> Option<Spanned<u32>> {
    let gateways = device.below(&["network", "ike", "gateway"]);
    let said = gateways.map(|gateway| {
        let flag = gateway.flag(&["protocol", "ikev2", "require-cookie"]);
        flag.filter(|flag| flag.value)
    });
    let said: Option<Vec<Spanned<bool>>> = said.collect();
    said?.first().map(|flag| flag.map(|_| 0))
}

/// What lowering looks at, and what it has to tell.
struct Scope<'t> {
    root: At<'t>,
    /// The one device of a firewall's configuration.
    device: At<'t>,
    book: AddressBook<'t>,
    interfaces: Vec<Interface>,
    /// Where each is, by its name.
    index: BTreeMap<String, usize>,
    findings: Vec<Finding>,
    /// Titles and places of the findings: what two users of one profile find is told once.
    told: BTreeSet<(String, Option<Span>)>,
    /// Names that nothing defines, so far.
    undefined: usize,
}

impl<'t> Scope<'t> {
    fn new(root: At<'t>) -> Self {
        Self {
            root,
            // Without a device there is nothing below the root that a device would have.
            device: root.below(&["devices"]).next().unwrap_or(root),
            book: AddressBook::new(root),
            interfaces: Vec::new(),
            index: BTreeMap::new(),
            findings: Vec::new(),
            told: BTreeSet::new(),
            undefined: 0,
        }
    }

    fn tell(&mut self, finding: Finding) {
        let place = finding.labels.first().map(|label| label.span);
        if self.told.insert((finding.title.clone(), place)) {
            self.findings.push(finding);
        }
    }

    fn tell_other_devices(&mut self) {
        for other in self.root.below(&["devices"]).skip(1) {
            let title = "a configuration of one device has one entry in `devices`";
            let note = Finding::warning("not-obeyed", title);
            self.tell(note.at(other.span(), "this one is not obeyed"));
        }
    }

    /// Every virtual system, in the file's order.
    fn systems(&self) -> impl Iterator<Item = At<'t>> + use<'t> {
        self.device.below(&["vsys"])
    }

    /// A name that nothing defines. In a part of a configuration that lacks the whole section
    /// where it would be, that may be all right.
    fn tell_undefined<'n>(
        &mut self,
        what: &str,
        name: At<'_>,
        section: &[&str],
        names: impl Iterator<Item = &'n str>,
    ) {
        let whole = self.device.path(section).is_some();
        let severity = if whole {
            Severity::Error
        } else {
            Severity::Warning
        };
        let title = format!("there is no {what} `{}`", name.shown());
        let finding = Finding::new(severity, "undefined-name", title);
        let finding = finding.at(name.span(), "nothing of this name is defined");
        let finding = match self.meant(name, names) {
            Some(meant) => finding.meant(name.span(), meant),
            None => finding,
        };
        self.tell(if whole {
            finding
        } else {
            finding.noted(format!("this file has no `{}` section", section.join(" ")))
        });
    }

    /// Which of those names an undefined one surely was to be. A file with many such names, or many
    /// things, wasn't mistyped, and would take long.
    fn meant<'n>(&mut self, name: At<'_>, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        const MOST: usize = 16;
        const NAMES: usize = 1000;
        self.undefined += 1;
        if self.undefined > MOST || name.is_secret() {
            return None;
        }
        let meant = surely(name.word(), names.take(NAMES))?;
        // Beside its definition.
        let is_used = count(self.root, meant) > 1;
        (!is_used || is_surely_again(name.word(), meant)).then_some(meant)
    }

    /// Tells of a word that is neither an address nor the name of one.
    fn tell_no_address(&mut self, at: At<'_>, expected: &str) {
        let title = format!("`{}` is no address and no address object", at.shown());
        let error = Finding::error("invalid-value", title).at(at.span(), expected);
        let names = self.book.names();
        let error = match self.meant(at, names.into_iter()) {
            Some(meant) => error.meant(at.span(), meant),
            None => error,
        };
        self.tell(error);
    }

    fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.get(*self.index.get(name)?)
    }

    /// Whether an interface is defined, or could be in what the file lacks.
    fn may_have_interface(&self, name: &str) -> bool {
        let whole = self.device.path(&["network", "interface"]).is_some();
        self.interface(name).is_some() || !whole
    }

    /// Tells of an interface that nothing defines, or that has no addresses and zones as those of
    /// layer 3 do, which all who ask here need.
    fn expect_interface(&mut self, name: At<'_>) {
        if self.interface(name.word()).is_some() {
            return;
        }
        match interface::elsewhere(self.device, name.word()) {
            Elsewhere::OtherKind => {}
            Elsewhere::Nowhere => {
                let names: Vec<String> = self.index.keys().cloned().collect();
                let names = names.iter().map(String::as_str);
                self.tell_undefined("interface", name, &["network", "interface"], names);
            }
            Elsewhere::NotLayer3 => {
                let title = format!("the interface `{}` is none of layer 3", name.shown());
                let error = Finding::error("undefined-name", title);
                let label = "expected an interface with `layer3`";
                self.tell(error.at(name.span(), label));
            }
        }
    }
}

/// How often a word stands in a tree.
fn count(at: At<'_>, word: &str) -> usize {
    let below = at.children().map(|child| count(child, word));
    usize::from(at.word() == word) + below.sum::<usize>()
}

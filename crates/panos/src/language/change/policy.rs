//! New security and NAT rules.

use super::{Draft, cannot, join, unused};
use crate::language::steps::{self, Path, Step};
use crossgate_model::{CannotSay, Change};
use ipnet::IpNet;

/// Characters of a rule's name.
const NAME_MAX: usize = 63;
const BASES: [&str; 3] = ["rulebase", "pre-rulebase", "post-rulebase"];

impl Draft<'_> {
    pub fn rule(&mut self, change: &Change) -> Result<(), CannotSay> {
        match change {
            Change::Allow {
                name,
                from,
                to,
                source,
                destination,
                above,
            } => {
                let rule = self.new_rule("security", name, from, above.as_deref())?;
                self.whence_and_whither(&rule, [from, to], [source, destination]);
                self.members(join(&rule, &["application"]), &["any"]);
                self.members(join(&rule, &["service"]), &["any"]);
                self.value(join(&rule, &["action"]), "allow");
                self.put_above(rule, above.as_deref());
                Ok(())
            }
            Change::KeepAddresses {
                name,
                from,
                to,
                source,
                destination,
                above,
            } => {
                let rule = self.new_rule("nat", name, from, above.as_deref())?;
                self.whence_and_whither(&rule, [from, to], [source, destination]);
                self.value(join(&rule, &["service"]), "any");
                self.put_above(rule, above.as_deref());
                Ok(())
            }
            _ => cannot("it is no matter of rules"),
        }
    }

    /// The path of a rule that isn't there yet: beside the one that it goes above, or else where
    /// its zone is.
    fn new_rule(
        &self,
        kind: &str,
        name: &str,
        from: &str,
        above: Option<&str>,
    ) -> Result<Path, CannotSay> {
        let systems = self.systems();
        let rules = match above {
            Some(above) => {
                let shared = [vec!["shared".to_owned()]];
                let mut lists = systems
                    .iter()
                    .chain(&shared)
                    .flat_map(|section| BASES.map(|base| join(section, &[base, kind, "rules"])));
                let found = lists.find(|list| self.at(&join(list, &[above])).is_some());
                match found {
                    Some(list) => list,
                    None => return cannot(format!("the file has no {kind} rule `{above}`")),
                }
            }
            None => {
                let has_zone = |system: &&Path| self.at(&join(system, &["zone", from])).is_some();
                let system = systems.iter().find(has_zone).or(systems.first());
                let system = system.map_or(&[][..], Vec::as_slice);
                join(system, &[self.base(system)?, kind, "rules"])
            }
        };
        let used = steps::words_below(self.tree, &rules);
        let name = unused(name, NAME_MAX, |name| used.iter().any(|used| used == name));
        Ok(join(&rules, &[&name]))
    }

    /// Where new rules go: a Panorama has its rules before the device's own.
    fn base(&self, system: &[String]) -> Result<&'static str, CannotSay> {
        if !self.tree.is_layered() {
            return Ok("rulebase");
        }
        match self.at(&join(system, &["pre-rulebase"])) {
            Some(_) => Ok("pre-rulebase"),
            None => cannot("no device group of the file has rules for this device"),
        }
    }

    fn whence_and_whither(&mut self, rule: &[String], zones: [&str; 2], nets: [&IpNet; 2]) {
        let [from, to] = zones;
        let [source, destination] = nets.map(net);
        self.members(join(rule, &["from"]), &[from]);
        self.members(join(rule, &["to"]), &[to]);
        self.members(join(rule, &["source"]), &[&source]);
        self.members(join(rule, &["destination"]), &[&destination]);
    }

    fn put_above(&mut self, rule: Path, above: Option<&str>) {
        if let Some(above) = above {
            self.steps.push(Step::Before(rule, above.to_owned()));
        }
    }
}

fn net(net: &IpNet) -> String {
    match net.prefix_len() {
        0 => "any".to_owned(),
        _ => net.to_string(),
    }
}

//! The record of what a daemon makes, beside its control socket: NAME.made.
//!
//! It is written before anything is made and goes at an orderly stop. A daemon that died leaves
//! it, and from it the next one of that name knows which routes and rules are its own to remove,
//! even if its file no longer mentions them, and how the kernel's switches stood before.

use crate::routes::{RouteSpec, RuleSpec, Via};
use crate::sysctl::{Changed, SWITCHES};
use ipnet::IpNet;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What a daemon has made, or is about to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    pub routes: BTreeSet<RouteSpec>,
    pub rules: BTreeSet<RuleSpec>,
    /// The kernel's tunnel devices, which outlive a daemon as a TUN does not.
    pub devices: BTreeSet<String>,
    /// Of nftables.
    pub tables: BTreeSet<String>,
    /// Each with its former value.
    pub switches: Vec<Changed>,
}

/// Where it is recorded.
pub struct MadeFile(PathBuf);

impl MadeFile {
    pub fn beside(socket: &Path) -> Self {
        Self(socket.with_extension("made"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What a daemon that died has made of this machine; nothing if none did.
    pub fn read(&self) -> io::Result<Made> {
        let text = match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Made::default()),
            text => text?,
        };
        if fs::metadata(&self.0)?.uid() != rustix::process::getuid().as_raw() {
            return Err(io::Error::other("it is another user's"));
        }
        let value: Value = serde_json::from_str(&text)?;
        if value["machine"] != this_machine() {
            return Ok(Made::default());
        }
        parse(&value)
            .ok_or_else(|| io::Error::other("expected routes, rules, devices and switches"))
    }

    /// All of it or, should we die meanwhile, what was there before.
    pub fn write(&self, made: &Made) -> io::Result<()> {
        let new = self.0.with_extension("made-new");
        remove(&new)?;
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(render(made).as_bytes())?;
        fs::rename(new, &self.0)
    }

    pub fn remove(&self) -> io::Result<()> {
        remove(&self.0)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Routes and switches belong to one network namespace, and end with the machine's.
fn this_machine() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/net").unwrap_or_default();
    format!("{} {}", boot.trim(), namespace.display())
}

fn render(made: &Made) -> String {
    let switch = |s: &Changed| json!({ "name": s.name, "before": s.before });
    let value = json!({
        "machine": this_machine(),
        "routes": made.routes.iter().map(route_value).collect::<Vec<_>>(),
        "rules": made.rules.iter().map(rule_value).collect::<Vec<_>>(),
        "devices": made.devices,
        "tables": made.tables,
        "switches": made.switches.iter().map(switch).collect::<Vec<_>>(),
    });
    value.to_string() + "\n"
}

fn route_value(route: &RouteSpec) -> Value {
    let via = match &route.via {
        Via::Device(device) => json!({ "device": device }),
        Via::Gateway { address, device } => json!({ "gateway": address, "device": device }),
        Via::Unreachable => json!("unreachable"),
        Via::Discard => json!("discard"),
    };
    json!({
        "table": route.table,
        "destination": route.destination.to_string(),
        "metric": route.metric,
        "via": via,
    })
}

fn rule_value(rule: &RuleSpec) -> Value {
    json!({
        "v6": rule.v6,
        "priority": rule.priority,
        "source": rule.source.map(|net| net.to_string()),
        "destination": rule.destination.map(|net| net.to_string()),
        "ip_protocol": rule.ip_protocol,
        "source_ports": rule.source_ports,
        "destination_ports": rule.destination_ports,
        "mark": rule.mark,
        "table": rule.table,
    })
}

fn parse(value: &Value) -> Option<Made> {
    let list = |name: &str| value[name].as_array();
    Some(Made {
        routes: list("routes")?.iter().map(route).collect::<Option<_>>()?,
        rules: list("rules")?.iter().map(rule).collect::<Option<_>>()?,
        // Daemons of before there were any don't list them.
        devices: or_null(&value["devices"], texts)?.unwrap_or_default(),
        tables: or_null(&value["tables"], texts)?.unwrap_or_default(),
        switches: list("switches")?
            .iter()
            .map(switch)
            .collect::<Option<_>>()?,
    })
}

fn route(value: &Value) -> Option<RouteSpec> {
    let via = &value["via"];
    let device = via["device"].as_str().map(str::to_owned);
    let via = match (via.as_str(), via["gateway"].as_str(), device) {
        (Some("unreachable"), ..) => Via::Unreachable,
        (Some("discard"), ..) => Via::Discard,
        (None, Some(address), device) => Via::Gateway {
            address: address.parse().ok()?,
            device,
        },
        (None, None, Some(device)) => Via::Device(device),
        _ => return None,
    };
    Some(RouteSpec {
        table: number(&value["table"])?,
        destination: value["destination"].as_str()?.parse().ok()?,
        metric: number(&value["metric"])?,
        via,
    })
}

fn rule(value: &Value) -> Option<RuleSpec> {
    Some(RuleSpec {
        v6: value["v6"].as_bool()?,
        priority: number(&value["priority"])?,
        source: or_null(&value["source"], net)?,
        destination: or_null(&value["destination"], net)?,
        ip_protocol: number(&value["ip_protocol"])?,
        source_ports: or_null(&value["source_ports"], ports)?,
        destination_ports: or_null(&value["destination_ports"], ports)?,
        mark: or_null(&value["mark"], number)?,
        table: number(&value["table"])?,
    })
}

/// No path of the file's choosing: one of the switches that we know.
fn switch(value: &Value) -> Option<Changed> {
    let name = value["name"].as_str()?;
    let before = value["before"].as_str()?;
    Some(Changed {
        name: SWITCHES.into_iter().find(|known| *known == name)?,
        before: before.to_owned(),
    })
}

/// `None` where there is something else than expected.
fn or_null<T>(value: &Value, parse: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    match value {
        Value::Null => Some(None),
        value => parse(value).map(Some),
    }
}

fn texts(value: &Value) -> Option<BTreeSet<String>> {
    let texts = value.as_array()?.iter();
    texts.map(|text| text.as_str().map(str::to_owned)).collect()
}

fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_u64()?).ok()
}

fn net(value: &Value) -> Option<IpNet> {
    value.as_str()?.parse().ok()
}

fn ports(value: &Value) -> Option<(u16, u16)> {
    Some((number(&value[0])?, number(&value[1])?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::{bind, local_addresses};
    use crate::plan::Plan;
    use crate::testing::{BRANCH, HQ, device, gateway, hq_devices};
    use std::os::unix::fs::PermissionsExt;

    fn made(text: &str, devices: &[crate::netlink::Device]) -> Made {
        let gateway = gateway(text);
        let bindings = bind(&gateway, &[], devices).expect("bound");
        let locals = local_addresses(&gateway, &bindings, devices).expect("addresses");
        let plan = Plan::new(&gateway, &bindings, locals, &|_| 1500);
        Made {
            routes: plan.routes(),
            rules: plan.rules,
            devices: BTreeSet::from(["tunnel.1".to_owned()]),
            tables: BTreeSet::from(["crossgate-hq-1a2b3c4d".to_owned()]),
            switches: vec![Changed {
                name: SWITCHES[0],
                before: "0".into(),
            }],
        }
    }

    #[test]
    fn what_was_made_is_read_as_it_was_written_by_this_user_alone() {
        let folder = std::env::temp_dir().join(format!("crossgate-made-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = MadeFile::beside(&folder.join("x.sock"));
        assert_eq!(file.read().expect("none"), Made::default());
        let wan = [device("wan", &["203.0.113.10/24"])];
        for made in [made(HQ, &hq_devices()), made(BRANCH, &wan)] {
            assert!(!made.routes.is_empty());
            file.write(&made).expect("written");
            assert_eq!(file.read().expect("read"), made);
        }
        let mode = fs::metadata(file.path()).expect("there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        file.remove().expect("removed");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
        fs::remove_dir(&folder).expect("removed");
    }

    #[test]
    fn a_record_that_is_none_is_not_half_believed() {
        let good = r#"{"routes": [], "rules": [], "devices": [], "switches": []}"#;
        assert_eq!(parse(&json_of(good)), Some(Made::default()));
        for bad in [
            r"{}",
            r#"{"routes": [{}], "rules": [], "devices": [], "switches": []}"#,
            r#"{"routes": [], "rules": [{"v6": true}], "devices": [], "switches": []}"#,
            r#"{"routes": [], "rules": [], "devices": [7], "switches": []}"#,
            r#"{"routes": [], "rules": [], "tables": "x", "switches": []}"#,
            r#"{"routes": [], "rules": [], "devices": [], "switches": [{"name": "kernel/panic", "before": "1"}]}"#,
        ] {
            assert_eq!(parse(&json_of(bad)), None, "{bad}");
        }
    }

    fn json_of(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }
}

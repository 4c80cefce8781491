//! The SAs' lives over the day as a picture: SVG that stands alone, for light and dark pages.

use super::Day;
use super::lives::{self, Life, Of, clock};
use crossgate_model::Time;
use crossgate_rehearse::{Happening, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 30.0;
/// The title, before rows of labels of disturbances.
const HEAD: f64 = 66.0;
const LABEL_ROW: f64 = 15.0;
const LANE: f64 = 20.0;
const LANE_GAP: f64 = 6.0;
const GROUP_GAP: f64 = 16.0;
/// Of one end, kind and name, that are drawn below each other where lives overlap.
const SUBLANES: usize = 4;
/// Two SAs of a rekey overlap for so long without being drawn below each other.
const HANDOVER: Duration = Duration::from_secs(90);
/// Bars of one lane at most; a day of failures would have thousands.
const BARS: usize = 1500;
/// Characters of a label are about so wide.
const CHARACTER: f64 = 6.4;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#24292f}\
.title{font-size:17px;font-weight:600}.small{font-size:11px;fill:#57606a}\
.page{fill:#ffffff}.lane{fill:#eff2f5}.grid{stroke:#d0d7de;stroke-width:1}\
.ike0{fill:#0550ae}.ike1{fill:#54aeff}.child0{fill:#116329}.child1{fill:#4ac26b}\
.rekey{stroke:#24292f;stroke-width:1.5}.cut{stroke:#a40e26;stroke-width:2.5;fill:none}\
.lost{stroke:#a40e26;stroke-width:1.5}.outage{fill:#cf222e;fill-opacity:.22}\
.event{stroke:#8250df;stroke-width:1.5;stroke-dasharray:4 3}.eventtext{fill:#6639ba;font-size:11px}\
@media(prefers-color-scheme:dark){\
text{fill:#e6edf3}.small{fill:#9198a1}.page{fill:#0d1117}.lane{fill:#1c2128}.grid{stroke:#3d444d}\
.ike0{fill:#1f6feb}.ike1{fill:#79c0ff}.child0{fill:#238636}.child1{fill:#7ee787}\
.rekey{stroke:#e6edf3}.cut{stroke:#ff7b72}.lost{stroke:#ff7b72}.outage{fill:#f85149;fill-opacity:.3}\
.event{stroke:#bc8cff}.eventtext{fill:#d2a8ff}}";

pub fn draw(day: &Day<'_>) -> String {
    let lives = lives::of(day.entries(), day.world.now());
    let labels = labels(day);
    let mut picture = Picture {
        day,
        scale: (WIDTH - LEFT - RIGHT) / day.world.now().since_start().as_secs_f64().max(1.0),
        top: HEAD + LABEL_ROW * labels.rows as f64 + 8.0,
        below: 0.0,
        body: String::new(),
    };
    picture.below = picture.top;
    for node in [NodeId(0), NodeId(1)] {
        picture.end(node, &lives);
    }
    picture.losses();
    picture.outages();
    picture.disturbances(&labels);
    picture.axis();
    picture.legend();
    picture.whole()
}

struct Picture<'a> {
    day: &'a Day<'a>,
    /// Units a second.
    scale: f64,
    top: f64,
    /// Where the next lane begins.
    below: f64,
    body: String,
}

impl Picture<'_> {
    fn x(&self, at: Time) -> f64 {
        LEFT + at.since_start().as_secs_f64() * self.scale
    }

    /// One end's lanes: its IKE SA, then each Child.
    fn end(&mut self, node: NodeId, lives: &[Life]) {
        let name = self.day.names[usize::from(node.0)];
        let mut groups: BTreeMap<Option<&str>, Vec<&Life>> = BTreeMap::new();
        groups.entry(None).or_default();
        for life in lives.iter().filter(|life| life.node == node) {
            let group = match &life.of {
                Of::Ike { .. } => None,
                Of::Child { name, .. } => Some(name.as_str()),
            };
            groups.entry(group).or_default().push(life);
        }
        for (child, lives) in groups {
            let title = match child {
                None => format!("{name}: IKE SA"),
                Some(child) => format!("{name}: {child}"),
            };
            self.group(&title, child.is_none(), &lives);
        }
        self.below += GROUP_GAP;
    }

    fn group(&mut self, title: &str, ike: bool, lives: &[&Life]) {
        let lanes = in_lanes(lives);
        let first = self.below;
        for lane in &lanes {
            let (y, width) = (self.below, WIDTH - LEFT - RIGHT);
            writeln!(
                self.body,
                r#"<rect class="lane" x="{LEFT}" y="{y}" width="{width}" height="{LANE}"/>"#
            )
            .ok();
            for (index, life) in lane.iter().take(BARS).enumerate() {
                self.bar(life, ike, index % 2, y);
            }
            self.below += LANE + 2.0;
        }
        let (x, y) = (LEFT - 10.0, first + LANE - 6.0);
        let shown = shortened(title, 27);
        writeln!(
            self.body,
            r#"<text x="{x}" y="{y}" text-anchor="end">{}<title>{}</title></text>"#,
            escaped(&shown),
            escaped(title)
        )
        .ok();
        self.below += LANE_GAP - 2.0;
    }

    fn bar(&mut self, life: &Life, ike: bool, shade: usize, y: f64) {
        let (from, to) = (self.x(life.from), self.x(life.to));
        let width = (to - from).max(0.8);
        let kind = if ike { "ike" } else { "child" };
        let ended = life
            .ended
            .as_deref()
            .unwrap_or("replaced, or still there at the end");
        writeln!(
            self.body,
            r#"<rect class="{kind}{shade}" x="{from:.2}" y="{y}" width="{width:.2}" height="{LANE}"><title>{} to {}: {}</title></rect>"#,
            clock(life.from),
            clock(life.to),
            escaped(ended)
        )
        .ok();
        if life.successor {
            let end = y + LANE;
            writeln!(
                self.body,
                r#"<line class="rekey" x1="{from:.2}" x2="{from:.2}" y1="{y}" y2="{end}"/>"#
            )
            .ok();
        }
        if life.ended.is_some() {
            let (left, right) = (to - 4.0, to + 4.0);
            let (high, low) = (y + LANE / 2.0 - 4.0, y + LANE / 2.0 + 4.0);
            writeln!(
                self.body,
                r#"<path class="cut" d="M{left:.2} {high}L{right:.2} {low}M{left:.2} {low}L{right:.2} {high}"/>"#
            )
            .ok();
        }
    }

    /// A line where packets were lost, one for each unit of width.
    fn losses(&mut self) {
        let y = self.below;
        let end = y + LANE;
        writeln!(
            self.body,
            r#"<rect class="lane" x="{LEFT}" y="{y}" width="{}" height="{LANE}"/><text x="{}" y="{}" text-anchor="end">lost packets</text>"#,
            WIDTH - LEFT - RIGHT,
            LEFT - 10.0,
            end - 6.0
        )
        .ok();
        let places = self.day.entries().filter_map(|entry| match entry.what {
            Happening::PingLost { sent, .. } => Some(self.x(sent) as u32),
            _ => None,
        });
        for x in places.collect::<BTreeSet<_>>() {
            writeln!(
                self.body,
                r#"<line class="lost" x1="{x}" x2="{x}" y1="{y}" y2="{end}"/>"#
            )
            .ok();
        }
        self.below = end + LANE_GAP;
    }

    fn outages(&mut self) {
        for outage in &self.day.account.outages {
            let (from, to) = (self.x(outage.from), self.x(outage.to));
            let (y, width, height) = (self.top, (to - from).max(2.0), self.below - self.top);
            writeln!(
                self.body,
                r#"<rect class="outage" x="{from:.2}" y="{y}" width="{width:.2}" height="{height}"><title>{}: {}</title></rect>"#,
                clock(outage.from),
                escaped(&outage.to_string())
            )
            .ok();
        }
    }

    fn disturbances(&mut self, labels: &Labels) {
        for label in &labels.all {
            let x = self.x(label.at);
            let y = HEAD + LABEL_ROW * label.row as f64;
            let (anchor, shift) = if label.leftwards {
                ("end", -4.0)
            } else {
                ("start", 4.0)
            };
            writeln!(
                self.body,
                r#"<line class="event" x1="{x:.2}" x2="{x:.2}" y1="{}" y2="{}"/><text class="eventtext" x="{:.2}" y="{y}" text-anchor="{anchor}">{}</text>"#,
                y - 9.0,
                self.below,
                x + shift,
                escaped(&label.text)
            )
            .ok();
        }
    }

    /// A line each hour, or each few of them.
    fn axis(&mut self) {
        let seconds = self.day.world.now().since_start().as_secs();
        let hours = (seconds / 3600).max(1);
        let step = hours.div_ceil(24).max(1);
        let mut grid = String::new();
        for hour in (0..=hours).step_by(usize::try_from(step).unwrap_or(1)) {
            let x = self.x(Time::after_start(Duration::from_secs(hour * 3600)));
            writeln!(
                grid,
                r#"<line class="grid" x1="{x:.2}" x2="{x:.2}" y1="{}" y2="{}"/><text class="small" x="{x:.2}" y="{}" text-anchor="middle">{hour} h</text>"#,
                self.top,
                self.below,
                self.below + 16.0
            )
            .ok();
        }
        self.below += 34.0;
        self.body.insert_str(0, &grid);
    }

    fn legend(&mut self) {
        let y = self.below;
        let mut x = LEFT;
        let (low, middle) = (y + 12.0, y + 6.0);
        let mut entry = |mark: String, text: &str| {
            writeln!(
                self.body,
                r#"{mark}<text class="small" x="{}" y="{}">{text}</text>"#,
                x + 32.0,
                y + 10.0
            )
            .ok();
            x += 44.0 + CHARACTER * text.chars().count() as f64;
        };
        let pair = |class: &str, x: f64| {
            format!(
                r#"<rect class="{class}0" x="{x}" y="{y}" width="13" height="12"/><rect class="{class}1" x="{}" y="{y}" width="13" height="12"/>"#,
                x + 13.0
            )
        };
        let places = legend_places();
        let texts = LEGEND;
        entry(pair("ike", places[0]), texts[0]);
        entry(pair("child", places[1]), texts[1]);
        let at = places[2] + 13.0;
        entry(
            format!(r#"<line class="rekey" x1="{at}" x2="{at}" y1="{y}" y2="{low}"/>"#),
            texts[2],
        );
        let at = places[3] + 13.0;
        let (left, right, high) = (at - 4.0, at + 4.0, middle - 4.0);
        let bottom = middle + 4.0;
        entry(
            format!(
                r#"<path class="cut" d="M{left} {high}L{right} {bottom}M{left} {bottom}L{right} {high}"/>"#
            ),
            texts[3],
        );
        let at = places[4];
        entry(
            format!(r#"<rect class="outage" x="{at}" y="{y}" width="26" height="12"/>"#),
            texts[4],
        );
        let at = places[5] + 13.0;
        entry(
            format!(r#"<line class="lost" x1="{at}" x2="{at}" y1="{y}" y2="{low}"/>"#),
            texts[5],
        );
        let at = places[6] + 13.0;
        entry(
            format!(r#"<line class="event" x1="{at}" x2="{at}" y1="{y}" y2="{low}"/>"#),
            texts[6],
        );
        self.below = y + 30.0;
    }

    fn whole(self) -> String {
        let day = self.day;
        let [first, second] = day.names.map(escaped);
        let hours = day.scenario.lasts.as_secs() / 3600;
        let title = format!("{first} and {second}: {hours} hours of their SAs");
        let account = &day.account;
        let verdict = escaped(&account.verdict.sentence(day.names).to_string());
        let described = format!(
            "verdict: {verdict}; {} IKE SAs and {} pairs of Child SAs were made; without a tunnel: {}; {} packets lost",
            account.ike_sas,
            account.child_sas,
            super::account::length(account.without_tunnel()),
            day.world.trace().totals.pings_lost
        );
        let (height, body) = (self.below, self.body);
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="t d">
<title id="t">{title}</title>
<desc id="d">{described}</desc>
<style>{STYLE}</style>
<rect class="page" x="0" y="0" width="{WIDTH}" height="{height}"/>
<text class="title" x="20" y="28">{title}</text>
<text class="small" x="20" y="46">{described}</text>
{body}</svg>
"#
        )
    }
}

const LEGEND: [&str; 7] = [
    "IKE SA and its successor",
    "Child SA and its successor",
    "rekey",
    "ended without a successor",
    "no tunnel",
    "packets lost",
    "event",
];

/// Where each entry of the legend begins.
fn legend_places() -> [f64; 7] {
    let mut x = LEFT;
    LEGEND.map(|text| {
        let place = x;
        x += 44.0 + CHARACTER * text.chars().count() as f64;
        place
    })
}

/// Lives that overlap for longer than a rekey takes are in different lanes.
fn in_lanes<'a>(lives: &[&'a Life]) -> Vec<Vec<&'a Life>> {
    let mut lanes: Vec<Vec<&Life>> = vec![Vec::new()];
    for life in lives {
        let free = lanes.iter().position(|lane| {
            lane.last()
                .is_none_or(|last| last.to <= life.from + HANDOVER)
        });
        match free {
            Some(index) => lanes[index].push(life),
            None if lanes.len() < SUBLANES => lanes.push(vec![life]),
            None => lanes[SUBLANES - 1].push(life),
        }
    }
    lanes
}

/// Where the labels of disturbances stand.
struct Labels {
    all: Vec<Label>,
    rows: usize,
}

struct Label {
    at: Time,
    text: String,
    row: usize,
    leftwards: bool,
}

/// Each in the first row that has room for it.
fn labels(day: &Day<'_>) -> Labels {
    const ROWS: usize = 12;
    let scale = (WIDTH - LEFT - RIGHT) / day.world.now().since_start().as_secs_f64().max(1.0);
    let mut taken: Vec<f64> = Vec::new();
    let mut all = Vec::new();
    let disturbances = day.entries().filter_map(|entry| match &entry.what {
        Happening::Disturbance { text } if !text.starts_with("over: ") => Some((entry.at, text)),
        _ => None,
    });
    for (at, text) in disturbances {
        let x = LEFT + at.since_start().as_secs_f64() * scale;
        let long = CHARACTER * text.chars().count() as f64 + 10.0;
        let leftwards = x + long > WIDTH - 10.0;
        let (from, to) = if leftwards {
            (x - long, x + 4.0)
        } else {
            (x - 4.0, x + long)
        };
        let row = taken
            .iter()
            .position(|end| *end <= from)
            .unwrap_or_else(|| {
                taken.push(0.0);
                taken.len() - 1
            });
        let row = row.min(ROWS - 1);
        taken[row] = to;
        all.push(Label {
            at,
            text: text.clone(),
            row,
            leftwards,
        });
    }
    Labels {
        rows: taken.len().min(ROWS),
        all,
    }
}

fn shortened(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

//! What was measured: a table, the ratios that are asked for, a picture.

use super::{CBC, Candidate, GCM, Measured};
use crate::support::tunnel::Suite;
use std::fmt::Write;

/// The median of each figure.
pub fn table(candidates: &[Candidate], all: &[Vec<Measured>]) -> String {
    let mut text = format!(
        "{:34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}\n",
        "", "TCP 1", "TCP 4", "s/GB", "64 B", "1300 B", "RTT", "loaded"
    );
    let _ = writeln!(
        text,
        "{:34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "median", "Gb/s", "Gb/s", "CPU", "kpps", "kpps", "ms", "ms"
    );
    for (candidate, measured) in candidates.iter().zip(all) {
        let figure = |of: Figure| {
            let median = median(measured.iter().filter_map(of).collect());
            median.map_or("-".to_owned(), |median| format!("{median:.3}"))
        };
        let _ = writeln!(
            text,
            "{:34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            candidate.name(),
            figure(|m| m.tcp[0]),
            figure(|m| m.tcp[1]),
            figure(|m| m.cost),
            figure(|m| m.packets[0]),
            figure(|m| m.packets[1]),
            figure(|m| m.round_trip[0]),
            figure(|m| m.round_trip[1]),
        );
    }
    text
}

type Figure = fn(&Measured) -> Option<f64>;

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// What a figure of ours is to be of another's.
struct Goal {
    what: &'static str,
    ours: Candidate,
    other: Candidate,
    figure: Figure,
    wanted: Wanted,
}

enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

fn goals() -> Vec<Goal> {
    use Wanted::{AtLeast, AtMost};
    let goal = |what, ours, other, figure, wanted| Goal {
        what,
        ours,
        other,
        figure,
        wanted,
    };
    let one: Figure = |m| m.tcp[0];
    let small: Figure = |m| m.packets[0];
    let idle: Figure = |m| m.round_trip[0];
    let (charon, go) = (Candidate::StrongSwan(Suite::CBC), Candidate::WireGuardGo);
    vec![
        goal("TCP, one stream", CBC, charon, one, AtLeast(7.0)),
        goal("TCP, one stream", GCM, go, one, AtLeast(2.5)),
        goal("TCP, one stream", CBC, go, one, AtLeast(2.0)),
        goal("TCP, one stream", GCM, Candidate::Plain, one, AtLeast(0.4)),
        goal("packets of 64 B", CBC, go, small, AtLeast(8.0)),
        goal("round trip", GCM, go, idle, AtMost(0.5)),
        goal("round trip", CBC, go, idle, AtMost(0.5)),
    ]
}

/// Each goal with the median of its ratio over the rounds, where both were measured.
pub fn ratios(candidates: &[Candidate], all: &[Vec<Measured>]) -> String {
    let mut text = String::new();
    let of = |wanted| candidates.iter().zip(all).find(|(c, _)| **c == wanted);
    for goal in goals() {
        let (Some((_, ours)), Some((_, other))) = (of(goal.ours), of(goal.other)) else {
            continue;
        };
        let rounds = ours.iter().zip(other);
        let ratio = |(a, b): (&Measured, &Measured)| Some((goal.figure)(a)? / (goal.figure)(b)?);
        let Some(ratio) = median(rounds.filter_map(ratio).collect()) else {
            continue;
        };
        let (reached, wanted) = match goal.wanted {
            Wanted::AtLeast(least) => (ratio >= least, format!("at least {least}")),
            Wanted::AtMost(most) => (ratio <= most, format!("at most {most}")),
        };
        let end = if reached { "reached" } else { "not reached" };
        let (ours, other) = (goal.ours.name(), goal.other.name());
        let what = goal.what;
        let _ = writeln!(
            text,
            "{what}, {ours} to {other}: {ratio:.2}, {wanted}: {end}"
        );
    }
    text
}

/// Units of the picture: the longest bar, the column of names, one of bars, a line.
const BAR: f64 = 190.0;
const NAMES: f64 = 230.0;
const COLUMN: f64 = 270.0;
const LINE: f64 = 22.0;

/// The medians as bars, each figure beside its own; every column has its own scale.
pub fn picture(candidates: &[Candidate], all: &[Vec<Measured>]) -> String {
    let columns: [(&str, Figure); 3] = [
        ("TCP, one stream, Gb/s", |m| m.tcp[0]),
        ("64-octet UDP, kpps", |m| m.packets[0]),
        ("processor, s/GB (less is better)", |m| m.cost),
    ];
    let width = NAMES + COLUMN * columns.len() as f64;
    let height = LINE * (candidates.len() + 2) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>From LAN to LAN, medians</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let text = |x: f64, line: usize, text: &str| {
        let y = LINE * (line + 1) as f64;
        format!("<text x=\"{x}\" y=\"{y}\">{text}</text>\n")
    };
    for (line, candidate) in (1..).zip(candidates) {
        svg += &text(8.0, line, candidate.name());
    }
    for (number, (title, of)) in columns.into_iter().enumerate() {
        let x = NAMES + COLUMN * number as f64;
        svg += &text(x, 0, title);
        let figures = all
            .iter()
            .map(|m| median(m.iter().filter_map(of).collect()));
        let figures: Vec<Option<f64>> = figures.collect();
        let most = figures.iter().flatten().copied().fold(0.0, f64::max);
        for (line, figure) in (1..).zip(&figures) {
            let Some(figure) = figure else { continue };
            let (long, y) = (BAR * figure / most, LINE * (line as f64 + 0.4));
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y:.1}\" width=\"{long:.1}\" height=\"14\" fill=\"#47a\"/>"
            );
            svg += &text(x + long + 5.0, line, &format!("{figure:.2}"));
        }
    }
    svg + "</svg>\n"
}

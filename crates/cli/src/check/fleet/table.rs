//! A fleet as a table, and as JSON.

use super::mistyped::Mistyped;
use super::{Fleet, Leftover, Row, Told};
use crossgate_diag::Severity;
use serde_json::{Value, json};

/// Codes in a cell; how many more there are is told.
const SHOWN_CODES: usize = 3;

const HEAD: [&str; 4] = ["TUNNEL", "FILES", "VERDICT", "WORST FINDINGS"];

pub fn text(fleet: &Fleet) -> String {
    let cells: Vec<[String; 4]> = fleet.rows.iter().map(cells).collect();
    let mut out = String::new();
    if !cells.is_empty() {
        let width = |column: usize| {
            let cells = cells.iter().map(|row| row[column].chars().count());
            cells.chain([HEAD[column].len()]).max().unwrap_or(0)
        };
        let widths = [width(0), width(1), width(2)];
        line(&HEAD.map(str::to_owned), widths, &mut out);
        for row in &cells {
            line(row, widths, &mut out);
        }
        out.push('\n');
    }
    leftovers("files whose peer is not here", &fleet.alone, &mut out);
    leftovers("files that can't be read", &fleet.unread, &mut out);
    mistyped(&fleet.mistyped, &mut out);
    out.push_str(&summary(fleet));
    out
}

fn mistyped(all: &[Mistyped], out: &mut String) {
    if all.is_empty() {
        return;
    }
    out.push_str("mistyped, as it seems (`crossgate check --fix FILE` has what to type):\n");
    for slip in all {
        let Mistyped {
            file,
            line,
            title,
            cure,
            left_out,
            ..
        } = slip;
        let lost = match left_out {
            0 => String::new(),
            1 => "; a peer is left out because of it".to_owned(),
            peers => format!("; {peers} peers are left out because of it"),
        };
        out.push_str(&format!("  {file}:{line}: {title}: {cure}{lost}\n"));
    }
    out.push('\n');
}

fn cells(row: &Row) -> [String; 4] {
    [
        row.connections.join(" – "),
        row.files.join(" + "),
        verdict(row),
        worst(&row.told),
    ]
}

fn verdict(row: &Row) -> String {
    let [first, second] = &row.files;
    row.verdict.sentence([first, second]).to_string()
}

/// The codes of the worst severity that is more than a note.
fn worst(told: &[Told]) -> String {
    let worst = told.iter().map(|told| told.severity).max();
    let Some(worst) = worst.filter(|severity| *severity > Severity::Note) else {
        return String::new();
    };
    let mut codes: Vec<&str> = Vec::new();
    for told in told.iter().filter(|told| told.severity == worst) {
        if !codes.contains(&told.code) {
            codes.push(told.code);
        }
    }
    let more = codes.len().saturating_sub(SHOWN_CODES);
    codes.truncate(SHOWN_CODES);
    let tail = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}: {}{tail}", worst.word(), codes.join(", "))
}

fn line(cells: &[String; 4], widths: [usize; 3], out: &mut String) {
    let [tunnel, files, verdict, findings] = cells;
    let [a, b, c] = widths;
    let text = format!("{tunnel:a$}  {files:b$}  {verdict:c$}  {findings}");
    out.push_str(text.trim_end());
    out.push('\n');
}

fn leftovers(title: &str, leftovers: &[Leftover], out: &mut String) {
    if leftovers.is_empty() {
        return;
    }
    out.push_str(&format!("{title}:\n"));
    for leftover in leftovers {
        out.push_str(&format!("  {}: {}\n", leftover.file, leftover.why));
    }
    out.push('\n');
}

fn summary(fleet: &Fleet) -> String {
    let good = fleet
        .rows
        .iter()
        .filter(|row| row.verdict.is_good())
        .count();
    format!(
        "{} tunnels: {good} come up, {} do not or not always; {} files without a peer here, {} unread\n",
        fleet.rows.len(),
        fleet.rows.len() - good,
        fleet.alone.len(),
        fleet.unread.len()
    )
}

pub fn json(fleet: &Fleet) -> Value {
    let rows = fleet.rows.iter().map(|row| {
        let told = row.told.iter().map(
            |told| json!({ "severity": told.severity, "code": told.code, "title": told.title }),
        );
        json!({
            "connections": row.connections,
            "files": row.files,
            "verdict": verdict(row),
            "comes_up": row.verdict.is_good(),
            "findings": told.collect::<Vec<_>>(),
        })
    });
    let listed = |leftovers: &[Leftover]| {
        let listed = leftovers.iter();
        listed
            .map(|leftover| json!({ "file": leftover.file, "why": leftover.why }))
            .collect::<Vec<_>>()
    };
    let mistyped = fleet.mistyped.iter().map(|slip| {
        json!({
            "file": slip.file,
            "line": slip.line,
            "severity": slip.severity(),
            "title": slip.title,
            "fix": slip.cure,
            "peers_left_out": slip.left_out,
        })
    });
    json!({
        "mistyped": mistyped.collect::<Vec<_>>(),
        "tunnels": rows.collect::<Vec<_>>(),
        "alone": listed(&fleet.alone),
        "unread": listed(&fleet.unread),
    })
}

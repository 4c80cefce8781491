//! The table of rule, witness and result.

/// What stands above it.
const HEADING: &str = "\
# The three witnesses

What a rule of `check` predicts of its page's example, and what becomes of it: rehearsed (both engines
in virtual time), and run for real (`crossgate lab`, whoever starts). Then the same after the rule's
first fix. This file is written by `UPDATE_EXPECT=1 cargo test -p crossgate --test witnesses`, and the
same test without the variable fails when a witness says something else.

- **check**: it finds the rule's cause, once, and gives the page's verdict.
- **rehearsal**: the same verdict, a rekey's within what its end draws as margin, and the events that
  the rule predicts; where it predicts none, the first evidence. `peer-dead` takes minutes: that a
  message is sent again stands for it.
- **lab**: the tunnel never comes up, or only when that end starts, or the hosts get no echo requests
  from that end. A rekey isn't waited for: the end that comes first is told to (`request rekey child`).
- **cured**: `check` says that it comes up and has nothing of the cause, the rehearsal comes up and
  goes on, the lab passes pings both ways (and rekeys). Where no fix is offered, the example is undone.

";

/// What the witnesses say of a rule.
#[derive(Clone, Debug)]
pub struct Row {
    pub rule: String,
    pub predicted: String,
    pub check: String,
    pub rehearsal: String,
    pub lab: String,
    pub cure: String,
    pub cured: [String; 3],
}

const COLUMNS: [&str; 9] = [
    "rule",
    "predicted",
    "check",
    "rehearsal",
    "lab",
    "cure",
    "check, cured",
    "rehearsal, cured",
    "lab, cured",
];

impl Row {
    fn cells(&self) -> [&str; 9] {
        let [check, rehearsal, lab] = &self.cured;
        [
            &self.rule,
            &self.predicted,
            &self.check,
            &self.rehearsal,
            &self.lab,
            &self.cure,
            check,
            rehearsal,
            lab,
        ]
    }

    pub fn is_full(&self) -> bool {
        self.cells().iter().all(|cell| !cell.is_empty())
    }

    /// As it stands in the table.
    pub fn line(&self) -> String {
        line(&self.cells())
    }
}

fn line(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

pub fn document(rows: &[Row]) -> String {
    let rule = line(&COLUMNS.map(|_| "---"));
    let lines: String = rows.iter().map(Row::line).collect();
    format!("{HEADING}{}{rule}{lines}", line(&COLUMNS))
}

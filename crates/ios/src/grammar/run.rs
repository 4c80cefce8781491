//! Carries out the lines of a mode.

use super::nearest::leaving;
use super::{Act, Args, Context, Mode, Rule, Unobeyed};
use crate::tree::{Command, Kind, Line};
use crossgate_diag::Severity;

/// Does what `lines`, which stand in a mode of that table, say about `target`.
pub(crate) fn run<T>(
    mode: Mode,
    table: &[Rule<T>],
    lines: &[Line],
    target: &mut T,
    cx: &mut Context<'_>,
) {
    for line in lines {
        let mut goes_on = false;
        match &line.kind {
            Kind::Command(command) if command.mode == mode => {
                if let Some(rule) = table.get(command.rule) {
                    if let Some(meant) = mistyped(mode, rule, line, cx) {
                        cx.unknown(line, Severity::Warning, mode.title(), Some(meant));
                        continue;
                    }
                    let done = command_line(rule, command, line, target, cx);
                    let is_section = matches!(rule.act, Act::Section(..)) && !command.no;
                    goes_on = is_section && done.is_some();
                }
            }
            Kind::Unknown | Kind::Command(_) => unknown(mode, line, cx),
            Kind::Ambiguous(fitting) => cx.ambiguous(line, fitting),
            Kind::Around => cx.around(line),
            Kind::Skipped => cx.skipped(line),
            Kind::Blank | Kind::Comment | Kind::Leave => {}
        }
        // The lines of a section were carried out with it, each in its turn.
        if !goes_on {
            around_below(line, cx);
        }
    }
}

/// Terminal output between the lines of a section that isn't ours to run.
fn around_below(line: &Line, cx: &mut Context<'_>) {
    for inner in &line.lines {
        if inner.kind == Kind::Around {
            cx.around(inner);
        }
        around_below(inner, cx);
    }
}

/// What a line was meant to be that only its first words made one that isn't obeyed.
fn mistyped<T>(mode: Mode, rule: &Rule<T>, line: &Line, cx: &Context<'_>) -> Option<&'static str> {
    match rule.act {
        Act::Aside(_) | Act::Lacking(_) => mode.nearest_below(rule.path, &cx.words(line)),
        _ => None,
    }
}

/// What a router has beside its tunnels is much, and we don't know it all; but what is nearly a
/// command that we know was to be that one.
fn unknown(mode: Mode, line: &Line, cx: &mut Context<'_>) {
    let words = cx.words(line);
    let meant = mode.nearest(&words).or_else(|| {
        // Without blanks nothing but its words tell where a line belongs, and these don't.
        let outer = cx.is_flat(line).then(|| mode.outer())?;
        outer.iter().find_map(|mode| mode.nearest(&words))
    });
    let meant = meant.or_else(|| leaving(&words));
    let severity = match (mode, meant) {
        (Mode::Global, None) => Severity::Note,
        _ => Severity::Warning,
    };
    cx.unknown(line, severity, mode.title(), meant);
}

/// `None` where it could not be carried out.
fn command_line<T>(
    rule: &Rule<T>,
    command: &Command,
    line: &Line,
    target: &mut T,
    cx: &mut Context<'_>,
) -> Option<()> {
    let mut args = Args::new(cx, line, command);
    let done = match &rule.act {
        Act::Set(act) => act(target, &mut args),
        Act::Section(_, act) if command.no => {
            let done = act(target, &mut args, &[]);
            args.cx.below_removed(line);
            done
        }
        Act::Section(_, act) => {
            args.cx.open.push(line.span());
            let done = act(target, &mut args, &line.lines);
            args.cx.open.pop();
            if done.is_none() {
                args.cx.below_wrong(line);
            }
            done
        }
        Act::Aside(about) => return unobeyed(Unobeyed::Aside(about), command, line, cx),
        Act::Lacking(instead) => return unobeyed(Unobeyed::Lacking(instead), command, line, cx),
        Act::Read(act, told) => {
            act(target, &mut args, &line.lines);
            return unobeyed(*told, command, line, cx);
        }
    };
    done?;
    args.refuse_rest();
    cx.carried_out(line);
    done
}

fn unobeyed(told: Unobeyed, command: &Command, line: &Line, cx: &mut Context<'_>) -> Option<()> {
    match (told, command.mode) {
        (Unobeyed::Aside(about), _) => cx.aside(line, about),
        // Without it is how we work anyway.
        (Unobeyed::Lacking(_) | Unobeyed::Judged(_) | Unobeyed::Later, _) if command.no => {
            cx.below_removed(line);
            cx.carried_out(line);
        }
        (Unobeyed::Lacking(instead), Mode::Global) => {
            cx.lacking_kind(line, command.mode.path(command.rule), instead);
        }
        (Unobeyed::Lacking(instead), _) => {
            cx.lacking("not-obeyed", line, command.named_by, instead);
        }
        (Unobeyed::Judged(instead), _) => {
            cx.lacking("only-judged", line, command.named_by, instead);
        }
        (Unobeyed::Later, _) => {}
    }
    None
}

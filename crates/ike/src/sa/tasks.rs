//! Requests of an established IKE SA that wait for the window, or for their time.

use crate::limits::MAX_TASKS;
use crossgate_crypto::DhGroup;
use crossgate_model::Time;

/// What to ask of the peer. In the order of urgency: what frees comes before what makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    DeleteIke,
    DeleteChildren(Vec<u32>),
    /// With a group that the peer asked for, if any.
    RekeyIke(Option<DhGroup>),
    RekeyChild(u32),
    /// With the resource that it is for (RFC 9611); 0 for all.
    CreateChild(String, u8),
    Probe,
}

#[derive(Debug, Default)]
pub(crate) struct Tasks {
    waiting: Vec<(Time, Task)>,
    /// One was turned away for want of room, and nobody was told yet.
    overflowed: bool,
}

impl Tasks {
    /// The same task is there once, at the earlier of its times. Without room it is left out.
    pub fn add(&mut self, due: Time, task: Task) {
        if let Some(known) = self.waiting.iter_mut().find(|(_, known)| *known == task) {
            known.0 = known.0.min(due);
        } else if self.waiting.len() < MAX_TASKS || task == Task::DeleteIke {
            self.waiting.push((due, task));
        } else {
            self.overflowed = true;
        }
    }

    /// Whether one was left out since the last call.
    pub fn take_overflow(&mut self) -> bool {
        std::mem::take(&mut self.overflowed)
    }

    /// The most urgent one that is due.
    pub fn take_due(&mut self, now: Time) -> Option<Task> {
        let due = self
            .waiting
            .iter()
            .enumerate()
            .filter(|(_, (due, _))| *due <= now);
        let (index, _) = due.min_by(|(_, a), (_, b)| (&a.1, a.0).cmp(&(&b.1, b.0)))?;
        Some(self.waiting.remove(index).1)
    }

    pub fn next_due(&self) -> Option<Time> {
        self.waiting.iter().map(|(due, _)| *due).min()
    }

    pub fn has(&self, task: &Task) -> bool {
        self.waiting.iter().any(|(_, known)| known == task)
    }

    pub fn forget(&mut self, task: &Task) {
        self.waiting.retain(|(_, known)| known != task);
    }

    /// What concerns Children goes with them to another IKE SA.
    pub fn take_for_children(&mut self) -> Vec<(Time, Task)> {
        let moves = |task: &Task| {
            matches!(
                task,
                Task::DeleteChildren(_) | Task::RekeyChild(_) | Task::CreateChild(..)
            )
        };
        self.waiting
            .extract_if(.., |(_, task)| moves(task))
            .collect()
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Nothing waits, and nothing is to be told.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_most_urgent_task_that_is_due_comes_first() {
        let at = |s| Time::START + Duration::from_secs(s);
        let mut tasks = Tasks::default();
        tasks.add(at(0), Task::Probe);
        tasks.add(at(5), Task::RekeyIke(None));
        tasks.add(at(1), Task::CreateChild("b".into(), 0));
        tasks.add(at(0), Task::CreateChild("c".into(), 0));
        assert_eq!(
            tasks.take_due(at(0)),
            Some(Task::CreateChild("c".into(), 0))
        );
        assert_eq!(tasks.take_due(at(5)), Some(Task::RekeyIke(None)));
        assert_eq!(
            tasks.take_due(at(5)),
            Some(Task::CreateChild("b".into(), 0))
        );
        assert_eq!(tasks.take_due(at(5)), Some(Task::Probe));
        assert_eq!(tasks.take_due(at(5)), None);
    }

    #[test]
    fn a_task_is_there_once_and_their_number_is_bounded() {
        let mut tasks = Tasks::default();
        for spi in 0..u32::try_from(MAX_TASKS).unwrap() {
            tasks.add(Time::START, Task::RekeyChild(spi));
            tasks.add(Time::START, Task::RekeyChild(spi));
        }
        assert!(!tasks.take_overflow());
        tasks.add(Time::START, Task::Probe);
        assert!(tasks.take_overflow() && !tasks.has(&Task::Probe));
        tasks.add(Time::START, Task::DeleteIke);
        assert!(!tasks.take_overflow(), "always possible");
    }
}

//! Places that are kept for tasks: which of a provider's places are free for which calls.
//!
//! A task's reserve is a minimum and not a maximum: its calls take any free place, and the reserve
//! is what other calls leave free for those of them that are not there yet.
//!
//! The bulkhead knows how many places there are, and how many are taken. The queue lets a call pass
//! those that its reserve does not concern.

use std::collections::BTreeMap;

use super::config;

/// The reserves at one provider, and the attempts in flight there of each task that has one.
#[derive(Clone, Debug)]
pub(crate) struct Reserved {
    tasks: Vec<Reserve>,
}

/// A task that has a reserve; the same at every provider of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReservedTask(u16);

#[derive(Clone, Debug)]
struct Reserve {
    name: String,
    places: u32,
    inside: u32,
}

impl Reserved {
    /// The reserves of these tasks.
    pub(crate) fn new(tasks: &BTreeMap<String, config::Task>) -> Self {
        let reserves = tasks.iter().filter_map(|(name, task)| {
            let places = task.reserved_concurrency?;
            let name = name.clone();
            let inside = 0;
            Some(Reserve {
                name,
                places,
                inside,
            })
        });
        Self {
            tasks: reserves.take(usize::from(u16::MAX)).collect(),
        }
    }

    /// The task of this name, if it has a reserve.
    pub(crate) fn task(&self, name: Option<&str>) -> Option<ReservedTask> {
        let name = name?;
        let found = self.tasks.iter().position(|reserve| reserve.name == name)?;
        u16::try_from(found).ok().map(ReservedTask)
    }

    /// The places that a call of this task (none = without a reserve) has to leave free.
    pub(crate) fn kept_from(&self, task: Option<ReservedTask>) -> u32 {
        let own = task.map(|task| usize::from(task.0));
        let others = self.tasks.iter().enumerate();
        let others = others.filter(|(at, _)| Some(*at) != own);
        others.fold(0, |sum, (_, reserve)| {
            sum.saturating_add(reserve.places.saturating_sub(reserve.inside))
        })
    }

    /// Whether some of the task's own places are free.
    pub(crate) fn has_own(&self, task: ReservedTask) -> bool {
        let reserve = self.tasks.get(usize::from(task.0));
        reserve.is_some_and(|reserve| reserve.inside < reserve.places)
    }

    /// An attempt of this task starts.
    pub(crate) fn enter(&mut self, task: Option<ReservedTask>) {
        if let Some(reserve) = self.of(task) {
            reserve.inside = reserve.inside.saturating_add(1);
        }
    }

    /// An attempt of this task ends.
    pub(crate) fn leave(&mut self, task: Option<ReservedTask>) {
        if let Some(reserve) = self.of(task) {
            reserve.inside = reserve.inside.saturating_sub(1);
        }
    }

    fn of(&mut self, task: Option<ReservedTask>) -> Option<&mut Reserve> {
        self.tasks.get_mut(usize::from(task?.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_leave_free_what_a_task_does_not_use_of_its_reserve() {
        let mut reserved = reserved();
        let chat = reserved.task(Some("chat"));
        assert_eq!(reserved.kept_from(None), 4 + 2);
        reserved.enter(chat);
        assert_eq!(reserved.kept_from(None), 3 + 2);
        (0..9).for_each(|_| reserved.enter(chat));
        assert_eq!(reserved.kept_from(None), 2, "it may use more than its own");
        (0..10).for_each(|_| reserved.leave(chat));
        assert_eq!(reserved.kept_from(None), 4 + 2);
    }

    #[test]
    fn a_task_leaves_free_the_reserves_of_others_only() {
        let reserved = reserved();
        assert_eq!(reserved.kept_from(reserved.task(Some("chat"))), 2);
        assert_eq!(reserved.kept_from(reserved.task(Some("search"))), 4);
    }

    #[test]
    fn its_own_places_are_free_until_it_uses_them() {
        let mut reserved = reserved();
        let search = reserved.task(Some("search")).unwrap();
        for _ in 0..2 {
            assert!(reserved.has_own(search));
            reserved.enter(Some(search));
        }
        assert!(!reserved.has_own(search));
    }

    #[test]
    fn tasks_without_a_reserve_have_no_place_of_their_own() {
        let mut reserved = reserved();
        for name in [None, Some("batch"), Some("unknown")] {
            let task = reserved.task(name);
            assert_eq!(task, None, "{name:?}");
            reserved.enter(task);
            reserved.leave(task);
        }
        assert_eq!(reserved.kept_from(None), 4 + 2);
    }

    /// Four places for `chat`, two for `search`.
    fn reserved() -> Reserved {
        let task = |places| config::Task {
            reserved_concurrency: places,
            ..config::Task::default()
        };
        let tasks = [("batch", None), ("chat", Some(4)), ("search", Some(2))];
        let tasks = tasks.map(|(name, places)| (name.to_owned(), task(places)));
        Reserved::new(&BTreeMap::from(tasks))
    }
}

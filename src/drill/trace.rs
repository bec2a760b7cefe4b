//! Runs one seed with the reasons of decisions, and tells the calls that were asked for.

use std::borrow::Cow;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::blame::blame;
use super::subject::under_seed;
use super::{Drill, NoThread};
use crate::policy::ProviderInfo;
use crate::policy::config::Policy;
use crate::report::replay::{Replay, Replaying};
use crate::report::story::{
    Blame, CallStory, Keeper, Names, Pick, Question, Story, Worst, WorstBy,
};
use crate::report::{Report, Subject};
use crate::trace::lines::Header;
use crate::trace::{Event, Recorder};

impl Drill {
    /// Runs `policy`, one of the drill's, under `seed`, and hands out the calls that `pick` asks
    /// for: as they end, or, if they are the slowest, at the end.
    pub(crate) fn trace(
        &self,
        policy: &Policy,
        seed: u64,
        pick: Pick,
        on_call: impl FnMut(&CallStory) + Send + 'static,
    ) -> Result<(), NoThread> {
        let tracing = Arc::new(Tracing(Mutex::new((Keeper::new(pick), Box::new(on_call)))));
        self.changes
            .engine
            .run(self.scenario(), policy, seed, tracing.clone())?;
        let (keeper, on_call) = &mut *tracing.state();
        let keeper = std::mem::replace(keeper, Keeper::new(pick));
        keeper.finish().iter().for_each(on_call);
        Ok(())
    }

    /// Runs `policy`, one of the drill's, under `seed`, and hands out every event.
    pub(crate) fn events(
        &self,
        policy: &Policy,
        seed: u64,
        on_event: impl FnMut(&Event) + Send + 'static,
    ) -> Result<(), NoThread> {
        let listening = Arc::new(Listening(Mutex::new(Box::new(on_event))));
        let engine = self.changes.engine;
        Ok(engine.run(self.scenario(), policy, seed, listening)?)
    }

    /// The subject of a run under `seed`: with the faults that happen in it.
    pub(crate) fn subject_under(&self, seed: u64) -> Cow<'_, Subject> {
        under_seed(&self.subject, self.scenario(), seed)
    }

    /// Which faults made calls fail in the run of the policy of this name under `seed`; none if
    /// the drill does not run that policy.
    ///
    /// It takes one more run for each fault that fired.
    ///
    /// # Errors
    /// When the machine cannot start a thread.
    pub fn blame(&self, policy: &str, seed: u64) -> Result<Option<Blame>, NoThread> {
        let Some(policy) = self.policies().iter().find(|one| one.name == policy) else {
            return Ok(None);
        };
        let worst = self.worst(policy, seed, WorstBy::Failed)?;
        let engine = self.changes.engine;
        let blame = blame(engine, self.scenario(), policy, seed, &worst)?;
        Ok(Some(blame))
    }

    /// Adds to `report`, which is this drill's, the story of every policy that failed an
    /// expectation. For each that takes one more run of its worst seed, and one for each fault
    /// that fired in it; a story whose runs get no thread is left out.
    pub fn explain(&self, report: Report) -> Report {
        let questions = report.questions().into_iter();
        let stories = questions.filter_map(|question| self.story(&question)?.ok());
        let stories = stories.collect();
        report.with_stories(stories)
    }

    /// Adds to `report`, which is this drill's, what a page shows beside its counts: one run of
    /// each policy in detail, and the story of every policy that failed an expectation. What gets
    /// no thread is left out.
    pub fn replay(&self, report: Report) -> Report {
        let questions = report.to_replay().into_iter();
        let replays = questions.filter_map(|question| {
            let policy = self.policies().get(question.policy)?;
            self.in_detail(policy, &question).ok()
        });
        let replays = replays.collect();
        let report = self.explain(report);
        report.with_replays(replays)
    }

    fn in_detail(&self, policy: &Policy, question: &Question) -> io::Result<Replay> {
        let subject = self.subject_under(question.seed);
        let new = || Replaying::new(&subject, question.by);
        let recorder = Arc::new(Detailed(Mutex::new(new())));
        self.changes
            .engine
            .run(self.scenario(), policy, question.seed, recorder.clone())?;
        let mut replaying = recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
        let replaying = std::mem::replace(&mut *replaying, new());
        Ok(replaying.finish(question.policy, question.seed))
    }

    /// The answer to `question`; none if it is about no policy of this drill.
    fn story(&self, question: &Question) -> Option<io::Result<Story>> {
        let policy = self.policies().get(question.policy)?;
        let told = || {
            let worst = self.worst(policy, question.seed, question.by)?;
            let has_failed = !worst.failed.is_empty();
            let blame = has_failed.then(|| {
                let engine = self.changes.engine;
                blame(engine, self.scenario(), policy, question.seed, &worst)
            });
            Ok(Story {
                policy: question.policy,
                seed: question.seed,
                worst,
                blame: blame.transpose()?,
            })
        };
        Some(told())
    }

    /// The first line of a trace file of `policy`.
    pub(crate) fn trace_header(&self, policy: &Policy) -> String {
        let providers = self.scenario().providers.iter();
        let members = providers.map(|provider| ProviderInfo {
            model: provider.model.clone(),
            input: Some(provider.price.input),
            output: Some(provider.price.output),
            ..ProviderInfo::named(&provider.name)
        });
        let header = Header::new(policy.name.clone(), &Vec::from_iter(members));
        serde_json::to_string(&header).unwrap_or_default()
    }

    /// The names of its providers and faults.
    pub(crate) fn names(&self) -> Names {
        let providers = self
            .scenario()
            .providers
            .iter()
            .map(|one| one.name.as_str());
        let faults = self.scenario().faults.iter().map(|one| one.name.as_str());
        Names::new(Vec::from_iter(providers), Vec::from_iter(faults))
    }

    fn worst(&self, policy: &Policy, seed: u64, by: WorstBy) -> io::Result<Worst> {
        let recorder = Arc::new(Judging(Mutex::new(Worst::new(by))));
        self.changes
            .engine
            .run(self.scenario(), policy, seed, recorder.clone())?;
        let mut worst = recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::replace(&mut *worst, Worst::new(by)))
    }
}

/// Keeps calls, and hands them out.
struct Tracing(Mutex<(Keeper, OnCall)>);

type OnCall = Box<dyn FnMut(&CallStory) + Send>;

impl Tracing {
    fn state(&self) -> MutexGuard<'_, (Keeper, OnCall)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Tracing {
    fn record(&self, event: &Event) {
        let (keeper, on_call) = &mut *self.state();
        if let Some(story) = keeper.on_event(event) {
            on_call(&story);
        }
    }

    fn wants_reasons(&self) -> bool {
        true
    }
}

/// Keeps one run in detail.
struct Detailed(Mutex<Replaying>);

impl Recorder for Detailed {
    fn record(&self, event: &Event) {
        let mut replaying = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        replaying.on_event(event);
    }

    fn wants_reasons(&self) -> bool {
        true
    }
}

/// Hands out every event.
struct Listening(Mutex<OnEvent>);

type OnEvent = Box<dyn FnMut(&Event) + Send>;

impl Recorder for Listening {
    fn record(&self, event: &Event) {
        let on_event = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        on_event(event);
    }
}

/// Keeps the worst calls.
struct Judging(Mutex<Worst>);

impl Recorder for Judging {
    fn record(&self, event: &Event) {
        let mut worst = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        worst.on_event(event);
    }

    fn wants_reasons(&self) -> bool {
        true
    }
}

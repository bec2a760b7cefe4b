//! A fault as in its scenario.

use super::burst::Burst;
use super::kind::FaultKind;
use super::ramp::{Ramp, Recovery};
use super::when::{Sticky, When};
use crate::policy::ProviderId;
use crate::time::Windows;
use crate::units::Share;

/// An injected cause of failures.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// The providers that it affects. Each draws for itself which of its attempts are struck.
    pub targets: Vec<ProviderId>,
    /// Sets of targets that share their draws instead; a target is in one of them at most.
    pub shared_fate: Vec<Vec<ProviderId>>,
    /// What it does.
    pub inject: FaultKind,
    /// The chance that it happens at all, drawn once per seed.
    pub chance: Share,
    /// When it is active.
    pub windows: Windows,
    /// How it grows and fades inside its windows; none = it is at full strength.
    pub ramp: Option<Ramp>,
    /// How it fades after its windows; none = it is over.
    pub recovery: Option<Recovery>,
    /// How it switches on and off meanwhile; none = it stays on.
    pub burst: Option<Burst>,
    /// To which attempts it applies.
    pub when: When,
    /// The share of attempts that it strikes while active.
    pub rate: Share,
    /// Which attempts share a draw.
    pub sticky: Sticky,
    /// How many exchanges it strikes at each target, for faults of exchanges; none = all.
    pub times: Option<u64>,
}

impl Fault {
    /// A fault that strikes every attempt at `targets` during the whole run.
    pub fn new(name: impl Into<String>, targets: Vec<ProviderId>, inject: FaultKind) -> Self {
        Self {
            name: name.into(),
            targets,
            shared_fate: Vec::new(),
            inject,
            chance: Share::WHOLE,
            windows: Windows::ALWAYS,
            ramp: None,
            recovery: None,
            burst: None,
            when: When::default(),
            rate: Share::WHOLE,
            sticky: Sticky::Attempt,
            times: None,
        }
    }

    /// Whether all targets share their draws.
    pub(crate) fn is_shared_by_all(&self) -> bool {
        let all = self.targets.len();
        all > 1 && self.shared_fate.iter().any(|set| set.len() == all)
    }
}

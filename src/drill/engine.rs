//! What makes one run: the simulated network, or the model without bytes.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::policy::config::Policy;
use crate::scenario::Scenario;
use crate::trace::Recorder;
use crate::{model, world};

/// What makes a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Engine {
    /// The real client over a simulated network, byte by byte.
    #[default]
    Wire,
    /// The same decisions and physics over a queue of events: many times as fast.
    Model,
}

impl Engine {
    /// What a report says of it, if it is not the engine of all others.
    pub(super) fn note(self) -> Option<String> {
        let note = "made by the model engine: the same decisions and physics, without bytes";
        (self == Self::Model).then(|| note.to_owned())
    }

    /// Its word in a command, if it is not the usual one.
    pub(super) fn word(self) -> Option<&'static str> {
        (self == Self::Model).then_some("model")
    }

    /// Runs `scenario` under `policy` and `seed` to its end, and passes events to `recorder`. The
    /// events depend on the engine and on these three alone.
    ///
    /// # Errors
    /// When the machine cannot start the thread that the simulated network needs for itself.
    pub fn run(
        self,
        scenario: &Scenario,
        policy: &Policy,
        seed: u64,
        recorder: Arc<dyn Recorder>,
    ) -> io::Result<()> {
        match self {
            Self::Wire => world::try_run(scenario, policy, seed, recorder),
            Self::Model => {
                model::run(scenario, policy, seed, recorder);
                Ok(())
            }
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wire => "wire",
            Self::Model => "model",
        })
    }
}

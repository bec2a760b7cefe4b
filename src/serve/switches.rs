//! Faults as they are now: by their schedule, or switched by hand.

use serde::Serialize;

use crate::seeded::SeededFault;

/// The position of a fault's switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Switch {
    /// By its schedule.
    #[default]
    Auto,
    /// Active.
    On,
    /// Not active.
    Off,
}

/// A fault under its switch.
pub(super) struct Switched {
    /// By its schedule.
    scheduled: SeededFault,
    /// As it is.
    pub(super) fault: SeededFault,
    pub(super) switch: Switch,
}

impl Switched {
    pub(super) fn new(scheduled: SeededFault) -> Self {
        Self {
            fault: scheduled.clone(),
            scheduled,
            switch: Switch::Auto,
        }
    }

    pub(super) fn switch(&mut self, to: Switch) {
        self.switch = to;
        self.fault = match to {
            Switch::Auto => self.scheduled.clone(),
            Switch::On => self.scheduled.switched_on(),
            Switch::Off => self.scheduled.switched_off(),
        };
    }
}

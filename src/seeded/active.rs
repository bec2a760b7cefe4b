//! The faults of one provider that can act at the present moment.
//!
//! Of many faults most are outside their windows, at any moment. They cost something when
//! a window begins or ends, and nothing at each exchange.

use super::fault::SeededFault;
use crate::policy::ProviderId;
use crate::time::{Active, Instant};

/// Faults in the scenario's order, and which of them are inside their windows.
#[derive(Clone, Debug)]
pub(crate) struct ActiveFaults {
    all: Vec<SeededFault>,
    active: Active,
}

impl ActiveFaults {
    /// Those of `faults` that have `provider` as a target, with its own draws.
    pub(crate) fn at_target<'a>(
        provider: ProviderId,
        faults: impl Iterator<Item = &'a SeededFault>,
    ) -> Self {
        let own = faults.filter_map(|fault| fault.at(provider));
        Self::new(own.collect())
    }

    fn new(all: Vec<SeededFault>) -> Self {
        let windows = all.iter().map(|own| own.fault.extents());
        Self {
            active: Active::new(windows.collect()),
            all,
        }
    }

    /// Those that are inside a window at `now`, or in the recovery after it. Of the others, none
    /// strikes, and each has level 0.
    pub(crate) fn at(&mut self, now: Instant) -> impl Iterator<Item = &mut SeededFault> {
        let (mut rest, mut passed) = (self.all.as_mut_slice(), 0);
        self.active.at(now).iter().filter_map(move |&place| {
            let (_, from) = std::mem::take(&mut rest).split_at_mut_checked(place - passed)?;
            let (one, after) = from.split_first_mut()?;
            (rest, passed) = (after, place + 1);
            Some(one)
        })
    }

    /// Puts `fault` in the place of the one with its number, if it is one of them.
    pub(crate) fn replace(&mut self, fault: &SeededFault) {
        let Some(own) = self.all.iter_mut().find(|own| own.id == fault.id) else {
            return;
        };
        *own = own.changed_to(fault);
        *self = Self::new(std::mem::take(&mut self.all));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::policy::CallId;
    use crate::rng::RngStreams;
    use crate::scenario::fault::{Burst, Fault, FaultKind, Ramp, Recovery};
    use crate::seeded::AttemptInfo;
    use crate::time::Windows;
    use crate::units::Share;

    const SECOND: Duration = Duration::from_secs(1);

    /// A fault whose window begins after so many seconds, with or without all that bends it.
    fn any_fault() -> impl Strategy<Value = Fault> {
        let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
        let lengths = (0..20_u32, proptest::option::of(1..10_u32));
        (lengths, flags, 1..=100_u64).prop_map(|((at, length), flags, rate)| {
            let (comes_back, ramps, recovers, bursts) = flags;
            let length = length.map(|length| SECOND * length);
            Fault {
                rate: Share::percent(rate),
                chance: Share::percent(80),
                windows: Windows {
                    at: SECOND * at,
                    length,
                    every: length
                        .filter(|_| comes_back)
                        .map(|length| length + SECOND * 3),
                },
                ramp: ramps.then(|| Ramp::from(SECOND * 2)),
                recovery: recovers.then(|| Recovery::from(SECOND * 5)),
                burst: bursts.then_some(Burst {
                    on: SECOND,
                    off: SECOND,
                    rate_off: Share::percent(10),
                }),
                ..Fault::new("f", vec![ProviderId(0)], FaultKind::Reset)
            }
        })
    }

    proptest! {
        #[test]
        fn a_fault_that_is_left_out_does_not_act(
            faults in proptest::collection::vec(any_fault(), 0..12),
            moments in proptest::collection::vec(0..60_000_u64, 1..30),
        ) {
            let all = SeededFault::all(&faults, RngStreams::new(3));
            let mut active = ActiveFaults::at_target(ProviderId(0), all.iter());
            for (call, moment) in (0..).zip(moments) {
                let now = Instant::from_nanos(moment * 1_000_000);
                let seen = AttemptInfo::new(now, CallId(call));
                let acts = |one: &SeededFault| one.applies(&seen) || one.level(now) > Share::ZERO;
                let found = active.at(now).filter(|one| acts(one)).map(|one| one.id);
                let found: Vec<_> = found.collect();
                let acting = all.iter().filter(|one| acts(one)).map(|one| one.id);
                prop_assert_eq!(found, acting.collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_fault_switched_on_acts_outside_its_windows() {
        let mut fault = Fault::new("f", vec![ProviderId(0)], FaultKind::Reset);
        fault.windows.at = SECOND;
        let all = SeededFault::all(&[fault], RngStreams::new(3));
        let mut active = ActiveFaults::at_target(ProviderId(0), all.iter());
        assert_eq!(active.at(Instant::START).count(), 0);
        active.replace(&all[0].switched_on());
        assert_eq!(active.at(Instant::START).count(), 1);
        active.replace(&all[0]);
        assert_eq!(active.at(Instant::START).count(), 0);
    }
}

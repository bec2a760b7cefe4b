//! The router: in which order a call asks the providers.
//!
//! A call takes one turn when it begins, and that turn orders the whole fleet for it: the first
//! attempt and every fallback follow the same order. Whom a breaker refuses, and whom the call has
//! already tried, is not the router's matter.

use super::ProviderId;
use super::config::Strategy;

/// Hands out turns.
#[derive(Clone, Debug)]
pub struct Router {
    strategy: Strategy,
    providers: u16,
    next: u16,
}

/// The order in which one call asks the fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    first: u16,
    providers: u16,
}

impl Router {
    /// A router over a fleet of this many providers.
    pub const fn new(strategy: Strategy, providers: u16) -> Self {
        Self {
            strategy,
            providers,
            next: 0,
        }
    }

    /// The turn of the next call.
    pub fn turn(&mut self) -> Turn {
        let first = match self.strategy {
            Strategy::Priority => 0,
            Strategy::RoundRobin => {
                let first = self.next;
                self.next = (first + 1).checked_rem(self.providers).unwrap_or(0);
                first
            }
        };
        Turn {
            first,
            providers: self.providers,
        }
    }
}

impl Turn {
    /// Every provider once, starting with the one whose turn it is.
    pub fn order(self) -> impl Iterator<Item = ProviderId> {
        (self.first..self.providers)
            .chain(0..self.first)
            .map(ProviderId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_always_starts_with_the_first() {
        let mut router = Router::new(Strategy::Priority, 3);
        assert_eq!(turns(&mut router, 2), [[0, 1, 2], [0, 1, 2]]);
    }

    #[test]
    fn round_robin_starts_one_further_each_call_and_goes_around() {
        let mut router = Router::new(Strategy::RoundRobin, 3);
        let expected = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]];
        assert_eq!(turns(&mut router, 4), expected);
    }

    #[test]
    fn the_smallest_and_the_largest_fleet_do_no_harm() {
        for strategy in [Strategy::Priority, Strategy::RoundRobin] {
            assert_eq!(Router::new(strategy, 0).turn().order().count(), 0);
            let mut largest = Router::new(strategy, u16::MAX);
            for _ in 0..=u16::MAX {
                largest.turn();
            }
            assert_eq!(largest.turn().order().count(), usize::from(u16::MAX));
        }
    }

    fn turns(router: &mut Router, calls: usize) -> Vec<Vec<u16>> {
        let order = |turn: Turn| turn.order().map(|provider| provider.0).collect();
        (0..calls).map(|_| order(router.turn())).collect()
    }
}

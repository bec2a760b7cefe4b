//! Makes a world smaller: fewer faults, the usual load, then shorter, later and milder ones.
//!
//! It begins with the same kinds of faults at their strongest, so that what is left is needed.
//! It is greedy: a step stays if the world still breaks the policy under all of its seeds, and
//! steps are tried again until none is left that does. Which way is milder is a property of a key.

use super::super::batch::Stopped;
use super::super::dimension::Domain;
use super::candidate::Candidate;
use super::seek::Seeker;
use super::space::{Space, World};

/// The keys of faults of which one end is milder: 0 the low one, 1 the high one.
const MILDER: [(&str, f64); 16] = [
    ("for", 0.0),
    ("at", 1.0),
    ("rate", 0.0),
    ("chance", 0.0),
    ("times", 0.0),
    ("factor", 0.0),
    ("by", 0.0),
    ("silence", 0.0),
    ("retry_after", 0.0),
    ("after", 1.0),
    ("every", 1.0),
    ("remaining", 1.0),
    ("speed", 1.0),
    ("cap", 1.0),
    ("idle", 1.0),
    ("index", 1.0),
];

/// A coordinate of a world that can become milder.
#[derive(Clone, Copy)]
enum Place {
    Load,
    /// A fault by position, and one of its open keys.
    Key(usize, usize),
}

impl Seeker<'_, '_, '_> {
    /// The smallest world that it gets to from `candidate`, which breaks under all of `seeds`.
    pub(super) fn shrink(
        &mut self,
        candidate: Candidate,
        seeds: &[u64],
    ) -> Result<Candidate, Stopped> {
        let mut best = self.strong_start(candidate, seeds)?;
        for _ in 0..MOST_PASSES {
            let before = best.world.clone();
            best = self.with_fewer_faults(best, seeds)?;
            best = self.milder(best, seeds)?;
            if self.is_spent() {
                return Ok(best);
            }
            if best.world == before {
                break;
            }
        }
        self.coverage.is_shrunk_whole = true;
        Ok(best)
    }

    /// The world with its faults as long and strong as they may be, at the usual load if it still
    /// breaks there. What is found lies near the edge, where luck decides, and no step can be taken
    /// alone; from here each can.
    fn strong_start(&mut self, candidate: Candidate, seeds: &[u64]) -> Result<Candidate, Stopped> {
        let strong = strongest(&self.hunt.space, &candidate.world);
        let usual = World {
            load: self.hunt.space.usual_load(),
            ..strong.clone()
        };
        for world in [usual, strong] {
            if let Some(stronger) = self.still_breaks(world, seeds)? {
                return Ok(stronger);
            }
        }
        Ok(candidate)
    }

    fn with_fewer_faults(
        &mut self,
        mut best: Candidate,
        seeds: &[u64],
    ) -> Result<Candidate, Stopped> {
        let mut nth = 0;
        while nth < best.world.faults.len() {
            let mut fewer = best.world.clone();
            fewer.faults.remove(nth);
            match self.still_breaks(fewer, seeds)? {
                Some(smaller) => best = smaller,
                None => nth += 1,
            }
        }
        Ok(best)
    }

    fn milder(&mut self, mut best: Candidate, seeds: &[u64]) -> Result<Candidate, Stopped> {
        for (place, mild) in places(&self.hunt.space, &best.world) {
            best = self.moved(best, place, mild, seeds)?;
        }
        Ok(best)
    }

    /// The world with the coordinate at `place` as near to `mild` as it may be.
    fn moved(
        &mut self,
        mut best: Candidate,
        place: Place,
        mut mild: f64,
        seeds: &[u64],
    ) -> Result<Candidate, Stopped> {
        let space = &self.hunt.space;
        let text = |at: f64| text(space, &best.world, place, at);
        let Some(mut own) = coordinate(&best.world, place) else {
            return Ok(best);
        };
        let (mut own_text, mut mild_text) = (text(own), text(mild));
        let mut next = mild;
        for _ in 0..MOST_HALVINGS {
            let next_text = self::text(space, &best.world, place, next);
            if own_text == mild_text || (next != mild && next_text == mild_text) {
                break;
            }
            if next_text != own_text {
                match self.still_breaks(with(&best.world, place, next), seeds)? {
                    Some(smaller) => (best, own, own_text) = (smaller, next, next_text),
                    None => (mild, mild_text) = (next, next_text),
                }
            } else {
                own = next;
            }
            next = f64::midpoint(own, mild);
        }
        Ok(best)
    }

    /// `world`, if it breaks the policy under all of `seeds`, and is healthy without its faults.
    fn still_breaks(&mut self, world: World, seeds: &[u64]) -> Result<Option<Candidate>, Stopped> {
        if self.is_spent() || !self.healthy(std::slice::from_ref(&world))?[0] {
            return Ok(None);
        }
        let Some(candidate) = self.hunt.candidate(world) else {
            return Ok(None);
        };
        let jobs = Vec::from_iter(seeds.iter().map(|seed| (&candidate, *seed)));
        let measured = self.measure(&jobs)?;
        let breaks = measured.iter().all(|one| one.is_broken);
        self.coverage.shrunk += u64::from(breaks);
        self.tell(true);
        Ok(breaks.then_some(candidate))
    }

    const fn is_spent(&self) -> bool {
        self.coverage.calls >= self.hunt.options.budget
    }
}

/// The coordinates that can become milder, and where each is mildest.
fn places(space: &Space, world: &World) -> Vec<(Place, f64)> {
    let load = space.usual_load().map(|usual| (Place::Load, usual));
    let mut places = Vec::from_iter(load);
    for (nth, fault) in world.faults.iter().enumerate() {
        let free = Vec::from_iter(space.kinds[fault.kind].free());
        for (key, mild) in MILDER {
            let place = free
                .iter()
                .position(|(own, domain)| *own == key && domain.is_ordered());
            places.extend(place.map(|place| (Place::Key(nth, place), mild)));
        }
    }
    places
}

/// The world with every fault at the other end of what is mildest, but for when it begins.
fn strongest(space: &Space, world: &World) -> World {
    let mut strong = world.clone();
    for (place, mild) in places(space, world) {
        if let Place::Key(nth, key) = place
            && space.kinds[world.faults[nth].kind]
                .free()
                .nth(key)
                .is_some_and(|(key, _)| key != "at")
        {
            strong = with(&strong, place, 1.0 - mild);
        }
    }
    strong
}

fn coordinate(world: &World, place: Place) -> Option<f64> {
    match place {
        Place::Load => world.load,
        Place::Key(nth, key) => world.faults.get(nth)?.at.get(key).copied(),
    }
}

fn with(world: &World, place: Place, at: f64) -> World {
    let mut world = world.clone();
    match place {
        Place::Load => world.load = Some(at),
        Place::Key(nth, key) => world.faults[nth].at[key] = at,
    }
    world
}

/// What a file would have at `place` with this coordinate.
fn text(space: &Space, world: &World, place: Place, at: f64) -> String {
    let domain = match place {
        Place::Load => space.load_domain().cloned(),
        Place::Key(nth, key) => {
            let mut free = space.kinds[world.faults[nth].kind].free();
            free.nth(key).map(|(_, domain)| domain.clone())
        }
    };
    domain
        .as_ref()
        .map(|domain: &Domain| domain.text(at))
        .unwrap_or_default()
}

/// Passes over all coordinates: a later one can make room for an earlier one.
const MOST_PASSES: usize = 6;
/// Halvings of the way to the mildest value.
const MOST_HALVINGS: usize = 8;

//! The worlds that a hunt may try: the faults file, fitted to a scenario.
//!
//! A point of the search has the load first, then for each of its faults a coordinate for the kind
//! and one for every key that some kind leaves open. Kinds share the coordinates of a key, so that
//! a good moment for one kind of fault is tried with another as well.

use std::time::Duration;

use super::super::dimension::{self, Domain};
use super::hazards::{Choice, Hazard, Hazards};
use crate::drill::Drill;
use crate::policy::config::KnobKind;
use crate::scenario::catalogue::{Row, Scope};
use crate::text::Diagnostic;
use crate::units::{Factor, duration};

/// The worlds that may be tried.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub(super) kinds: Vec<Hazard>,
    pub(super) at_a_time: usize,
    load: Option<Domain>,
    at_most: usize,
    /// Every key that some kind leaves open.
    keys: Vec<String>,
}

/// A world: how it differs from the scenario.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct World {
    /// The coordinate of the load; none where the scenario's own is the only one.
    pub(super) load: Option<f64>,
    pub(super) faults: Vec<Struck>,
}

/// A fault of a world.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Struck {
    /// Its kind, by position.
    pub(super) kind: usize,
    /// A coordinate for each key that the kind leaves open, in their order.
    pub(super) at: Vec<f64>,
}

impl Space {
    /// The worlds for the scenario of `drill`, whose run goes on for `calm` after every fault.
    ///
    /// # Errors
    /// When a fault of the file can be none of this scenario's.
    pub(super) fn new(
        hazards: &Hazards,
        drill: &Drill,
        calm: Duration,
    ) -> Result<Self, Diagnostic> {
        let times = Times::new(drill, calm)?;
        let providers = drill.scenario().providers.iter();
        let providers = Vec::from_iter(providers.map(|provider| provider.name.clone()));
        let mut space = Self {
            load: hazards
                .load
                .clone()
                .filter(|_| drill.scenario().load.scaled(Factor::ONE).is_some()),
            at_most: hazards.at_most,
            at_a_time: hazards.at_a_time,
            kinds: Vec::new(),
            keys: Vec::new(),
        };
        let mut all = drill.scenario().providers.iter();
        let has_keys = all.any(|provider| provider.keys().count() > 1);
        for hazard in &hazards.kinds {
            let mut hazard = hazard.clone();
            hazard.complete(&providers, &times);
            // The usual conditions are about some of a provider's keys.
            if hazards.are_usual && hazard.has("when") && !has_keys {
                continue;
            }
            match space.check(&hazard, drill, hazards.are_usual) {
                Ok(()) => space.kinds.push(hazard),
                Err(_) if hazards.are_usual => {}
                Err(problem) => {
                    let path = ["faults", hazard.name.as_str()];
                    let message = format!("this is no fault here: {}", problem.message());
                    let problem = hazards.document.problem_at_key(&path, message);
                    return Err(problem.hint("write it so that it fits the scenario"));
                }
            }
        }
        if space.kinds.is_empty() {
            return Err(Diagnostic::of_file("", "no fault fits this scenario")
                .hint("name other ones in a file, and that with `--faults`"));
        }
        for (key, _) in space.kinds.iter().flat_map(Hazard::free) {
            if !space.keys.iter().any(|known| known == key) {
                space.keys.push(key.to_owned());
            }
        }
        Ok(space)
    }

    /// Whether some corner of what the kind can be makes a fault of the scenario; of a usual kind,
    /// one that can strike.
    fn check(&self, hazard: &Hazard, drill: &Drill, is_usual: bool) -> Result<(), Diagnostic> {
        let mut result = Ok(());
        let words = hazard.free().map(|(_, domain)| match domain {
            Domain::Words(words) => words.len(),
            Domain::Numbers(_) => 1,
        });
        let places = 0..words.max().unwrap_or(1);
        let ends = [0.0, 1.0].into_iter();
        // The usual faults strike those providers that can be struck so: one is enough.
        for (end, place) in ends.flat_map(|end| places.clone().map(move |place| (end, place))) {
            let at = hazard.free().map(|(_, domain)| match domain {
                Domain::Words(words) => (place as f64 + 0.5) / words.len() as f64,
                Domain::Numbers(_) => end,
            });
            let fault = hazard.text(&Vec::from_iter(at));
            let set = [(format!("faults.{}", name(1)), fault)];
            result = drill.in_world(&set).and_then(|world| {
                let why = why_never(&world).filter(|_| is_usual);
                why.map_or(Ok(()), |why| Err(Diagnostic::of_file("", why)))
            });
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// What an optimizer moves in.
    pub(super) fn domains(&self) -> Vec<Domain> {
        let kinds = Vec::from_iter(self.kinds.iter().map(|kind| kind.name.clone()));
        let key = |key: &String| {
            let domains = self.kinds.iter().flat_map(Hazard::free);
            let mut domains = domains.filter(|(own, _)| own == key);
            let first = domains.next().map(|(_, domain)| domain.clone());
            first.unwrap_or(Domain::Words(Vec::new()))
        };
        let slot = || {
            [Domain::Words(kinds.clone())]
                .into_iter()
                .chain(self.keys.iter().map(key))
        };
        let slots = (0..self.at_most).flat_map(|_| slot());
        self.load.clone().into_iter().chain(slots).collect()
    }

    /// The scenario's own load, and no fault.
    pub(super) fn plain(&self) -> World {
        World {
            load: self.usual_load(),
            faults: Vec::new(),
        }
    }

    /// The coordinate of the scenario's own load, or of the nearest that may be.
    pub(super) fn usual_load(&self) -> Option<f64> {
        self.load.as_ref()?.coordinate("1")
    }

    /// The world at `point`.
    pub(super) fn world(&self, point: &[f64]) -> World {
        let (load, slots) = match self.load {
            Some(_) => (point.first().copied(), point.get(1..).unwrap_or_default()),
            None => (None, point),
        };
        let slots = slots.chunks(1 + self.keys.len()).enumerate();
        let faults = slots.filter_map(|(nth, slot)| {
            let (kind, values) = slot.split_first()?;
            // The first fault is always there; a third of the points lacks each further one.
            let kind = match nth {
                0 => *kind,
                _ if *kind < NONE_BELOW => return None,
                _ => (kind - NONE_BELOW) / (1.0 - NONE_BELOW),
            };
            let kind = dimension::place(kind, self.kinds.len());
            let value = |key: &str| {
                let place = self.keys.iter().position(|known| known == key);
                place.and_then(|place| values.get(place)).copied()
            };
            let free = self.kinds[kind].free();
            let at = free.map(|(key, _)| value(key).unwrap_or_default());
            Some(Struck {
                kind,
                at: at.collect(),
            })
        });
        World {
            load,
            faults: faults.collect(),
        }
    }

    /// How many times as many calls as in the scenario there are.
    pub(super) fn load_text(&self, world: &World) -> String {
        let text = |(domain, at): (&Domain, f64)| domain.text(at);
        self.load
            .as_ref()
            .zip(world.load)
            .map_or("1".to_owned(), text)
    }

    /// The load of the domain at `coordinate`, as a file has it.
    pub(super) const fn load_domain(&self) -> Option<&Domain> {
        self.load.as_ref()
    }

    /// What is set on top of the scenario of `drill`.
    pub(super) fn set(&self, world: &World, drill: &Drill) -> Vec<(String, String)> {
        let factor = Factor::parse(&self.load_text(world)).unwrap_or(Factor::ONE);
        let load = match factor == Factor::ONE {
            true => None,
            false => drill.scenario().load.scaled(factor),
        };
        let load = load.map(|(path, value)| (path.to_owned(), value));
        let faults = (1..).zip(&world.faults).map(|(nth, fault)| {
            let text = self.kinds[fault.kind].text(&fault.at);
            (format!("faults.{}", name(nth)), text)
        });
        load.into_iter().chain(faults).collect()
    }

    /// The faults in words, one a line, and the load where it is not the scenario's.
    pub(super) fn words(&self, world: &World) -> Vec<String> {
        let faults = (1..).zip(&world.faults).map(|(nth, fault)| {
            let words = self.kinds[fault.kind].words(&fault.at);
            format!("{}: {words}", name(nth))
        });
        let load = self.load_text(world);
        let load = (load != "1").then(|| format!("load: {load} times the scenario's"));
        faults.chain(load).collect()
    }

    /// The kinds in words, with what each leaves open.
    pub(super) fn told(&self) -> Vec<String> {
        let load = self.load.as_ref();
        let load = load.map(|load| format!("load: {} times the scenario's", shown(load)));
        let kinds = self.kinds.iter().map(|kind| {
            let free = kind
                .free()
                .map(|(key, domain)| format!("{key} {}", shown(domain)));
            format!("{}: {}", kind.inject, Vec::from_iter(free).join(", "))
        });
        kinds.chain(load).collect()
    }
}

/// The name of the `nth` hunted fault.
pub(super) fn name(nth: usize) -> String {
    format!("hunted-{nth}")
}

/// Why the hunted fault of `world` can never strike, if it cannot.
fn why_never(world: &Drill) -> Option<String> {
    let mut faults = world.subject().faults.iter();
    let hunted = faults.find(|fault| fault.name == name(1))?;
    hunted.why_never.clone()
}

/// What a domain holds, in short.
fn shown(domain: &Domain) -> String {
    match domain {
        Domain::Words(words) => words.join(" or "),
        Domain::Numbers(_) => format!("{} to {}", domain.text(0.0), domain.text(1.0)),
    }
}

impl Hazard {
    /// Adds what the file leaves out: the target, and the moment.
    fn complete(&mut self, providers: &[String], times: &Times) {
        let mut first = Vec::new();
        let is_client = Row::of(&self.inject).is_some_and(|row| row.reach == Scope::Client);
        if !self.has("target") && !is_client {
            let target = match providers {
                [only] => Choice::Fixed(only.clone()),
                all => Choice::Free(Domain::Words(all.to_vec())),
            };
            first.push(("target".to_owned(), target));
        }
        if !self.has("at") && !self.has("for") {
            first.push(("at".to_owned(), Choice::Free(times.at.clone())));
            first.push(("for".to_owned(), Choice::Free(times.length.clone())));
        }
        first.append(&mut self.keys);
        self.keys = first;
    }

    /// Each key with its value at these coordinates.
    fn values<'a>(&'a self, at: &'a [f64]) -> impl Iterator<Item = (&'a str, String)> {
        let mut at = at.iter();
        self.keys.iter().map(move |(key, choice)| {
            let value = match choice {
                Choice::Fixed(value) => value.clone(),
                Choice::Free(domain) => domain.text(at.next().copied().unwrap_or_default()),
            };
            (key.as_str(), value)
        })
    }

    /// The fault at these coordinates, as an entry of `faults`.
    pub(super) fn text(&self, at: &[f64]) -> String {
        let values = self
            .values(at)
            .map(|(key, value)| format!(", {key}: {value}"));
        format!(
            "{{ inject: {}{} }}",
            self.inject,
            values.collect::<String>()
        )
    }

    /// The fault at these coordinates in words: `outage of openai at 2m for 30s, rate 5%`.
    fn words(&self, at: &[f64]) -> String {
        let mut words = self.inject.clone();
        let (main, rest): (Vec<_>, Vec<_>) = self
            .values(at)
            .partition(|(key, _)| matches!(*key, "target" | "at" | "for"));
        for (key, value) in main {
            let key = if key == "target" { "of" } else { key };
            words += &format!(" {key} {value}");
        }
        for (key, value) in rest {
            words += &format!(", {key} {value}");
        }
        words
    }
}

/// When faults happen whose file does not say when.
struct Times {
    at: Domain,
    length: Domain,
}

impl Times {
    /// In the first half of what is left of the run besides `calm`, and for up to five minutes.
    fn new(drill: &Drill, calm: Duration) -> Result<Self, Diagnostic> {
        let run = drill.scenario().run.duration;
        let room = run.saturating_sub(calm);
        if room < SHORTEST_ROOM {
            let message = format!(
                "a run of {} is too short for faults, and {} after them",
                duration::write(run),
                duration::write(calm)
            );
            let problem = drill.document().problem(&["run", "duration"], message);
            return Err(problem.hint("set a longer `run.duration`, or ask for less time"));
        }
        let range = |low: Duration, high: Duration, scale: &str| {
            let text = format!("{}s..{}s {scale}", low.as_secs(), high.as_secs());
            let range = dimension::read(&text, Some(KnobKind::Time), None);
            range
                .map(Domain::Numbers)
                .map_err(|(_, error)| Diagnostic::of_file("", error.message()))
        };
        let shortest = (room / 120).max(Duration::from_secs(1));
        let longest = (room * 2 / 5).min(LONGEST_FAULT);
        Ok(Self {
            at: range(room / 10, room / 2, "linear")?,
            length: range(shortest, longest, "log")?,
        })
    }
}

/// Coordinates below this one are no fault, where that is allowed.
const NONE_BELOW: f64 = 1.0 / 3.0;
const SHORTEST_ROOM: Duration = Duration::from_secs(20);
const LONGEST_FAULT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::Changes;
    use crate::text::Document;

    /// The usual kinds that may happen to a provider with these keys, under such a load.
    fn kinds(provider: &str, load: &str) -> Vec<String> {
        let text = format!(
            "name: one\nabout: What may happen here?\nrun: {{ duration: 10m }}\n\
             providers:\n  a: {{ profile: openai/gpt-4.1{provider} }}\n\
             load: {{ rate: 1/s, prompt: 100 tok, output: 100 tok{load} }}\n\
             policies: [resilient]\n"
        );
        let document = Document::parse("one.yaml", &text).expect("YAML");
        let drill = Drill::of_document(document, "one.yaml", Changes::default());
        let drill = drill.unwrap_or_else(|problems| panic!("{}", problems[0]));
        let usual = Hazards::usual().expect("it is ours");
        let space = Space::new(&usual, &drill, Duration::ZERO).expect("some fit");
        space.kinds.into_iter().map(|kind| kind.name).collect()
    }

    #[test]
    fn usual_faults_that_can_never_strike_are_left_out() {
        let some = kinds("", "");
        let rest = [
            "dead-keys",
            "stall",
            "cut-stream",
            "malformed",
            "less-capacity",
        ];
        assert!(some.contains(&"late-errors".to_owned()));
        assert!(rest.iter().all(|kind| !some.iter().any(|own| own == kind)));
        let more = ", keys: 4, capacity: { slots: 8, queue: 8 }";
        let all = kinds(more, ", stream: 50%");
        let left = all.into_iter().filter(|kind| !some.contains(kind));
        assert_eq!(Vec::from_iter(left), rest);
    }

    #[test]
    fn a_list_of_conditions_is_one_thing_to_choose() {
        let usual = Hazards::usual().expect("it is ours");
        let mut kinds = usual.kinds.iter();
        let dead = kinds.find(|kind| kind.name == "dead-keys").expect("a kind");
        let text = |at| dead.text(&[at]);
        assert_eq!(text(0.1), "{ inject: auth, when: { key: key-1 } }");
        assert_eq!(text(0.5), "{ inject: auth, when: { key: [key-1, key-2] } }");
    }
}

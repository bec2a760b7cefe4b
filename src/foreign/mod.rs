//! Configurations of other systems: reads them as a fleet and a policy, and writes a policy as one.
//!
//! - [`sheet`]: a foreign file, in which every setting is accounted for; [`note`]: what became of
//!   each setting.
//! - [`draft`]: the fleet, the policy and a first scenario, as files; `vendors`: where models are
//!   served; `statuses`: what a list of statuses names; `yaml`: the text of all files.
//! - `litellm`, `portkey`, `envoy`, `resilience4j`, `openrouter`: one module per system.
//!
//! A setting is taken as what the system does with it, not as the policy's setting of the same
//! name. No key of a provider is repeated: it becomes a variable of the environment.

pub(crate) mod draft;
pub(crate) mod note;
pub(crate) mod sheet;

mod envoy;
mod export;
mod litellm;
mod openrouter;
mod portkey;
mod resilience4j;
mod statuses;
mod vendors;
mod yaml;

use draft::Draft;
use export::Export;
use note::{Note, Outcome};
use sheet::Sheet;

use crate::policy::config::Policy;
use crate::text::Diagnostic;

/// The options of an import.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options<'a> {
    /// What the system's row calls it (see [`System::model`]); the first by default.
    pub(crate) model: Option<&'a str>,
}

/// A system whose configuration can be read or written: one row each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its name in texts.
    pub(crate) title: &'static str,
    /// The quirks that its policies may have: what it does by itself, without a setting.
    quirks: &'static [&'static str],
    /// What `--model` names in its files; none where it names nothing.
    pub(crate) model: Option<&'static str>,
    read: fn(&mut Sheet, &mut Draft, Options<'_>) -> Result<(), Diagnostic>,
    write: Option<fn(&mut Export<'_>)>,
}

/// All systems.
pub(crate) const SYSTEMS: &[System] = &[
    System {
        name: "litellm",
        title: "LiteLLM",
        quirks: litellm::QUIRKS,
        model: Some("the group that calls ask for"),
        read: litellm::read,
        write: Some(litellm::export::write),
    },
    System {
        name: "envoy",
        title: "Envoy",
        quirks: envoy::QUIRKS,
        model: Some("the cluster"),
        read: envoy::read,
        write: Some(envoy::export::write),
    },
    System {
        name: "portkey",
        title: "Portkey",
        quirks: portkey::QUIRKS,
        model: Some("the model of targets that name none"),
        read: portkey::read,
        write: Some(portkey::export::write),
    },
    System {
        name: "openrouter",
        title: "OpenRouter",
        quirks: &[],
        model: None,
        read: openrouter::read,
        write: None,
    },
    System {
        name: "resilience4j",
        title: "resilience4j",
        quirks: &[],
        model: Some("the instance"),
        read: resilience4j::read,
        write: Some(resilience4j::export::write),
    },
];

/// What a foreign file came to.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The files.
    pub(crate) draft: Draft,
    /// What became of each setting, in the order of the file.
    pub(crate) notes: Vec<Note>,
}

impl System {
    /// The fleet and the policy that `text`, the file `name`, describes; the policy is called
    /// `policy`.
    ///
    /// # Errors
    /// When the text is not of this system's form.
    pub(crate) fn import(
        &self,
        name: &str,
        text: &str,
        policy: &str,
        options: Options<'_>,
    ) -> Result<Imported, Diagnostic> {
        let mut sheet = Sheet::parse(name, text)?;
        let mut draft = Draft::new(policy, self.title);
        (self.read)(&mut sheet, &mut draft, options)?;
        draft.check(&mut sheet)?;
        let notes = sheet.finish();
        Ok(Imported { draft, notes })
    }

    /// The policy in `text`, the file `name`, as a configuration of this system, with what became
    /// of each of its settings; `None` where this system's files have nowhere to say it.
    ///
    /// # Errors
    /// When the text is no policy.
    pub(crate) fn export(
        &self,
        name: &str,
        text: &str,
    ) -> Result<Option<(String, Vec<Note>)>, Diagnostic> {
        let Some(write) = self.write else {
            return Ok(None);
        };
        let policy = Policy::parse(name, text)?;
        let mut sheet = Sheet::parse(name, text)?;
        let mut export = Export::new(&policy, &mut sheet);
        write(&mut export);
        self.note_quirks(&mut export);
        let text = match self.name {
            "portkey" => export.file.json(),
            _ => export.file.write() + &export.comments,
        };
        let mut notes = sheet.finish();
        for note in &mut notes {
            if note.outcome == Outcome::NotKnown {
                note.outcome = Outcome::CannotBeSaid;
                note.says = format!("{} has nothing like it.", self.title);
            }
        }
        Ok(Some((text, notes)))
    }

    /// Says of each quirk whether this system has it.
    fn note_quirks(&self, export: &mut Export<'_>) {
        for (place, quirk) in export.policy.quirks.iter().enumerate() {
            let name = quirk.name();
            let (outcome, says) = match self.quirks.contains(&name) {
                true => (Outcome::Taken, format!("{} does so by itself.", self.title)),
                false => {
                    let says = format!("`{name}` is another client's: {} does not.", self.title);
                    (Outcome::CannotBeSaid, says)
                }
            };
            export.note(&format!("quirks.{place}"), outcome, &says);
        }
    }
}

//! What became of each setting: taken, approximated, or why not.

/// What became of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The policy or the fleet says the same.
    Taken,
    /// The nearest that a policy can say; the sentence names the difference.
    Approximated,
    /// A policy has nothing like it.
    CannotBeSaid,
    /// It has nothing to do with failover, or no effect here.
    NotUsed,
    /// This reader does not know the key.
    NotKnown,
}

impl Outcome {
    /// All outcomes, in the order of the summary.
    pub(crate) const ALL: [Self; 5] = [
        Self::Taken,
        Self::Approximated,
        Self::CannotBeSaid,
        Self::NotUsed,
        Self::NotKnown,
    ];

    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Approximated => "approximated",
            Self::CannotBeSaid => "cannot be said",
            Self::NotUsed => "not used",
            Self::NotKnown => "not known",
        }
    }
}

/// What became of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The line of the file, from 1; 0 for a default of the system that the file does not write.
    pub(crate) line: u64,
    /// The setting: its keys, joined by dots.
    pub(crate) setting: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// One sentence.
    pub(crate) says: String,
}

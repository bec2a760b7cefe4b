//! The calls that have not ended, by number: looked up with each event, so without an order.

use std::hash::{BuildHasherDefault, Hasher};

use indexmap::IndexMap;

use super::call_record::OpenCall;
use crate::policy::CallId;

/// The open calls.
pub(super) type OpenCalls = IndexMap<CallId, OpenCall, BuildHasherDefault<NumberHasher>>;

/// Spreads numbers that come one after the other, the same way in every process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

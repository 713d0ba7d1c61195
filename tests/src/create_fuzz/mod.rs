//! Objects made by changing valid ones at random places, kind by kind, for creates that nobody thought of.
//!
//! What is changed and how follows from a seed alone, so that a finding can be looked at again. Values are mostly taken
//! from other recorded objects of the same Go type, since random text alone seldom gets past the first check.

mod corpus;
mod mutate;
mod values;

pub use corpus::{Corpus, Seed};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

/// An object to create, and how it came to be.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The recorded object that it was made from.
    pub seed: Seed,
    /// The object.
    pub object: Value,
    /// Its number; the same number gives the same object again.
    pub number: u64,
}

impl Corpus {
    /// The object with this number: a recorded one with up to four changes.
    pub fn candidate(&self, number: u64) -> Option<Candidate> {
        let mut rng = StdRng::seed_from_u64(number);
        let kinds = self.kinds();
        let seeds = kinds.get(rng.random_range(0..kinds.len().max(1)))?;
        let seed = seeds.get(rng.random_range(0..seeds.len()))?;
        let mut object = seed.object.clone();
        for _ in 0..rng.random_range(0..=4) {
            mutate::change(&mut object, &seed.resource.schema, self, &mut rng);
        }
        Some(Candidate { seed: seed.clone(), object, number })
    }
}

//! Distributions that many threads add to.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of values by upper bounds. Adding one is three additions.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    /// Not cumulative; what is above all bounds is in none.
    buckets: [AtomicU64; N],
    count: AtomicU64,
    sum: AtomicU64,
}

/// What a histogram holds at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Counted<const N: usize> {
    pub bounds: &'static [u64; N],
    pub buckets: [u64; N],
    pub count: u64,
    pub sum: u64,
}

impl<const N: usize> Histogram<N> {
    /// Nothing yet.
    pub fn new(bounds: &'static [u64; N]) -> Self {
        Self { bounds, buckets: std::array::from_fn(|_| AtomicU64::new(0)), count: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    /// One more value.
    pub fn add(&self, value: u64) {
        if let Some((_, bucket)) = self.bounds.iter().zip(&self.buckets).find(|(bound, _)| value <= **bound) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// What it holds. The buckets never hold more than the count, though others add meanwhile.
    pub fn counted(&self) -> Counted<N> {
        let buckets: [u64; N] = std::array::from_fn(|at| self.buckets.get(at).map_or(0, |bucket| bucket.load(Ordering::Relaxed)));
        let sum = self.sum.load(Ordering::Relaxed);
        let count = self.count.load(Ordering::Relaxed).max(buckets.iter().sum());
        Counted { bounds: self.bounds, buckets, count, sum }
    }
}

impl<const N: usize> Counted<N> {
    /// The values of two together.
    pub fn merge(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(to, from)| *to += from);
        self.count += other.count;
        self.sum += other.sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_under_the_first_bound_that_is_not_less() {
        let histogram = Histogram::new(&[10, 100]);
        for value in [0, 10, 11, 100, 101] {
            histogram.add(value);
        }
        let counted = histogram.counted();
        assert_eq!((counted.buckets, counted.count, counted.sum), ([2, 2], 5, 222));
    }
}

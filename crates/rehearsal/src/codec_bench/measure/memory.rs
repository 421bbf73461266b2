//! The most memory that something took on the heap.

use peak_alloc::PeakAlloc;

/// Counts what the whole program has on the heap.
#[global_allocator]
pub static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Follows what one thing takes, through all that is done with it. Nothing else may take memory
/// at the same time: one thread.
#[derive(Default)]
pub struct Meter {
    owned: usize,
    most: usize,
}

impl Meter {
    /// Does something with the thing.
    pub fn during<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let value = work();
        let peak = ALLOCATOR.peak_usage().saturating_sub(before);
        self.most = self.most.max(self.owned + peak);
        let after = ALLOCATOR.current_usage();
        self.owned = (self.owned + after).saturating_sub(before);
        value
    }

    /// Something that the thing made was given away.
    pub fn gave_away(&mut self, bytes: usize) {
        self.owned = self.owned.saturating_sub(bytes);
    }

    /// The most bytes that it had so far.
    pub fn most(&self) -> usize {
        self.most
    }
}

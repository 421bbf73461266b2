//! What is to happen, in order.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A queue of things to happen, shared by the test and the source.
#[derive(Debug)]
pub(super) struct Script<T>(Arc<(Mutex<VecDeque<T>>, Condvar)>);

impl<T> Script<T> {
    /// A script in which nothing happens yet.
    pub(super) fn new() -> Self {
        Self(Arc::new((Mutex::new(VecDeque::new()), Condvar::new())))
    }

    /// Makes a thing happen after those before it.
    pub(super) fn add(&self, thing: T) {
        self.queue().push_back(thing);
        self.0.1.notify_all();
    }

    /// The next thing, as soon as it happens, within `wait`.
    pub(super) fn next(&self, wait: Duration) -> Option<T> {
        let (mut queue, _) = self
            .0
            .1
            .wait_timeout_while(self.queue(), wait, |queue| queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Script<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

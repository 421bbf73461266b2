//! The disk.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use eidetic_store::StoreError;

/// A disk. Clones are the same disk. It works at first.
#[derive(Clone, Default)]
pub struct Disk(Arc<AtomicU8>);

/// A store on a disk.
pub struct OnDisk<S: ?Sized> {
    pub store: Arc<S>,
    pub disk: Disk,
}

impl Disk {
    /// It has no space left: it can only be read.
    pub fn fill(&self) {
        self.0.store(FULL, Ordering::Relaxed);
    }

    /// It can be neither read nor written.
    pub fn take_out(&self) {
        self.0.store(GONE, Ordering::Relaxed);
    }

    /// It works again.
    pub fn mend(&self) {
        self.0.store(WORKS, Ordering::Relaxed);
    }

    pub fn holding<S: ?Sized>(&self, store: Arc<S>) -> OnDisk<S> {
        OnDisk {
            store,
            disk: self.clone(),
        }
    }

    pub fn read(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::Relaxed) == GONE {
            return Err(StoreError::Failed {
                attempt: "read the disk in bay 7",
                source: "no such device".into(),
            });
        }
        Ok(())
    }

    pub fn write(&self) -> Result<(), StoreError> {
        self.read()?;
        if self.0.load(Ordering::Relaxed) == FULL {
            return Err(StoreError::Full { what: "test data" });
        }
        Ok(())
    }
}

const WORKS: u8 = 0;
const FULL: u8 = 1;
const GONE: u8 = 2;

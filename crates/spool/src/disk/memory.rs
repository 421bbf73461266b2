//! A disk in memory that can stop at any step, and lose what was not synced.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Disk;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// What a running process sees.
    files: BTreeMap<String, usize>,
    /// What is there after a loss of power, by name.
    durable_files: BTreeMap<String, usize>,
    contents: Vec<Content>,
    /// Steps until the process dies, if it shall.
    fuse: Option<u32>,
    capacity: Option<u64>,
    /// Whether the disk tells how much is free as it is.
    lies: bool,
    largest_read: usize,
    steps: u32,
}

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    durable: Vec<u8>,
}

/// What a crash does to what was not synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crash {
    /// `kill -9`: all that was written stays.
    Process,
    /// A loss of power: of what was not synced, a part stays that `seed` chooses.
    Power { seed: u64 },
}

impl MemoryDisk {
    /// The process dies at the step after so many more; a write is cut in the middle then.
    pub fn die_after(&self, steps: u32) {
        self.state().fuse = Some(steps);
    }

    /// How many steps were made.
    pub fn steps(&self) -> u32 {
        self.state().steps
    }

    /// Only so many bytes fit.
    pub fn limit(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    /// Only so many bytes fit, but the disk says that there is room.
    pub fn limit_silently(&self, capacity: Option<u64>) {
        self.limit(capacity);
        self.state().lies = true;
    }

    /// The most that was read at once since this was asked last.
    pub fn forget_largest_read(&self) -> usize {
        std::mem::take(&mut self.state().largest_read)
    }

    /// The machine comes up again after a crash.
    pub fn restart(&self, crash: Crash) {
        let mut state = self.state();
        state.fuse = None;
        let Crash::Power { mut seed } = crash else {
            return;
        };
        let mut random = move || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap()
        };
        if random() % 2 == 0 {
            state.files = state.durable_files.clone();
        }
        for content in &mut state.contents {
            let durable = content.durable.len().min(content.bytes.len());
            let unsynced = content.bytes.len() - durable;
            let kept = durable + random() % (unsynced + 1);
            content.bytes.truncate(kept);
            // Length and bytes reach the disk apart: what was not synced may be zeros.
            if random() % 3 == 0 {
                let from = durable + random() % (kept - durable + 1);
                content.bytes[from..].fill(0);
            }
            if content.bytes.len() < content.durable.len() {
                content.bytes = content.durable.clone();
            }
            content.durable = content.bytes.clone();
        }
        state.durable_files = state.files.clone();
    }

    /// Changes bytes behind the spool's back.
    pub fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let content = state.files[name];
        change(&mut state.contents[content].bytes);
    }

    /// The names and lengths of all files.
    pub fn lengths(&self) -> BTreeMap<String, usize> {
        let state = self.state();
        let length = |content: usize| state.contents[content].bytes.len();
        let files = state.files.iter();
        files
            .map(|(name, content)| (name.clone(), length(*content)))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One step that changes something; it fails if the process is dead.
    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.steps += 1;
        match &mut state.fuse {
            Some(0) => Err(io::Error::other("the process is dead")),
            Some(fuse) => {
                *fuse -= 1;
                Ok(state)
            }
            None => Ok(state),
        }
    }
}

impl State {
    fn find(&self, name: &str) -> io::Result<usize> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        self.files.get(name).copied().ok_or_else(missing)
    }

    fn used(&self) -> u64 {
        let files = self.files.values();
        files
            .map(|content| self.contents[*content].bytes.len() as u64)
            .sum()
    }
}

impl Disk for MemoryDisk {
    fn names(&mut self) -> io::Result<Vec<String>> {
        Ok(self.state().files.keys().cloned().collect())
    }

    fn length(&mut self, name: &str) -> io::Result<u64> {
        let state = self.state();
        Ok(state.contents[state.find(name)?].bytes.len() as u64)
    }

    fn read(&mut self, name: &str, offset: u64, max_bytes: usize) -> io::Result<Vec<u8>> {
        let mut state = self.state();
        let bytes = &state.contents[state.find(name)?].bytes;
        let start = usize::try_from(offset).unwrap().min(bytes.len());
        let end = bytes.len().min(start.saturating_add(max_bytes));
        let bytes = bytes[start..end].to_vec();
        state.largest_read = state.largest_read.max(bytes.len());
        Ok(bytes)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.step()?;
        let content = match state.find(name) {
            Ok(content) => content,
            Err(_) => {
                state.contents.push(Content::default());
                let content = state.contents.len() - 1;
                state.files.insert(name.to_owned(), content);
                content
            }
        };
        let used = state.used();
        let room = state
            .capacity
            .map_or(u64::MAX, |all| all.saturating_sub(used));
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        // The last step before death writes half.
        let torn = state.fuse == Some(0);
        let written = if torn { fits / 2 } else { fits };
        state.contents[content].bytes.extend(&bytes[..written]);
        match (torn, fits < bytes.len()) {
            (true, _) => Err(io::Error::other("the process is dead")),
            (false, true) => Err(io::ErrorKind::StorageFull.into()),
            (false, false) => Ok(()),
        }
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        let mut state = self.step()?;
        let content = state.find(name)?;
        let length = usize::try_from(length).unwrap();
        state.contents[content].bytes.resize(length, 0);
        Ok(())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.step()?;
        let content = state.find(name)?;
        let content = &mut state.contents[content];
        content.durable.clone_from(&content.bytes);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.step()?;
        let content = state.find(from)?;
        state.files.remove(from);
        state.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.step()?;
        state.find(name)?;
        state.files.remove(name);
        Ok(())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        let mut state = self.step()?;
        state.durable_files = state.files.clone();
        Ok(())
    }

    fn free_bytes(&mut self) -> io::Result<u64> {
        let state = self.state();
        let used = state.used();
        let capacity = state.capacity.filter(|_| !state.lies);
        Ok(capacity.map_or(u64::MAX, |all| all.saturating_sub(used)))
    }
}

//! Segments as objects: in a local folder, or in any object store.
//!
//! A growing segment is an append-only file `incoming/<id>.part` on the local disk, synced before
//! its bytes are acknowledged. When it is whole, it is read once for its hash, put as the object
//! `segments/<year>/<month>/<day>/<id>.eid` (the day of its UUIDv7), and only then is the part
//! file removed. A crash between the two leaves both; the part file is removed at the next start.
//! A put replaces what is there in one step and is never conditional: an id is used once, so that
//! a repeated put brings the same bytes.
//!
//! INVARIANT: an object is whole. Nothing is put before its length and hash were found right.

use std::{ops::Range, path::Path as FilePath, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use eidetic_model::{SegmentEnd, SegmentId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use jiff::tz::TimeZone;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem,
    path::Path,
};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use super::{Appended, Sealed, SegmentStore, incoming::Incoming};
use crate::StoreError;

/// Segments in an object store, growing in a local folder.
pub struct ObjectSegments {
    objects: Arc<dyn ObjectStore>,
    incoming: Arc<Incoming>,
    /// A segment's part file is changed by one caller at a time: the one with its lock. Segments
    /// share the locks.
    locks: [Mutex<()>; LOCKS],
}

impl ObjectSegments {
    /// Opens the segments in a local folder, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// If the folder cannot be used.
    pub async fn local(folder: impl AsRef<FilePath>) -> Result<Self, StoreError> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(failed("make the folder of the segments"))?;
        let objects = LocalFileSystem::new_with_prefix(folder)
            .map_err(object_failed("open the folder of the segments"))?
            // The file and its folder are synced before a put returns: the part file may go then.
            .with_fsync(true);
        Self::new(Arc::new(objects), folder.join("incoming")).await
    }

    /// Segments in an object store, growing in the folder `incoming` on the local disk.
    ///
    /// # Errors
    ///
    /// If the folder or the object store cannot be used.
    pub async fn new(
        objects: Arc<dyn ObjectStore>,
        incoming: impl AsRef<FilePath>,
    ) -> Result<Self, StoreError> {
        let incoming = incoming.as_ref().to_owned();
        let incoming = on_disk(move || Incoming::open(incoming)).await?;
        let segments = Self {
            objects,
            incoming: Arc::new(incoming),
            locks: std::array::from_fn(|_| Mutex::new(())),
        };
        for id in segments.growing().await? {
            if segments.object_bytes(id).await?.is_some() {
                segments.forget_part(id).await?;
            }
        }
        Ok(segments)
    }

    /// The whole segments that were stored before a time, to be held against the control data:
    /// what that does not name is an orphan.
    pub fn stored_before(&self, time: Timestamp) -> BoxStream<'_, Result<SegmentId, StoreError>> {
        self.objects
            .list(Some(&Path::from(FOLDER)))
            .map_err(object_failed("list the segments"))
            .try_filter_map(move |object| async move {
                let is_before = object.last_modified.timestamp_micros() < time.as_unix_micros();
                let id = object
                    .location
                    .filename()
                    .and_then(|name| name.strip_suffix(EXTENSION))
                    .and_then(|id| id.parse().ok());
                Ok(id.filter(|_| is_before))
            })
            .boxed()
    }

    async fn lock(&self, id: SegmentId) -> MutexGuard<'_, ()> {
        let last = usize::from(id.to_bytes()[15]);
        self.locks[last % LOCKS].lock().await
    }

    async fn part_bytes(&self, id: SegmentId) -> Result<Option<u64>, StoreError> {
        let incoming = self.incoming.clone();
        on_disk(move || incoming.bytes(id)).await
    }

    async fn forget_part(&self, id: SegmentId) -> Result<(), StoreError> {
        let incoming = self.incoming.clone();
        on_disk(move || incoming.remove(id)).await
    }

    /// The length of a whole segment.
    async fn object_bytes(&self, id: SegmentId) -> Result<Option<u64>, StoreError> {
        match self.objects.head(&location(id)).await {
            Ok(object) => Ok(Some(object.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(object_failed("find a segment")(error)),
        }
    }

    /// The length and the SHA-256 of a whole segment, read piece by piece.
    async fn object_sha256(&self, id: SegmentId) -> Result<Option<(u64, [u8; 32])>, StoreError> {
        let failed = object_failed("check a segment");
        let object = match self.objects.get(&location(id)).await {
            Ok(object) => object,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let (mut length, mut hash) = (0, Sha256::new());
        let mut pieces = object.into_stream();
        while let Some(piece) = pieces.try_next().await.map_err(&failed)? {
            length += piece.len() as u64;
            hash.update(&piece);
        }
        Ok(Some((length, hash.finalize().into())))
    }

    /// Puts the bytes of a part file, which were checked.
    async fn put(&self, end: &SegmentEnd) -> Result<(), StoreError> {
        let (id, bytes) = (end.id, end.bytes);
        let read = |from: u64| {
            let incoming = self.incoming.clone();
            let range = from..bytes.min(from + PUT_BYTES);
            on_disk(move || incoming.read(id, range))
        };
        if bytes <= PUT_BYTES {
            let payload = read(0).await?.unwrap_or_default();
            self.objects
                .put(&location(id), PutPayload::from_bytes(payload))
                .await
                .map_err(object_failed("store a segment"))?;
            return Ok(());
        }
        let mut upload = self
            .objects
            .put_multipart(&location(id))
            .await
            .map_err(object_failed("store a segment"))?;
        let mut from = 0;
        while from < bytes {
            let payload = read(from).await?.unwrap_or_default();
            from += PUT_BYTES;
            if let Err(error) = upload.put_part(PutPayload::from_bytes(payload)).await {
                // What could not be taken back is left to the object store's own sweeping.
                let _failed = upload.abort().await;
                return Err(object_failed("store a segment")(error));
            }
        }
        upload
            .complete()
            .await
            .map_err(object_failed("store a segment"))?;
        Ok(())
    }

    async fn read_object(
        &self,
        id: SegmentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        if range.is_empty() {
            let is_there = self.object_bytes(id).await?.is_some();
            return Ok(is_there.then(Bytes::new));
        }
        let start = range.start;
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(range)));
        let read = async {
            let object = self.objects.get_opts(&location(id), options).await?;
            object.bytes().await
        };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            // A range behind the end is an error there, and each object store's own.
            Err(error) => match self.object_bytes(id).await? {
                Some(bytes) if start >= bytes => Ok(Some(Bytes::new())),
                _ => Err(object_failed("read a segment")(error)),
            },
        }
    }
}

#[async_trait]
impl SegmentStore for ObjectSegments {
    async fn durable_bytes(&self, id: SegmentId) -> Result<u64, StoreError> {
        Ok(self.part_bytes(id).await?.unwrap_or(0))
    }

    async fn append(
        &self,
        id: SegmentId,
        offset: u64,
        bytes: Bytes,
    ) -> Result<Appended, StoreError> {
        let _lock = self.lock(id).await;
        // While there is a part file, the segment is not whole: the object store need not be asked.
        if self.part_bytes(id).await?.is_none() && self.object_bytes(id).await?.is_some() {
            return Ok(Appended::AlreadySealed);
        }
        let incoming = self.incoming.clone();
        on_disk(move || incoming.append(id, offset, &bytes)).await
    }

    async fn seal(&self, end: &SegmentEnd) -> Result<Sealed, StoreError> {
        let _lock = self.lock(end.id).await;
        let id = end.id;
        let Some(durable) = self.part_bytes(id).await? else {
            return Ok(match self.object_sha256(id).await? {
                Some((bytes, sha256)) if (bytes, sha256) == (end.bytes, end.sha256) => {
                    Sealed::Stored
                }
                Some(_) => Sealed::HashMismatch,
                None => Sealed::Incomplete { durable: 0 },
            });
        };
        if durable < end.bytes {
            return Ok(Sealed::Incomplete { durable });
        }
        let incoming = self.incoming.clone();
        let sha256 = on_disk(move || incoming.sha256(id)).await?;
        if durable != end.bytes || sha256 != Some(end.sha256) {
            return Ok(Sealed::HashMismatch);
        }
        self.put(end).await?;
        self.forget_part(id).await?;
        Ok(Sealed::Stored)
    }

    async fn discard(&self, id: SegmentId) -> Result<(), StoreError> {
        let _lock = self.lock(id).await;
        self.forget_part(id).await
    }

    async fn read(&self, id: SegmentId, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        // The part file first: when it goes, the object is there already.
        let (incoming, part_range) = (self.incoming.clone(), range.clone());
        match on_disk(move || incoming.read(id, part_range)).await? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.read_object(id, range).await,
        }
    }

    async fn delete(&self, id: SegmentId) -> Result<(), StoreError> {
        let _lock = self.lock(id).await;
        match self.objects.delete(&location(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(object_failed("delete a segment")(error)),
        }
        self.forget_part(id).await
    }

    async fn growing(&self) -> Result<Vec<SegmentId>, StoreError> {
        let incoming = self.incoming.clone();
        on_disk(move || incoming.ids()).await
    }
}

/// Where a segment's object is.
fn location(id: SegmentId) -> Path {
    let bytes = id.to_bytes();
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&bytes[..6]);
    let day = i64::try_from(u64::from_be_bytes(millis))
        .ok()
        .filter(|_| id.as_uuid().get_version_num() == 7)
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map(|time| time.to_zoned(TimeZone::UTC));
    let name = format!("{id}{EXTENSION}");
    Path::from(match day {
        Some(day) => format!(
            "{FOLDER}/{:04}/{:02}/{:02}/{name}",
            day.year(),
            day.month(),
            day.day()
        ),
        // Any other id tells no time.
        None => format!("{FOLDER}/other/{:02x}/{name}", bytes[15]),
    })
}

/// Runs what blocks on the disk apart.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panicked) => Err(StoreError::Failed {
            attempt: "work on a segment",
            source: Box::new(panicked),
        }),
    }
}

pub(super) fn failed(attempt: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |error| match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            StoreError::Full { what: "segments" }
        }
        _ => StoreError::Failed {
            attempt,
            source: Box::new(error),
        },
    }
}

fn object_failed(attempt: &'static str) -> impl Fn(object_store::Error) -> StoreError {
    move |error| {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<std::io::Error>()
                && matches!(
                    error.kind(),
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
                )
            {
                return StoreError::Full { what: "segments" };
            }
            cause = error.source();
        }
        StoreError::Failed {
            attempt,
            source: Box::new(error),
        }
    }
}

const FOLDER: &str = "segments";
const EXTENSION: &str = ".eid";
const PUT_BYTES: u64 = 8 << 20;
const LOCKS: usize = 64;

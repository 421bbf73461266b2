//! Stores on a disk that fails when the test says.

mod audit;
mod control;
mod disk;
mod segments;

pub use disk::Disk;

use std::sync::Arc;

use eidetic_server::components::Components;

/// The same, with the activity records on this disk.
pub fn with_audit_on(disk: &Disk, mut components: Components) -> Components {
    components.audit = Arc::new(disk.holding(components.audit));
    components
}

/// The same, with the control data on this disk.
pub fn with_control_on(disk: &Disk, mut components: Components) -> Components {
    components.control = Arc::new(disk.holding(components.control));
    components
}

/// The same, with the segments on this disk.
pub fn with_segments_on(disk: &Disk, mut components: Components) -> Components {
    components.segments = Arc::new(disk.holding(components.segments));
    components
}

/// Implements a store's trait: each method asks the disk first, whether it can `read` or `write`.
macro_rules! on_a_disk {
    ($store:ident: $($access:ident $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait::async_trait]
        impl $store for $crate::faulty::disk::OnDisk<dyn $store> {
            $(async fn $method(&self, $($argument: $kind),*) -> Result<$answer, StoreError> {
                self.disk.$access()?;
                self.store.$method($($argument),*).await
            })*
        }
    };
}
use on_a_disk;

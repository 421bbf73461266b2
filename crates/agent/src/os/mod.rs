//! What differs from system to system, beside capturing: each system is a folder or a file here,
//! chosen once.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    SessionSource, account_exists, computer_name, cpu_time, display_environment, open_desktop,
    open_screen, operating_system, own_program, restrict_recorder, watch_sessions,
};

//! Linux.

mod computer;
mod config;
mod files;
mod groups;
mod prerequisites;
mod recorder;
mod sessions;

pub(crate) use computer::{computer_name, operating_system};
pub(crate) use config::{Config, ConfigArguments};
pub(crate) use files::{
    STATE_FOLDER_HELP, close_folder, create_private_folder, default_state_folder, let_all_read,
    open_folder_to_all, open_secret, private_file, seal_secret, sync_folder,
};
pub(crate) use groups::groups_of;
pub(crate) use prerequisites::{SERVICE_NAME, SessionProbe};
pub(crate) use recorder::{
    RecordArguments, RecorderChild, cpu_time, init_recorder_logging, open_desktop, open_screen,
    open_window_map, own_program, restrict_recorder, service_channel, show_notice, start_recorder,
};
pub(crate) use sessions::{SessionArguments, SessionNotices, SessionSource, watch_sessions};

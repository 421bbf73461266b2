//! This computer.

use std::fs;

/// This computer's name.
pub(crate) fn computer_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// This computer's operating system, as a person would name it.
pub(crate) fn operating_system() -> String {
    ini::Ini::load_from_file("/etc/os-release")
        .ok()
        .and_then(|release| {
            let name = release.general_section().get("PRETTY_NAME")?;
            Some(name.to_owned())
        })
        .unwrap_or_else(|| "Linux".to_owned())
}

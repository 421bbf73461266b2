//! This computer.

use eidetic_winapi::system;
use windows_registry::LOCAL_MACHINE;

/// This computer's name.
pub(crate) fn computer_name() -> String {
    system::computer_name()
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// This computer's operating system, as a person would name it.
pub(crate) fn operating_system() -> String {
    let version = LOCAL_MACHINE.open(VERSION).ok();
    let value = |name| version.as_ref()?.get_string(name).ok();
    let build = value("CurrentBuildNumber").unwrap_or_default();
    let name = value("ProductName").unwrap_or_else(|| "Windows".to_owned());
    named(&name, &build)
}

/// Windows 11 still calls itself Windows 10 here: its builds begin with 22000.
fn named(name: &str, build: &str) -> String {
    let is_client = !name.contains("Server");
    let name = match build.parse() {
        Ok(22_000_u32..) if is_client => name.replace("Windows 10", "Windows 11"),
        _ => name.to_owned(),
    };
    match build {
        "" => name,
        build => format!("{name} (build {build})"),
    }
}

const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_11_is_called_so() {
        assert_eq!(
            named("Windows 10 Pro", "22631"),
            "Windows 11 Pro (build 22631)"
        );
        assert_eq!(
            named("Windows 10 Pro", "19045"),
            "Windows 10 Pro (build 19045)"
        );
        let server = "Windows Server 2025 Standard";
        assert_eq!(named(server, "26100"), format!("{server} (build 26100)"));
        assert_eq!(named("Windows", ""), "Windows");
    }

    #[test]
    fn computer_has_a_name_and_a_system() {
        assert_ne!(computer_name(), "localhost");
        assert!(operating_system().contains("Windows"));
    }
}

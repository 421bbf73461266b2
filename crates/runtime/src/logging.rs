//! Where log lines go.

use tracing_subscriber::EnvFilter;

/// Writes log lines to standard error: `info` and above, or what `EIDETIC_LOG` says in the
/// syntax of `tracing_subscriber`'s filters. Called once, by `main`.
pub fn init_logging() {
    let filter = EnvFilter::try_from_env("EIDETIC_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let _already_set = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .try_init();
}

/// Writes log lines as [`init_logging`] does, but to `writer`.
pub fn init_logging_to(writer: impl std::io::Write + Send + 'static) {
    let filter = EnvFilter::try_from_env("EIDETIC_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let _already_set = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::sync::Mutex::new(writer))
        .with_ansi(false)
        .try_init();
}

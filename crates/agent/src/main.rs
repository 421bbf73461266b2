//! The agent's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    eidetic_agent::cli::main()
}

//! `eidetic plan`: monitoring plans as a file.
//!
//! [`file`] is the file, [`server`] what the server has, [`difference`] what would have to be done
//! to make the one like the other, [`run`] the commands.

mod difference;
mod file;
mod run;
mod server;

use std::path::PathBuf;

use clap::Subcommand;

use crate::client::ServerArguments;

/// Write monitoring plans into a file, compare a file with the server, and apply it.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum Command {
    /// Write the server's plans, in their order, as TOML.
    Get {
        /// Only the plans of these names; case does not count.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// The file to write; standard output without.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        server: ServerArguments,
    },
    /// Show what applying a file would change. Nothing is changed.
    ///
    /// Ends with 0 if there is nothing to change, with 3 if there is, with 1 if it failed.
    #[command(verbatim_doc_comment)]
    Diff {
        /// The file with the plans.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Also remove the plans that the file does not name.
        #[arg(long)]
        prune: bool,
        #[command(flatten)]
        server: ServerArguments,
    },
    /// Make the server's plans like a file, after showing what changes.
    ///
    /// Plans are found by their names. Those that the file does not name stay as they are, unless
    /// --prune is said; the default plan always stays. Among each other the file's plans get the
    /// order of the file; new ones come behind those that are there.
    ///
    /// Ends with 0 if it was done or there was nothing to do, with 3 if you said no, with 1 if it
    /// failed: then what came before is done, and doing it again does the rest.
    #[command(verbatim_doc_comment)]
    Apply {
        /// The file with the plans.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Also remove the plans that the file does not name.
        #[arg(long)]
        prune: bool,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
        #[command(flatten)]
        server: ServerArguments,
    },
}

const EXAMPLES: &str = "\
Examples:
  eidetic plan get -o plans.toml --server https://eidetic.example.org:9443
  eidetic plan diff plans.toml
  eidetic plan apply plans.toml --yes

docs/plans.md says what a plan can say.";

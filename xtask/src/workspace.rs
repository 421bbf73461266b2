//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::build::Profile;

/// The checkout and its target folder.
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The checkout that this program was built from.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask is not inside the checkout")?
            .to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            // Each run of CI has a checkout of its own: what was built outlives it.
            None if env::var("CI").is_ok_and(|ci| ci == "true") => env::var_os("HOME")
                .map_or_else(env::temp_dir, PathBuf::from)
                .join(".cache/eidetic/target"),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A path in the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The target folder.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A command that runs in the checkout, with the one target folder.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Cargo, in the checkout.
    pub fn cargo(&self) -> Command {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        self.command(&cargo)
    }

    /// npm, in the console's folder.
    pub fn npm(&self) -> Command {
        let mut command = self.command("npm");
        command.current_dir(self.path("console"));
        command
    }

    /// The folder of built binaries.
    pub fn binaries(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.folder())
    }

    /// A binary that was built, ready to run.
    pub fn built(&self, profile: Profile, name: &str) -> Command {
        let mut command = Command::new(self.binaries(profile).join(name));
        command.current_dir(&self.root);
        command
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_crate_is_in_the_architecture_page() {
        let workspace = Workspace::find().unwrap();
        let page = fs::read_to_string(workspace.path("ARCHITECTURE.md")).unwrap();
        for entry in fs::read_dir(workspace.path("crates")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(page.contains(&format!("- `{name}`")), "{name} is missing");
        }
    }

    #[test]
    fn every_path_that_the_pages_name_exists() {
        let workspace = Workspace::find().unwrap();
        for page in ["ARCHITECTURE.md", "README.md"] {
            let text = fs::read_to_string(workspace.path(page)).unwrap();
            let words = text.split(|c: char| c.is_whitespace() || "`()[],;:".contains(c));
            let roots = ["crates/", "docs/", "console/", "packaging/", "fuzz/"];
            for word in words.filter(|word| roots.iter().any(|root| word.starts_with(root))) {
                let path = word.trim_end_matches(['.', '/']);
                if !path.contains(['{', '*']) {
                    assert!(workspace.path(path).exists(), "{page} names {path}");
                }
            }
        }
    }
}

//! The decoder for the browser.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{command::Run, workspace::Workspace};

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the decoder into `console/static/decoder.wasm`.
///
/// With rustup's standard library for WebAssembly where it is installed; else with Debian's
/// `rustc-web`, which builds its own from source and links with rustup's `rust-lld`.
pub fn decoder(workspace: &Workspace) -> Result<()> {
    let mut cargo = if rustup_has_target()? {
        workspace.cargo()
    } else {
        debian_cargo(workspace)?
    };
    let target = workspace.target().join("wasm");
    cargo
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--locked", "--profile", "wasm"])
        .args(["--package", "eidetic-codec-wasm", "--target", TARGET])
        .run()
        .context("failed to build the decoder for the browser")?;
    let built = target.join(TARGET).join("wasm/eidetic_codec_wasm.wasm");
    let place = workspace.path("console/static/decoder.wasm");
    fs::create_dir_all(workspace.path("console/static"))?;
    fs::copy(&built, &place)
        .with_context(|| format!("failed to copy {} to {}", built.display(), place.display()))?;
    Ok(())
}

fn sysroot() -> Result<String> {
    Command::new("rustc")
        .args(["--print", "sysroot"])
        .output_text()
}

fn rustup_has_target() -> Result<bool> {
    Ok(Path::new(&sysroot()?)
        .join("lib/rustlib")
        .join(TARGET)
        .is_dir())
}

fn debian_cargo(workspace: &Workspace) -> Result<Command> {
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output_text()?;
    let linker = Path::new(&sysroot()?)
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    if !linker.exists() {
        bail!(
            "no linker for WebAssembly: {} does not exist",
            linker.display()
        );
    }
    let mut cargo = workspace.command("/usr/bin/cargo");
    cargo
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        // Cargo run by rustup passes its own toolchain on, which is not the one wanted here.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .arg("-Zbuild-std=std,panic_abort");
    Ok(cargo)
}

//! Makes sure that there is a folder to embed the console from, also before it was built.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let crate_folder = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let console = Path::new(&crate_folder).join("../../console/build");
    fs::create_dir_all(&console)?;
    // A console that is built later is embedded by building this crate again.
    println!("cargo:rerun-if-changed={}", console.display());
    Ok(())
}

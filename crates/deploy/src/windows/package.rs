//! What is in the agent's package for Windows.

use std::{
    fs,
    io::{self, Cursor, Read as _},
    path::Path,
};

use msi::{Expr, Select};

use crate::DeployError;

/// A package and the program in it.
pub(super) struct MsiPackage {
    /// The package as it is.
    pub(super) bytes: Vec<u8>,
    /// The agent's program, which sees to it that the package is installed.
    pub(super) program: Vec<u8>,
    /// What Windows Installer knows this very package by.
    pub(super) product_code: String,
}

impl MsiPackage {
    /// Reads it.
    pub(super) fn read(path: &Path) -> Result<Self, DeployError> {
        let read = || -> io::Result<Self> {
            if fs::metadata(path)?.len() > MOST_BYTES {
                return Err(io::Error::other("it is far larger than an agent"));
            }
            let bytes = fs::read(path)?;
            let mut package = msi::Package::open(Cursor::new(&bytes))?;
            let product_code = property(&mut package, "ProductCode")?;
            let program = program(&mut package)?;
            drop(package);
            Ok(Self {
                product_code,
                program,
                bytes,
            })
        };
        read().map_err(|source| DeployError::PackageUnreadable {
            path: path.to_owned(),
            source,
        })
    }
}

type Opened<'a> = msi::Package<Cursor<&'a Vec<u8>>>;

fn property(package: &mut Opened<'_>, name: &str) -> io::Result<String> {
    let of_name = Expr::col("Property").eq(Expr::string(name));
    let mut rows = package.select_rows(Select::table("Property").with(of_name))?;
    let value = rows
        .next()
        .and_then(|row| row["Value"].as_str().map(str::to_owned));
    value.ok_or_else(|| io::Error::other(format!("it has no {name}")))
}

/// The program out of the cabinet in the package.
fn program(package: &mut Opened<'_>) -> io::Result<Vec<u8>> {
    let no_program = || io::Error::other("it is no package of the agent");
    let files = package.select_rows(Select::table("File"))?;
    let is_agent = |name: &str| name.rsplit('|').next() == Some(PROGRAM);
    let key = files
        .filter(|row| row["FileName"].as_str().is_some_and(is_agent))
        .find_map(|row| row["File"].as_str().map(str::to_owned))
        .ok_or_else(no_program)?;
    let media = package.select_rows(Select::table("Media"))?;
    let cabinets: Vec<_> = media
        .filter_map(|row| {
            row["Cabinet"]
                .as_str()?
                .strip_prefix('#')
                .map(str::to_owned)
        })
        .collect();
    for name in cabinets {
        let mut bytes = Vec::new();
        package
            .read_stream(&name)?
            .take(MOST_BYTES)
            .read_to_end(&mut bytes)?;
        let mut cabinet = cab::Cabinet::new(Cursor::new(bytes))?;
        if cabinet.get_file_entry(&key).is_some() {
            let mut program = Vec::new();
            cabinet
                .read_file(&key)?
                .take(MOST_BYTES)
                .read_to_end(&mut program)?;
            return Ok(program);
        }
    }
    Err(no_program())
}

/// The program in the package.
pub(super) const PROGRAM: &str = "eidetic-agent.exe";

const MOST_BYTES: u64 = 1 << 30;

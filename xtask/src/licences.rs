//! The licences of what others wrote and our programs contain: one file, made from what Cargo knows.
//!
//! Each package has its own texts, as they lie in its sources: they have the names of those who
//! wrote it. The few that were published without one get the text that their licence has at SPDX.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use serde::Deserialize;
use spdx::{Expression, LicenseId, ParseMode};

use crate::workspace::Workspace;

/// Which programs are asked about.
pub struct Programs<'a> {
    /// Their packages.
    pub packages: &'a [&'a str],
    /// What Rust calls the system that they run on.
    pub target: &'a str,
    /// What they contain besides, that Cargo knows nothing of.
    pub others: Vec<Part>,
}

/// Something that others wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name and its version.
    pub name: String,
    /// Its licence, in SPDX's words.
    pub licence: String,
    /// Where it comes from.
    pub origin: String,
    /// The texts.
    pub texts: Vec<String>,
}

/// Everything that these programs contain, with the texts.
///
/// # Errors
///
/// Names what has no licence, no text, or a licence that nobody has agreed to yet.
pub fn third_party(workspace: &Workspace, programs: Programs<'_>) -> Result<String> {
    let metadata = MetadataCommand::new()
        .current_dir(workspace.path(""))
        .other_options(["--locked", "--filter-platform", programs.target].map(str::to_owned))
        .exec()
        .context("cargo does not say what the programs are made of")?;
    let mut parts = programs.others;
    parts.push(standard_library());
    for package in linked(&metadata, programs.packages)? {
        parts.push(part(package)?);
    }
    for part in &parts {
        check(part)?;
    }
    Ok(write(&parts))
}

/// What the console contains, as its build has written it down.
pub fn of_the_console(workspace: &Workspace) -> Result<Vec<Part>> {
    let file = workspace.path("console/build/third-party-licences.json");
    let text = fs::read(&file)
        .with_context(|| format!("the console was not built: no {}", file.display()))?;
    let bundled: Vec<Bundled> = serde_json::from_slice(&text)
        .with_context(|| format!("failed to read {}", file.display()))?;
    ensure!(!bundled.is_empty(), "the console's build names no package");
    Ok(bundled.into_iter().map(Part::from).collect())
}

/// A package of npm.
#[derive(Deserialize)]
struct Bundled {
    name: String,
    version: String,
    #[serde(default)]
    identifier: String,
    #[serde(default)]
    text: String,
}

impl From<Bundled> for Part {
    fn from(bundled: Bundled) -> Self {
        let Bundled {
            name,
            version,
            identifier,
            text,
        } = bundled;
        Self {
            origin: format!("https://www.npmjs.com/package/{name}"),
            name: format!("{name} {version}"),
            licence: identifier,
            texts: vec![text],
        }
    }
}

/// What the programs are linked with and others have written.
fn linked<'a>(metadata: &'a Metadata, programs: &[&str]) -> Result<Vec<&'a Package>> {
    let resolve = metadata
        .resolve
        .as_ref()
        .context("cargo resolved nothing")?;
    let mut to_visit = Vec::new();
    for name in programs {
        let found = metadata.workspace_packages();
        let found = found.into_iter().find(|it| *it.name == **name);
        to_visit.push(
            &found
                .with_context(|| format!("there is no package {name}"))?
                .id,
        );
    }
    let mut visited = BTreeSet::new();
    while let Some(id) = to_visit.pop() {
        if !visited.insert(id) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| node.id == *id);
        let dependencies = node.map(|node| &node.deps).into_iter().flatten();
        to_visit.extend(dependencies.filter_map(|dependency| {
            let kinds = &dependency.dep_kinds;
            let is_linked = kinds.iter().any(|it| it.kind == DependencyKind::Normal);
            is_linked.then_some(&dependency.pkg)
        }));
    }
    let packages = visited.into_iter().map(|id| &metadata[id]);
    Ok(packages.filter(|it| it.source.is_some()).collect())
}

fn part(package: &Package) -> Result<Part> {
    let name = format!("{} {}", package.name, package.version);
    let folder = package.manifest_path.parent().context("no folder")?;
    let mut files = texts_in(folder.as_std_path(), true)?;
    files.extend(package.license_file().map(PathBuf::from));
    files.sort();
    files.dedup();
    let mut texts = Vec::new();
    for file in files {
        let bytes =
            fs::read(&file).with_context(|| format!("failed to read {}", file.display()))?;
        texts.push(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"));
    }
    let licence = package.license.clone().unwrap_or_default();
    if texts.is_empty() {
        let authors = package.authors.join(", ");
        texts = texts_of(&name, &licence, &format!("Written by {authors}"))?;
    }
    Ok(Part {
        origin: package.repository.clone().unwrap_or_default(),
        name,
        licence,
        texts,
    })
}

/// The files with licences in a package: beside its manifest, and those of code in other languages
/// that lies in a folder of its own.
fn texts_in(folder: &Path, is_top: bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy().to_uppercase();
        let is_text = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
        if entry.file_type()?.is_dir() {
            found.extend(texts_in(&path, false)?);
        } else if is_text(&LICENCES) && !is_source(&path) || is_top && is_text(&NOTICES) {
            found.push(path);
        }
    }
    Ok(found)
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["rs", "py", "sh", "js"].iter().any(|it| extension == *it)
}

/// The texts that a licence has at SPDX, where nobody has said anything else.
fn texts_of(name: &str, licence: &str, authors: &str) -> Result<Vec<String>> {
    let expression = parse(name, licence)?;
    let named = expression.requirements();
    let agreed = named.filter_map(|it| it.req.license.id().filter(is_agreed));
    Ok(agreed
        .map(|id| format!("{authors}\n\n{}", id.text()))
        .collect())
}

fn parse(name: &str, licence: &str) -> Result<Expression> {
    Expression::parse_mode(licence, ParseMode::LAX)
        .with_context(|| format!("{name} has a licence that cannot be read: {licence:?}"))
}

/// That it may be in our programs, and that its licence can be read in them.
fn check(part: &Part) -> Result<()> {
    let Part { name, licence, .. } = part;
    let is_taken = parse(name, licence)?
        .evaluate(|required| required.license.id().as_ref().is_some_and(is_agreed));
    if !is_taken {
        bail!(
            "{name} may be used under {licence}, which is none of the licences that programs of \
             this project may contain: do without it, or add it to AGREED in xtask/src/licences.rs"
        );
    }
    let has_text = part.texts.iter().any(|text| !text.trim().is_empty());
    ensure!(
        has_text,
        "{name} ({licence}) comes without the text of its licence"
    );
    Ok(())
}

fn is_agreed(licence: &LicenseId) -> bool {
    AGREED.contains(&licence.name)
}

/// Rust's own library is in each program, and Cargo does not speak of it.
fn standard_library() -> Part {
    let authors = "Copyright (c) The Rust Project Contributors, and those of the packages that the \
                   library is made of";
    let texts = ["MIT", "Apache-2.0"]
        .iter()
        .filter_map(|name| spdx::license_id(name));
    Part {
        name: "Rust's standard library".to_owned(),
        licence: "MIT OR Apache-2.0".to_owned(),
        origin: "https://www.rust-lang.org".to_owned(),
        texts: texts
            .map(|id| format!("{authors}\n\n{}", id.text()))
            .collect(),
    }
}

/// A list of the parts, and then each text once with the parts that have it.
fn write(parts: &[Part]) -> String {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|part| part.name.to_lowercase());
    let mut written = HEADING.to_owned();
    // The same words are the same text, however its lines are broken.
    let mut texts: BTreeMap<String, (&str, Vec<&str>)> = BTreeMap::new();
    let mut order = Vec::new();
    for part in parts {
        let Part {
            name,
            licence,
            origin,
            ..
        } = part;
        written.push_str(&format!("{name}\n    {licence}\n    {origin}\n"));
        for text in part.texts.iter().filter(|text| !text.trim().is_empty()) {
            let words: Vec<_> = text.split_whitespace().collect();
            let words = words.join(" ");
            let entry = texts.entry(words.clone());
            let (_, names) = entry.or_insert_with(|| {
                order.push(words);
                (text, Vec::new())
            });
            if !names.contains(&&**name) {
                names.push(name);
            }
        }
    }
    for (text, names) in order.iter().map(|words| &texts[words]) {
        let text = text.trim_matches('\n').trim_end();
        written.push_str(&format!(
            "\n{RULE}\n{}\n{RULE}\n\n{text}\n",
            names.join(", ")
        ));
    }
    written
}

const HEADING: &str = "\
This program contains software of others, with many thanks. It is listed here with its licence and
where it comes from. Below are the texts, each headed by what it belongs to. Where a choice of
licences is offered, either may be used.

";

const RULE: &str =
    "--------------------------------------------------------------------------------";

/// How files with a licence are called.
const LICENCES: [&str; 3] = ["LICENSE", "LICENCE", "UNLICENSE"];

/// What besides is of interest beside a package's manifest.
const NOTICES: [&str; 3] = ["NOTICE", "COPYRIGHT", "COPYING"];

/// The licences that programs of this project may contain: none asks for more than to be told of.
const AGREED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "ZPL-2.1",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, licence: &str, texts: &[&str]) -> Part {
        Part {
            name: name.to_owned(),
            licence: licence.to_owned(),
            origin: "https://example.org".to_owned(),
            texts: texts.iter().copied().map(str::to_owned).collect(),
        }
    }

    #[test]
    fn each_part_is_listed_and_each_text_is_there_once() {
        let written = write(&[
            named("b 2", "MIT", &["The same\ntext"]),
            named("A 1", "MIT OR Apache-2.0", &["The same  text\n", "Another"]),
        ]);
        assert!(written.contains("A 1\n    MIT OR Apache-2.0\n    https://example.org\nb 2\n"));
        assert_eq!(written.matches("same").count(), 1);
        assert!(written.contains(&format!("{RULE}\nA 1, b 2\n{RULE}\n\nThe same  text\n")));
        assert!(written.contains(&format!("{RULE}\nA 1\n{RULE}\n\nAnother\n")));
    }

    #[test]
    fn part_without_a_text_or_with_a_licence_that_nobody_agreed_to_is_named() {
        check(&named("a 1", "GPL-2.0 OR MIT/Apache-2.0", &["text"])).unwrap();
        let why = |part| format!("{:#}", check(&part).unwrap_err());
        assert!(why(named("a 1", "MIT", &[" \n"])).contains("a 1 (MIT) comes without"));
        assert!(why(named("b 1", "GPL-3.0-only", &["text"])).contains("b 1 may be used under"));
        assert!(why(named("c 1", "MIT AND GPL-3.0-only", &["text"])).contains("c 1"));
        assert!(why(named("d 1", "", &["text"])).contains("d 1 has a licence that"));
    }

    #[test]
    fn package_that_was_published_without_a_text_gets_that_of_its_licence() {
        let texts = texts_of("a 1", "MIT/Apache-2.0 OR GPL-3.0", "Written by Anna").unwrap();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].starts_with("Written by Anna\n\n"));
        assert!(texts[0].contains("Permission is hereby granted"));
    }

    /// Of what tests need too: it is there wherever they run.
    #[test]
    fn every_dependency_of_this_program_has_a_text() {
        let workspace = Workspace::find().unwrap();
        let programs = Programs {
            packages: &["xtask"],
            target: "x86_64-unknown-linux-gnu",
            others: Vec::new(),
        };
        let written = third_party(&workspace, programs).unwrap();
        assert!(written.contains("\nanyhow ") && written.contains("\nspdx "));
        assert!(!written.contains("\nxtask ") && !written.contains("\neidetic-"));
    }
}

//! Tables of a package, as files that msibuild takes.

use std::{fs, path::Path};

use anyhow::Result;

/// A table with its rows.
pub struct Table {
    name: &'static str,
    /// Each with its type: `s72` is a text that is always there, `S255` one that may be missing,
    /// `l` and `L` the same for text that people read, `i2` and `I2` a number.
    columns: &'static [(&'static str, &'static str)],
    /// How many of the first columns are the key.
    keys: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// One without rows.
    pub fn new(
        name: &'static str,
        columns: &'static [(&'static str, &'static str)],
        keys: usize,
    ) -> Self {
        Self {
            name,
            columns,
            keys,
            rows: Vec::new(),
        }
    }

    /// Adds a row. A tab or an end of line in it would be another column or row.
    pub fn row<const N: usize>(&mut self, row: [&str; N]) {
        debug_assert_eq!(N, self.columns.len(), "{}", self.name);
        self.rows.push(
            row.map(|field| field.replace(['\t', '\r', '\n'], " "))
                .into(),
        );
    }

    /// The rows.
    #[cfg(test)]
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Writes it as `NAME.idt`, and gives that name.
    pub fn write(&self, folder: &Path) -> Result<String> {
        let file = format!("{}.idt", self.name);
        fs::write(folder.join(&file), self.text())?;
        Ok(file)
    }

    fn text(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let types: Vec<_> = self.columns.iter().map(|(_, kind)| *kind).collect();
        let mut keys = vec![self.name];
        keys.extend(&names[..self.keys]);
        let mut text = String::new();
        let rows = self.rows.iter().map(|row| row.join("\t"));
        for line in [names.join("\t"), types.join("\t"), keys.join("\t")]
            .into_iter()
            .chain(rows)
        {
            text.push_str(&line);
            text.push_str("\r\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_written_as_msibuild_reads_it() {
        let mut table = Table::new("CheckBox", &[("Property", "s72"), ("Value", "S64")], 1);
        table.row(["LICENCE", "one\nline"]);
        assert_eq!(
            table.text(),
            "Property\tValue\r\ns72\tS64\r\nCheckBox\tProperty\r\nLICENCE\tone line\r\n"
        );
    }
}

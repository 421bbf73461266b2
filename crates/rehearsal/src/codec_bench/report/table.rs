//! Columns of text.

/// A table, all columns of which begin at the left.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these heads.
    pub fn new(heads: &[&str]) -> Self {
        Self {
            rows: vec![heads.iter().map(|&head| head.to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints it, if it has rows.
    pub fn print(&self) {
        if self.rows.len() > 1 {
            println!();
            for line in self.lines() {
                println!("{line}");
            }
        }
    }

    /// As Markdown has tables, with columns of equal width.
    fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = widths.iter().enumerate().map(|(column, width)| {
                let cell = row.get(column).map_or("", String::as_str);
                format!(" {cell:<width$} |")
            });
            format!("|{}", cells.collect::<String>())
        };
        let mut lines: Vec<String> = self.rows.iter().map(line).collect();
        let rule = widths
            .iter()
            .map(|width| format!("{}|", "-".repeat(width + 2)));
        lines.insert(1.min(lines.len()), format!("|{}", rule.collect::<String>()));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_one_width_and_short_rows_are_filled() {
        let mut table = Table::new(&["encoder", "bytes"]);
        table.row(["this".to_owned(), "1,234,567".to_owned()]);
        table.row(["é".to_owned()]);
        let expected = [
            "| encoder | bytes     |",
            "|---------|-----------|",
            "| this    | 1,234,567 |",
            "| é       |           |",
        ];
        assert_eq!(table.lines(), expected);
    }
}

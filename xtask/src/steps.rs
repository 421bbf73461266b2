//! Steps with a name, each timed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Runs steps one after the other and keeps how long each took.
pub struct Steps<'a> {
    only: Option<&'a str>,
    done: Vec<(&'static str, Duration)>,
}

impl<'a> Steps<'a> {
    /// All steps, or only those whose name contains a word.
    pub fn new(only: Option<&'a str>) -> Self {
        Self {
            only,
            done: Vec::new(),
        }
    }

    /// Runs a step, unless it is not wanted.
    #[expect(clippy::disallowed_methods, reason = "times a build step")]
    pub fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.only.is_some_and(|only| !name.contains(only)) {
            return Ok(());
        }
        println!("\n=== {name}");
        let start = Instant::now();
        let result = work().with_context(|| format!("step failed: {name}"));
        self.done.push((name, start.elapsed()));
        if result.is_err() {
            self.print_times();
        }
        result
    }

    /// Prints how long each step took.
    pub fn print_times(&self) {
        println!("\n=== times");
        for (name, took) in &self.done {
            println!("{:>8.1} s  {name}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took)| *took).sum();
        println!("{:>8.1} s  in all", total.as_secs_f64());
    }
}

//! What was measured on one recording.

use serde::Serialize;

use super::{table::Table, targets::Target};
use crate::codec_bench::{
    measure::Losses,
    peers::{PeerResult, Source},
    statistics::Spread,
};

/// One recording with all encoders.
#[derive(Serialize)]
pub struct RecordingReport {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    /// How long it is.
    pub secs: f64,
    /// Frames that differ from the one before.
    pub frames: u64,
    /// This codec, the default setting first.
    pub ours: Vec<OursRow>,
    /// What the peers were given, if they were asked.
    pub prefix: Option<Prefix>,
    pub peers: Vec<PeerRow>,
    /// The versions of the peers.
    pub versions: Vec<String>,
    pub targets: Vec<Target>,
}

/// This codec with one setting.
#[derive(Serialize)]
pub struct OursRow {
    pub setting: &'static str,
    pub bytes: u64,
    pub bytes_without_damage: u64,
    pub key_frames: u64,
    pub segments: usize,
    pub cpu_secs: f64,
    pub cpu_secs_without_damage: f64,
    pub frame_millis: Spread,
    pub frame_millis_without_damage: Spread,
    pub decode_cpu_secs: f64,
    pub encoder_memory_bytes: usize,
    pub decoder_memory_bytes: usize,
    /// Pictures that were compared with those that went in, and were what the setting promises.
    pub compared: u64,
    /// What was lost outside of films and in them.
    pub losses: Losses,
    pub seek_millis: Spread,
    pub browser_seek_millis: Option<Spread>,
}

/// The frames that the peers were given, and this codec on the same ones.
#[derive(Clone, Serialize)]
pub struct Prefix {
    pub frames: u64,
    pub bytes: u64,
    pub cpu_secs: f64,
    pub cpu_secs_without_damage: f64,
}

/// A peer.
#[derive(Serialize)]
pub struct PeerRow {
    pub name: &'static str,
    pub loss: &'static str,
    pub source: Source,
    #[serde(flatten)]
    pub result: PeerResult,
    pub cpu_secs: f64,
}

impl RecordingReport {
    /// Prints the tables.
    pub fn print(&self) {
        println!(
            "\n{}: {}x{}, {:.0} s, {} frames with changes",
            self.name, self.width, self.height, self.secs, self.frames
        );
        self.encoders().print();
        self.details().print();
        self.ratios().print();
    }

    fn encoders(&self) -> Table {
        let mut table = Table::new(&["encoder", "frames", "bytes", "CPU s", "loss", ""]);
        for row in &self.ours {
            let mut add = |what: &str, bytes: u64, cpu: f64| {
                table.row([
                    format!("this codec, {}, {what}", row.setting),
                    self.frames.to_string(),
                    grouped(bytes),
                    format!("{cpu:.2}"),
                    row.loss(),
                    String::new(),
                ]);
            };
            add("damage known", row.bytes, row.cpu_secs);
            add(
                "damage unknown",
                row.bytes_without_damage,
                row.cpu_secs_without_damage,
            );
        }
        if let Some(prefix) = &self.prefix
            && prefix.frames < self.frames
        {
            table.row([
                "this codec on the peers' frames".to_owned(),
                prefix.frames.to_string(),
                grouped(prefix.bytes),
                format!("{:.2}", prefix.cpu_secs),
                String::new(),
                "they were given the beginning only".to_owned(),
            ]);
        }
        for peer in &self.peers {
            table.row([
                peer.name.to_owned(),
                peer.result.frames.to_string(),
                grouped(peer.result.bytes),
                format!("{:.2}", peer.cpu_secs),
                peer.loss.to_owned(),
                match peer.source {
                    Source::Measured => String::new(),
                    Source::Kept => "kept from an earlier run".to_owned(),
                },
            ]);
        }
        table
    }

    fn details(&self) -> Table {
        let names = self.ours.iter().map(|row| row.setting);
        let heads: Vec<&str> = std::iter::once("this codec").chain(names).collect();
        let mut table = Table::new(&heads);
        let mut line = |what: &str, value: &dyn Fn(&OursRow) -> String| {
            let values = self.ours.iter().map(value);
            table.row(std::iter::once(what.to_owned()).chain(values));
        };
        line("bytes an hour", &|row| {
            grouped(per_hour(row.bytes, self.secs))
        });
        line("key frames", &|row| row.key_frames.to_string());
        line("segments", &|row| row.segments.to_string());
        line("encode, damage known, ms a frame", &|row| {
            spread(&row.frame_millis)
        });
        line("encode, damage unknown, ms a frame", &|row| {
            spread(&row.frame_millis_without_damage)
        });
        line("decode everything, CPU s", &|row| {
            format!("{:.2}", row.decode_cpu_secs)
        });
        line("seek, ms", &|row| spread(&row.seek_millis));
        line("seek in the browser, ms", &|row| {
            let measured = row.browser_seek_millis.as_ref();
            measured.map_or_else(|| "not measured".to_owned(), spread)
        });
        line("encoder's memory at its most, MB", &|row| {
            mega(row.encoder_memory_bytes)
        });
        line("decoder's memory at its most, MB", &|row| {
            mega(row.decoder_memory_bytes)
        });
        line("pictures that were compared", &|row| {
            row.compared.to_string()
        });
        table
    }

    fn ratios(&self) -> Table {
        let mut table = Table::new(&["target", "measured", "aim", ""]);
        for target in &self.targets {
            table.row([
                target.what.clone(),
                target.measured_text(),
                target.aim_text(),
                if target.met { "met" } else { "MISSED" }.to_owned(),
            ]);
        }
        table
    }
}

impl OursRow {
    fn loss(&self) -> String {
        let share = self.losses.inexact_share;
        let mut parts = Vec::new();
        if share > 0.0 {
            parts.push(format!("{:.4} % of tiles inexact", share * 100.0));
        }
        if let Some(film) = &self.losses.film {
            parts.push(format!(
                "film {:.1} dB, {:.1} as it lags",
                film.detail_psnr_db, film.psnr_db
            ));
        }
        if parts.is_empty() {
            return "none".to_owned();
        }
        parts.join(", ")
    }
}

/// Bytes of a length, as bytes of an hour.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate for people"
)]
pub fn per_hour(bytes: u64, secs: f64) -> u64 {
    (bytes as f64 * 3600.0 / secs) as u64
}

fn spread(spread: &Spread) -> String {
    format!(
        "mean {:.2}, p50 {:.2}, p95 {:.2}, p99 {:.2}, max {:.2}",
        spread.mean, spread.p50, spread.p95, spread.p99, spread.max
    )
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mega(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

/// A number with a comma after each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(24_555_427), "24,555,427");
    }

    #[test]
    fn bytes_of_a_minute_are_a_sixtieth_of_an_hours() {
        assert_eq!(per_hour(1_000, 60.0), 60_000);
    }
}

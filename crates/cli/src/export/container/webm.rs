//! WebM, which is Matroska (RFC 9559), with subtitles as plain text.
//!
//! ```text
//! EBML header
//! Segment
//!   SeekHead  where Cues is
//!   Info, Tracks
//!   Cluster…  from a key frame on, with the subtitles that begin meanwhile
//!   Cues      where key frames and subtitles are
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use webm_iterable::matroska_spec::{Block, Master, MatroskaSpec as Tag, SimpleBlock};
use webm_iterable::{WebmWriter, WriteOptions};

use super::track::Sample;
use super::{Film, PROGRAM, SUBTITLES, Track};
use crate::export::encoder::{BT709, Setup};
use crate::export::titles::Cue;

/// Writes the whole file. Meanwhile a file without name is in `folder`.
pub fn write(
    film: &Film<'_>,
    track: &mut Track,
    folder: &Path,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let mut clusters = Clusters::new(folder)?;
    let mut cues = film.cues.iter().peekable();
    let samples = track.samples().to_vec();
    for (first, rest) in groups(&samples) {
        let end = rest.map_or(film.end.0, |next| next.at.0);
        let mut texts = Vec::new();
        while let Some(cue) = cues.next_if(|cue| cue.from.0 < end) {
            texts.push(cue);
        }
        clusters.push(track, first, &texts)?;
    }

    let head = head(film, clusters.length)?;
    let index = within_segment(&[Tag::Cues(Master::Full(clusters.index(head.len() as u64)))])?;
    let content = head.len() as u64 + clusters.length + index.len() as u64;

    output.write_all(&ebml_header()?)?;
    output.write_all(&segment_header(content)?)?;
    output.write_all(&head)?;
    clusters.copy_to(output)?;
    output.write_all(&index)?;
    Ok(())
}

/// Samples that share a cluster, and the first of those after them.
fn groups(samples: &[Sample]) -> Vec<(&[Sample], Option<&Sample>)> {
    let mut groups = Vec::new();
    let mut begin = 0;
    for next in 1..=samples.len() {
        let is_end = samples.get(next).is_none_or(|sample| {
            sample.is_key || sample.at.0 - samples[begin].at.0 > LONGEST_CLUSTER
        });
        if is_end {
            groups.push((&samples[begin..next], samples.get(next)));
            begin = next;
        }
    }
    groups
}

/// Clusters, on disk until it is known how much is before them.
struct Clusters {
    bytes: BufWriter<File>,
    length: u64,
    /// Of key frames and subtitles: track, time, duration, and where their cluster is.
    places: Vec<(u64, u64, Option<u64>, u64)>,
}

impl Clusters {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let file = tempfile::tempfile_in(folder)
            .with_context(|| format!("failed to make a file in {}", folder.display()))?;
        Ok(Self {
            bytes: BufWriter::new(file),
            length: 0,
            places: Vec::new(),
        })
    }

    fn push(
        &mut self,
        track: &mut Track,
        samples: &[Sample],
        texts: &[&Cue],
    ) -> anyhow::Result<()> {
        let Some(start) = samples.first().map(|sample| sample.at.0) else {
            return Ok(());
        };
        let mut tags = vec![Tag::Timestamp(start)];
        let mut texts = texts.iter().peekable();
        for &sample in samples {
            while let Some(cue) = texts.next_if(|cue| cue.from <= sample.at) {
                tags.push(text_block(cue, start)?);
                self.remember_text(cue);
            }
            let data = track.read(sample)?;
            let time = relative(sample.at.0, start)?;
            let is_key = sample.is_key;
            let block =
                SimpleBlock::new_uncheked(&data, VIDEO_TRACK, time, false, None, false, is_key);
            tags.push(block.into());
            if is_key {
                self.places
                    .push((VIDEO_TRACK, sample.at.0, None, self.length));
            }
        }
        for cue in texts {
            tags.push(text_block(cue, start)?);
            self.remember_text(cue);
        }
        let cluster = within_segment(&[Tag::Cluster(Master::Full(tags))])?;
        self.bytes.write_all(&cluster)?;
        self.length += cluster.len() as u64;
        Ok(())
    }

    fn remember_text(&mut self, cue: &Cue) {
        let duration = cue.until.0 - cue.from.0;
        self.places
            .push((SUBTITLE_TRACK, cue.from.0, Some(duration), self.length));
    }

    /// The index, if the clusters begin at `offset` of the segment's content.
    fn index(&self, offset: u64) -> Vec<Tag> {
        let mut places = self.places.clone();
        places.sort_by_key(|&(_, time, _, _)| time);
        let points = places.into_iter().map(|(track, time, duration, cluster)| {
            let mut position = vec![
                Tag::CueTrack(track),
                Tag::CueClusterPosition(offset + cluster),
            ];
            position.extend(duration.map(Tag::CueDuration));
            Tag::CuePoint(Master::Full(vec![
                Tag::CueTime(time),
                Tag::CueTrackPositions(Master::Full(position)),
            ]))
        });
        points.collect()
    }

    fn copy_to(&mut self, output: &mut impl Write) -> anyhow::Result<()> {
        self.bytes.seek(SeekFrom::Start(0))?;
        let copied = io::copy(self.bytes.get_mut(), output)?;
        anyhow::ensure!(copied == self.length, "a temporary file was changed");
        Ok(())
    }
}

fn text_block(cue: &Cue, start: u64) -> anyhow::Result<Tag> {
    let text = plain(&cue.text).into_bytes();
    let time = relative(cue.from.0, start)?;
    let block = Block::new_uncheked(SUBTITLE_TRACK, time, false, None, &text);
    Ok(Tag::BlockGroup(Master::Full(vec![
        block.into(),
        Tag::BlockDuration(cue.until.0 - cue.from.0),
    ])))
}

/// Text in which players find no mark-up: behind what would begin a mark comes a character without
/// width.
fn plain(text: &str) -> String {
    text.replace('<', "<\u{2060}").replace('{', "{\u{2060}")
}

fn relative(time: u64, start: u64) -> anyhow::Result<i16> {
    i16::try_from(time - start).context("a cluster is too long")
}

/// What is before the clusters.
fn head(film: &Film<'_>, clusters: u64) -> anyhow::Result<Vec<u8>> {
    let about = within_segment(&[info(film), tracks(film)?])?;
    // Where Cues is depends on how many bytes it takes to say so.
    let mut seek_bytes = 0;
    loop {
        let cues = (seek_bytes + about.len()) as u64 + clusters;
        let seek = within_segment(&[Tag::SeekHead(Master::Full(vec![
            seek(&[0x15, 0x49, 0xA9, 0x66], seek_bytes as u64),
            seek(&[0x1C, 0x53, 0xBB, 0x6B], cues),
        ]))])?;
        if seek.len() == seek_bytes {
            return Ok([seek, about].concat());
        }
        // A longer one stays so long: it only grows, and ends at the length of the largest number.
        seek_bytes = seek.len().max(seek_bytes + 1);
    }
}

fn seek(id: &[u8; 4], position: u64) -> Tag {
    Tag::Seek(Master::Full(vec![
        Tag::SeekID(id.to_vec()),
        Tag::SeekPosition(position),
    ]))
}

fn info(film: &Film<'_>) -> Tag {
    // Nanoseconds since the beginning of 2001.
    let recorded = film
        .recorded
        .as_unix_micros()
        .saturating_sub(FROM_1970_TO_2001 * 1_000_000)
        .saturating_mul(1000);
    Tag::Info(Master::Full(vec![
        Tag::TimestampScale(NANOSECONDS_IN_A_MILLISECOND),
        Tag::Duration(film.end.0 as f64),
        Tag::DateUTC(recorded),
        Tag::Title(film.name.to_owned()),
        Tag::MuxingApp(PROGRAM.to_owned()),
        Tag::WritingApp(PROGRAM.to_owned()),
    ]))
}

fn tracks(film: &Film<'_>) -> anyhow::Result<Tag> {
    let Setup::Av1(configuration) = &film.setup else {
        bail!("a .webm file holds AV1");
    };
    let colour = Tag::Colour(Master::Full(vec![
        Tag::MatrixCoefficients(BT709.into()),
        Tag::Range(LIMITED_RANGE),
        Tag::TransferCharacteristics(BT709.into()),
        Tag::Primaries(BT709.into()),
    ]));
    let video = Tag::TrackEntry(Master::Full(vec![
        Tag::TrackNumber(VIDEO_TRACK),
        Tag::TrackUID(VIDEO_TRACK),
        Tag::TrackType(TYPE_VIDEO),
        Tag::FlagLacing(0),
        Tag::Name("Screen".to_owned()),
        Tag::CodecID("V_AV1".to_owned()),
        Tag::CodecPrivate(configuration.clone()),
        Tag::Video(Master::Full(vec![
            Tag::PixelWidth(film.width as u64),
            Tag::PixelHeight(film.height as u64),
            colour,
        ])),
    ]));
    let subtitles = Tag::TrackEntry(Master::Full(vec![
        Tag::TrackNumber(SUBTITLE_TRACK),
        Tag::TrackUID(SUBTITLE_TRACK),
        Tag::TrackType(TYPE_SUBTITLES),
        Tag::FlagDefault(1),
        Tag::FlagLacing(0),
        Tag::Name(SUBTITLES.to_owned()),
        Tag::Language("und".to_owned()),
        Tag::CodecID("S_TEXT/UTF8".to_owned()),
    ]));
    let mut tracks = vec![video];
    if !film.cues.is_empty() {
        tracks.push(subtitles);
    }
    Ok(Tag::Tracks(Master::Full(tracks)))
}

fn ebml_header() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    WebmWriter::new(&mut bytes).write(&Tag::Ebml(Master::Full(vec![
        Tag::EbmlVersion(1),
        Tag::EbmlReadVersion(1),
        Tag::EbmlMaxIdLength(4),
        Tag::EbmlMaxSizeLength(8),
        Tag::DocType("webm".to_owned()),
        Tag::DocTypeVersion(4),
        Tag::DocTypeReadVersion(2),
    ])))?;
    Ok(bytes)
}

/// The beginning of a segment with so many bytes of content.
fn segment_header(content: u64) -> anyhow::Result<Vec<u8>> {
    let mut header = within_nothing()?;
    // The size takes eight bytes also where it is not known.
    let size = header.len() - 8;
    header[size..].copy_from_slice(&(1 << 56 | content).to_be_bytes());
    Ok(header)
}

/// These tags as they are inside of a segment.
fn within_segment(tags: &[Tag]) -> anyhow::Result<Vec<u8>> {
    let before = within_nothing()?.len();
    let mut bytes = Vec::new();
    let mut writer = begun_segment(&mut bytes)?;
    for tag in tags {
        writer.write(tag)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes.split_off(before))
}

fn within_nothing() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    begun_segment(&mut bytes)?.flush()?;
    Ok(bytes)
}

/// A writer in a segment of unknown size, of which only the content is used.
fn begun_segment(bytes: &mut Vec<u8>) -> anyhow::Result<WebmWriter<&mut Vec<u8>>> {
    let mut writer = WebmWriter::new(bytes);
    writer.write_advanced(
        &Tag::Segment(Master::Start),
        WriteOptions::is_unknown_sized_element(),
    )?;
    Ok(writer)
}

const VIDEO_TRACK: u64 = 1;
const SUBTITLE_TRACK: u64 = 2;
const TYPE_VIDEO: u64 = 1;
const TYPE_SUBTITLES: u64 = 17;
const LIMITED_RANGE: u64 = 1;
const NANOSECONDS_IN_A_MILLISECOND: u64 = 1_000_000;
const FROM_1970_TO_2001: i64 = 978_307_200;

/// In milliseconds: times in a cluster have 16 bits.
const LONGEST_CLUSTER: u64 = 10_000;

//! MP4 (ISO/IEC 14496-12 and -15), with subtitles as 3GPP timed text (TS 26.245).
//!
//! ```text
//! ftyp
//! moov  what there is and where: a track of video, one of subtitles
//! mdat  the subtitles, then the pictures
//! ```

use std::io::Write;

use anyhow::{Context as _, bail};
use mp4_atom::{
    Atom as _, Avc1, Avcc, AvccExt, Co64, Codec, Colr, Desc, Dinf, Dref, DrefEntry, Encode as _,
    FixedPoint, FourCC, Ftyp, Hdlr, Header, Ilst, Matrix, Mdat, Mdhd, Mdia, Meta, Minf, Moov, Mvhd,
    Nmhd, Stbl, Stco, Stsc, StscEntry, Stsd, Stss, Stsz, StszSamples, Stts, SttsEntry, Tkhd, Tool,
    Trak, Tx3g, Udta, Url, Visual, Vmhd,
};

use super::{Film, PROGRAM, SUBTITLES, Track};
use crate::export::encoder::{BT709, Setup};
use crate::export::pace::VideoTime;
use crate::export::titles::Cue;

/// Writes the whole file.
pub fn write(film: &Film<'_>, track: &mut Track, output: &mut impl Write) -> anyhow::Result<()> {
    let texts = Texts::of(film.cues, film.end);
    let ftyp = encoded(&Ftyp {
        major_brand: FourCC::new(b"isom"),
        minor_version: 0x200,
        compatible_brands: [b"isom", b"iso2", b"avc1", b"mp41"]
            .map(FourCC::new)
            .to_vec(),
    })?;
    let data_bytes = texts.bytes.len() as u64 + track.bytes();
    let mut data_header = Vec::new();
    Header {
        kind: Mdat::KIND,
        size: Some(usize::try_from(data_bytes)?),
    }
    .encode(&mut data_header)?;

    // Where the data begins depends on how long what is before it is, but not on what it says.
    let wide = data_bytes > u64::from(u32::MAX) / 2;
    let layout = |moov_bytes: usize| {
        let before = ftyp.len() + moov_bytes + data_header.len();
        moov(film, track, &texts, before as u64, wide)
    };
    let length = encoded(&layout(0)?)?.len();
    let moov = encoded(&layout(length)?)?;

    for part in [&ftyp, &moov, &data_header, &texts.bytes] {
        output.write_all(part)?;
    }
    track.copy_to(output)
}

fn moov(
    film: &Film<'_>,
    track: &Track,
    texts: &Texts,
    data_offset: u64,
    wide: bool,
) -> anyhow::Result<Moov> {
    let created = mp4_seconds(film);
    let mut tracks = vec![video(
        film,
        track,
        data_offset + texts.bytes.len() as u64,
        wide,
    )?];
    if !film.cues.is_empty() {
        tracks.push(subtitles(film, texts, data_offset, wide)?);
    }
    Ok(Moov {
        mvhd: Mvhd {
            creation_time: created,
            modification_time: created,
            timescale: TIMESCALE,
            duration: film.end.0,
            rate: FixedPoint::new(1, 0),
            volume: FixedPoint::new(1, 0),
            matrix: Matrix::default(),
            next_track_id: tracks.len() as u32 + 1,
        },
        trak: tracks,
        udta: Some(named(film.name)),
        ..Moov::default()
    })
}

fn video(film: &Film<'_>, track: &Track, offset: u64, wide: bool) -> anyhow::Result<Trak> {
    let Setup::H264 { sps, pps } = &film.setup else {
        bail!("an .mp4 file holds H.264");
    };
    let mut avcc = Avcc::new(sps, pps).context("the encoder's parameter sets make no sense")?;
    avcc.ext = Some(AvccExt {
        chroma_format: 1,
        bit_depth_luma: 8,
        bit_depth_chroma: 8,
        sequence_parameter_sets_ext: Vec::new(),
    });
    let (width, height) = (u16::try_from(film.width)?, u16::try_from(film.height)?);
    let samples = track.samples();
    let ends = samples
        .iter()
        .skip(1)
        .map(|sample| sample.at)
        .chain([film.end]);
    let lasts = samples
        .iter()
        .zip(ends)
        .map(|(sample, end)| end.0 - sample.at.0);
    let keys = samples
        .iter()
        .enumerate()
        .filter(|(_, sample)| sample.is_key);
    let stbl = Stbl {
        stsd: Stsd {
            codecs: vec![Codec::Avc1(Avc1 {
                visual: Visual {
                    data_reference_index: 1,
                    width,
                    height,
                    ..Visual::default()
                },
                avcc,
                colr: Some(Colr::Nclx {
                    colour_primaries: BT709.into(),
                    transfer_characteristics: BT709.into(),
                    matrix_coefficients: BT709.into(),
                    full_range_flag: false,
                }),
                ..Avc1::default()
            })],
        },
        stts: durations(lasts)?,
        stss: Some(Stss {
            entries: keys.map(|(index, _)| index as u32 + 1).collect(),
        }),
        ..placed(
            samples
                .iter()
                .map(|sample| (offset + sample.offset, sample.bytes)),
            wide,
        )
    };
    Ok(Trak {
        tkhd: Tkhd {
            width: FixedPoint::new(width, 0),
            height: FixedPoint::new(height, 0),
            ..header(film, VIDEO_TRACK)
        },
        mdia: media(
            film,
            b"vide",
            "Screen",
            stbl,
            Minf {
                vmhd: Some(Vmhd::default()),
                ..Minf::default()
            },
        ),
        ..Trak::default()
    })
}

fn subtitles(film: &Film<'_>, texts: &Texts, offset: u64, wide: bool) -> anyhow::Result<Trak> {
    let (width, height) = (u16::try_from(film.width)?, u16::try_from(film.height)?);
    let strip = (height / 5).max(1);
    let mut at = offset;
    let places = texts.samples.iter().map(|&(bytes, _)| {
        let place = (at, bytes);
        at += u64::from(bytes);
        place
    });
    let places: Vec<_> = places.collect();
    let stbl = Stbl {
        stsd: Stsd {
            codecs: vec![Codec::Tx3g(Tx3g {
                data_reference_index: 1,
                box_record: [
                    0,
                    0,
                    i16::try_from(strip)?,
                    i16::try_from(width).unwrap_or(i16::MAX),
                ],
                ..Tx3g::default()
            })],
        },
        stts: durations(texts.samples.iter().map(|&(_, duration)| duration))?,
        ..placed(places.into_iter(), wide)
    };
    Ok(Trak {
        tkhd: Tkhd {
            alternate_group: SUBTITLE_GROUP,
            width: FixedPoint::new(width, 0),
            height: FixedPoint::new(strip, 0),
            matrix: Matrix {
                // Fixed point, in sixteenths of 16 bits.
                y: i32::from(height - strip) << 16,
                ..Matrix::default()
            },
            ..header(film, SUBTITLE_TRACK)
        },
        mdia: media(
            film,
            b"sbtl",
            SUBTITLES,
            stbl,
            Minf {
                nmhd: Some(Nmhd {}),
                ..Minf::default()
            },
        ),
        ..Trak::default()
    })
}

/// Subtitles as samples: they follow each other without holes, so that an empty one is where
/// nothing is shown.
struct Texts {
    bytes: Vec<u8>,
    /// Of each its bytes and how long it is shown.
    samples: Vec<(u32, u64)>,
}

impl Texts {
    fn of(cues: &[Cue], end: VideoTime) -> Self {
        let mut texts = Self {
            bytes: Vec::new(),
            samples: Vec::new(),
        };
        let mut shown = VideoTime(0);
        for cue in cues {
            texts.push("", shown, cue.from);
            texts.push(&cue.text, cue.from, cue.until);
            shown = cue.until;
        }
        if !cues.is_empty() {
            texts.push("", shown, end);
        }
        texts
    }

    fn push(&mut self, text: &str, from: VideoTime, until: VideoTime) {
        if from < until {
            let length = u16::try_from(text.len()).unwrap_or(0);
            let text = &text[..usize::from(length)];
            self.bytes.extend_from_slice(&length.to_be_bytes());
            self.bytes.extend_from_slice(text.as_bytes());
            self.samples.push((u32::from(length) + 2, until.0 - from.0));
        }
    }
}

/// Where samples are, each a chunk of its own.
fn placed(places: impl Iterator<Item = (u64, u32)>, wide: bool) -> Stbl {
    let (offsets, sizes): (Vec<u64>, Vec<u32>) = places.unzip();
    let (stco, co64) = match wide {
        true => (None, Some(Co64 { entries: offsets })),
        false => {
            let entries = offsets.into_iter().map(|offset| offset as u32).collect();
            (Some(Stco { entries }), None)
        }
    };
    Stbl {
        stsc: Stsc {
            entries: vec![StscEntry {
                first_chunk: 1,
                samples_per_chunk: 1,
                sample_description_index: 1,
            }],
        },
        stsz: Stsz {
            samples: StszSamples::Different { sizes },
        },
        stco,
        co64,
        ..Stbl::default()
    }
}

/// How long samples are shown, equal ones together.
fn durations(lasts: impl Iterator<Item = u64>) -> anyhow::Result<Stts> {
    let mut entries: Vec<SttsEntry> = Vec::new();
    for duration in lasts {
        let sample_delta = u32::try_from(duration).context("a picture is shown for weeks")?;
        match entries.last_mut() {
            Some(last) if last.sample_delta == sample_delta => last.sample_count += 1,
            _ => entries.push(SttsEntry {
                sample_count: 1,
                sample_delta,
            }),
        }
    }
    Ok(Stts { entries })
}

fn header(film: &Film<'_>, track_id: u32) -> Tkhd {
    let created = mp4_seconds(film);
    Tkhd {
        creation_time: created,
        modification_time: created,
        track_id,
        duration: film.end.0,
        enabled: true,
        in_movie: true,
        ..Tkhd::default()
    }
}

fn media(film: &Film<'_>, handler: &[u8; 4], name: &str, stbl: Stbl, minf: Minf) -> Mdia {
    let created = mp4_seconds(film);
    Mdia {
        mdhd: Mdhd {
            creation_time: created,
            modification_time: created,
            timescale: TIMESCALE,
            duration: film.end.0,
            language: "und".to_owned(),
        },
        hdlr: Hdlr {
            handler: FourCC::new(handler),
            name: name.to_owned(),
        },
        minf: Minf {
            dinf: Dinf {
                dref: Dref {
                    entries: vec![DrefEntry::Url(Url::default())],
                },
            },
            stbl,
            ..minf
        },
    }
}

/// The film's name, as players show it.
fn named(name: &str) -> Udta {
    Udta {
        meta: Some(Meta {
            hdlr: Hdlr {
                handler: FourCC::new(b"mdir"),
                name: String::new(),
            },
            items: vec![
                Ilst {
                    desc: Some(Desc {
                        country_indicator: 0,
                        language_indicator: 0,
                        text: name.to_owned(),
                    }),
                    ctoo: Some(Tool {
                        country_indicator: 0,
                        language_indicator: 0,
                        text: PROGRAM.to_owned(),
                    }),
                    ..Ilst::default()
                }
                .into(),
            ],
        }),
        ..Udta::default()
    }
}

/// Seconds since the beginning of 1904, as MP4 counts.
fn mp4_seconds(film: &Film<'_>) -> u64 {
    let unix = film.recorded.as_unix_micros().div_euclid(1_000_000);
    u64::try_from(unix + FROM_1904_TO_1970).unwrap_or(0)
}

fn encoded(atom: &impl mp4_atom::Encode) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    atom.encode(&mut bytes)
        .context("failed to write what the file holds")?;
    Ok(bytes)
}

const TIMESCALE: u32 = 1000;
const VIDEO_TRACK: u32 = 1;
const SUBTITLE_TRACK: u32 = 2;
const SUBTITLE_GROUP: u16 = 1;
const FROM_1904_TO_1970: i64 = 2_082_844_800;

//! Recorded frames in a file: the same changed pictures for every encoder that is measured.
//!
//! A file is written under a temporary name and renamed when it is complete:
//!
//! ```text
//! 8 bytes  "EIDFRMS1"
//! u32      width
//! u32      height
//! for each frame:
//!   u64      microseconds since the recording's start, never less than the frame before
//!   u16      damage rectangles: all changes lie in them; of the first frame the whole screen
//!   u16 × 4  for each: x, y, width, height
//!   u32      bytes of the compressed pixels
//!   bytes    zstd of the pixels of the rectangles one after the other, rows from the top,
//!            four bytes a pixel: blue, green, red, unused
//! u64      microseconds at the end: the last picture stands until then
//! u16      0
//! ```
//!
//! Numbers are little-endian. A frame that looks like the one before is left out.

use std::{
    fs::File,
    io::{BufReader, BufWriter, ErrorKind, Read, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use eidetic_codec::{PictureSize, Rect};

/// Writes a recording.
pub struct FramesWriter {
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    size: PictureSize,
    picture: Vec<u8>,
    time: Duration,
    frames: u64,
}

impl FramesWriter {
    /// Begins a recording that will lie at `path` once it is finished.
    pub fn create(path: &Path, size: PictureSize) -> Result<Self> {
        let unfinished = path.with_extension("unfinished");
        let file = File::create(&unfinished)
            .with_context(|| format!("failed to create {}", unfinished.display()))?;
        let mut file = BufWriter::new(file);
        file.write_all(MAGIC)?;
        file.write_all(&size.width().to_le_bytes())?;
        file.write_all(&size.height().to_le_bytes())?;
        Ok(Self {
            path: path.to_owned(),
            unfinished,
            file,
            size,
            picture: vec![0; size.bytes()],
            time: Duration::ZERO,
            frames: 0,
        })
    }

    /// The picture as it was written last.
    pub fn picture(&self) -> &[u8] {
        &self.picture
    }

    /// Adds a picture that differs from the one before only in `damage`, rows without padding.
    /// Gives the smallest rectangle around what is new; nothing is written if nothing is.
    pub fn frame(
        &mut self,
        time: Duration,
        damage: &[Rect],
        pixels: &[u8],
    ) -> Result<Option<Rect>> {
        ensure!(pixels.len() == self.size.bytes(), "a frame of another size");
        let whole = [self.whole()];
        let (damage, changed) = if self.frames == 0 {
            (&whole[..], Some(self.whole()))
        } else {
            (damage, self.bounds_of_change(damage, pixels))
        };
        let Some(changed) = changed else {
            return Ok(None);
        };
        ensure!(time >= self.time, "time went back");
        self.time = time;
        self.frames += 1;
        let mut patch = Vec::new();
        self.file.write_all(&micros(time).to_le_bytes())?;
        self.file
            .write_all(&u16::try_from(damage.len())?.to_le_bytes())?;
        for rect in damage {
            for number in [rect.x, rect.y, rect.width, rect.height] {
                self.file.write_all(&u16::try_from(number)?.to_le_bytes())?;
            }
            for row in rows(self.size, *rect) {
                patch.extend_from_slice(&pixels[row.clone()]);
                self.picture[row.clone()].copy_from_slice(&pixels[row]);
            }
        }
        let compressed = compress(&patch)?;
        self.file
            .write_all(&u32::try_from(compressed.len())?.to_le_bytes())?;
        self.file.write_all(&compressed)?;
        Ok(Some(changed))
    }

    /// Ends the recording and gives it its name. Gives the number of its frames.
    pub fn finish(mut self, end: Duration) -> Result<u64> {
        self.file
            .write_all(&micros(end.max(self.time)).to_le_bytes())?;
        self.file.write_all(&0_u16.to_le_bytes())?;
        self.file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()?;
        std::fs::rename(&self.unfinished, &self.path)
            .with_context(|| format!("failed to rename {}", self.unfinished.display()))?;
        Ok(self.frames)
    }

    fn whole(&self) -> Rect {
        whole(self.size)
    }

    /// The smallest rectangle around the pixels in `damage` whose colour is another one.
    fn bounds_of_change(&self, damage: &[Rect], pixels: &[u8]) -> Option<Rect> {
        let (mut left, mut right) = (u32::MAX, 0);
        let (mut top, mut bottom) = (u32::MAX, 0);
        for rect in damage {
            for (y, row) in (rect.y..).zip(rows(self.size, *rect)) {
                let (old, new) = (&self.picture[row.clone()], &pixels[row]);
                if old == new {
                    continue;
                }
                let pairs = || old.chunks_exact(4).zip(new.chunks_exact(4));
                let differ = |(old, new): (&[u8], &[u8])| old[..3] != new[..3];
                let columns = (rect.x..).zip(pairs()).filter(|(_, pair)| differ(*pair));
                for (x, _) in columns {
                    left = left.min(x);
                    right = right.max(x + 1);
                    top = top.min(y);
                    bottom = bottom.max(y + 1);
                }
            }
        }
        (left < right).then(|| Rect {
            x: left,
            y: top,
            width: right - left,
            height: bottom - top,
        })
    }
}

/// Reads a recording from its beginning.
pub struct FramesReader {
    file: BufReader<File>,
    size: PictureSize,
    picture: Vec<u8>,
    damage: Vec<Rect>,
    patch: Vec<u8>,
    time: Duration,
    frames: u64,
    /// The head of the next record: when it is, and how many rectangles it has.
    until: Duration,
    rectangles: u16,
}

/// What [`FramesReader::next`] gives.
#[derive(Debug, PartialEq, Eq)]
pub enum Recorded<'a> {
    /// The screen showed this from then on.
    Frame {
        /// Since the recording's start.
        time: Duration,
        /// Where it differs from the frame before.
        damage: &'a [Rect],
        /// The whole picture, rows without padding: blue, green, red, unused.
        pixels: &'a [u8],
    },
    /// The recording ends then.
    End(Duration),
}

impl FramesReader {
    /// Opens a recording.
    pub fn open(path: &Path) -> Result<Self> {
        let file =
            File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
        Self::read(file).with_context(|| format!("{} is no recording", path.display()))
    }

    fn read(file: File) -> Result<Self> {
        let mut file = BufReader::with_capacity(1 << 20, file);
        let magic: [u8; 8] = array(&mut file)?;
        ensure!(magic == *MAGIC, "it begins with something else");
        let width = u32::from_le_bytes(array(&mut file)?);
        let height = u32::from_le_bytes(array(&mut file)?);
        let size = PictureSize::new(width, height)?;
        let mut reader = Self {
            file,
            size,
            picture: vec![0; size.bytes()],
            damage: Vec::new(),
            patch: Vec::new(),
            time: Duration::ZERO,
            frames: 0,
            until: Duration::ZERO,
            rectangles: 0,
        };
        reader.read_head()?;
        Ok(reader)
    }

    /// The size of its pictures.
    pub fn size(&self) -> PictureSize {
        self.size
    }

    /// The picture that the last frame gave.
    pub fn picture(&self) -> &[u8] {
        &self.picture
    }

    /// Until when the last frame that was given is shown: the next one's time, or the end.
    pub fn until(&self) -> Duration {
        self.until
    }

    /// The next frame, or the end; the end again after that.
    pub fn next(&mut self) -> Result<Recorded<'_>> {
        if self.rectangles == 0 {
            return Ok(Recorded::End(self.until));
        }
        let number = self.frames;
        self.read_frame()
            .with_context(|| format!("frame {number} is damaged"))?;
        self.frames += 1;
        self.read_head()
            .with_context(|| format!("the recording is damaged after frame {number}"))?;
        Ok(Recorded::Frame {
            time: self.time,
            damage: &self.damage,
            pixels: &self.picture,
        })
    }

    fn read_head(&mut self) -> Result<()> {
        let time = Duration::from_micros(u64::from_le_bytes(array(&mut self.file)?));
        ensure!(time >= self.until, "time goes back");
        self.until = time;
        self.rectangles = u16::from_le_bytes(array(&mut self.file)?);
        Ok(())
    }

    fn read_frame(&mut self) -> Result<()> {
        self.time = self.until;
        self.damage.clear();
        let mut bytes = 0;
        for _ in 0..self.rectangles {
            let rect = self.read_rect()?;
            bytes += rect.width as usize * rect.height as usize * 4;
            self.damage.push(rect);
            // Rectangles of one frame hardly overlap; this bounds the memory.
            ensure!(bytes <= 4 * self.size.bytes(), "too much damage");
        }
        if self.frames == 0 {
            ensure!(self.damage == [whole(self.size)], "no whole first frame");
        }
        let length = u32::from_le_bytes(array(&mut self.file)?) as usize;
        ensure!(
            length <= zstd_safe::compress_bound(bytes),
            "{length} compressed bytes are too many"
        );
        let mut compressed = vec![0; length];
        self.file.read_exact(&mut compressed)?;
        self.patch.resize(bytes, 0);
        match zstd_safe::decompress(&mut self.patch[..], &compressed) {
            Ok(length) if length == bytes => {}
            Ok(length) => bail!("{length} bytes of pixels instead of {bytes}"),
            Err(code) => bail!("zstd: {}", zstd_safe::get_error_name(code)),
        }
        let mut rest = &self.patch[..];
        for rect in &self.damage {
            for row in rows(self.size, *rect) {
                let (new, behind) = rest.split_at(row.len());
                self.picture[row].copy_from_slice(new);
                rest = behind;
            }
        }
        Ok(())
    }

    fn read_rect(&mut self) -> Result<Rect> {
        let mut number = || array(&mut self.file).map(|bytes| u32::from(u16::from_le_bytes(bytes)));
        let rect = Rect {
            x: number()?,
            y: number()?,
            width: number()?,
            height: number()?,
        };
        ensure!(
            rect.width > 0
                && rect.height > 0
                && rect.x + rect.width <= self.size.width()
                && rect.y + rect.height <= self.size.height(),
            "damage outside of the picture"
        );
        Ok(rect)
    }
}

/// The rectangle that is all of a picture.
pub fn whole(size: PictureSize) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: size.width(),
        height: size.height(),
    }
}

/// Where the rows of a rectangle lie among the bytes of a picture.
pub fn rows(size: PictureSize, rect: Rect) -> impl Iterator<Item = std::ops::Range<usize>> {
    let stride = size.width() as usize * 4;
    (rect.y..rect.y + rect.height).map(move |y| {
        let start = y as usize * stride + rect.x as usize * 4;
        start..start + rect.width as usize * 4
    })
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = vec![0; zstd_safe::compress_bound(bytes.len())];
    match zstd_safe::compress(&mut compressed[..], bytes, 1) {
        Ok(length) => compressed.truncate(length),
        Err(code) => bail!("zstd: {}", zstd_safe::get_error_name(code)),
    }
    Ok(compressed)
}

fn array<const N: usize>(file: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => bail!("the file was cut off"),
        Err(error) => Err(error.into()),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

const MAGIC: &[u8; 8] = b"EIDFRMS1";

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u32, u32) = (5, 4);

    fn size() -> PictureSize {
        PictureSize::new(SIZE.0, SIZE.1).unwrap()
    }

    fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    /// Three pictures, of which the third is like the second.
    fn write(path: &Path) -> Vec<Vec<u8>> {
        let first: Vec<u8> = (0..80).collect();
        let mut second = first.clone();
        second[5 * 4 + 4] = 200;
        second[2 * 5 * 4 + 12] = 201;
        let mut writer = FramesWriter::create(path, size()).unwrap();
        let mut frame = |millis, damage: &[Rect], pixels: &[u8]| {
            let time = Duration::from_millis(millis);
            writer.frame(time, damage, pixels).unwrap()
        };
        assert_eq!(frame(0, &[], &first), Some(rect(0, 0, 5, 4)));
        let damage = [rect(0, 1, 3, 1), rect(2, 2, 3, 2)];
        assert_eq!(frame(250, &damage, &second), Some(rect(1, 1, 3, 2)));
        assert_eq!(frame(500, &damage, &second), None);
        assert_eq!(writer.finish(Duration::from_secs(2)).unwrap(), 2);
        vec![first, second]
    }

    #[test]
    fn what_was_written_is_read_and_unchanged_frames_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.frames");
        let pictures = write(&path);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut reader = FramesReader::open(&path).unwrap();
        assert_eq!(reader.size(), size());
        assert_eq!(reader.until(), Duration::ZERO);
        assert_eq!(
            reader.next().unwrap(),
            Recorded::Frame {
                time: Duration::ZERO,
                damage: &[rect(0, 0, 5, 4)],
                pixels: &pictures[0],
            }
        );
        assert_eq!(
            reader.next().unwrap(),
            Recorded::Frame {
                time: Duration::from_millis(250),
                damage: &[rect(0, 1, 3, 1), rect(2, 2, 3, 2)],
                pixels: &pictures[1],
            }
        );
        assert_eq!(reader.until(), Duration::from_secs(2));
        let end = Recorded::End(Duration::from_secs(2));
        assert_eq!(reader.next().unwrap(), end);
        assert_eq!(reader.next().unwrap(), end);
    }

    #[test]
    fn change_of_the_unused_byte_alone_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.frames");
        let mut writer = FramesWriter::create(&path, size()).unwrap();
        let mut pixels = vec![7; 80];
        let whole = [whole(size())];
        writer.frame(Duration::ZERO, &whole, &pixels).unwrap();
        pixels[3] = 9;
        let told = writer.frame(Duration::ZERO, &whole, &pixels).unwrap();
        assert_eq!(told, None);
    }

    #[test]
    fn recording_that_was_not_finished_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.frames");
        drop(FramesWriter::create(&path, size()).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn file_that_was_cut_or_changed_anywhere_is_refused_and_never_harms() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.frames");
        write(&path);
        let whole = std::fs::read(&path).unwrap();
        let read_all = |bytes: &[u8]| -> Result<()> {
            std::fs::write(&path, bytes)?;
            let mut reader = FramesReader::open(&path)?;
            while let Recorded::Frame { .. } = reader.next()? {}
            Ok(())
        };
        read_all(&whole).unwrap();
        for length in 0..whole.len() {
            assert!(read_all(&whole[..length]).is_err(), "cut at {length}");
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0xff;
            // Pixels and times may be others without contradiction; the shape may not.
            let _any = read_all(&bytes);
        }
        for (place, value) in [(0, b'X'), (8, 0), (24, 0xff), (28, 9), (30, 9), (32, 0xff)] {
            let mut bytes = whole.clone();
            bytes[place] = value;
            assert!(read_all(&bytes).is_err(), "changed at {place}");
        }
    }
}

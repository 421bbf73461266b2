//! One segment that is being played.

use eidetic_codec::{
    DecodeError, Decoder, DecoderLimits, FrameInterval, HashCheck, HeaderProgress, MAX_SIDE,
    MediaTime, PacketKind, PixelOrder, SegmentEnd, SegmentError, SegmentHeader, SegmentReader,
    end_packet_bytes,
};

/// Takes a segment's bytes from any key frame on and decodes up to a moment.
///
/// The order of calls: [`open`](Self::open) with the first bytes of the segment, then
/// [`start_at`](Self::start_at) a key frame's offset, then [`push`](Self::push) the bytes from
/// there as they arrive, with [`decode_until`](Self::decode_until) in between. To seek, start at
/// another key frame; the picture stays until the next one is decoded.
#[derive(Debug)]
pub struct SegmentSession {
    limits: DecoderLimits,
    hash_check: HashCheck,
    /// Where the page puts bytes for the next call.
    input: Vec<u8>,
    open: Option<Open>,
    end: Option<SegmentEnd>,
    /// Results that the page reads from memory.
    info: Vec<f64>,
    changes: Vec<u32>,
    index: Vec<f64>,
    failure: Option<Failure>,
}

/// A segment whose header is known.
#[derive(Debug)]
struct Open {
    header: SegmentHeader,
    header_bytes: usize,
    reader: SegmentReader,
    decoder: Decoder,
    shown: Option<MediaTime>,
}

/// Why a call failed, for the page to tell the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the page can do about it.
    pub kind: FailureKind,
    /// For people.
    pub message: String,
}

/// What the page can do about a failure; the number is what the functions return, negated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The page called in the wrong order: fix the page.
    Usage = 1,
    /// This is no segment that can be read: show the message.
    Header = 2,
    /// The bytes are damaged from here on: show what was decoded, then the message.
    Packet = 3,
    /// A packet's content is wrong: go on at the next key frame.
    Content = 4,
    /// The segment needs more memory than it may take: show the message.
    Limit = 5,
}

impl SegmentSession {
    /// A session that takes at most `memory_limit_bytes` for decoding.
    pub fn new(memory_limit_bytes: usize) -> Self {
        Self {
            limits: DecoderLimits {
                max_width: MAX_SIDE,
                max_height: MAX_SIDE,
                max_memory_bytes: memory_limit_bytes,
            },
            hash_check: HashCheck::Verify,
            input: Vec::new(),
            open: None,
            end: None,
            info: Vec::new(),
            changes: Vec::new(),
            index: Vec::new(),
            failure: None,
        }
    }

    /// Chooses whether pictures are compared with the hashes in the segment, from the next
    /// [`open`](Self::open) on.
    pub fn set_hash_check(&mut self, hash_check: HashCheck) {
        self.hash_check = hash_check;
    }

    /// Room for `length` bytes of input to the next call.
    pub fn input(&mut self, length: usize) -> &mut [u8] {
        self.input.resize(length, 0);
        &mut self.input
    }

    /// Reads the header from the input, the first bytes of a segment. Says how many bytes it
    /// has, or `None` if the input is too short: try again with more.
    ///
    /// Where the header is the one that is open already, the picture stays.
    pub fn open(&mut self) -> Result<Option<usize>, Failure> {
        let progress = SegmentHeader::read(&self.input)
            .map_err(|error| Failure::new(FailureKind::Header, error))?;
        let HeaderProgress::Complete(header, header_bytes) = progress else {
            return Ok(None);
        };
        let reader = SegmentReader::at_key_frame(header, header_bytes as u64);
        match &mut self.open {
            Some(open) if open.header == header => open.restart(reader),
            _ => {
                // The old picture goes first: both together may be too much.
                self.open = None;
                let decoder = Decoder::new(&header, self.limits, PixelOrder::Rgba)
                    .map_err(|error| Failure::new(FailureKind::Limit, error))?
                    .with_hash_check(self.hash_check);
                self.open = Some(Open {
                    header,
                    header_bytes,
                    reader,
                    decoder,
                    shown: None,
                });
            }
        }
        self.end = None;
        self.fill_info();
        Ok(Some(header_bytes))
    }

    /// Forgets undecoded bytes: the next ones pushed are those at `offset`, a key frame's.
    pub fn start_at(&mut self, offset: u64) -> Result<(), Failure> {
        let open = self.opened()?;
        open.restart(SegmentReader::at_key_frame(open.header, offset));
        Ok(())
    }

    /// Adds the input to the undecoded bytes.
    pub fn push(&mut self) -> Result<(), Failure> {
        let input = core::mem::take(&mut self.input);
        let result = self.opened().map(|open| open.reader.push(&input));
        self.input = input;
        result
    }

    /// The time of the next frame whose packet has arrived as a whole.
    pub fn next_time(&mut self) -> Result<Option<MediaTime>, Failure> {
        loop {
            let open = self.opened()?;
            if let Some(time) = open.decoder.next_time() {
                return Ok(Some(time));
            }
            match open.reader.peek()? {
                None => return Ok(None),
                Some((kind, time)) if kind.is_frame() => return Ok(Some(time)),
                Some(_) => self.step_over()?,
            }
        }
    }

    /// Decodes the frames up to and including `time` and says how many there were.
    pub fn decode_until(&mut self, time: MediaTime) -> Result<u32, Failure> {
        let mut decoded = 0;
        while self.next_time()?.is_some_and(|next| next <= time) {
            let open = self.opened()?;
            if open.decoder.next_time().is_none()
                && let Some(packet) = open.reader.next_packet()?
            {
                open.decoder.begin(&packet)?;
            }
            if let Some(shown) = open.decoder.next_time() {
                open.decoder.next_frame()?;
                open.shown = Some(shown);
                decoded += 1;
            }
        }
        if decoded > 0 {
            self.fill_info();
        }
        Ok(decoded)
    }

    /// Reads the end packet from the input, the last bytes of the segment. Says how many bytes
    /// of the segment's end it takes: if that is more than was given, try again with as many;
    /// 0 if the segment has no end packet, because it still grows or was cut.
    pub fn read_end(&mut self) -> Result<usize, Failure> {
        let Some(length) = end_packet_bytes(&self.input) else {
            return Ok(0);
        };
        let length = length as usize;
        let Some(start) = self.input.len().checked_sub(length) else {
            return Ok(length);
        };
        let header = self.opened()?.header;
        let mut reader = SegmentReader::at_key_frame(header, 0);
        reader.push(&self.input[start..]);
        let end = match reader.next_packet()? {
            Some(packet) if packet.kind == PacketKind::End => {
                SegmentEnd::read(packet.time, packet.payload)
                    .map_err(|error| Failure::new(FailureKind::Packet, error))?
            }
            _ => return Ok(0),
        };
        self.index.clear();
        for key in &end.key_frames {
            self.index.push(key.offset as f64);
            self.index.push(key.time.as_micros() as f64);
        }
        self.end = Some(end);
        self.fill_info();
        Ok(length)
    }

    /// Offset and time in microseconds of each key frame, after [`read_end`](Self::read_end).
    pub fn index(&self) -> &[f64] {
        &self.index
    }

    /// Width, height, start in microseconds of Unix time, frame interval's numerator and
    /// denominator, fourth byte, bytes of the header; then time of the picture shown, end time
    /// and number of frames, each -1 while it is not known.
    pub fn info(&self) -> &[f64] {
        &self.info
    }

    /// The picture as red, green, blue, 255 of each pixel.
    pub fn pixels(&self) -> &[u8] {
        self.open.as_ref().map_or(&[], |open| open.decoder.pixels())
    }

    /// What changed since the last call: x, y, width and height of each rectangle.
    pub fn take_changes(&mut self) -> &[u32] {
        self.changes.clear();
        if let Some(open) = &mut self.open {
            for rect in open.decoder.take_changes() {
                self.changes
                    .extend([rect.x, rect.y, rect.width, rect.height]);
            }
        }
        &self.changes
    }

    /// What the last [`take_changes`](Self::take_changes) gave.
    pub fn changes(&self) -> &[u32] {
        &self.changes
    }

    /// Remembers why a call failed.
    pub fn set_failure(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    /// Why the last failed call failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Reads a packet that is no frame.
    fn step_over(&mut self) -> Result<(), Failure> {
        let open = self.open.as_mut().ok_or_else(Failure::not_open)?;
        if let Some(packet) = open.reader.next_packet()?
            && packet.kind == PacketKind::End
        {
            let end = SegmentEnd::read(packet.time, packet.payload)
                .map_err(|error| Failure::new(FailureKind::Packet, error))?;
            self.end = Some(end);
            self.fill_info();
        }
        Ok(())
    }

    fn opened(&mut self) -> Result<&mut Open, Failure> {
        self.open.as_mut().ok_or_else(Failure::not_open)
    }

    fn fill_info(&mut self) {
        let Some(open) = &self.open else {
            return;
        };
        let header = &open.header;
        let (numerator, denominator) = match header.interval {
            FrameInterval::Variable => (0, 0),
            FrameInterval::Fixed {
                numerator,
                denominator,
            } => (numerator, denominator),
        };
        let micros = |time: MediaTime| time.as_micros() as f64;
        self.info.clear();
        self.info.extend([
            f64::from(header.size.width()),
            f64::from(header.size.height()),
            header.start_unix_micros as f64,
            f64::from(numerator),
            f64::from(denominator),
            f64::from(header.fourth_byte),
            open.header_bytes as f64,
            open.shown.map_or(-1.0, micros),
            self.end.as_ref().map_or(-1.0, |end| micros(end.time)),
            self.end.as_ref().map_or(-1.0, |end| end.frames as f64),
        ]);
    }
}

impl Open {
    /// Goes on at a key frame.
    fn restart(&mut self, reader: SegmentReader) {
        self.reader = reader;
        self.decoder.restart();
    }
}

impl Failure {
    /// A failure with an error's words.
    pub fn new(kind: FailureKind, error: impl std::fmt::Display) -> Self {
        Self {
            kind,
            message: error.to_string(),
        }
    }

    fn not_open() -> Self {
        Self::new(FailureKind::Usage, "no segment is open")
    }
}

impl From<SegmentError> for Failure {
    fn from(error: SegmentError) -> Self {
        let kind = match error {
            SegmentError::Header(_) => FailureKind::Header,
            _ => FailureKind::Packet,
        };
        Self::new(kind, error)
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::new(FailureKind::Content, error)
    }
}

#[cfg(test)]
mod tests {
    use eidetic_codec::{
        Damage, Encoder, EncoderConfig, FrameRef, PictureSize, SegmentWriter, Totals,
    };

    use super::*;

    /// Sixty frames of 40x30, one every 100 ms, each of one colour, with several key frames.
    fn segment() -> Vec<u8> {
        let mut config = EncoderConfig::new(PictureSize::new(40, 30).unwrap());
        config.key_frames.max_packets = 9;
        let mut encoder = Encoder::new(config).unwrap();
        let mut out = Vec::new();
        let header = encoder.segment_header(5_000_000, FrameInterval::Variable);
        let mut writer = SegmentWriter::begin(&header, &mut out);
        for index in 0..60u8 {
            let frame = FrameRef {
                data: &[index; 40 * 30 * 4],
                stride: 160,
            };
            let time = MediaTime::from_micros(u64::from(index) * 100_000);
            let encoded = encoder.encode(frame, Damage::Unknown, time).unwrap();
            let packets = encoded.packets();
            assert_eq!(packets.len(), 1, "every frame has another colour");
            for packet in packets {
                writer.append(&packet, &mut out).unwrap();
            }
        }
        let totals = Totals {
            frames: 60,
            final_hash: encoder.picture_hash(),
            encode_cpu_micros: None,
        };
        let time = MediaTime::from_micros(7_000_000);
        writer.finish(time, totals, &mut out).unwrap();
        out
    }

    fn give(session: &mut SegmentSession, bytes: &[u8]) {
        session.input(bytes.len()).copy_from_slice(bytes);
    }

    fn opened(bytes: &[u8]) -> SegmentSession {
        let mut session = SegmentSession::new(64 << 20);
        give(&mut session, &bytes[..20]);
        assert_eq!(session.open(), Ok(None));
        give(&mut session, &bytes[..500]);
        assert_eq!(session.open(), Ok(Some(48)));
        session
    }

    fn shown(session: &SegmentSession) -> u8 {
        session.pixels()[0]
    }

    #[test]
    fn any_moment_is_reached_from_the_key_frame_before_it() {
        let bytes = segment();
        let mut session = opened(&bytes);
        give(&mut session, &bytes[bytes.len() - 12..]);
        let needed = session.read_end().unwrap();
        assert!(needed > 12);
        give(&mut session, &bytes[bytes.len() - needed..]);
        assert_eq!(session.read_end(), Ok(needed));
        let keys: Vec<_> = session
            .index()
            .chunks(2)
            .map(|pair| (pair[0] as usize, pair[1] as u64))
            .collect();
        assert_eq!(keys.len(), 6);
        for wanted in [59u8, 3, 30, 29, 0] {
            let micros = u64::from(wanted) * 100_000 + 50_000;
            let key = keys.iter().rfind(|key| key.1 <= micros).unwrap();
            session.start_at(key.0 as u64).unwrap();
            for piece in bytes[key.0..].chunks(100) {
                give(&mut session, piece);
                session.push().unwrap();
                session
                    .decode_until(MediaTime::from_micros(micros))
                    .unwrap();
            }
            assert_eq!(shown(&session), wanted);
            assert_eq!(session.info()[7], f64::from(wanted) * 100_000.0);
        }
    }

    #[test]
    fn decoding_goes_on_packet_by_packet() {
        let bytes = segment();
        let mut session = opened(&bytes);
        give(&mut session, &bytes[48..]);
        session.push().unwrap();
        for index in 0..60u8 {
            let next = session.next_time().unwrap().unwrap();
            assert_eq!(next.as_micros(), u64::from(index) * 100_000);
            assert_eq!(session.decode_until(next), Ok(1));
            assert_eq!(shown(&session), index);
            assert_eq!(session.take_changes(), [0, 0, 40, 30]);
        }
        assert_eq!(session.next_time(), Ok(None));
        assert_eq!(session.info()[8..], [7_000_000.0, 60.0]);
    }

    #[test]
    fn misuse_damage_and_size_are_told_apart() {
        let bytes = segment();
        let mut session = SegmentSession::new(64 << 20);
        let kind = |failure: Result<(), Failure>| failure.unwrap_err().kind;
        assert_eq!(kind(session.push()), FailureKind::Usage);
        give(&mut session, b"something else entirely");
        assert_eq!(kind(session.open().map(drop)), FailureKind::Header);
        let mut small = SegmentSession::new(1 << 20);
        give(&mut small, &bytes);
        assert_eq!(kind(small.open().map(drop)), FailureKind::Limit);
        let mut session = opened(&bytes);
        give(&mut session, &bytes[60..]);
        session.push().unwrap();
        let late = MediaTime::from_micros(9_000_000);
        assert_eq!(
            kind(session.decode_until(late).map(drop)),
            FailureKind::Packet
        );
    }
}

//! NDR, the form in which remote procedures take and give values, as far as the service manager
//! needs it.
//!
//! C706 (DCE 1.1: Remote Procedure Call), chapter 14, with 32-bit pointers and little-endian
//! numbers: every version of Windows speaks it. What comes from the computer is read by
//! [`NdrReader`], which gives what is there or fails.

/// Writes the arguments of a procedure, in order.
#[derive(Debug, Default)]
pub(super) struct NdrWriter {
    bytes: Vec<u8>,
    pointers: u32,
}

impl NdrWriter {
    pub(super) fn number(mut self, value: u32) -> Self {
        self.align();
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// What the computer gave to name something by.
    pub(super) fn handle(mut self, handle: &[u8; 20]) -> Self {
        self.align();
        self.bytes.extend_from_slice(handle);
        self
    }

    /// A pointer to nothing.
    pub(super) fn nothing(self) -> Self {
        self.number(0)
    }

    /// A pointer that is not nothing; what it points to follows.
    pub(super) fn pointer(mut self) -> Self {
        self.pointers += 1;
        let referent = 0x0002_0000 + 4 * self.pointers;
        self.number(referent)
    }

    /// Text: a conformant varying array of UTF-16 with its end (section 14.3.4.2).
    pub(super) fn text(mut self, text: &str) -> Self {
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let count = u32::try_from(units.len()).unwrap_or(u32::MAX);
        self = self.number(count).number(0).number(count);
        self.bytes
            .extend(units.into_iter().flat_map(u16::to_le_bytes));
        self
    }

    /// An array of pointers to texts, itself behind a pointer.
    pub(super) fn texts(mut self, texts: &[&str]) -> Self {
        let count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        self = self.pointer().number(count);
        for _ in texts {
            self = self.pointer();
        }
        for text in texts {
            self = self.text(text);
        }
        self
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn align(&mut self) {
        let length = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(length, 0);
    }
}

/// Reads what a procedure gave, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct NdrReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// There is less than there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is too short")]
pub(super) struct TooShort;

impl<'a> NdrReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn number(&mut self) -> Result<u32, TooShort> {
        self.align();
        self.take::<4>().map(u32::from_le_bytes)
    }

    pub(super) fn handle(&mut self) -> Result<[u8; 20], TooShort> {
        self.align();
        self.take()
    }

    /// An array of bytes that says how many there are, of which no more than `most` are of use.
    pub(super) fn bytes(&mut self, most: usize) -> Result<&'a [u8], TooShort> {
        let count = usize::try_from(self.number()?).map_err(|_| TooShort)?;
        let end = self.at.checked_add(count).ok_or(TooShort)?;
        let bytes = self.bytes.get(self.at..end).ok_or(TooShort)?;
        self.at = end;
        Ok(&bytes[..count.min(most)])
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], TooShort> {
        let rest = self.bytes.get(self.at..).ok_or(TooShort)?;
        let taken = rest.first_chunk().ok_or(TooShort)?;
        self.at += N;
        Ok(*taken)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(4);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_counted_ended_and_aligned() {
        let bytes = NdrWriter::default().text("ab").number(7).into_bytes();
        let expected = [
            3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, b'a', 0, b'b', 0, 0, 0, 0, 0, 7, 0, 0, 0,
        ];
        assert_eq!(bytes, expected);
    }

    #[test]
    fn all_pointers_of_an_array_come_before_what_they_point_to() {
        let bytes = NdrWriter::default().texts(&["a", "b"]).into_bytes();
        let mut reader = NdrReader::new(&bytes);
        let pointers: Vec<_> = (0..4).map(|_| reader.number().unwrap()).collect();
        assert_eq!(pointers, [0x0002_0004, 2, 0x0002_0008, 0x0002_000C]);
        assert_eq!(reader.number(), Ok(2));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut reader = NdrReader::new(&bytes);
            let _short = reader.bytes(36);
            let _short = reader.handle();
            let _short = reader.number();
            prop_assert!(reader.at <= bytes.len() + 3);
        }

        #[test]
        fn what_is_written_is_read(number in any::<u32>(), handle in any::<[u8; 20]>()) {
            let bytes = NdrWriter::default().handle(&handle).number(number).into_bytes();
            let mut reader = NdrReader::new(&bytes);
            prop_assert_eq!(reader.handle(), Ok(handle));
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.number(), Err(TooShort));
        }
    }
}

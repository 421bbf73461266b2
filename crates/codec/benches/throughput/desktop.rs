//! A made-up desktop: a wallpaper with a gradient, a terminal, and a document with soft text.

use eidetic_codec::{FrameRef, PictureSize, Rect};

/// What happens on it from one frame to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The terminal's cursor goes on and off.
    Blink,
    /// A letter appears in the document.
    Type,
    /// The terminal scrolls by a line.
    ScrollTerminal,
    /// The document scrolls by 53 pixels.
    ScrollDocument,
    /// Terminal and document come to the front in turn.
    Switch,
    /// A film of 320x180 plays.
    Film,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Blink,
        Self::Type,
        Self::ScrollTerminal,
        Self::ScrollDocument,
        Self::Switch,
        Self::Film,
    ];

    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blink => "cursor",
            Self::Type => "typing",
            Self::ScrollTerminal => "terminal scroll",
            Self::ScrollDocument => "page scroll",
            Self::Switch => "window switch",
            Self::Film => "film 320x180",
        }
    }
}

/// The desktop's pixels.
pub struct Desktop {
    pixels: Vec<u8>,
    terminal_top: u32,
    document_top: u32,
    typed: u32,
}

impl Desktop {
    /// Wallpaper and both windows.
    pub fn new() -> Self {
        let mut desktop = Self {
            pixels: vec![0; (WIDTH * HEIGHT * 4) as usize],
            terminal_top: 0,
            document_top: 0,
            typed: 0,
        };
        let all = Rect {
            x: 0,
            y: 0,
            width: WIDTH,
            height: HEIGHT,
        };
        desktop.paint(all, |x, y| 0x20_3040 + (y / 12) * 0x01_0101 + (x / 200));
        desktop.draw_terminal();
        desktop.draw_document();
        desktop
    }

    /// Its size.
    pub fn size(&self) -> PictureSize {
        PictureSize::new(WIDTH, HEIGHT).unwrap()
    }

    /// What is on it now.
    pub fn frame(&self) -> FrameRef<'_> {
        FrameRef {
            data: &self.pixels,
            stride: WIDTH as usize * 4,
        }
    }

    /// Does a step and returns where.
    pub fn act(&mut self, step: Step, index: u32) -> Vec<Rect> {
        let rect = match step {
            Step::Blink => {
                let cursor = Rect {
                    x: TERMINAL.x + 70,
                    y: TERMINAL.y + 30,
                    width: 8,
                    height: 16,
                };
                let colour = if index.is_multiple_of(2) {
                    0xE0E0E0
                } else {
                    0x101018
                };
                self.paint(cursor, |_, _| colour);
                cursor
            }
            Step::Type => {
                self.typed += 1;
                let letter = Rect {
                    x: DOCUMENT.x + 40 + self.typed % 90 * 9,
                    y: DOCUMENT.y + 100 + self.typed / 90 * 22,
                    width: 9,
                    height: 20,
                };
                let shape = hash(index) % 60;
                self.paint(letter, |x, y| soft_ink(shape, x - letter.x, y - letter.y));
                letter
            }
            Step::ScrollTerminal => {
                self.terminal_top += 16;
                self.draw_terminal();
                TERMINAL
            }
            Step::ScrollDocument => {
                self.document_top += 53;
                self.draw_document();
                DOCUMENT
            }
            Step::Switch => {
                if index.is_multiple_of(2) {
                    self.draw_terminal();
                    TERMINAL
                } else {
                    self.draw_document();
                    DOCUMENT
                }
            }
            Step::Film => {
                let film = Rect {
                    x: 1500,
                    y: 800,
                    width: 320,
                    height: 180,
                };
                self.paint(film, |x, y| {
                    let wave = (x * 3 + index * 5) ^ (y * 2 + index);
                    (wave & 0xFF) * 0x01_0100 + ((x + y + index * 2) & 0xFF) + hash(wave) % 8
                });
                film
            }
        };
        vec![rect]
    }

    /// Hard text, two colours a line.
    fn draw_terminal(&mut self) {
        let top = self.terminal_top;
        self.paint(TERMINAL, |x, y| {
            let (row, line) = ((y - TERMINAL.y + top) / 16, (y - TERMINAL.y + top) % 16);
            let (column, dot) = ((x - TERMINAL.x) / 8, (x - TERMINAL.x) % 8);
            let letter = hash(row * 131 + column) % 80;
            let length = 20 + hash(row) % 80;
            let ink = [0xE0E0E0, 0x60D060, 0x6090F0][(hash(row * 7) % 3) as usize];
            let lit = hash(letter * 1000 + line * 8 + dot).is_multiple_of(3);
            if column < length && letter > 12 && (2..14).contains(&line) && dot < 7 && lit {
                ink
            } else {
                0x101018
            }
        });
    }

    /// Soft text in many greys.
    fn draw_document(&mut self) {
        let top = self.document_top;
        self.paint(DOCUMENT, |x, y| {
            let (row, line) = ((y - DOCUMENT.y + top) / 22, (y - DOCUMENT.y + top) % 22);
            let (column, dot) = ((x - DOCUMENT.x) / 9, (x - DOCUMENT.x) % 9);
            let letter = hash(row * 977 + column) % 70;
            if letter < 60 && row % 6 != 5 && line < 20 {
                soft_ink(letter, dot, line)
            } else {
                0xFCFCFC
            }
        });
    }

    fn paint(&mut self, rect: Rect, colour: impl Fn(u32, u32) -> u32) {
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let start = ((y * WIDTH + x) * 4) as usize;
                self.pixels[start..start + 4].copy_from_slice(&colour(x, y).to_le_bytes());
            }
        }
    }
}

/// A letter with soft edges.
fn soft_ink(letter: u32, x: u32, y: u32) -> u32 {
    if !(3..17).contains(&y) || !(1..8).contains(&x) {
        return 0xFCFCFC;
    }
    let shade = hash(letter * 1000 + y * 9 + x) % 12;
    match shade {
        0..6 => 0xFCFCFC,
        6..9 => 0x202020,
        _ => (0x40 + (hash(letter + x * 31 + y) % 40) * 4) * 0x01_0101,
    }
}

fn hash(value: u32) -> u32 {
    let mixed = (value ^ 0x5bd1).wrapping_mul(0x9E37_79B1);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA6B);
    mixed ^ (mixed >> 13)
}

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
const TERMINAL: Rect = Rect {
    x: 60,
    y: 50,
    width: 800,
    height: 640,
};
const DOCUMENT: Rect = Rect {
    x: 700,
    y: 120,
    width: 900,
    height: 850,
};

//! A screen that shows what the test paints.

use std::time::Duration;

use eidetic_model::DisplayIndex;

use super::script::Script;
use crate::{Capture, CaptureError, Display, Frame, Rect};

/// A screen that shows what its script paints. Black at the beginning.
#[derive(Debug)]
pub struct Screen {
    script: Script<Step>,
    layout: Option<Vec<Display>>,
    failure: Option<CaptureError>,
    views: Vec<View>,
    delivered: usize,
}

/// What happens on a [`Screen`].
#[derive(Clone, Debug)]
pub struct ScreenScript(Script<Step>);

/// A display `name` at `left` on the desktop.
pub fn display(index: u16, name: &str, left: i32, width: u32, height: u32) -> Display {
    Display {
        index: DisplayIndex(index),
        name: name.to_owned(),
        left,
        top: 0,
        width,
        height,
    }
}

impl Screen {
    /// A screen with these displays, and its script.
    pub fn new(displays: Vec<Display>) -> (Self, ScreenScript) {
        let script = Script::new();
        let screen = Self {
            script: script.clone(),
            layout: Some(displays),
            failure: None,
            views: Vec::new(),
            delivered: 0,
        };
        (screen, ScreenScript(script))
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Paint {
                display,
                rect,
                colour,
            } => {
                for view in &mut self.views {
                    if view.display.index == display {
                        view.paint(rect, colour);
                    }
                }
            }
            Step::Layout(displays) => self.layout = Some(displays),
            Step::Fail(error) => self.failure = Some(error),
        }
    }

    fn changed_view(&mut self) -> Option<usize> {
        let count = self.views.len();
        let index = (1..=count)
            .map(|step| (self.delivered + step) % count)
            .find(|&index| !self.views[index].painted.is_empty())?;
        let view = &mut self.views[index];
        view.damage = std::mem::take(&mut view.painted);
        self.delivered = index;
        Some(index)
    }
}

impl crate::Screen for Screen {
    fn next(&mut self, wait: Duration) -> Result<Capture<'_>, CaptureError> {
        // All that was painted so far is one change, but it does not reach past a failure or
        // another layout.
        let mut wait = wait;
        loop {
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
            if let Some(displays) = self.layout.take() {
                self.views = displays.iter().cloned().map(View::new).collect();
                return Ok(Capture::Layout(displays));
            }
            let is_changed = self.views.iter().any(|view| !view.painted.is_empty());
            let step = self
                .script
                .next(if is_changed { Duration::ZERO } else { wait });
            wait = Duration::ZERO;
            match step {
                Some(step) => self.play(step),
                None => break,
            }
        }
        Ok(match self.changed_view() {
            Some(index) => Capture::Frame(self.views[index].frame()),
            None => Capture::Unchanged,
        })
    }

    fn shown(&self, display: DisplayIndex) -> Option<Frame<'_>> {
        let view = self
            .views
            .iter()
            .find(|view| view.display.index == display)?;
        Some(Frame {
            damage: &[],
            ..view.frame()
        })
    }
}

impl ScreenScript {
    /// Fills a rectangle with a colour: blue, green, red.
    pub fn paint(&self, display: DisplayIndex, rect: Rect, colour: [u8; 3]) {
        self.0.add(Step::Paint {
            display,
            rect,
            colour,
        });
    }

    /// Puts other displays in the place of those that were there.
    pub fn change_layout(&self, displays: Vec<Display>) {
        self.0.add(Step::Layout(displays));
    }

    /// Makes the screen fail once.
    pub fn fail(&self, error: CaptureError) {
        self.0.add(Step::Fail(error));
    }
}

#[derive(Debug)]
enum Step {
    Paint {
        display: DisplayIndex,
        rect: Rect,
        colour: [u8; 3],
    },
    Layout(Vec<Display>),
    Fail(CaptureError),
}

#[derive(Debug)]
struct View {
    display: Display,
    pixels: Vec<u8>,
    painted: Vec<Rect>,
    damage: Vec<Rect>,
}

impl View {
    fn new(display: Display) -> Self {
        let whole = Rect {
            x: 0,
            y: 0,
            width: display.width,
            height: display.height,
        };
        Self {
            pixels: vec![0; display.width as usize * display.height as usize * 4],
            display,
            painted: vec![whole],
            damage: Vec::new(),
        }
    }

    fn paint(&mut self, rect: Rect, [blue, green, red]: [u8; 3]) {
        let stride = self.display.width as usize * 4;
        for row in rect.y..rect.y + rect.height {
            let start = row as usize * stride + rect.x as usize * 4;
            let pixels = &mut self.pixels[start..start + rect.width as usize * 4];
            for pixel in pixels.chunks_exact_mut(4) {
                pixel.copy_from_slice(&[blue, green, red, 0]);
            }
        }
        self.painted.push(rect);
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            display: self.display.index,
            width: self.display.width,
            height: self.display.height,
            stride: self.display.width as usize * 4,
            pixels: &self.pixels,
            damage: &self.damage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Screen as _;

    #[test]
    fn paint_between_two_calls_is_one_frame_and_failures_come_once() {
        let (mut screen, script) = Screen::new(vec![display(0, "A", 0, 8, 4)]);
        let rect = Rect {
            x: 1,
            y: 1,
            width: 2,
            height: 1,
        };
        let wait = Duration::ZERO;
        assert!(matches!(screen.next(wait), Ok(Capture::Layout(_))));
        assert!(matches!(screen.next(wait), Ok(Capture::Frame(frame)) if frame.damage.len() == 1));
        script.paint(DisplayIndex(0), rect, [1, 1, 1]);
        script.paint(DisplayIndex(0), rect, [7, 8, 9]);
        let Ok(Capture::Frame(frame)) = screen.next(wait) else {
            panic!("no frame");
        };
        assert_eq!(frame.damage, [rect, rect]);
        assert_eq!(frame.pixels[frame.stride + 4..][..4], [7, 8, 9, 0]);
        assert!(matches!(screen.next(wait), Ok(Capture::Unchanged)));
        let again = screen.shown(DisplayIndex(0)).unwrap();
        assert_eq!(again.pixels[again.stride + 4..][..4], [7, 8, 9, 0]);
        assert!(again.damage.is_empty());
        assert!(screen.shown(DisplayIndex(1)).is_none());

        script.fail(CaptureError::Gone {
            what: "fake".into(),
            reason: "the script says so".into(),
        });
        assert!(matches!(screen.next(wait), Err(CaptureError::Gone { .. })));
        assert!(matches!(screen.next(wait), Ok(Capture::Unchanged)));
    }
}

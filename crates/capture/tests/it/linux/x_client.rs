//! A program on a virtual display that does what a test wants: windows, titles, drawing.

use eidetic_testkit::VirtualDisplay;
use x11rb::{
    COPY_DEPTH_FROM_PARENT,
    connection::Connection,
    protocol::xproto::{
        AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, CreateWindowAux,
        ImageFormat, InputFocus, PropMode, Rectangle, Window, WindowClass,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

/// A connection of a test's own to a display.
pub(super) struct XClient {
    pub(super) connection: RustConnection,
    pub(super) root: Window,
    size: (u16, u16),
}

impl XClient {
    pub(super) fn on(display: &VirtualDisplay) -> Self {
        let (connection, number) = RustConnection::connect(Some(display.name())).unwrap();
        let screen = &connection.setup().roots[number];
        let (root, size) = (
            screen.root,
            (screen.width_in_pixels, screen.height_in_pixels),
        );
        Self {
            connection,
            root,
            size,
        }
    }

    /// A window of 300 x 200 at this place, shown.
    pub(super) fn open_window(&self, x: i16, y: i16, title: &str) -> Window {
        let window = self.connection.generate_id().unwrap();
        self.connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                window,
                self.root,
                x,
                y,
                300,
                200,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &CreateWindowAux::new().background_pixel(0x0020_4060),
            )
            .unwrap();
        self.set_title(window, title);
        self.connection.map_window(window).unwrap();
        self.connection.sync().unwrap();
        window
    }

    /// Sets the EWMH title, as toolkits do.
    pub(super) fn set_title(&self, window: Window, title: &str) {
        let name = self.atom("_NET_WM_NAME");
        let utf8 = self.atom("UTF8_STRING");
        self.connection
            .change_property8(PropMode::REPLACE, window, name, utf8, title.as_bytes())
            .unwrap();
        self.connection.flush().unwrap();
    }

    /// Sets the old title, in Latin-1.
    pub(super) fn set_old_title(&self, window: Window, title: &[u8]) {
        self.connection
            .change_property8(
                PropMode::REPLACE,
                window,
                AtomEnum::WM_NAME,
                AtomEnum::STRING,
                title,
            )
            .unwrap();
        self.connection.flush().unwrap();
    }

    /// Gives a window the input focus, past any window manager.
    pub(super) fn focus(&self, window: Window) {
        self.connection
            .set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)
            .unwrap();
        self.connection.sync().unwrap();
    }

    pub(super) fn close(&self, window: Window) {
        self.connection.destroy_window(window).unwrap();
        self.connection.sync().unwrap();
    }

    /// Fills a rectangle of a window with a colour.
    pub(super) fn fill(&self, window: Window, rectangle: Rectangle, colour: u32) {
        let context = self.connection.generate_id().unwrap();
        self.connection
            .create_gc(context, window, &CreateGCAux::new().foreground(colour))
            .unwrap();
        self.connection
            .poly_fill_rectangle(window, context, &[rectangle])
            .unwrap();
        self.connection.free_gc(context).unwrap();
    }

    /// Makes the pointer a cross over a window.
    pub(super) fn give_pointer(&self, window: Window) {
        const CROSS: u16 = 34;
        let (font, cursor) = (
            self.connection.generate_id().unwrap(),
            self.connection.generate_id().unwrap(),
        );
        self.connection.open_font(font, b"cursor").unwrap();
        self.connection
            .create_glyph_cursor(
                cursor,
                font,
                font,
                CROSS,
                CROSS + 1,
                0,
                0,
                0,
                u16::MAX,
                u16::MAX,
                u16::MAX,
            )
            .unwrap();
        let attributes = ChangeWindowAttributesAux::new().cursor(cursor);
        self.connection
            .change_window_attributes(window, &attributes)
            .unwrap();
        self.sync();
    }

    /// Whether there is a window manager, and one that tells the active window.
    pub(super) fn has_window_manager(&self) -> bool {
        let property = |window, name| {
            let name = self.atom(name);
            let cookie = self
                .connection
                .get_property(false, window, name, AtomEnum::ANY, 0, 1_024)
                .unwrap();
            let reply = cookie.reply().ok()?;
            Some(reply.value32()?.collect::<Vec<u32>>())
        };
        let Some(check) = property(self.root, "_NET_SUPPORTING_WM_CHECK")
            .and_then(|windows| windows.first().copied())
        else {
            return false;
        };
        let supported = property(self.root, "_NET_SUPPORTED").unwrap_or_default();
        property(check, "_NET_SUPPORTING_WM_CHECK").is_some_and(|windows| windows == [check])
            && supported.contains(&self.atom("_NET_ACTIVE_WINDOW"))
    }

    /// Waits until the server has done all that it was told.
    pub(super) fn sync(&self) {
        self.connection.sync().unwrap();
    }

    /// The whole screen as the server has it, without the pointer.
    pub(super) fn screenshot(&self) -> Vec<u8> {
        self.connection
            .get_image(
                ImageFormat::Z_PIXMAP,
                self.root,
                0,
                0,
                self.size.0,
                self.size.1,
                u32::MAX,
            )
            .unwrap()
            .reply()
            .unwrap()
            .data
    }

    fn atom(&self, name: &str) -> u32 {
        self.connection
            .intern_atom(false, name.as_bytes())
            .unwrap()
            .reply()
            .unwrap()
            .atom
    }
}

//! Linux: X11 and logind.

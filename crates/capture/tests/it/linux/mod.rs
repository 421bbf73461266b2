//! Linux: Xvfb, openbox, xterm, and a logind of our own on a private bus.

mod desktop;
mod logind;
mod run_as;
mod screen;
mod x_client;

//! The desktop of this session, with a program on it that does as it is told.

mod desktop;
mod fixture;
mod screen;
mod sessions;

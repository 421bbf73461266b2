//! What this codec takes: bytes, time and memory, with one thread.

mod browser;
mod cpu;
mod decode;
mod encode;
mod fidelity;
mod memory;
mod seek;
mod segments;

pub use self::{
    browser::Browser,
    decode::decode,
    encode::{Encoded, KnownDamage, encode},
    fidelity::Losses,
    seek::{seek, spots},
};

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| drop(eidetic_directory::ManagedPassword::read(data)));

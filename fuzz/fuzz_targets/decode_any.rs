#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eidetic_codec::oracle::decode_any(data));

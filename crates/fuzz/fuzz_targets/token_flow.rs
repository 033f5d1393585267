#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oraedge_fuzz::token_flow(data));

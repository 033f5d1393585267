#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oraedge_fuzz::oci_config(data));

//! The work with private keys that a log-on by token asks for: reading a key, a signature, a new key
//! pair. `cargo bench --bench rsa`; WebCrypto's figures beside these are in docs/tokens.md.

use criterion::{Criterion, criterion_group, criterion_main};
use oraedge::auth::Secret;
use oraedge::auth::http::HttpRequest;
use oraedge::auth::oci::{ApiKey, signer};
use oraedge::time::UnixTime;

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/vectors/oci_keys/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rsa(criterion: &mut Criterion) {
    let pass_phrase = Secret::from("correct horse");
    for name in ["pkcs8.pem", "pbes2_aes256.pem", "legacy_aes256.pem", "pbes2_scrypt.pem"] {
        let pem = file(name);
        criterion.bench_function(&format!("read {name}"), |bencher| {
            bencher.iter(|| ApiKey::from_file(&pem, Some(&pass_phrase)).expect("it is a key"));
        });
    }
    for name in ["pkcs8.pem", "rsa4096.pem"] {
        let key = ApiKey::from_file(&file(name), None).expect("it is a key");
        criterion.bench_function(&format!("sign a request, {} bits", key.bits()), |bencher| {
            bencher.iter(|| {
                let mut request = HttpRequest::post("https://h/v1", "application/json", "{}");
                signer::sign_request(&mut request, "t/u/f", &key, UnixTime::from_secs(1))
                    .expect("it can be signed");
                request
            });
        });
    }
    let mut slow = criterion.benchmark_group("make a key pair");
    slow.sample_size(10);
    let mut seed = 0u64;
    slow.bench_function("2048 bits", |bencher| {
        bencher.iter(|| {
            seed += 1;
            ApiKey::generate(&mut Numbers(seed), 2048).expect("a key can be made")
        });
    });
    slow.finish();
}

/// Numbers to make keys of for the stop watch; nobody may use these keys (SplitMix64).
struct Numbers(u64);

impl rsa::rand_core::TryRng for Numbers {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::try_from(self.try_next_u64()? >> 32).expect("32 bits are left"))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for Numbers {}

criterion_group!(benches, rsa);
criterion_main!(benches);

//! How long the bare decoders take: bytes of one value to a native value or to text, and a
//! stream to packets.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use oraedge::wire::packet::{Framer, packet_type, write_packet};
use oraedge::wire::value::number::{TextBuffer, decode_f64};
use oraedge::wire::value::{DateTime, Number};

fn numbers(criterion: &mut Criterion) {
    let encode = |text: &str| {
        let mut bytes = Vec::new();
        text.parse::<Number>().expect("a number").encode(&mut bytes);
        bytes
    };
    let mut group = criterion.benchmark_group("NUMBER");
    for text in ["7", "1234567.89", "-12345678901234567890123456789.12345"] {
        let bytes = encode(text);
        group.bench_function(format!("{text} to i64"), |bencher| {
            bencher.iter(|| Number::decode(black_box(&bytes)).map(|number| number.to_i64()));
        });
        group.bench_function(format!("{text} to f64"), |bencher| {
            bencher.iter(|| decode_f64(black_box(&bytes)));
        });
        group.bench_function(format!("{text} to text"), |bencher| {
            let mut buffer = TextBuffer::default();
            bencher.iter(|| {
                Number::decode(black_box(&bytes)).map(|number| number.to_text(&mut buffer).len())
            });
        });
    }
}

fn dates(criterion: &mut Criterion) {
    let timestamp = [120, 124, 2, 29, 13, 35, 57, 7, 91, 205, 21];
    criterion.bench_function("TIMESTAMP", |bencher| {
        bencher.iter(|| DateTime::decode(black_box(&timestamp)));
    });
}

fn packets(criterion: &mut Criterion) {
    const COUNT: usize = 100;
    let mut stream = Vec::new();
    for _ in 0..COUNT {
        write_packet(&mut stream, true, packet_type::DATA, 0, &[0; 8000]);
    }
    let mut group = criterion.benchmark_group("framer");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    for (name, step) in [("whole", stream.len()), ("in pieces of 1460 bytes", 1460)] {
        group.bench_function(name, |bencher| {
            let fresh = || {
                let mut framer = Framer::new();
                framer.use_wide_lengths();
                framer
            };
            bencher.iter_batched(
                fresh,
                |mut framer| {
                    let mut count = 0;
                    for mut piece in stream.chunks(step) {
                        while let Ok(Some(packet)) = framer.next(&mut piece) {
                            count += black_box(packet.payload).len();
                        }
                    }
                    assert_eq!(count, COUNT * 8000);
                },
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, numbers, dates, packets);
criterion_main!(benches);

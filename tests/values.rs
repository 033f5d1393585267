//! Value codecs against what real servers sent, against an independent decimal library, and
//! against arbitrary bytes.

mod common;

use bigdecimal::{BigDecimal, RoundingMode};
use common::{bytes, hex, record, records, unhex};
use oraedge::wire::value::{
    DateTime, DbType, IntervalDs, IntervalYm, Number, NumberError, Rowid, TimestampTz, Urowid,
    Value, Zone, number,
};
use oraedge::wire::{DecodeError, Reader, Writer};
use proptest::prelude::*;

fn encoded(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

// ---- recordings ----

#[test]
fn every_recorded_value_decodes_to_what_its_source_says_and_encodes_to_the_same_bytes() {
    let Some(records) = records("values.jsonl") else { return };
    let mut seen = 0;
    for record in &records {
        let id = record["id"].as_str().unwrap();
        let expect = &record["expect"];
        let raw = bytes(record);
        let text = expect["value"].as_str().unwrap_or_default();
        let db_type = match expect["type"].as_str().unwrap() {
            "NUMBER" => DbType::Number,
            "BINARY_FLOAT" if raw.len() == 4 => DbType::BinaryFloat,
            // One source labels the eight bytes of a BINARY_DOUBLE so.
            "BINARY_DOUBLE" | "BINARY_FLOAT" => DbType::BinaryDouble,
            "INTERVAL YEAR TO MONTH" => DbType::IntervalYm,
            "INTERVAL DAY TO SECOND" => DbType::IntervalDs,
            "DATE" => DbType::Date,
            "TIMESTAMP" => DbType::Timestamp,
            "TIMESTAMP WITH TIME ZONE" => DbType::TimestampTz,
            "TIMESTAMP WITH LOCAL TIME ZONE" => DbType::TimestampLtz,
            "VARCHAR2 (AL32UTF8)" => DbType::Varchar,
            "NVARCHAR2 (AL16UTF16)" => DbType::Nvarchar,
            "ROWID text" => {
                check_rowid_text(expect, &raw);
                seen += 1;
                continue;
            }
            "ROWID internal (Typ=69)" => {
                let rowid = Rowid::decode_stored(&raw).unwrap();
                let parts = [rowid.rba, rowid.partition_id.into(), rowid.block, rowid.slot.into()];
                assert_eq!(
                    parts.map(u64::from),
                    ["rba", "file", "block", "slot"].map(|part| { expect[part].as_u64().unwrap() }),
                    "{id}"
                );
                seen += 1;
                continue;
            }
            other => panic!("{id}: no test for {other}"),
        };
        let value = Value::decode(db_type, &raw).unwrap_or_else(|error| panic!("{id}: {error:?}"));
        match &value {
            Value::Number(number) => check_number(id, *number, text),
            Value::TimestampTz(TimestampTz { utc, zone: Zone::Region { id: region } }) => {
                assert_eq!(utc.to_string(), expect["utc"].as_str().unwrap(), "{id}");
                let name = oraedge::wire::value::time_zone::name(*region).unwrap();
                assert!(text.ends_with(name), "{id}: {name}");
            }
            value => assert_eq!(value.to_string(), text, "{id}"),
        }
        let mut again = Vec::new();
        value.encode_as(db_type, &mut again).unwrap();
        assert_eq!(hex(&again), hex(&raw), "{id}");
        seen += 1;
    }
    assert_eq!(seen, records.len());
}

fn check_number(id: &str, number: Number, text: &str) {
    let expected: Number = text.parse().unwrap();
    if id == "num-goora-073" {
        // One third has forty digits; the source shows 39 of them.
        assert_eq!(number.round(39), Ok(expected), "{id}");
        assert_eq!(number.precision(), 40);
        return;
    }
    assert_eq!(number, expected, "{id}");
    let reference: BigDecimal = text.parse().unwrap();
    assert_eq!(number.to_string().parse::<BigDecimal>().unwrap(), reference, "{id}");
    assert_eq!(number.to_f64(), text.parse::<f64>().unwrap(), "{id}");
}

fn check_rowid_text(expect: &serde_json::Value, raw: &[u8]) {
    let rowid: Rowid = std::str::from_utf8(raw).unwrap().parse().unwrap();
    let parts = [rowid.rba, rowid.partition_id.into(), rowid.block, rowid.slot.into()];
    let names = ["rba", "partition_id", "block", "slot"];
    assert_eq!(parts.map(u64::from), names.map(|name| expect[name].as_u64().unwrap()));
    assert_eq!(rowid.to_string().as_bytes(), raw);
}

#[test]
fn a_recorded_rowid_column_reads_and_writes() {
    let Some(record) = record("messages.jsonl", "seer-rowid-column") else { return };
    let raw = bytes(&record);
    let mut reader = Reader::new(&raw);
    let rowid = Rowid::read_column(&mut reader).unwrap().unwrap();
    reader.finish("rowid column").unwrap();
    assert_eq!(rowid.to_string(), record["expect"]["rowid"].as_str().unwrap());
    let mut writer = Writer::new();
    rowid.write_column(&mut writer);
    assert_eq!(hex(writer.as_slice()), hex(&raw));
    assert_eq!(Value::decode(DbType::Rowid, &raw[1..]), Ok(Value::Rowid(rowid)));
}

#[test]
fn a_recorded_logical_urowid_reads_and_writes() {
    let Some(record) = record("messages.jsonl", "seer-urowid-column") else { return };
    let raw = bytes(&record);
    let mut reader = Reader::new(&raw);
    let image = reader.bytes_with_length("urowid").unwrap().unwrap();
    reader.finish("urowid column").unwrap();
    let urowid = Urowid::decode(&image).unwrap();
    let text = record["expect"]["rowid"].as_str().unwrap();
    assert_eq!(urowid.to_string(), text);
    assert_eq!(text.parse::<Urowid>().unwrap(), urowid);
    assert_eq!(encoded(&Value::from(urowid)), *image);
}

#[test]
fn recorded_physical_urowids_read_and_write() {
    let Some(record) = record("messages.jsonl", "goora-urowid-rows") else { return };
    let raw = bytes(&record);
    // Row data: the message's number, then the image behind its two lengths.
    let images: Vec<_> = raw
        .windows(17)
        .filter(|window| window.starts_with(&[7, 1, 13, 13]))
        .map(|window| &window[4..])
        .collect();
    assert_eq!(images.len(), 10);
    assert_eq!(hex(images[0]), record["expect"]["first_value"].as_str().unwrap());
    for (image, slot) in images.iter().zip([10, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        let urowid = Urowid::decode(image).unwrap();
        let expected = Rowid { rba: 122, partition_id: 1, block: 1, slot };
        assert_eq!(urowid, Urowid::Physical(expected));
        assert_eq!(encoded(&Value::from(urowid)), *image);
    }
}

// ---- NUMBER ----

/// Text, bytes, plain text: from Oracle's description of the format and python-oracledb.
const NUMBERS: &[(&str, &str, &str)] = &[
    ("0", "80", "0"),
    ("-0", "80", "0"),
    (" 0.000e5 ", "80", "0"),
    ("1", "c102", "1"),
    ("-1", "3e6466", "-1"),
    ("+7", "c108", "7"),
    (" 12.50 ", "c10d33", "12.5"),
    (".5", "c033", "0.5"),
    ("5.", "c106", "5"),
    ("-.05", "3f6066", "-0.05"),
    ("100", "c202", "100"),
    ("1000", "c20b", "1000"),
    ("0.01", "c002", "0.01"),
    ("0.001", "bf0b", "0.001"),
    ("1E3", "c20b", "1000"),
    ("12345e-2", "c202182e", "123.45"),
    ("~", "ff65", "~"),
    ("-~", "00", "-~"),
    (
        "9.999999999999999999999999999999999999999e-1",
        "c06464646464646464646464646464646464646464",
        "0.9999999999999999999999999999999999999999",
    ),
];

#[test]
fn numbers_have_the_bytes_that_oracle_gives_them() {
    for (text, raw, plain) in NUMBERS {
        let number: Number = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(hex(number.as_bytes()), *raw, "{text}");
        assert_eq!(number.to_string(), *plain, "{text}");
        assert_eq!(Number::decode(&unhex(raw)), Ok(number), "{text}");
    }
}

#[test]
fn the_ends_of_the_range_are_exact() {
    let smallest: Number = "1e-130".parse().unwrap();
    assert_eq!(hex(smallest.as_bytes()), "8002");
    assert_eq!(smallest.to_string(), format!("0.{}1", "0".repeat(129)));
    assert_eq!((-smallest).to_string(), format!("-0.{}1", "0".repeat(129)));
    assert_eq!(hex((-smallest).as_bytes()), "7f6466");
    let largest: Number = format!("{}e86", "9".repeat(40)).parse().unwrap();
    assert_eq!(largest.to_string(), format!("{}{}", "9".repeat(40), "0".repeat(86)));
    assert_eq!(largest.to_f64(), 1e126);
    assert_eq!(hex(largest.as_bytes()), format!("ff{}", "64".repeat(20)));
    // Twenty digits: no closing byte.
    assert_eq!(hex((-largest).as_bytes()), format!("00{}", "02".repeat(20)));
}

#[test]
fn what_is_no_number_is_refused() {
    use NumberError::{NotANumber, OutOfRange, TooManyDigits};
    let long = "1".repeat(41);
    let cases = [
        ("", NotANumber),
        (" ", NotANumber),
        ("-", NotANumber),
        (".", NotANumber),
        ("--1", NotANumber),
        ("1 2", NotANumber),
        ("1.2.3", NotANumber),
        ("1e", NotANumber),
        ("1e+", NotANumber),
        ("1e5.5", NotANumber),
        ("e5", NotANumber),
        ("1,5", NotANumber),
        ("0x10", NotANumber),
        ("NaN", NotANumber),
        ("inf", NotANumber),
        ("1e126", OutOfRange),
        ("-1e126", OutOfRange),
        ("1e-131", OutOfRange),
        ("1e99999999999999999999999999", OutOfRange),
        ("1e-99999999999999999999999999", OutOfRange),
        (&long, TooManyDigits),
        // Forty digits need a twenty-first pair here.
        ("1.111111111111111111111111111111111111111", TooManyDigits),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<Number>(), Err(error), "{text:?}");
    }
    assert_eq!("0e99999999999999999999".parse(), Ok(Number::ZERO));
    assert!(NotANumber.to_string().contains("-12.5"));
}

#[test]
fn malformed_numbers_are_named() {
    let cases = [
        ("", "NUMBER"),
        ("c1", "NUMBER: exponent"),
        ("01", "NUMBER: exponent"),
        ("c100", "NUMBER: digit"),
        ("c165", "NUMBER: digit"),
        ("c102ff", "NUMBER: digit"),
        ("3e0166", "NUMBER: digit"),
        ("3e66", "NUMBER: exponent"),
        ("800102", "NUMBER: exponent"),
        ("c1020202020202020202020202020202020202020202", "NUMBER: digits"),
    ];
    for (raw, field) in cases {
        match Number::decode(&unhex(raw)) {
            Err(DecodeError::Malformed(malformed)) => assert_eq!(malformed.field, field, "{raw}"),
            other => panic!("{raw}: {other:?}"),
        }
        assert!(number::decode_f64(&unhex(raw)).is_err() || raw == "800102");
    }
}

#[test]
fn zeros_around_the_digits_of_a_received_number_do_not_matter() {
    let one: Number = "1".parse().unwrap();
    for raw in ["c10201", "c20102", "c1020101", "c2010201"] {
        assert_eq!(Number::decode(&unhex(raw)), Ok(one), "{raw}");
    }
    // A negative number without its closing byte, and one of twenty digits with it.
    assert_eq!(Number::decode(&unhex("3e64")), Ok(-one));
    let long = format!("00{}66", "02".repeat(20));
    assert_eq!(Number::decode(&unhex(&long)).unwrap().precision(), 40);
    assert_eq!(Number::decode(&unhex("c101")), Ok(Number::ZERO));
}

#[test]
fn whole_numbers_convert_at_the_ends_of_their_types() {
    for value in [0, 1, -1, 99, 100, -100, i64::MAX, i64::MIN, i64::MAX - 1] {
        assert_eq!(Number::from(value).to_i64(), Some(value));
        assert_eq!(Number::from(value).to_string(), value.to_string());
    }
    for value in [i128::MAX, i128::MIN, i128::MIN + 1] {
        assert_eq!(Number::from(value).to_i128(), Some(value));
        assert_eq!(Number::from(value).to_i64(), None);
    }
    assert_eq!(Number::from(u64::MAX).to_string(), u64::MAX.to_string());
    assert_eq!(Number::from(u128::MAX).to_string(), u128::MAX.to_string());
    for text in ["0.5", "-1e-130", "9223372036854775808", "-9223372036854775809", "1e125", "~"] {
        assert_eq!(text.parse::<Number>().unwrap().to_i64(), None, "{text}");
    }
    assert_eq!(
        "170141183460469231731687303715884105728".parse::<Number>().unwrap().to_i128(),
        None
    );
}

#[test]
fn floats_convert_through_the_fewest_digits() {
    let cases =
        [(0.1, "0.1"), (-0.0, "0"), (1e21, "1000000000000000000000"), (123456.789, "123456.789")];
    for (value, text) in cases {
        assert_eq!(Number::from_f64(value).unwrap().to_string(), text);
    }
    assert_eq!(Number::from_f32(0.1).unwrap().to_string(), "0.1");
    assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NotANumber));
    assert_eq!(Number::from_f64(f64::INFINITY), Err(NumberError::OutOfRange));
    assert_eq!(Number::from_f64(1e126), Err(NumberError::OutOfRange));
    assert_eq!(Number::from_f64(1e-200), Err(NumberError::OutOfRange));
    assert_eq!(Number::INFINITY.to_f64(), f64::INFINITY);
    assert_eq!(Number::NEGATIVE_INFINITY.to_f64(), f64::NEG_INFINITY);
    assert_eq!(number::decode_f64(Number::INFINITY.as_bytes()), Ok(f64::INFINITY));
}

#[test]
fn rounding_goes_away_from_zero_at_the_half() {
    let cases = [
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("2.4999", 0, "2"),
        ("0.05", 1, "0.1"),
        ("0.04", 1, "0"),
        ("999.99", 1, "1000"),
        ("12345", -2, "12300"),
        ("55", -2, "100"),
        ("49", -2, "0"),
        ("1.25", 5, "1.25"),
        ("0.0001", -3, "0"),
        ("~", 2, "~"),
    ];
    for (text, scale, expected) in cases {
        let rounded = text.parse::<Number>().unwrap().round(scale).unwrap();
        assert_eq!(rounded.to_string(), expected, "{text} to {scale}");
    }
}

#[test]
fn precision_and_magnitude_are_of_the_decimal_digits() {
    for (text, precision, magnitude) in
        [("0", 0, 0), ("123.4", 4, 3), ("0.5", 1, 0), ("0.001", 1, -2), ("1000", 1, 4)]
    {
        let number: Number = text.parse().unwrap();
        assert_eq!((number.precision(), number.magnitude()), (precision, magnitude), "{text}");
    }
}

/// Decimal text that a NUMBER holds exactly: up to 39 digits, anywhere in the range.
fn exact_text() -> impl Strategy<Value = String> {
    (any::<bool>(), "[0-9]{1,39}", -130i32..=80).prop_map(|(negative, digits, exponent)| {
        format!("{}{digits}e{exponent}", if negative { "-" } else { "" })
    })
}

proptest! {
    #[test]
    fn numbers_agree_with_an_independent_decimal_library(text in exact_text()) {
        let number: Number = text.parse().unwrap();
        let reference: BigDecimal = text.parse().unwrap();
        prop_assert_eq!(number.to_string().parse::<BigDecimal>().unwrap(), reference);
        prop_assert_eq!(Number::decode(number.as_bytes()), Ok(number));
        prop_assert_eq!(number.to_string().parse(), Ok(number));
        prop_assert_eq!(-(-number), number);
    }

    #[test]
    fn numbers_order_as_their_values(a in exact_text(), b in exact_text()) {
        let order = a.parse::<Number>().unwrap().cmp(&b.parse().unwrap());
        prop_assert_eq!(order, a.parse::<BigDecimal>().unwrap().cmp(&b.parse().unwrap()));
    }

    #[test]
    fn numbers_give_the_nearest_float(text in exact_text()) {
        let number: Number = text.parse().unwrap();
        let expected = text.parse::<f64>().unwrap();
        prop_assert_eq!(number.to_f64(), expected);
        prop_assert_eq!(number::decode_f64(number.as_bytes()), Ok(expected));
    }

    #[test]
    fn short_numbers_give_the_nearest_float(whole in any::<i32>(), places in 0u32..=9) {
        let text = format!("{whole}e-{places}");
        prop_assert_eq!(text.parse::<Number>().unwrap().to_f64(), text.parse::<f64>().unwrap());
    }

    #[test]
    fn numbers_round_as_an_independent_decimal_library(text in exact_text(), scale in -130i32..=130) {
        let reference: BigDecimal = text.parse().unwrap();
        let reference = reference.with_scale_round(scale.into(), RoundingMode::HalfUp);
        match text.parse::<Number>().unwrap().round(scale) {
            Ok(rounded) => {
                prop_assert_eq!(rounded.to_string().parse::<BigDecimal>().unwrap(), reference);
            }
            Err(error) => {
                prop_assert_eq!(error, NumberError::OutOfRange);
                prop_assert!(reference.abs() >= "1e126".parse::<BigDecimal>().unwrap());
            }
        }
    }

    #[test]
    fn long_text_rounds_to_what_a_number_holds(
        digits in "[1-9][0-9]{40,80}", exponent in -120i32..=40
    ) {
        let text = format!("{digits}e{exponent}");
        let reference: BigDecimal = text.parse().unwrap();
        let rounded = Number::parse_rounded(&text).unwrap();
        let got: BigDecimal = rounded.to_string().parse().unwrap();
        // Within half a unit of the 39th digit, and not farther off than any other NUMBER.
        let length = i64::try_from(digits.len()).unwrap() + i64::from(exponent);
        let unit: BigDecimal = format!("1e{}", length - 39).parse().unwrap();
        let two: BigDecimal = 2.into();
        prop_assert!((&got - &reference).abs() * two <= unit);
        prop_assert_eq!(text.parse::<Number>().is_ok(), got == reference);
    }

    #[test]
    fn whole_numbers_come_back(value in any::<i64>(), wide in any::<i128>()) {
        prop_assert_eq!(Number::from(value).to_i64(), Some(value));
        prop_assert_eq!(Number::from(wide).to_i128(), Some(wide));
        prop_assert_eq!(Number::from(wide).to_string(), wide.to_string());
        prop_assert!(Number::from(value).is_integer());
    }

    #[test]
    fn floats_come_back(negative: bool, exponent in -428i64..=417, mantissa in 0u64..1 << 52) {
        let magnitude = f64::from_bits(((exponent + 1023) as u64) << 52 | mantissa);
        let value = if negative { -magnitude } else { magnitude };
        prop_assert_eq!(Number::from_f64(value).unwrap().to_f64(), value);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,60}") {
        let _ = text.parse::<Number>();
        let _ = Number::parse_rounded(&text);
        let _ = text.parse::<DateTime>();
        let _ = text.parse::<TimestampTz>();
        let _ = text.parse::<IntervalYm>();
        let _ = text.parse::<IntervalDs>();
        let _ = text.parse::<Rowid>();
        let _ = text.parse::<Urowid>();
    }
}

// ---- dates ----

#[test]
fn dates_before_the_first_year_go_both_ways() {
    let cases = [
        ("35580101010101", "-4712-01-01 00:00:00"),
        ("6438030f010101", "-0044-03-15 00:00:00"),
        ("64630101010101", "-0001-01-01 00:00:00"),
        ("64640101010101", "0000-01-01 00:00:00"),
        ("c7c70c1f183c3c", "9999-12-31 23:59:59"),
    ];
    for (raw, text) in cases {
        let raw = unhex(raw);
        let date = DateTime::decode(&raw).unwrap();
        assert_eq!(date.to_string(), text);
        assert_eq!(text.parse::<DateTime>().unwrap(), date);
        assert_eq!(hex(&encoded(&Value::Date(date))), hex(&raw));
    }
}

#[test]
fn malformed_dates_are_named() {
    let cases = [
        ("", "DATE"),
        ("787101020b07", "DATE"),
        ("787101020b073200", "DATE"),
        ("00000000000000", "DATE: year"),
        ("ff7101020b0732", "DATE: year"),
        ("787100020b0732", "DATE: month"),
        ("78710d020b0732", "DATE: month"),
        ("787101000b0732", "DATE: day"),
        ("787101200b0732", "DATE: day"),
        ("78710102000732", "DATE: hour"),
        ("78710102190732", "DATE: hour"),
        ("787101020b3d32", "DATE: minute"),
        ("787101020b0700", "DATE: second"),
        ("787101020b073d", "DATE: second"),
        ("787101020b0732ffffffff", "TIMESTAMP: nanosecond"),
    ];
    for (raw, field) in cases {
        match DateTime::decode(&unhex(raw)) {
            Err(DecodeError::Malformed(malformed)) => assert_eq!(malformed.field, field, "{raw}"),
            other => panic!("{raw}: {other:?}"),
        }
    }
}

#[test]
fn text_of_dates_is_checked() {
    for text in [
        "",
        "2013",
        "2013-13-01",
        "2013-02-29",
        "2013-04-31",
        "2013-01-01 24:00:00",
        "10000-01-01",
        "2013-01-01 10:60",
        "2013-01-01 10:00:00.",
        "2013-01-01-01",
        "2013-+1-01",
        "-4713-01-01",
    ] {
        assert!(text.parse::<DateTime>().is_err(), "{text:?}");
    }
    for (text, plain) in [
        ("2013-01-02", "2013-01-02 00:00:00"),
        (" 2013-1-2 3:4 ", "2013-01-02 03:04:00"),
        ("2013-01-02T03:04:05.5", "2013-01-02 03:04:05.5"),
        ("2012-02-29", "2012-02-29 00:00:00"),
        // The Julian calendar had this day.
        ("1500-02-29", "1500-02-29 00:00:00"),
        ("2013-01-02 03:04:05.1234567899", "2013-01-02 03:04:05.123456789"),
    ] {
        assert_eq!(text.parse::<DateTime>().unwrap().to_string(), plain);
    }
}

#[test]
fn a_precision_asks_for_decimal_places() {
    let value: DateTime = "2013-01-02 03:04:05.120".parse().unwrap();
    assert_eq!(format!("{value}"), "2013-01-02 03:04:05.12");
    assert_eq!(format!("{value:.0}"), "2013-01-02 03:04:05");
    assert_eq!(format!("{value:.3}"), "2013-01-02 03:04:05.120");
    assert_eq!(format!("{value:.9}"), "2013-01-02 03:04:05.120000000");
}

#[test]
fn days_count_from_the_unix_epoch() {
    let cases = [
        ("1970-01-01", 0),
        ("1969-12-31", -1),
        ("2000-02-29", 11016),
        ("2000-03-01", 11017),
        ("1900-03-01", -25508),
        ("9999-12-31", 2932896),
        ("0001-01-01", -719162),
        ("0000-03-01", -719468),
    ];
    for (text, days) in cases {
        assert_eq!(text.parse::<DateTime>().unwrap().unix_days(), days, "{text}");
    }
}

#[test]
fn moments_before_the_epoch_round_down() {
    let value: DateTime = "1969-12-31 23:59:59.9995".parse().unwrap();
    assert_eq!(value.unix_millis(), -1);
    assert_eq!(value.unix_micros(), -500);
    assert_eq!(value.unix_seconds(), -1);
    assert_eq!(DateTime::from_unix_millis(-1).unwrap().to_string(), "1969-12-31 23:59:59.999");
    assert_eq!(DateTime::from_unix_micros(-500), Some(value));
    assert_eq!(DateTime::from_unix_millis(i64::MAX), None);
    assert_eq!(DateTime::from_unix(i64::MIN, 0), None);
}

#[test]
fn fractions_round_as_the_column_stores_them() {
    let value: DateTime = "1999-12-31 23:59:59.9999995".parse().unwrap();
    assert_eq!(value.rounded(9), Some(value));
    assert_eq!(value.rounded(7), Some(value));
    assert_eq!(value.rounded(6).unwrap().to_string(), "2000-01-01 00:00:00");
    assert_eq!("9999-12-31 23:59:59.5".parse::<DateTime>().unwrap().rounded(0), None);
}

#[test]
fn offsets_shift_the_moment() {
    let cases = [
        ("1999-10-29 21:00:00 -07:00", "77c70a1e050101000000000d3c"),
        ("2021-07-18 05:35:00 +05:30", "7879071201060100000000195a"),
        ("2021-07-17 20:30:00 -03:30", "7879071201010100000000111e"),
    ];
    for (text, raw) in cases {
        let value: TimestampTz = text.parse().unwrap();
        assert_eq!(hex(&encoded(&Value::from(value))), raw, "{text}");
        assert_eq!(value.to_string(), text);
    }
    assert_eq!("2021-07-18T00:00:00Z".parse::<TimestampTz>().unwrap().zone, Zone::UTC);
    for text in ["2021-07-18 00:00:00", "2021-07-18 00:00:00 +16:00", "2021-07-18 +01:00"] {
        assert!(text.parse::<TimestampTz>().is_err(), "{text:?}");
    }
}

#[test]
fn a_timestamp_with_no_zone_bytes_is_utc() {
    for raw in ["78790712010610", "7879071201061030c4aa38", "7879071201061030c4aa380000"] {
        assert_eq!(TimestampTz::decode(&unhex(raw)).unwrap().zone, Zone::UTC, "{raw}");
    }
    assert!(TimestampTz::decode(&unhex("7879071201061030c4aa38ff")).is_err());
    assert!(TimestampTz::decode(&unhex("7879071201061030c4aa38013c")).is_err());
}

#[test]
fn a_region_has_no_local_time_but_a_name() {
    let utc: DateTime = "2024-01-15 17:00:00".parse().unwrap();
    let value = TimestampTz { utc, zone: Zone::Region { id: 612 } };
    assert_eq!(value.local(), None);
    assert_eq!(value.zone.region_name(), Some("US/Eastern"));
    assert_eq!(value.to_string(), "2024-01-15 17:00:00 UTC (US/Eastern)");
    assert_eq!(Zone::Region { id: 8000 }.to_string(), "region 8000");
}

/// Any value that a DATE or TIMESTAMP column holds.
fn date_time() -> impl Strategy<Value = DateTime> {
    (-200_000_000_000i64..250_000_000_000, prop_oneof![Just(0), 0u32..1_000_000_000])
        .prop_map(|(seconds, nanosecond)| DateTime::from_unix(seconds, nanosecond).unwrap())
}

fn zone() -> impl Strategy<Value = Zone> {
    prop_oneof![
        (-959i16..=959).prop_map(Zone::Offset),
        (0u16..8192).prop_map(|id| Zone::Region { id })
    ]
}

proptest! {
    #[test]
    fn dates_come_back(value in date_time(), zone in zone(), shift in -959i32..=959) {
        let date = DateTime { nanosecond: 0, ..value };
        prop_assert_eq!(Value::decode(DbType::Date, &encoded(&Value::Date(value))), Ok(Value::Date(date)));
        let timestamp = Value::Timestamp(value);
        prop_assert_eq!(Value::decode(DbType::Timestamp, &encoded(&timestamp)), Ok(timestamp));
        let local = Value::TimestampLtz(value);
        prop_assert_eq!(Value::decode(DbType::TimestampLtz, &encoded(&local)), Ok(local));
        let zoned = Value::from(TimestampTz { utc: value, zone });
        prop_assert_eq!(Value::decode(DbType::TimestampTz, &encoded(&zoned)), Ok(zoned));
        prop_assert_eq!(value.to_string().parse::<DateTime>().unwrap(), value);
        prop_assert_eq!(DateTime::from_unix(value.unix_seconds(), value.nanosecond), Some(value));
        prop_assert_eq!(value.plus_minutes(shift).unwrap().plus_minutes(-shift), Some(value));
        if let Zone::Offset(offset) = zone {
            let zoned = TimestampTz { utc: value, zone };
            prop_assert_eq!(TimestampTz::from_local(zoned.local().unwrap(), offset), Some(zoned));
            prop_assert_eq!(zoned.to_string().parse::<TimestampTz>().unwrap(), zoned);
        }
    }

    #[test]
    fn dates_order_as_their_moments(a in date_time(), b in date_time()) {
        let moment = |value: DateTime| (value.unix_seconds(), value.nanosecond);
        prop_assert_eq!(a.cmp(&b), moment(a).cmp(&moment(b)));
    }

    #[test]
    fn intervals_come_back(
        months in -11_999_999_999i64..=11_999_999_999,
        nanoseconds in -86_400_000_000_000_000_000_000i128..=86_400_000_000_000_000_000_000
    ) {
        let ym = IntervalYm::from_total_months(months).unwrap();
        prop_assert_eq!(ym.total_months(), months);
        prop_assert_eq!(ym.to_string().parse::<IntervalYm>().unwrap(), ym);
        prop_assert_eq!(Value::decode(DbType::IntervalYm, &encoded(&ym.into())), Ok(ym.into()));
        let Some(ds) = IntervalDs::from_total_nanoseconds(nanoseconds) else {
            return Err(TestCaseError::fail("a thousand million days fit"));
        };
        prop_assert_eq!(ds.total_nanoseconds(), nanoseconds);
        prop_assert_eq!(ds.to_string().parse::<IntervalDs>().unwrap(), ds);
        prop_assert_eq!(Value::decode(DbType::IntervalDs, &encoded(&ds.into())), Ok(ds.into()));
    }
}

#[test]
fn text_of_intervals_is_checked() {
    for text in ["", "3", "3-12", "--3-1", "+3 1", "3-"] {
        assert!(text.parse::<IntervalYm>().is_err(), "{text:?}");
    }
    for text in ["", "5", "5 24:00:00", "5 1:60:00", "5 1:0:60", "5 1:2", "5 1:2:3.x", "+-5 1:2:3"]
    {
        assert!(text.parse::<IntervalDs>().is_err(), "{text:?}");
    }
    assert_eq!("0-5".parse::<IntervalYm>().unwrap().to_string(), "+00-05");
    assert_eq!("-5 1:2:3".parse::<IntervalDs>().unwrap().to_string(), "-05 01:02:03.000000");
}

#[test]
fn malformed_intervals_are_named() {
    let cases = [
        (DbType::IntervalYm, "80000003", "INTERVAL YEAR TO MONTH: months"),
        (DbType::IntervalYm, "8000000300", "INTERVAL YEAR TO MONTH: months"),
        (DbType::IntervalYm, "800000033c00", "INTERVAL YEAR TO MONTH"),
        (DbType::IntervalDs, "80000005003f3e875bca00", "INTERVAL DAY TO SECOND: hours"),
        (DbType::IntervalDs, "80000005403f3effffffff", "INTERVAL DAY TO SECOND: nanoseconds"),
        (DbType::IntervalDs, "80000005403f3e", "INTERVAL DAY TO SECOND: nanoseconds"),
    ];
    for (db_type, raw, field) in cases {
        match Value::decode(db_type, &unhex(raw)) {
            Err(DecodeError::Malformed(malformed)) => assert_eq!(malformed.field, field, "{raw}"),
            other => panic!("{raw}: {other:?}"),
        }
    }
}

// ---- the rest ----

#[test]
fn text_of_rowids_is_checked() {
    for text in
        ["", "AAAK6JAAEAAACGPAA", "AAAK6JAAEAAACGPAA=", "//////////////////", "AAAK6JAAEAAACGPAé"]
    {
        assert!(text.parse::<Rowid>().is_err(), "{text:?}");
    }
    for text in ["*A", "*BAEA_", "x"] {
        assert!(text.parse::<Urowid>().is_err(), "{text:?}");
    }
}

#[test]
fn booleans_look_at_the_last_byte() {
    for (raw, value) in [("0101", true), ("01", true), ("00", false), ("0100", false)] {
        assert_eq!(Value::decode(DbType::Boolean, &unhex(raw)), Ok(Value::Boolean(value)));
    }
    assert_eq!(hex(&encoded(&true.into())), "0101");
    assert_eq!(hex(&encoded(&false.into())), "00");
}

#[test]
fn no_bytes_are_null_in_every_scalar_type() {
    for db_type in DbType::ALL {
        assert_eq!(Value::decode(db_type, &[]), Ok(Value::Null), "{db_type}");
    }
    assert!(encoded(&Value::Null).is_empty());
    assert_eq!(Value::from(None::<i32>), Value::Null);
}

#[test]
fn types_that_are_not_scalar_are_refused() {
    for db_type in [DbType::Clob, DbType::Json, DbType::Vector, DbType::Object, DbType::Cursor] {
        assert!(Value::decode(db_type, &[1, 2, 3]).is_err(), "{db_type}");
    }
}

#[test]
fn a_value_is_rewritten_only_where_it_stays_the_same() {
    let as_type = |value: Value, db_type| {
        let mut out = Vec::new();
        value.encode_as(db_type, &mut out).map(|()| hex(&out))
    };
    let date: DateTime = "2013-01-02 10:06:49.5".parse().unwrap();
    assert_eq!(as_type("é".into(), DbType::Nchar).unwrap(), "00e9");
    assert_eq!(as_type("é".into(), DbType::Char).unwrap(), "c3a9");
    assert_eq!(as_type(Value::Timestamp(date), DbType::Date).unwrap(), "787101020b0732");
    assert_eq!(as_type(Value::Date(date), DbType::Timestamp).unwrap(), "787101020b07321dcd6500");
    assert_eq!(as_type(0.5f64.into(), DbType::Number).unwrap(), "c033");
    assert_eq!(as_type(5.into(), DbType::BinaryInteger).unwrap(), "c106");
    assert_eq!(as_type(Value::Null, DbType::Clob).unwrap(), "");
    let error = as_type("x".into(), DbType::Number).unwrap_err();
    assert!(error.to_string().contains("DB_TYPE_VARCHAR cannot be sent as DB_TYPE_NUMBER"));
    assert!(as_type(f64::NAN.into(), DbType::Number).is_err());
}

fn db_type() -> impl Strategy<Value = DbType> {
    prop::sample::select(DbType::ALL.as_slice())
}

proptest! {
    #[test]
    fn text_comes_back_in_both_character_sets(text in "\\PC{1,40}") {
        for db_type in [DbType::Varchar, DbType::Nvarchar] {
            let value = Value::from(text.as_str());
            let mut raw = Vec::new();
            value.encode_as(db_type, &mut raw).unwrap();
            prop_assert_eq!(Value::decode(db_type, &raw), Ok(value));
        }
    }

    #[test]
    fn floats_keep_every_bit(single in any::<f32>(), double in any::<f64>()) {
        let single = Value::from(single);
        prop_assert_eq!(Value::decode(DbType::BinaryFloat, &encoded(&single)), Ok(single));
        let double = Value::from(double);
        prop_assert_eq!(Value::decode(DbType::BinaryDouble, &encoded(&double)), Ok(double));
    }

    #[test]
    fn rowids_come_back(rba: u32, partition_id: u16, block: u32, slot: u16, key in prop::collection::vec(any::<u8>(), 1..40)) {
        let rowid = Rowid { rba, partition_id, block, slot };
        prop_assert_eq!(rowid.to_string().parse::<Rowid>().unwrap(), rowid);
        prop_assert_eq!(Value::decode(DbType::Rowid, &encoded(&rowid.into())), Ok(rowid.into()));
        let physical = Value::from(Urowid::from(rowid));
        prop_assert_eq!(Value::decode(DbType::Urowid, &encoded(&physical)), Ok(physical));
        let logical = Urowid::Logical([&[2], key.as_slice()].concat().into());
        prop_assert_eq!(logical.to_string().parse::<Urowid>().unwrap(), logical);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_what_decodes_comes_back(
        db_type in db_type(), raw in prop::collection::vec(any::<u8>(), 0..40)
    ) {
        if let Ok(value) = Value::decode(db_type, &raw) {
            let _ = value.to_string();
            let mut again = Vec::new();
            value.encode_as(db_type, &mut again).unwrap();
            let value_again = Value::decode(db_type, &again).unwrap();
            // NaN is not equal to itself.
            prop_assert_eq!(value_again.to_string(), value.to_string());
        }
    }

    #[test]
    fn bytes_like_a_number_never_panic(head: u8, digits in prop::collection::vec(0u8..=103, 0..23)) {
        let raw = [&[head], digits.as_slice()].concat();
        if let Ok(number) = Number::decode(&raw) {
            prop_assert_eq!(Number::decode(number.as_bytes()), Ok(number));
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            prop_assert_eq!(number::decode_f64(&raw), Ok(number.to_f64()));
            prop_assert_eq!(number::decode_i64(&raw), Ok(number.to_i64()));
            let mut buffer = number::TextBuffer::default();
            prop_assert_eq!(number::decode_text(&raw, &mut buffer), Ok(&*number.to_string()));
            let _ = (number.to_i64(), number.to_i128(), number.round(3));
        }
    }
}

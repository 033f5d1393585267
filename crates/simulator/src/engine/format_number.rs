//! Format models of numbers: TO_CHAR, TO_NUMBER.

use super::error::{Result, plain};
use super::num::Num;

/// What a number format asks for.
#[derive(Default)]
struct Model {
    /// Digit places before the point, left to right: `9` or `0`, and group separators.
    whole: Vec<u8>,
    /// Digit places behind the point.
    fraction: usize,
    has_point: bool,
    fill: bool,
    currency: Option<&'static str>,
    sign: Sign,
    scientific: bool,
    blank_zero: bool,
    shift: usize,
}

#[derive(Default, PartialEq, Clone, Copy)]
enum Sign {
    #[default]
    Front,
    Leading,
    Trailing,
    TrailingMinus,
    Angle,
}

fn model(format: &str) -> Result<Model> {
    let mut model = Model::default();
    let upper = format.to_ascii_uppercase();
    let mut rest = upper.as_str();
    let bad = || plain(1481);
    let mut shifting = false;
    if let Some(tail) = rest.strip_prefix("FM") {
        model.fill = true;
        rest = tail;
    }
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '9' | '0' if shifting => model.shift += 1,
            '9' | '0' if model.has_point => model.fraction += 1,
            '9' | '0' => model.whole.push(first as u8),
            ',' | 'G' if !model.has_point => model.whole.push(b','),
            '.' | 'D' if !model.has_point => model.has_point = true,
            '$' => model.currency = Some("$"),
            'L' | 'C' | 'U' => model.currency = Some(if first == 'C' { "USD" } else { "$" }),
            'B' => model.blank_zero = true,
            'V' => shifting = true,
            'S' if model.sign == Sign::Front => {
                model.sign = if model.whole.is_empty() && !model.has_point {
                    Sign::Leading
                } else {
                    Sign::Trailing
                };
            }
            'M' if rest.starts_with("MI") => {
                model.sign = Sign::TrailingMinus;
                length = 2;
            }
            'P' if rest.starts_with("PR") => {
                model.sign = Sign::Angle;
                length = 2;
            }
            'E' if rest.starts_with("EEEE") => {
                model.scientific = true;
                length = 4;
            }
            _ => return Err(bad()),
        }
        rest = &rest[length..];
    }
    if model.whole.is_empty() && model.fraction == 0 {
        return Err(bad());
    }
    Ok(model)
}

/// TO_CHAR of a number.
pub(crate) fn format_number(number: Num, format: &str) -> Result<String> {
    let upper = format.to_ascii_uppercase();
    match upper.as_str() {
        "TM" | "TM9" => return Ok(number.to_string()),
        "TME" => return format_number(number, "9.999999999EEEE"),
        "RN" | "FMRN" => return Ok(roman(number, upper.starts_with("FM"), format)),
        _ => {}
    }
    let digits = upper.trim_start_matches("FM");
    if !digits.is_empty() && digits.bytes().all(|b| b == b'X' || b == b'0') && digits.contains('X')
    {
        return Ok(hexadecimal(number, digits, upper.starts_with("FM"), format));
    }
    let model = model(format)?;
    if model.scientific {
        return Ok(scientific(number, &model));
    }
    let mut number = number;
    for _ in 0..model.shift {
        number = number.mul(Num::from_i64(10)).map_err(|_| plain(1426))?;
    }
    let rounded = number.round(model.fraction as i32).map_err(|_| plain(1426))?;
    let (digits, point) = rounded.decimal();
    let places = model.whole.iter().filter(|c| **c != b',').count() + model.shift;
    let width = model.whole.len()
        + model.shift
        + usize::from(model.has_point)
        + model.fraction
        + model.currency.map_or(0, str::len)
        + match model.sign {
            Sign::Angle => 2,
            _ => 1,
        };
    if !rounded.is_zero() && point > places as i32 {
        return Ok("#".repeat(width));
    }
    let digit = |at: i32| -> u8 {
        let index = point - 1 - at;
        usize::try_from(index).ok().and_then(|i| digits.get(i)).map_or(b'0', |d| b'0' + d)
    };
    let mut whole = String::new();
    let mut started = false;
    let mut places_left = places as i32;
    let mut model_whole = model.whole.clone();
    model_whole.extend(std::iter::repeat_n(b'9', model.shift));
    let forced = model_whole.iter().position(|c| *c == b'0');
    for (index, place) in model_whole.iter().enumerate() {
        if *place == b',' {
            if started {
                whole.push(',');
            } else if !model.fill {
                whole.push(' ');
            }
            continue;
        }
        places_left -= 1;
        let value = digit(places_left);
        let last = places_left == 0;
        if value != b'0' || forced.is_some_and(|at| index >= at) {
            started = true;
        }
        if started {
            whole.push(char::from(value));
        } else if last && !(model.has_point && model.fraction > 0) {
            whole.push(if model.blank_zero && rounded.is_zero() { ' ' } else { '0' });
            started = true;
        } else if !model.fill {
            whole.push(' ');
        }
    }
    let mut text = String::new();
    text.push_str(&whole);
    if model.has_point {
        let mut fraction: String =
            (0..model.fraction).map(|at| char::from(digit(-1 - at as i32))).collect();
        if model.fill {
            let zeros =
                format.trim_end_matches(|c: char| !matches!(c, '0' | '9' | '.' | 'D' | 'd'));
            let forced = zeros
                .rfind('0')
                .filter(|at| zeros[*at..].len() <= model.fraction)
                .map_or(0, |at| model.fraction - (zeros.len() - 1 - at));
            while fraction.len() > forced && fraction.ends_with('0') {
                fraction.pop();
            }
        }
        text.push('.');
        text.push_str(&fraction);
    }
    let negative = rounded.is_negative();
    let blanks = text.len() - text.trim_start().len();
    let (pad, body) = text.split_at(blanks);
    let currency = model.currency.unwrap_or("");
    let signed = match model.sign {
        Sign::Front if negative => format!("{pad}-{currency}{body}"),
        Sign::Front if model.fill => format!("{currency}{body}"),
        Sign::Front => format!(" {pad}{currency}{body}"),
        Sign::Leading => format!("{pad}{}{currency}{body}", if negative { '-' } else { '+' }),
        Sign::Trailing => format!("{pad}{currency}{body}{}", if negative { '-' } else { '+' }),
        Sign::TrailingMinus => {
            let sign = if negative {
                "-"
            } else if model.fill {
                ""
            } else {
                " "
            };
            format!("{pad}{currency}{body}{sign}")
        }
        Sign::Angle if negative => format!("{pad}<{currency}{body}>"),
        Sign::Angle if model.fill => format!("{currency}{body}"),
        Sign::Angle => format!(" {pad}{currency}{body} "),
    };
    Ok(signed)
}

fn scientific(number: Num, model: &Model) -> String {
    let (digits, point) = number.decimal();
    let mut exponent = if digits.is_empty() { 0 } else { point - 1 };
    let mut kept: Vec<u8> = digits.iter().copied().take(model.fraction + 1).collect();
    kept.resize(model.fraction + 1, 0);
    if digits.get(model.fraction + 1).is_some_and(|d| *d >= 5) {
        let mut at = kept.len();
        loop {
            if at == 0 {
                kept.insert(0, 1);
                kept.pop();
                exponent += 1;
                break;
            }
            at -= 1;
            if kept[at] == 9 {
                kept[at] = 0;
            } else {
                kept[at] += 1;
                break;
            }
        }
    }
    let text: String = kept.iter().map(|d| char::from(b'0' + d)).collect();
    let sign = if number.is_negative() {
        "-"
    } else if model.fill {
        ""
    } else {
        " "
    };
    let pad = if model.fill { "" } else { " " };
    let point = if model.has_point { "." } else { "" };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{pad}{sign}{}{point}{}E{exponent_sign}{:02}", &text[..1], &text[1..], exponent.abs())
}

fn roman(number: Num, fill: bool, format: &str) -> String {
    const PARTS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let Some(mut value) = number.to_i64().filter(|n| (1..4000).contains(n)) else {
        return "#".repeat(15);
    };
    let mut text = String::new();
    for (size, letters) in PARTS {
        while value >= size {
            text.push_str(letters);
            value -= size;
        }
    }
    if format.ends_with("rn") {
        text = text.to_lowercase();
    }
    if fill { text } else { format!("{text:>15}") }
}

fn hexadecimal(number: Num, digits: &str, fill: bool, format: &str) -> String {
    let width = digits.len();
    let rounded = number.round(0).ok().and_then(Num::to_i64).filter(|n| *n >= 0);
    let Some(value) = rounded else { return "#".repeat(width + 1) };
    let mut text = format!("{value:X}");
    if text.len() > width {
        return "#".repeat(width + 1);
    }
    if digits.starts_with('0') {
        text = format!("{text:0>width$}");
    }
    if format.contains('x') {
        text = text.to_lowercase();
    }
    if fill { text } else { format!("{text:>width$}", width = width + 1) }
}

/// TO_NUMBER with a format.
pub(crate) fn parse_number(text: &str, format: &str) -> Result<Num> {
    let invalid = || plain(1722);
    let upper = format.to_ascii_uppercase();
    let digits = upper.trim_start_matches("FM");
    if !digits.is_empty() && digits.bytes().all(|b| b == b'X' || b == b'0') && digits.contains('X')
    {
        let value = i64::from_str_radix(text.trim(), 16).map_err(|_| invalid())?;
        return Ok(Num::from_i64(value));
    }
    let model = model(format)?;
    let mut body = text.trim().to_owned();
    let mut negative = false;
    if let Some(inner) = body.strip_prefix('<').and_then(|b| b.strip_suffix('>')) {
        negative = true;
        body = inner.to_owned();
    }
    if let Some(inner) = body.strip_suffix('-') {
        negative = true;
        body = inner.to_owned();
    } else if let Some(inner) = body.strip_suffix('+') {
        body = inner.to_owned();
    }
    if let Some(inner) = body.strip_prefix('-') {
        negative = true;
        body = inner.to_owned();
    }
    if let Some(currency) = model.currency {
        body = body.replacen(currency, "", 1);
    }
    if model.whole.contains(&b',') {
        body = body.replace(',', "");
    }
    let places = model.whole.iter().filter(|c| **c != b',').count();
    let (whole, fraction) = body.split_once('.').unwrap_or((&body, ""));
    let whole = whole.trim_start_matches(['+', ' ']);
    if !model.scientific && (whole.len() > places || fraction.len() > model.fraction) {
        return Err(invalid());
    }
    let number = Num::parse(&body).map_err(|_| invalid())?;
    Ok(if negative { number.neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_like_oracle() {
        for (number, format, text) in [
            ("1234.5", "9999.99", " 1234.50"),
            ("1234.5", "FM9999.99", "1234.5"),
            ("1234.5", "FM9999.00", "1234.50"),
            ("-1234.5", "9,999.9", "-1,234.5"),
            ("0.5", "9.99", "  .50"),
            ("0.5", "0.99", " 0.50"),
            ("0.5", "FM990.00", "0.50"),
            ("5", "000", " 005"),
            ("12345", "999", "####"),
            ("1234", "$9,999", " $1,234"),
            ("-5", "999MI", "  5-"),
            ("-5", "999PR", "  <5>"),
            ("5", "S999", "  +5"),
            ("255", "XX", " FF"),
            ("255", "FMxxxx", "ff"),
            ("1234", "9.99EEEE", "  1.23E+03"),
            ("14", "FMRN", "XIV"),
            ("0", "999", "   0"),
            ("1.5", "TM9", "1.5"),
        ] {
            let shown = format_number(Num::parse(number).unwrap(), format).unwrap();
            assert_eq!(shown, text, "{number} {format}");
        }
        assert_eq!(format_number(Num::ZERO, "abc").unwrap_err().number, 1481);
    }

    #[test]
    fn reads_formatted_numbers() {
        for (text, format, number) in [
            ("1,234.50", "9,999.99", "1234.5"),
            ("$12", "$99", "12"),
            ("5-", "9MI", "-5"),
            ("ff", "XX", "255"),
        ] {
            assert_eq!(parse_number(text, format).unwrap().to_string(), number, "{text}");
        }
        assert_eq!(parse_number("1x", "99").unwrap_err().number, 1722);
    }
}

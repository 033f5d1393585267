//! What a peer that does not speak TLS says instead.

use crate::failure::{Situation, TlsFailure};
use crate::remedy::Words;

/// Bytes that are kept of what a peer says first: enough for a refusal of a listener.
pub(crate) const KEPT: usize = 512;

/// Bytes of a TNS packet in front of its payload.
const TNS_HEADER: usize = 8;

/// Longest text of a peer that an error repeats, in characters.
const MAX_QUOTED: usize = 160;

/// What the peer is, by the first bytes that it sent.
pub(crate) fn explain(heard: &[u8], words: Words) -> TlsFailure {
    if let Some(detail) = tns(heard) {
        return TlsFailure::new(Situation::PlainTns, detail, words);
    }
    let line: &[u8] = heard.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or(heard);
    if line.starts_with(b"HTTP/") || line.starts_with(b"<") {
        let detail = format!("the peer speaks HTTP: it answered {:?}", quoted(line));
        return TlsFailure::new(Situation::Http, detail, words);
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    if line.len() >= 4 && line.iter().all(is_text) {
        let detail = format!("the peer greeted with {:?}, which is not TLS", quoted(line));
        return TlsFailure::new(Situation::Banner, detail, words);
    }
    let bytes: Vec<String> = heard.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let detail = format!("what the peer sent is not TLS: {}", bytes.join(" "));
    TlsFailure::new(Situation::NotTls, detail, words)
}

/// What a TNS packet says, if it is one: length, no checksum, a known type.
fn tns(heard: &[u8]) -> Option<String> {
    let (header, payload) = heard.split_at_checked(TNS_HEADER)?;
    let [high, low, 0, 0, packet_type, _flags, 0, 0] = *header else { return None };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < TNS_HEADER {
        return None;
    }
    let name = match packet_type {
        1 => "CONNECT",
        2 => "ACCEPT",
        4 => "REFUSE",
        5 => "REDIRECT",
        6 => "DATA",
        11 => "RESEND",
        12 => "MARKER",
        _ => return None,
    };
    let mut detail = format!("the listener answered with a plain TNS packet ({name})");
    // Two reasons and a length stand before the text of a refusal.
    if let ("REFUSE", Some(text)) = (name, payload.get(4..)) {
        let text = quoted(text.get(..length.saturating_sub(TNS_HEADER + 4)).unwrap_or(text));
        if !text.is_empty() {
            detail.push_str(&format!(": {text}"));
        }
    }
    Some(detail)
}

/// Foreign text, cut short, without control characters.
fn quoted(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|c| !c.is_control()).take(MAX_QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_known_by_what_it_says_first() {
        let refuse = b"\0\x2a\0\0\x04\0\0\0\x22\0\0\x1e(DESCRIPTION=(ERR=12547)(X=y))";
        for (heard, situation, says) in [
            (&refuse[..], Situation::PlainTns, "(REFUSE): (DESCRIPTION=(ERR=12547)(X=y))"),
            (b"\0\x08\0\0\x0b\x08\0\0", Situation::PlainTns, "TNS packet (RESEND)"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", Situation::Http, "\"HTTP/1.1 400 Bad Request\""),
            (b"SSH-2.0-OpenSSH_9.6\r\n", Situation::Banner, "\"SSH-2.0-OpenSSH_9.6\""),
            (b"220 mail ready\r\n", Situation::Banner, "220 mail ready"),
            (b"\0\x08\0\0\x63\0\0\0", Situation::NotTls, "00 08 00 00 63 00 00 00"),
            (b"\xff\xfe", Situation::NotTls, "ff fe"),
        ] {
            let failure = explain(heard, Words::Rust);
            assert_eq!(failure.situation, situation, "{failure}");
            assert!(failure.detail.contains(says), "{failure}");
            assert!(!failure.remedy.is_empty());
        }
    }
}

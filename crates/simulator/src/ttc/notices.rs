//! What a server tells without having been asked, in front of the end of an answer.

use oraedge::wire::Writer;

use super::message;
use super::put::ServerWriter;

/// python-oracledb: `TNS_SERVER_PIGGYBACK_OS_PID_MTS`.
const SERVER_PROCESS: u8 = 2;
/// python-oracledb: `TNS_SERVER_PIGGYBACK_SYNC`.
const SYNC: u8 = 5;

/// Writes the notice of which server process answers, as shared servers do (recorded:
/// `issue-goora-63-ping`).
pub fn put_server_process(writer: &mut Writer, process: &str) {
    writer.u8(message::SERVER_SIDE_PIGGYBACK);
    writer.u8(SERVER_PROCESS);
    writer.uint(process.len() as u64);
    writer.value(process.as_bytes());
}

/// Writes the notice of what a log-on's ALTER SESSION changed: the time zone, UTC here
/// (recorded: the end of `pyo4-fetch-df#0006`).
pub fn put_session_settings(writer: &mut Writer) {
    /// Keywords of the settings; which ones they are besides the time zone is not known.
    const TIME_ZONE: u64 = 163;
    const SETTING_170: u64 = 170;
    const SETTING_199: u64 = 199;
    /// UTC as servers write a session's time zone.
    const UTC: [u8; 11] = [0x80, 0, 0, 0, 60, 60, 60, 0x80, 0, 0, 0];
    writer.u8(message::SERVER_SIDE_PIGGYBACK);
    writer.u8(SYNC);
    writer.uint(1); // number of data types
    writer.u8(0x10);
    writer.uint(3); // number of settings
    writer.u8(0x16);
    put_setting(writer, &[], &UTC, TIME_ZONE);
    put_setting(writer, &[], &[0, 0, 0, 1, 0, 0, 0, 0x89], SETTING_170);
    put_setting(writer, b"NONE\0\0", &[], SETTING_199);
    writer.uint(0); // flags
}

/// Writes the notice of a sessionless transaction that is attached, detached or has ended: its
/// identifier, why, and the layout's version (recorded: `pyo4-sessionless`).
pub fn put_transaction_notice(writer: &mut Writer, id: &[u8], bits: u8) {
    const TRANSACTION_ID: u64 = 201;
    const VERSION: u8 = 1;
    writer.u8(message::SERVER_SIDE_PIGGYBACK);
    writer.u8(SYNC);
    writer.uint(1); // number of data types
    writer.u8(0x10);
    writer.uint(1); // number of settings
    writer.u8(0x16);
    put_setting(writer, &[], &[id, &[bits, VERSION]].concat(), TRANSACTION_ID);
    writer.uint(0); // flags
}

/// Writes a warning (python-oracledb: `_process_warning_info`).
pub fn put_warning(writer: &mut Writer, number: u32, text: &str) {
    writer.u8(message::WARNING);
    writer.uint(u64::from(number));
    writer.uint(text.len() as u64 + 1);
    writer.uint(0); // flags
    writer.value(format!("{text}\n").as_bytes());
}

fn put_setting(writer: &mut Writer, text: &[u8], binary: &[u8], keyword: u64) {
    writer.counted(text);
    writer.counted(binary);
    writer.uint(keyword);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Recordings, unhex};
    use crate::ttc::outcome::put_status;

    #[test]
    fn server_process_is_the_recorded_one() {
        let mut writer = Writer::new();
        put_server_process(&mut writer, "3244892");
        put_status(&mut writer, 1, 0x709c);
        assert_eq!(writer.as_slice(), unhex("17020107073332343438393209010102709c"));
    }

    #[test]
    fn session_settings_are_the_recorded_ones() {
        let Some(recordings) = Recordings::open() else { return };
        let packet = recordings.packet("pyo4-fetch-df", 6);
        let mut writer = Writer::new();
        put_session_settings(&mut writer);
        let recorded = writer.as_slice();
        assert!(packet.windows(recorded.len()).any(|bytes| bytes == recorded), "{recorded:02x?}");
    }
}

//! The releases that the simulator can pass for, and in what their servers differ.
//!
//! A figure marked "recorded" was taken from bytes that a server of that release sent
//! (`messages.jsonl` and the sessions of the recordings); the others lie between two recorded
//! neighbours or follow from the thresholds that the official drivers test.

use std::str::FromStr;

/// A release of Oracle Database that the simulator imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// 12.1.0.2: the oldest release that thin drivers accept. No 32k strings.
    V12_1,
    /// 12.2.0.1.
    V12_2,
    /// 18c, as the Express Edition container behaves.
    V18c,
    /// 19c.
    V19c,
    /// 21c.
    V21c,
    /// 23ai as first released: fast authentication, end of response.
    V23ai,
    /// 26ai (23.26): a field version above what today's drivers know.
    V26ai,
}

/// Accept flag: the server takes protocol, data types and log-on in one message
/// (python-oracledb: `TNS_ACCEPT_FLAG_FAST_AUTH`).
pub const ACCEPT_FLAG_FAST_AUTH: u32 = 0x1000_0000;
/// Accept flag: each answer ends with its own message
/// (python-oracledb: `TNS_ACCEPT_FLAG_HAS_END_OF_RESPONSE`).
pub const ACCEPT_FLAG_END_OF_RESPONSE: u32 = 0x0200_0000;
/// Accept flag that every recorded 23.26 server set besides; no driver tests it.
const ACCEPT_FLAG_23_26: u32 = 0x0800_0000;

/// Compile capabilities: index of the field version (python-oracledb: `TNS_CCAP_FIELD_VERSION`).
pub const CCAP_FIELD_VERSION: usize = 7;
/// Compile capabilities: index of the TTC4 bits (python-oracledb: `TNS_CCAP_TTC4`).
pub const CCAP_TTC4: usize = 40;
/// TTC4 bit: the end of an answer is marked (python-oracledb: `TNS_CCAP_END_OF_RESPONSE`).
pub const CCAP_TTC4_END_OF_RESPONSE: u8 = 0x20;

/// Field versions at which layouts change, as in python-oracledb's `TNS_CCAP_FIELD_VERSION_*`.
pub mod field_version {
    /// 12.1.
    pub const V12_1: u8 = 7;
    /// 12.2: column id in column metadata, SQL signature in executes.
    pub const V12_2: u8 = 8;
    /// 12.2 with chunk ids in executes.
    pub const V12_2_EXT1: u8 = 9;
    /// 18c: the digits of the version number are laid out anew.
    pub const V18_1_EXT1: u8 = 11;
    /// 19c.
    pub const V19_1: u8 = 12;
    /// 20c: SQL type and checksum at the end of an error message.
    pub const V20_1: u8 = 14;
    /// 21c.
    pub const V21_1: u8 = 16;
    /// 23ai: domains in column metadata, BOOLEAN in SQL.
    pub const V23_1: u8 = 17;
    /// 23ai: token numbers.
    pub const V23_1_EXT1: u8 = 18;
    /// 23ai: annotations in column metadata.
    pub const V23_1_EXT3: u8 = 20;
    /// 23.4: vectors in column metadata.
    pub const V23_4: u8 = 24;
    /// 23.26, recorded.
    pub const V23_26: u8 = 25;
}

impl Generation {
    /// Every generation, the oldest first.
    pub const ALL: [Generation; 7] = [
        Generation::V12_1,
        Generation::V12_2,
        Generation::V18c,
        Generation::V19c,
        Generation::V21c,
        Generation::V23ai,
        Generation::V26ai,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Generation::V12_1 => "12.1",
            Generation::V12_2 => "12.2",
            Generation::V18c => "18c",
            Generation::V19c => "19c",
            Generation::V21c => "21c",
            Generation::V23ai => "23ai",
            Generation::V26ai => "26ai",
        }
    }

    /// The highest TNS version that the listener accepts. 317 (18c) and 319 (23ai) are recorded;
    /// 315 is the lowest that thin drivers take (python-oracledb: `TNS_VERSION_MIN_ACCEPTED`).
    pub fn tns_version(self) -> u16 {
        match self {
            Generation::V12_1 => 315,
            Generation::V12_2 => 316,
            Generation::V18c => 317,
            Generation::V19c | Generation::V21c => 318,
            Generation::V23ai | Generation::V26ai => 319,
        }
    }

    /// The field version that the server announces.
    pub fn field_version(self) -> u8 {
        match self {
            Generation::V12_1 => field_version::V12_1,
            Generation::V12_2 => field_version::V12_2,
            Generation::V18c => field_version::V18_1_EXT1,
            Generation::V19c => field_version::V19_1,
            Generation::V21c => field_version::V21_1,
            Generation::V23ai => field_version::V23_4,
            Generation::V26ai => field_version::V23_26,
        }
    }

    /// Flags in ACCEPT from TNS version 318 on.
    pub fn accept_flags(self) -> u32 {
        match self {
            Generation::V23ai => ACCEPT_FLAG_FAST_AUTH | ACCEPT_FLAG_END_OF_RESPONSE,
            Generation::V26ai => {
                ACCEPT_FLAG_FAST_AUTH | ACCEPT_FLAG_END_OF_RESPONSE | ACCEPT_FLAG_23_26
            }
            _ => 0,
        }
    }

    /// Whether the listener asks for the CONNECT again before it accepts, as 11g and 18c Express
    /// Edition were recorded doing.
    pub fn resends(self) -> bool {
        self <= Generation::V18c
    }

    /// Compile capabilities. 18c, 23ai and 26ai are recorded.
    pub fn compile_capabilities(self) -> Vec<u8> {
        const V18C: [u8; 42] = [
            0x06, 0x01, 0x01, 0x01, 0x6f, 0x01, 0x01, 0x0b, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
            0x01, 0x7f, 0xff, 0x03, 0x0d, 0x03, 0x03, 0x01, 0x01, 0xff, 0x01, 0xff, 0xff, 0x01,
            0x0b, 0x01, 0x01, 0xff, 0x01, 0x06, 0x0a, 0x62, 0x01, 0x7f, 0x04, 0x00, 0x0f, 0x0d,
        ];
        const V26AI: [u8; 54] = [
            0x06, 0x01, 0x01, 0x01, 0xef, 0x0f, 0x01, 0x19, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
            0x01, 0x7f, 0xff, 0x03, 0x10, 0x03, 0x03, 0x01, 0x01, 0xff, 0x01, 0xff, 0xff, 0x01,
            0x0d, 0x01, 0x01, 0xff, 0x01, 0x06, 0x0c, 0xf6, 0x09, 0x7f, 0x05, 0x0f, 0xff, 0x0d,
            0x0b, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x01,
        ];
        let (base, patches): (&[u8], &[(usize, u8)]) = match self {
            Generation::V12_1 | Generation::V12_2 | Generation::V18c => (&V18C, &[]),
            Generation::V19c => (&V18C, &[(28, 0x0b), (34, 0x0b), (CCAP_TTC4, 0x1f)]),
            Generation::V21c => (&V18C, &[(28, 0x0c), (34, 0x0c), (CCAP_TTC4, 0x5f)]),
            Generation::V23ai => (&V26AI[..53], &[(28, 0x0c), (44, 0x1f), (51, 0x0c), (52, 0x01)]),
            Generation::V26ai => (&V26AI, &[]),
        };
        let mut capabilities = base.to_vec();
        for (index, value) in patches {
            capabilities[*index] = *value;
        }
        capabilities[CCAP_FIELD_VERSION] = self.field_version();
        capabilities
    }

    /// Run-time capabilities. 18c, 23ai and 26ai are recorded; 12.1 lacks the bit for 32k strings
    /// (python-oracledb: `TNS_RCAP_TTC_32K` in byte 6).
    pub fn runtime_capabilities(self) -> &'static [u8] {
        match self {
            Generation::V12_1 => &[0x02, 0x01, 0x00, 0x01, 0x18, 0x00, 0x03],
            Generation::V12_2 => &[0x02, 0x01, 0x00, 0x01, 0x18, 0x00, 0x0f],
            Generation::V18c | Generation::V19c => &[0x02, 0x01, 0x00, 0x01, 0x18, 0x00, 0x1f],
            Generation::V21c => &[0x02, 0x01, 0x00, 0x01, 0x18, 0x00, 0x7f],
            Generation::V23ai => &[0x02, 0x01, 0x00, 0x01, 0x18, 0x00, 0x7f, 0x01, 0, 0, 0, 0],
            Generation::V26ai => {
                &[0x02, 0x01, 0x00, 0x01, 0x18, 0x00, 0x7f, 0x01, 0x02, 0, 0, 0, 0]
            }
        }
    }

    /// The longest VARCHAR2 and RAW in SQL, in bytes.
    pub fn max_string_size(self) -> u32 {
        if self == Generation::V12_1 { 4000 } else { 32767 }
    }

    /// Whether SQL knows BOOLEAN.
    pub fn has_boolean(self) -> bool {
        self >= Generation::V23ai
    }

    /// The server flags in the protocol answer. 1 (18c) and 35 (23ai) are recorded.
    pub fn server_flags(self) -> u8 {
        if self >= Generation::V21c { 0x23 } else { 0x01 }
    }

    /// Release, update and so on: `23.26.1.0.0`.
    pub fn version(self) -> [u8; 5] {
        match self {
            Generation::V12_1 => [12, 1, 0, 2, 0],
            Generation::V12_2 => [12, 2, 0, 1, 0],
            Generation::V18c => [18, 14, 0, 0, 0],
            Generation::V19c => [19, 23, 0, 0, 0],
            Generation::V21c => [21, 3, 0, 0, 0],
            Generation::V23ai => [23, 9, 0, 25, 7],
            Generation::V26ai => [23, 26, 1, 0, 0],
        }
    }

    /// [`Generation::version`] as one number. 18c laid the digits out anew.
    pub fn version_number(self) -> u32 {
        let [release, update, revision, increment, extension] = self.version().map(u32::from);
        if self >= Generation::V18c {
            release << 24 | update << 16 | revision << 12 | increment << 4 | extension
        } else {
            release << 24 | update << 20 | revision << 12 | increment << 8 | extension
        }
    }

    /// What follows the product's name in the log-on answer (`AUTH_VERSION_STRING`).
    pub fn version_text(self) -> &'static str {
        match self {
            Generation::V12_1 | Generation::V12_2 => "- 64bit Production",
            Generation::V18c | Generation::V19c | Generation::V21c => "- Production",
            Generation::V23ai | Generation::V26ai => "- Develop, Learn, and Run for Free",
        }
    }

    /// The SQL version of the log-on answer (`AUTH_VERSION_SQL`); 26 is recorded for 23.26.
    pub fn sql_version(self) -> u8 {
        match self {
            Generation::V12_1 => 22,
            Generation::V12_2 => 23,
            Generation::V18c | Generation::V19c => 24,
            Generation::V21c => 25,
            Generation::V23ai | Generation::V26ai => 26,
        }
    }
}

impl FromStr for Generation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Generation::ALL.into_iter().find(|generation| generation.name() == name).ok_or_else(|| {
            let known = Generation::ALL.map(Generation::name).join(", ");
            format!("no generation is called {name:?}; there are {known}")
        })
    }
}

impl std::fmt::Display for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_number_of_23_26_is_the_recorded_one() {
        // AUTH_VERSION_NO of pyo4-fetch-df#0006.
        assert_eq!(Generation::V26ai.version_number(), 387_584_000);
    }

    #[test]
    fn every_name_parses_to_its_generation() {
        for generation in Generation::ALL {
            assert_eq!(generation.name().parse(), Ok(generation));
        }
        assert!("11g".parse::<Generation>().is_err());
    }

    #[test]
    fn drivers_can_read_the_ttc4_byte_of_every_generation() {
        for generation in Generation::ALL {
            let capabilities = generation.compile_capabilities();
            assert!(capabilities.len() > CCAP_TTC4, "{generation}");
            let marks = capabilities[CCAP_TTC4] & CCAP_TTC4_END_OF_RESPONSE != 0;
            assert_eq!(marks, generation >= Generation::V23ai, "{generation}");
        }
    }
}

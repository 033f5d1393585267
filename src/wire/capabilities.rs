//! What client and server tell each other that they can do, and what follows from it.
//!
//! Indices and bits: python-oracledb thin/constants.pxi (`TNS_CCAP_*`, `TNS_RCAP_*`). The client's
//! own arrays equal those of the recorded python-oracledb 4.0.1 sessions.

/// Field versions: they decide each message's layout. The lower of both sides' holds.
pub mod field_version {
    /// Oracle Database 12.1, the oldest that thin clients speak with.
    pub const V12_1: u8 = 7;
    /// 12.2.
    pub const V12_2: u8 = 8;
    /// 12.2 with its first extension.
    pub const V12_2_EXT1: u8 = 9;
    /// 18.1 with its extension; what 18c sends.
    pub const V18_1_EXT1: u8 = 11;
    /// 19.1.
    pub const V19_1: u8 = 12;
    /// 19.1 with its extension; what fast authentication presumes before it knows better.
    pub const V19_1_EXT1: u8 = 13;
    /// 20.1.
    pub const V20_1: u8 = 14;
    /// 21.1.
    pub const V21_1: u8 = 16;
    /// 23.1.
    pub const V23_1: u8 = 17;
    /// 23.1, first extension: calls carry a token number.
    pub const V23_1_EXT1: u8 = 18;
    /// 23.1, third extension: annotations in describe.
    pub const V23_1_EXT3: u8 = 20;
    /// 23.4: vectors.
    pub const V23_4: u8 = 24;
    /// The newest that this crate writes and reads.
    pub const MAX: u8 = V23_4;
}

/// The character set that this crate always asks for.
pub const CHARSET_AL32UTF8: u16 = 873;
/// The national character set that every supported database has unless it was changed.
pub const CHARSET_AL16UTF16: u16 = 2000;

/// The lowest TNS version that carries four-byte packet lengths, and the lowest accepted (12.1).
pub const TNS_VERSION_MIN_ACCEPTED: u16 = 315;
/// The TNS version that this crate asks for.
pub const TNS_VERSION_DESIRED: u16 = 319;
/// The lowest TNS version that CONNECT names.
pub const TNS_VERSION_MINIMUM: u16 = 300;
/// From this TNS version on, ACCEPT ends with a second set of flags.
pub const TNS_VERSION_MIN_FLAGS2: u16 = 318;
/// From this TNS version on, an answer's end may be marked.
pub const TNS_VERSION_MIN_END_OF_RESPONSE: u16 = 319;

/// Positions in the compile-time capabilities.
pub mod compile_cap {
    /// The field version.
    pub const FIELD_VERSION: usize = 7;
    /// Explicit request boundaries, end of response, in-band notification.
    pub const TTC4: usize = 40;
    /// Vectors, tokens, pipelining, sessionless transactions.
    pub const TTC5: usize = 44;
}

/// [`compile_cap::TTC4`]: the last message of an answer is END_OF_RESPONSE.
const TTC4_END_OF_RESPONSE: u8 = 0x20;
/// [`compile_cap::TTC4`]: the server understands request boundaries.
const TTC4_EXPLICIT_BOUNDARY: u8 = 0x40;

/// [`compile_cap::TTC5`]: sessionless transactions.
const TTC5_SESSIONLESS_TRANSACTIONS: u8 = 0x20;

/// Positions in the run-time capabilities.
pub mod runtime_cap {
    /// 32k strings, session state operations.
    pub const TTC: usize = 6;
}

/// [`runtime_cap::TTC`]: VARCHAR2 and RAW may have 32,767 bytes.
const TTC_32K: u8 = 0x04;
/// [`runtime_cap::TTC`]: the session state piggyback works.
const TTC_SESSION_STATE_OPS: u8 = 0x10;

/// ACCEPT's second flags: fast authentication works.
const ACCEPT_FAST_AUTH: u32 = 0x1000_0000;
/// ACCEPT's second flags: the end of an answer is marked.
const ACCEPT_END_OF_RESPONSE: u32 = 0x0200_0000;

/// The client's compile-time capabilities, before anything was negotiated: (position, value).
const CLIENT_COMPILE_CAPS: [(usize, u8); 25] = [
    (0, 6),                                // SQL version
    (4, 0x08 | 0x02 | 0x20 | 0x40 | 0x80), // log-on types: O5LOGON ... long password
    (5, 0x08 | 0x10),                      // implicit pool, OAuth message on error
    (compile_cap::FIELD_VERSION, field_version::MAX),
    (8, 1),                                        // the server converts defines
    (9, 1),                                        // dequeue with selector
    (15, 0x20 | 0x01 | 0x08),                      // bit vectors, end of call status, indicators
    (16, 0x10 | 0x80),                             // session propagation, context piggyback
    (17, 3),                                       // type description version
    (18, 7),                                       // RPC version
    (19, 3),                                       // RPC signature
    (21, 1),                                       // database format
    (23, 0x01 | 0x02 | 0x40 | 0x08 | 0x80 | 0x04), // LOBs
    (26, 0x04),                                    // zero-length values as null
    (27, 1),                                       // two-byte data types
    (31, 0x10),                                    // DRCP
    (34, 12),                                      // highest client function
    (35, 0x20),                                    // OCS sync
    (37, 0x10 | 0x20 | 0x80 | 0x08),               // implicit results, big chunks, LTXID
    (39, field_version::V12_2),                    // session signature
    (compile_cap::TTC4, 0x04 | TTC4_EXPLICIT_BOUNDARY),
    (42, 0x01 | 0x04), // LOBs: quasi locators, 2 GB prefetch
    // Vectors, tokens, pipelining.
    (compile_cap::TTC5, 0x08 | 0x02 | 0x04 | 0x10 | TTC5_SESSIONLESS_TRANSACTIONS),
    (45, 0x02),        // end-user security context
    (52, 0x01 | 0x02), // binary and sparse vectors
];
const CLIENT_COMPILE_CAPS_LENGTH: usize = 53;
const CLIENT_RUNTIME_CAPS: [u8; 11] = [2, 0, 0, 0, 0, 0, 0x01 | TTC_32K, 0, 0, 0, 0];

/// What holds on one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The TNS version that ACCEPT named.
    pub protocol_version: u16,
    /// The lower of client's and server's field version.
    pub field_version: u8,
    /// Session data unit: the longest packet, in bytes.
    pub sdu: usize,
    /// Protocol negotiation, data types and the first log-on step may travel together.
    pub fast_auth: bool,
    /// The last message of an answer is END_OF_RESPONSE.
    pub end_of_response: bool,
    /// The longest VARCHAR2 or RAW that is not sent as LONG, in bytes: 4,000 or 32,767.
    pub max_string_size: usize,
    /// The database's character set.
    pub charset_id: u16,
    /// The database's national character set.
    pub ncharset_id: u16,
    /// The server understands request boundaries.
    pub request_boundaries: bool,
    /// The server is new enough to know sessionless transactions.
    pub sessionless_transactions: bool,
    /// What the client sends.
    compile_caps: Vec<u8>,
}

impl Default for Capabilities {
    fn default() -> Self {
        let mut compile_caps = vec![0; CLIENT_COMPILE_CAPS_LENGTH];
        for (position, value) in CLIENT_COMPILE_CAPS {
            if let Some(cap) = compile_caps.get_mut(position) {
                *cap = value;
            }
        }
        Capabilities {
            protocol_version: 0,
            field_version: field_version::MAX,
            sdu: 8192,
            fast_auth: false,
            end_of_response: false,
            max_string_size: 4000,
            charset_id: CHARSET_AL32UTF8,
            ncharset_id: CHARSET_AL16UTF16,
            request_boundaries: false,
            sessionless_transactions: false,
            compile_caps,
        }
    }
}

impl Capabilities {
    /// Takes in what ACCEPT said.
    pub fn accept(&mut self, protocol_version: u16, sdu: usize, flags2: u32) {
        self.protocol_version = protocol_version;
        self.sdu = sdu;
        self.fast_auth = flags2 & ACCEPT_FAST_AUTH != 0;
        self.end_of_response = protocol_version >= TNS_VERSION_MIN_END_OF_RESPONSE
            && flags2 & ACCEPT_END_OF_RESPONSE != 0;
        if self.end_of_response
            && let Some(cap) = self.compile_caps.get_mut(compile_cap::TTC4)
        {
            *cap |= TTC4_END_OF_RESPONSE;
        }
    }

    /// Takes in what the server's answer to protocol negotiation said.
    pub fn negotiate(&mut self, server_compile_caps: &[u8], server_runtime_caps: &[u8]) {
        let compile = |at: usize| server_compile_caps.get(at).copied().unwrap_or_default();
        let runtime = |at: usize| server_runtime_caps.get(at).copied().unwrap_or_default();
        let server_version = compile(compile_cap::FIELD_VERSION);
        self.field_version = field_version::MAX.min(server_version);
        if let Some(cap) = self.compile_caps.get_mut(compile_cap::FIELD_VERSION) {
            *cap = self.field_version;
        }
        let ttc = runtime(runtime_cap::TTC);
        self.max_string_size = if ttc & TTC_32K != 0 { 32767 } else { 4000 };
        self.request_boundaries = compile(compile_cap::TTC4) & TTC4_EXPLICIT_BOUNDARY != 0
            && ttc & TTC_SESSION_STATE_OPS != 0;
        // The official drivers do not look at the server's own flag (TTC5) either: a 23ai server that
        // does not know these calls yet says so itself.
        self.sessionless_transactions = self.field_version >= field_version::V23_1;
    }

    /// The compile-time capabilities that the client sends.
    pub fn client_compile_caps(&self) -> &[u8] {
        &self.compile_caps
    }

    /// The run-time capabilities that the client sends.
    pub fn client_runtime_caps(&self) -> &'static [u8] {
        &CLIENT_RUNTIME_CAPS
    }
}

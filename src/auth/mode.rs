//! The flags of a log-on message: with which privilege, and what the message carries.
//!
//! The values are those of `TNS_AUTH_MODE_*` in python-oracledb's thin/constants.pxi.

/// With which administrative privilege to log on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMode {
    /// An ordinary session.
    #[default]
    Default,
    /// `AS SYSDBA`.
    SysDba,
    /// `AS SYSOPER`.
    SysOper,
    /// `AS SYSASM`: administration of an ASM instance.
    SysAsm,
    /// `AS SYSBACKUP`: backup and recovery.
    SysBackup,
    /// `AS SYSDG`: Data Guard.
    SysDg,
    /// `AS SYSKM`: key management of transparent data encryption.
    SysKm,
    /// `AS SYSRAC`: administration of a cluster.
    SysRac,
}

impl AuthMode {
    /// The bit of this privilege in the log-on messages; 0 for [`AuthMode::Default`].
    ///
    /// Phase one sends it with [`LOGON`], phase two with [`LOGON`] and [`WITH_PASSWORD`] as well.
    pub fn wire_bits(self) -> u32 {
        match self {
            AuthMode::Default => 0,
            AuthMode::SysDba => 0x0000_0020,
            AuthMode::SysOper => 0x0000_0040,
            AuthMode::SysAsm => 0x0040_0000,
            AuthMode::SysBackup => 0x0100_0000,
            AuthMode::SysDg => 0x0200_0000,
            AuthMode::SysKm => 0x0400_0000,
            AuthMode::SysRac => 0x0800_0000,
        }
    }

    /// The privilege that a client asked for. Where it asked for more than one, the first in the
    /// order of this type counts.
    pub fn from_wire_bits(bits: u32) -> Self {
        [
            AuthMode::SysDba,
            AuthMode::SysOper,
            AuthMode::SysAsm,
            AuthMode::SysBackup,
            AuthMode::SysDg,
            AuthMode::SysKm,
            AuthMode::SysRac,
        ]
        .into_iter()
        .find(|mode| bits & mode.wire_bits() != 0)
        .unwrap_or_default()
    }
}

/// A session is wanted. Absent when the message only changes the password.
pub const LOGON: u32 = 0x0000_0001;
/// The message carries `AUTH_NEWPASSWORD`.
pub const CHANGE_PASSWORD: u32 = 0x0000_0002;
/// The message carries `AUTH_PASSWORD` (phase two of a password log-on).
pub const WITH_PASSWORD: u32 = 0x0000_0100;
/// The message carries a token with a proof of possession (`AUTH_HEADER`, `AUTH_SIGNATURE`).
pub const IAM_TOKEN: u32 = 0x2000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_privilege_survives_the_wire() {
        for mode in [
            AuthMode::Default,
            AuthMode::SysDba,
            AuthMode::SysOper,
            AuthMode::SysAsm,
            AuthMode::SysBackup,
            AuthMode::SysDg,
            AuthMode::SysKm,
            AuthMode::SysRac,
        ] {
            let bits = mode.wire_bits() | LOGON | WITH_PASSWORD;
            assert_eq!(AuthMode::from_wire_bits(bits), mode);
        }
    }
}

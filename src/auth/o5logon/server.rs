//! The server's side: verifiers, challenges, and the check of a client's answer.
//!
//! For servers that speak this protocol, such as the simulator, and for the tests of the client's
//! side.

use zeroize::{Zeroize, Zeroizing};

use super::challenge::{Challenge, VerifierType, hex};
use super::cipher::{
    BLOCK, ComboKey, MD5_SESSION_KEY, PBKDF2_SESSION_KEY, decrypt, decrypt_blocks, encrypt,
    encrypt_blocks,
};
use super::client::upper_hex;
use super::{SERVER_PROOF, verifier_11g, verifier_12c};
use crate::auth::Secret;
use crate::{Error, Result};

/// Longest `AUTH_PASSWORD` that is taken, in bytes: Oracle's passwords end at 1024 bytes.
const MAX_PASSWORD: usize = 1024 + 2 * BLOCK;

/// Number of padding bytes behind the 40 random ones of a half that is mixed with MD5.
const MD5_PADDING: u8 = 8;

/// What a database stores of an account's password.
#[derive(Clone)]
pub enum Verifier {
    /// SHA-1 and salt.
    Oracle11g {
        /// SHA-1 over password and salt.
        hash: Zeroizing<[u8; verifier_11g::HASH_LENGTH]>,
        /// Random bytes.
        salt: [u8; verifier_11g::SALT_LENGTH],
    },
    /// PBKDF2, SHA-512 and salt.
    Oracle12c {
        /// SHA-512 over the password's PBKDF2 key and the salt.
        hash: Zeroizing<[u8; verifier_12c::HASH_LENGTH]>,
        /// Random bytes.
        salt: [u8; verifier_12c::SALT_LENGTH],
    },
}

impl Verifier {
    /// Makes an 11G verifier.
    pub fn new_11g(password: &Secret, salt: [u8; verifier_11g::SALT_LENGTH]) -> Self {
        Verifier::Oracle11g { hash: verifier_11g::hash(password.expose(), &salt), salt }
    }

    /// Makes a 12C verifier, with [`verifier_12c::ITERATIONS`] rounds.
    pub fn new_12c(password: &Secret, salt: [u8; verifier_12c::SALT_LENGTH]) -> Self {
        let key = verifier_12c::password_key(password.expose(), &salt, verifier_12c::ITERATIONS);
        Verifier::Oracle12c { hash: verifier_12c::hash(&key, &salt), salt }
    }

    /// The form of SYS.USER$.SPARE4: `S:` or `T:`, and hash and salt in hexadecimal.
    pub fn to_stored(&self) -> String {
        match self {
            Verifier::Oracle11g { hash, salt } => {
                format!("S:{}{}", upper_hex(hash.as_slice()), upper_hex(salt))
            }
            Verifier::Oracle12c { hash, salt } => {
                format!("T:{}{}", upper_hex(hash.as_slice()), upper_hex(salt))
            }
        }
    }

    /// Reads the form of SYS.USER$.SPARE4.
    ///
    /// # Errors
    /// [`Error::Misuse`] for anything else.
    pub fn from_stored(text: &str) -> Result<Self> {
        let read = || {
            let (kind, digits) = text.split_once(':')?;
            let bytes = Zeroizing::new(base16ct::mixed::decode_vec(digits).ok()?);
            match kind {
                "S" => {
                    let (hash, salt) = bytes.split_first_chunk()?;
                    Some(Verifier::Oracle11g {
                        hash: Zeroizing::new(*hash),
                        salt: salt.try_into().ok()?,
                    })
                }
                "T" => {
                    let (hash, salt) = bytes.split_first_chunk()?;
                    Some(Verifier::Oracle12c {
                        hash: Zeroizing::new(*hash),
                        salt: salt.try_into().ok()?,
                    })
                }
                _ => None,
            }
        };
        read().ok_or_else(|| {
            Error::misuse(
                "not a stored verifier",
                "expected S: with 60 hexadecimal digits or T: with 160",
            )
        })
    }

    /// Whether the password is the one that this was made of.
    pub fn matches(&self, password: &Secret) -> bool {
        match self {
            Verifier::Oracle11g { hash, salt } => {
                verifier_11g::hash(password.expose(), salt) == *hash
            }
            Verifier::Oracle12c { salt, .. } => {
                let iterations = verifier_12c::ITERATIONS;
                let key = verifier_12c::password_key(password.expose(), salt, iterations);
                self.matches_key(&key)
            }
        }
    }

    fn matches_key(&self, key: &[u8; verifier_12c::KEY_LENGTH]) -> bool {
        match self {
            Verifier::Oracle11g { .. } => false,
            Verifier::Oracle12c { hash, salt } => verifier_12c::hash(key, salt) == *hash,
        }
    }

    fn cipher_key(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Verifier::Oracle11g { hash, .. } => verifier_11g::session_cipher_key(hash),
            Verifier::Oracle12c { hash, .. } => verifier_12c::session_cipher_key(hash),
        }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(redacted)")
    }
}

/// How the combo key is made of the two halves; the server decides, by the length of its half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mixing {
    /// MD5, as 11.2 does; for 11G verifiers.
    Md5,
    /// PBKDF2, as 12.1 and later do.
    #[default]
    Pbkdf2,
}

/// The random bytes of one log-on. They must be unpredictable and new for each log-on.
#[derive(Clone)]
pub struct ServerEntropy {
    /// The server's half of the session key, as far as its length goes.
    pub session_key: [u8; 48],
    /// `AUTH_PBKDF2_CSK_SALT`.
    pub combo_salt: [u8; 16],
    /// What goes in front of the proof before it is encrypted.
    pub proof_salt: [u8; 16],
}

impl ServerEntropy {
    /// Draws all of it, in the order of the fields.
    pub fn draw(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut entropy =
            ServerEntropy { session_key: [0; 48], combo_salt: [0; 16], proof_salt: [0; 16] };
        random(&mut entropy.session_key);
        random(&mut entropy.combo_salt);
        random(&mut entropy.proof_salt);
        entropy
    }
}

impl Drop for ServerEntropy {
    fn drop(&mut self) {
        self.session_key.zeroize();
    }
}

impl std::fmt::Debug for ServerEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerEntropy(redacted)")
    }
}

/// One log-on, from the challenge to the proof.
pub struct ServerLogon {
    verifier: Verifier,
    challenge: Challenge,
    server_half: Zeroizing<Vec<u8>>,
    proof_salt: [u8; 16],
}

impl ServerLogon {
    /// Starts a log-on to an account with this verifier.
    ///
    /// For a name that no account has, make a verifier of random bytes, so that the answer does not
    /// tell.
    ///
    /// # Errors
    /// None that a [`Verifier`] can cause; the signature is that of the cipher.
    pub fn start(verifier: &Verifier, mixing: Mixing, entropy: &ServerEntropy) -> Result<Self> {
        let random = entropy.session_key.iter().copied();
        let server_half = Zeroizing::new(match mixing {
            Mixing::Md5 => {
                let padding = usize::from(MD5_PADDING);
                random
                    .take(MD5_SESSION_KEY - padding)
                    .chain(std::iter::repeat_n(MD5_PADDING, padding))
                    .collect::<Vec<u8>>()
            }
            Mixing::Pbkdf2 => random.take(PBKDF2_SESSION_KEY).collect(),
        });
        let (verifier_type, salt, verifier_iterations) = match verifier {
            Verifier::Oracle11g { salt, .. } => (VerifierType::Oracle11g, salt.to_vec(), 0),
            Verifier::Oracle12c { salt, .. } => {
                (VerifierType::Oracle12c, salt.to_vec(), verifier_12c::ITERATIONS)
            }
        };
        let (combo_salt, combo_iterations) = match mixing {
            Mixing::Md5 => (None, 0),
            Mixing::Pbkdf2 => (Some(entropy.combo_salt.to_vec()), verifier_12c::COMBO_ITERATIONS),
        };
        let challenge = Challenge {
            verifier_type,
            verifier_salt: salt,
            session_key: encrypt_blocks(&verifier.cipher_key(), &server_half)?,
            combo_salt,
            verifier_iterations,
            combo_iterations,
        };
        let proof_salt = entropy.proof_salt;
        Ok(ServerLogon { verifier: verifier.clone(), challenge, server_half, proof_salt })
    }

    /// The return parameters of phase one, in the order of real servers: name, text, flag.
    pub fn parameters(&self) -> Vec<(&'static str, String, u32)> {
        let challenge = &self.challenge;
        let flag = challenge.verifier_type.to_wire();
        let mut parameters = vec![
            ("AUTH_SESSKEY", upper_hex(&challenge.session_key), 0),
            ("AUTH_VFR_DATA", upper_hex(&challenge.verifier_salt), flag),
        ];
        if let Some(salt) = &challenge.combo_salt {
            parameters.push(("AUTH_PBKDF2_CSK_SALT", upper_hex(salt), 0));
        }
        // Sent with an 11G verifier as well, which does not use it.
        if challenge.combo_salt.is_some() || challenge.verifier_iterations > 0 {
            let iterations = verifier_12c::ITERATIONS;
            parameters.push(("AUTH_PBKDF2_VGEN_COUNT", iterations.to_string(), 0));
        }
        if challenge.combo_salt.is_some() {
            let iterations = challenge.combo_iterations;
            parameters.push(("AUTH_PBKDF2_SDER_COUNT", iterations.to_string(), 0));
        }
        parameters
    }

    /// Checks what the client sent in phase two. `parameter` looks one up by its name.
    ///
    /// With `AUTH_PBKDF2_SPEEDY_KEY` in it, that key is what proves the password, as it spares the
    /// 4096 rounds; [`Accepted::password`] was not compared then, and whoever knows the password
    /// can see whether a client encrypts it well. Without it, the password is.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn check<'a>(
        &self,
        parameter: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Accepted, Denied> {
        let session_key = parameter("AUTH_SESSKEY").ok_or(Denied::Missing("AUTH_SESSKEY"))?;
        let session_key = decode("AUTH_SESSKEY", session_key, self.server_half.len())?;
        if session_key.len() != self.server_half.len() {
            return Err(Denied::Malformed("AUTH_SESSKEY"));
        }
        let client_half = decrypt_blocks(&self.verifier.cipher_key(), &session_key)
            .map_err(|_| Denied::Malformed("AUTH_SESSKEY"))?;
        let combo_key = ComboKey::derive(&self.challenge, &self.server_half, &client_half)
            .map_err(|_| Denied::Malformed("AUTH_SESSKEY"))?;
        let password = parameter("AUTH_PASSWORD").ok_or(Denied::Missing("AUTH_PASSWORD"))?;
        let password = decrypt_password(&combo_key, password)?;
        let proved = match parameter("AUTH_PBKDF2_SPEEDY_KEY") {
            Some(speedy_key) if self.challenge.verifier_type == VerifierType::Oracle12c => {
                self.verifier.matches_key(&*decrypt_speedy_key(&combo_key, speedy_key)?)
            }
            _ => self.verifier.matches(&password),
        };
        if !proved {
            return Err(Denied::WrongPassword);
        }
        let new_password = parameter("AUTH_NEWPASSWORD")
            .map(|text| decrypt_password(&combo_key, text))
            .transpose()?;
        let proof = server_proof(&combo_key, &self.proof_salt)
            .map_err(|_| Denied::Malformed("AUTH_SESSKEY"))?;
        Ok(Accepted { proof, password, new_password, combo_key })
    }
}

impl std::fmt::Debug for ServerLogon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerLogon").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}

/// A log-on that succeeded.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// `AUTH_SVR_RESPONSE`.
    pub proof: String,
    /// The password that the client sent.
    pub password: Secret,
    /// The password that the account is to have from now on.
    pub new_password: Option<Secret>,
    /// For a later change of the password ([`decrypt_password`]).
    pub combo_key: ComboKey,
}

/// Why a log-on is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// ORA-01017.
    #[error("the password is wrong")]
    WrongPassword,
    /// A parameter that must be there is not.
    #[error("the client sent no {0}")]
    Missing(&'static str),
    /// A parameter that no password explains.
    #[error("the client sent a malformed {0}")]
    Malformed(&'static str),
}

/// Decrypts `AUTH_PASSWORD` or `AUTH_NEWPASSWORD`.
///
/// # Errors
/// [`Denied::WrongPassword`] if the text was encrypted with another key, [`Denied::Malformed`] if
/// it cannot have been encrypted at all.
pub fn decrypt_password(combo_key: &ComboKey, text: &str) -> Result<Secret, Denied> {
    let encrypted = decode("AUTH_PASSWORD", text, MAX_PASSWORD)?;
    if encrypted.is_empty() || !encrypted.len().is_multiple_of(BLOCK) {
        return Err(Denied::Malformed("AUTH_PASSWORD"));
    }
    let plain = decrypt(combo_key.expose(), &encrypted).map_err(|_| Denied::WrongPassword)?;
    let password = plain.get(BLOCK..).ok_or(Denied::WrongPassword)?;
    Ok(Secret::new(password.to_vec()))
}

fn decrypt_speedy_key(
    combo_key: &ComboKey,
    text: &str,
) -> Result<Zeroizing<[u8; verifier_12c::KEY_LENGTH]>, Denied> {
    const NAME: &str = "AUTH_PBKDF2_SPEEDY_KEY";
    let encrypted = decode(NAME, text, BLOCK + verifier_12c::KEY_LENGTH)?;
    let plain =
        decrypt_blocks(combo_key.expose(), &encrypted).map_err(|_| Denied::Malformed(NAME))?;
    let key = plain.get(BLOCK..).and_then(|key| key.try_into().ok());
    key.map(Zeroizing::new).ok_or(Denied::Malformed(NAME))
}

/// `AUTH_SVR_RESPONSE`: 16 random bytes, the proof, and a block of padding.
fn server_proof(combo_key: &ComboKey, salt: &[u8; 16]) -> Result<String> {
    let mut plain = Vec::with_capacity(2 * BLOCK);
    plain.extend_from_slice(salt);
    plain.extend_from_slice(SERVER_PROOF);
    Ok(upper_hex(&encrypt(combo_key.expose(), &plain)?))
}

fn decode(name: &'static str, text: &str, max: usize) -> Result<Vec<u8>, Denied> {
    hex(name, text, max).map_err(|_| Denied::Malformed(name))
}

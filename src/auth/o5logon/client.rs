//! The client's side: from a challenge and a password to what phase two sends.

use std::sync::{Arc, Mutex, PoisonError};

use zeroize::{Zeroize, Zeroizing};

use super::challenge::{Challenge, VerifierType, hex};
use super::cipher::{BLOCK, ComboKey, MD5_SESSION_KEY, decrypt_blocks, encrypt, encrypt_blocks};
use super::{SERVER_PROOF, verifier_11g, verifier_12c};
use crate::auth::Secret;
use crate::{Error, Result};

/// Longest `AUTH_SVR_RESPONSE` that is taken, in bytes. Real ones have 48.
const MAX_SERVER_PROOF: usize = 256;

/// The random bytes of one log-on. They must be unpredictable and new for each log-on.
#[derive(Clone)]
pub struct ClientEntropy {
    /// The client's half of the session key. Where the server's half has 32 bytes, so many are
    /// used.
    pub session_key: [u8; 48],
    /// What goes in front of the 12C password key before it is encrypted.
    pub speedy_salt: [u8; 16],
    /// What goes in front of the password, and of a new one, before they are encrypted.
    pub password_salt: [u8; 16],
}

impl ClientEntropy {
    /// Draws all of it, in the order of the fields.
    pub fn draw(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut entropy =
            ClientEntropy { session_key: [0; 48], speedy_salt: [0; 16], password_salt: [0; 16] };
        random(&mut entropy.session_key);
        random(&mut entropy.speedy_salt);
        random(&mut entropy.password_salt);
        entropy
    }
}

impl Drop for ClientEntropy {
    fn drop(&mut self) {
        self.session_key.zeroize();
    }
}

impl std::fmt::Debug for ClientEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientEntropy(redacted)")
    }
}

/// What the password and the account's verifier make together, apart from this log-on.
///
/// Deriving it is the expensive step for a 12C verifier. It can be used for further log-ons while
/// it [fits](PasswordKey::fits) their challenges; [`PasswordKeyCache`] sees to that.
#[derive(Clone)]
pub struct PasswordKey {
    verifier_type: VerifierType,
    salt: Vec<u8>,
    iterations: u32,
    /// `None` for 11G.
    speedy_key: Option<Zeroizing<[u8; verifier_12c::KEY_LENGTH]>>,
    cipher_key: Zeroizing<Vec<u8>>,
}

impl PasswordKey {
    /// Derives it.
    pub fn derive(challenge: &Challenge, password: &Secret) -> Self {
        let salt = &challenge.verifier_salt;
        let (speedy_key, cipher_key) = match challenge.verifier_type {
            VerifierType::Oracle11g | VerifierType::Oracle11gAlternate => {
                let hash = verifier_11g::hash(password.expose(), salt);
                (None, verifier_11g::session_cipher_key(&hash))
            }
            VerifierType::Oracle12c => {
                let key = verifier_12c::password_key(
                    password.expose(),
                    salt,
                    challenge.verifier_iterations,
                );
                let hash = verifier_12c::hash(&key, salt);
                (Some(key), verifier_12c::session_cipher_key(&hash))
            }
        };
        PasswordKey {
            verifier_type: challenge.verifier_type,
            salt: salt.clone(),
            iterations: challenge.verifier_iterations,
            speedy_key,
            cipher_key,
        }
    }

    /// Whether deriving it again for this challenge, from the same password, would give the same.
    /// It does until the password of the account is set again.
    pub fn fits(&self, challenge: &Challenge) -> bool {
        self.verifier_type == challenge.verifier_type
            && self.salt == challenge.verifier_salt
            && self.iterations == challenge.verifier_iterations
    }
}

impl std::fmt::Debug for PasswordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordKey(redacted)")
    }
}

/// Keeps the password key of the last log-on for the next one. Clones share it.
///
/// The key is as secret as the password, which whoever logs on again has to keep as well.
#[derive(Clone, Default)]
pub struct PasswordKeyCache(Arc<Mutex<Option<Kept>>>);

struct Kept {
    password: Secret,
    key: Arc<PasswordKey>,
}

impl PasswordKeyCache {
    /// The key for this challenge and password: the one of the last log-on if it still fits.
    pub fn key(&self, challenge: &Challenge, password: &Secret) -> Arc<PasswordKey> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |kept: &&Kept| kept.key.fits(challenge) && kept.password.expose() == password.expose();
        if let Some(kept) = kept.as_ref().filter(fits) {
            return kept.key.clone();
        }
        let key = Arc::new(PasswordKey::derive(challenge, password));
        *kept = Some(Kept { password: password.clone(), key: key.clone() });
        key
    }
}

impl std::fmt::Debug for PasswordKeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordKeyCache(redacted)")
    }
}

/// The parameters of phase two, in upper-case hexadecimal, and the key to check the reply with.
#[derive(Clone)]
pub struct Answer {
    /// `AUTH_SESSKEY`, sent with flag 1.
    pub session_key: String,
    /// `AUTH_PBKDF2_SPEEDY_KEY`; `None` for an 11G verifier, where it is not sent.
    pub speedy_key: Option<String>,
    /// `AUTH_PASSWORD`.
    pub password: String,
    /// `AUTH_NEWPASSWORD`, if the password is to be changed.
    pub new_password: Option<String>,
    /// For [`verify_server_proof`] and [`change_password`].
    pub combo_key: ComboKey,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(redacted)")
    }
}

/// Answers a challenge.
///
/// A wrong password is not noticed here: the server finds out, and says ORA-01017.
///
/// # Errors
/// [`Error::PeerMisbehaved`] if the challenge lacks what its combo key needs.
pub fn answer(
    challenge: &Challenge,
    password: &Secret,
    new_password: Option<&Secret>,
    entropy: &ClientEntropy,
) -> Result<Answer> {
    let key = PasswordKey::derive(challenge, password);
    answer_with_key(challenge, &key, password, new_password, entropy)
}

/// Answers a challenge with a password key that was derived before.
///
/// # Errors
/// [`Error::Misuse`] if the key was derived for another verifier ([`PasswordKey::fits`]), and those
/// of [`answer`].
pub fn answer_with_key(
    challenge: &Challenge,
    key: &PasswordKey,
    password: &Secret,
    new_password: Option<&Secret>,
    entropy: &ClientEntropy,
) -> Result<Answer> {
    if !key.fits(challenge) {
        return Err(Error::misuse(
            "the password key was derived for another verifier",
            "derive it again with PasswordKey::derive",
        ));
    }
    let server_half = decrypt_blocks(&key.cipher_key, &challenge.session_key)?;
    let client_half = entropy.session_key.get(..server_half.len()).ok_or_else(|| {
        Error::misbehaved(format!("AUTH_SESSKEY has more than {MD5_SESSION_KEY} bytes"))
    })?;
    let session_key = upper_hex(&encrypt_blocks(&key.cipher_key, client_half)?);
    let combo_key = ComboKey::derive(challenge, &server_half, client_half)?;
    // python-oracledb cuts the padding block off, hence whole blocks.
    let speedy_key = match &key.speedy_key {
        Some(speedy_key) => {
            let salted = salted(&entropy.speedy_salt, speedy_key.as_slice());
            Some(upper_hex(&encrypt_blocks(combo_key.expose(), &salted)?))
        }
        None => None,
    };
    let encrypted = |secret: &Secret| encrypt_password(&combo_key, secret, &entropy.password_salt);
    let password = encrypted(password)?;
    let new_password = new_password.map(encrypted).transpose()?;
    Ok(Answer { session_key, speedy_key, password, new_password, combo_key })
}

/// The parameters of a message that changes the password of a session that is logged on.
#[derive(Clone)]
pub struct ChangedPassword {
    /// `AUTH_PASSWORD`: the password so far.
    pub password: String,
    /// `AUTH_NEWPASSWORD`.
    pub new_password: String,
}

impl std::fmt::Debug for ChangedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChangedPassword(redacted)")
    }
}

/// Encrypts old and new password with the combo key of the log-on. `salt` is new random bytes.
///
/// # Errors
/// None that a [`ComboKey`] can cause; the signature is that of the cipher.
pub fn change_password(
    combo_key: &ComboKey,
    password: &Secret,
    new_password: &Secret,
    salt: &[u8; 16],
) -> Result<ChangedPassword> {
    Ok(ChangedPassword {
        password: encrypt_password(combo_key, password, salt)?,
        new_password: encrypt_password(combo_key, new_password, salt)?,
    })
}

/// Checks that the server knows the account's verifier, too.
///
/// `response` is the text of `AUTH_SVR_RESPONSE` in the reply to phase two; `None` if there was
/// none.
///
/// # Errors
/// [`Error::Auth`] if it is missing, or does not hold the server's proof.
pub fn verify_server_proof(combo_key: &ComboKey, response: Option<&str>) -> Result<()> {
    let not_proved = |why: &str| {
        Error::auth(
            format!("the server did not prove that it knows the password of the account: {why}"),
            "it may not be the database that it claims to be; check the host, the port and, for \
             TCPS, the certificate",
        )
    };
    let response = response.ok_or_else(|| not_proved("there is no AUTH_SVR_RESPONSE"))?;
    let encrypted = hex("AUTH_SVR_RESPONSE", response, MAX_SERVER_PROOF)?;
    let plain = decrypt_blocks(combo_key.expose(), &encrypted)
        .map_err(|_| not_proved("AUTH_SVR_RESPONSE is not made of whole blocks"))?;
    // Real servers put it into the second block; where it stands adds nothing to the proof.
    if !plain.chunks_exact(BLOCK).any(|block| block == SERVER_PROOF) {
        return Err(not_proved("AUTH_SVR_RESPONSE decrypts to something else"));
    }
    Ok(())
}

fn encrypt_password(combo_key: &ComboKey, password: &Secret, salt: &[u8; 16]) -> Result<String> {
    Ok(upper_hex(&encrypt(combo_key.expose(), &salted(salt, password.expose()))?))
}

fn salted(salt: &[u8; 16], secret: &[u8]) -> Zeroizing<Vec<u8>> {
    // Sized at once: growing would leave copies behind that nobody clears.
    let mut bytes = Zeroizing::new(Vec::with_capacity(salt.len() + secret.len()));
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(secret);
    bytes
}

pub(super) fn upper_hex(bytes: &[u8]) -> String {
    base16ct::upper::encode_string(bytes)
}

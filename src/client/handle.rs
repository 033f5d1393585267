//! Handles of suspended transactions: plain text that goes on in another process or language.
//!
//! The text is JSON with its fields in this order, and base64url without padding for bytes:
//!
//! ```json
//! {"v":1,"id":"dHgtMQ","database":"FREEPDB1#1385559638","timeout":60,"expiry":1795581660000}
//! ```
//!
//! Sealed, for a cookie or whatever else passes through hands that are not to be trusted, it is
//! `oh1.TEXT.MAC`, where TEXT is the JSON in base64url and MAC the HMAC-SHA256 of `oh1.TEXT`, in
//! base64url as well. `src/js/handles.js` reads and writes the same; tests/vectors/handles.json has
//! examples that both are held to.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::connection::{Connection, unexpected};
use super::pool::{Pool, PooledConnection};
use super::transactions::SessionlessOptions;
use crate::auth::Secret;
use crate::error::{Error, HandleFault, Result};
use crate::session::sessionless::check_transaction_id;
use crate::time::UnixTime;

/// The version of the text.
const VERSION: u64 = 1;
/// What a sealed handle begins with; changes with the version.
const SEAL: &str = "oh1";
/// The shortest key in bytes, that of a SHA-256 (RFC 7518, section 3.2, asks for it).
const SHORTEST_KEY: usize = 32;
/// A sealed handle of the longest identifier and database name is shorter than that.
const LONGEST_TEXT: usize = 2048;

/// What it takes to go on with a suspended sessionless transaction: on any connection to the same
/// database, in any process or language. [`fmt::Display`] and [`FromStr`] are its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionHandle {
    /// The transaction's identifier, 1 to 64 bytes.
    pub id: Vec<u8>,
    /// The database that has the transaction ([`crate::session::SessionInfo::database`]).
    pub database: String,
    /// How long the transaction may stay suspended, in seconds; `None` if that is not known,
    /// because it was resumed by its bare identifier.
    pub timeout: Option<u32>,
    /// When the database rolls it back; `None` if that is not known.
    pub expiry: Option<UnixTime>,
}

/// A key to seal handles with: at least 32 bytes that nobody can guess.
#[derive(Debug, Clone)]
pub struct HandleKey(Secret);

impl HandleKey {
    /// Takes a key; text is in UTF-8.
    ///
    /// # Errors
    /// [`Error::Misuse`] if it has less than 32 bytes.
    pub fn new(key: impl Into<Secret>) -> Result<HandleKey> {
        let key = key.into();
        let length = key.expose().len();
        if length < SHORTEST_KEY {
            return Err(Error::misuse(
                format!("a key for handles has {SHORTEST_KEY} bytes or more, this one {length}"),
                "make one with: openssl rand -base64 32",
            ));
        }
        Ok(HandleKey(key))
    }

    fn mac(&self, message: &str) -> Result<Hmac<Sha256>> {
        // Takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).map_err(|_| unexpected())?;
        mac.update(message.as_bytes());
        Ok(mac)
    }
}

fn malformed(detail: impl Into<String>) -> Error {
    Error::Handle(HandleFault::Malformed(detail.into()))
}

impl TransactionHandle {
    /// The handle in a form that cannot be forged without the key.
    ///
    /// # Errors
    /// None in practice.
    pub fn seal(&self, key: &HandleKey) -> Result<String> {
        let text = Base64UrlUnpadded::encode_string(self.to_string().as_bytes());
        let mut sealed = format!("{SEAL}.{text}");
        let mac = key.mac(&sealed)?.finalize().into_bytes();
        sealed.push('.');
        sealed.push_str(&Base64UrlUnpadded::encode_string(&mac));
        Ok(sealed)
    }

    /// Opens a sealed handle with one of the keys: the current one, and those that it may have been
    /// sealed with before.
    ///
    /// # Errors
    /// [`Error::Handle`]: [`HandleFault::Forged`] if none of the keys fits,
    /// [`HandleFault::Malformed`] if it is no sealed handle.
    pub fn open(sealed: &str, keys: &[HandleKey]) -> Result<TransactionHandle> {
        let (message, mac) = match sealed.rsplit_once('.') {
            Some(parts) if sealed.len() <= LONGEST_TEXT => parts,
            _ => return Err(malformed("it is no sealed handle")),
        };
        let Some(text) = message.strip_prefix(SEAL).and_then(|rest| rest.strip_prefix('.')) else {
            return Err(malformed(format!("a sealed handle begins with {SEAL:?} and a dot")));
        };
        let forged = || Error::Handle(HandleFault::Forged);
        let mac = Base64UrlUnpadded::decode_vec(mac).map_err(|_| forged())?;
        // Compared in constant time.
        let fits = |key: &HandleKey| key.mac(message).is_ok_and(|it| it.verify_slice(&mac).is_ok());
        if !keys.iter().any(fits) {
            return Err(forged());
        }
        let text = Base64UrlUnpadded::decode_vec(text).map_err(|_| malformed("its text"))?;
        String::from_utf8(text).map_err(|_| malformed("its text is not UTF-8"))?.parse()
    }

    /// Whether it can be resumed on `database` at the time `now`.
    ///
    /// # Errors
    /// [`Error::Handle`]: [`HandleFault::Expired`] or [`HandleFault::OtherDatabase`].
    pub fn check(&self, database: Option<&str>, now: UnixTime) -> Result<()> {
        if let Some(expiry) = self.expiry
            && expiry < now
        {
            return Err(Error::Handle(HandleFault::Expired(now.since(expiry))));
        }
        match database {
            Some(database) if database != self.database => {
                Err(Error::Handle(HandleFault::OtherDatabase {
                    wanted: self.database.clone(),
                    connected: database.to_owned(),
                }))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for TransactionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = Base64UrlUnpadded::encode_string(&self.id);
        // Written by hand, since the order of the fields is part of the form.
        let database = Value::from(self.database.as_str());
        write!(f, "{{\"v\":{VERSION},\"id\":\"{id}\",\"database\":{database}")?;
        if let Some(timeout) = self.timeout {
            write!(f, ",\"timeout\":{timeout}")?;
        }
        if let Some(expiry) = self.expiry {
            write!(f, ",\"expiry\":{}", expiry.as_millis())?;
        }
        f.write_str("}")
    }
}

impl FromStr for TransactionHandle {
    type Err = Error;

    /// Reads the text of a handle.
    ///
    /// # Errors
    /// [`Error::Handle`] with [`HandleFault::Malformed`] and what is wrong.
    fn from_str(text: &str) -> Result<TransactionHandle> {
        if text.len() > LONGEST_TEXT {
            return Err(malformed("it is too long"));
        }
        let fields: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| malformed("it is no JSON object"))?;
        let version = fields.get("v").and_then(Value::as_u64);
        if version != Some(VERSION) {
            return Err(malformed(format!("\"v\" must be {VERSION}: it is of another version")));
        }
        let string = |name: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .ok_or_else(|| malformed(format!("\"{name}\" must be a string")))
        };
        let number = |name: &str| match fields.get(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(malformed(format!("\"{name}\" must be a positive integer"))),
            },
        };
        let id = Base64UrlUnpadded::decode_vec(string("id")?)
            .map_err(|_| malformed("\"id\" is not base64url without padding"))?;
        check_transaction_id(&id).map_err(|_| malformed("\"id\" must have 1 to 64 bytes"))?;
        let timeout = number("timeout")?
            .map(|seconds| {
                u32::try_from(seconds).map_err(|_| malformed("\"timeout\" is too large"))
            })
            .transpose()?;
        Ok(TransactionHandle {
            id,
            database: string("database")?.to_owned(),
            timeout,
            expiry: number("expiry")?.map(UnixTime::from_millis),
        })
    }
}

impl Connection {
    /// Suspends the sessionless transaction that is active, and gives the handle to resume it by.
    /// Where a statement suspended it already ([`crate::session::ExecuteOptions::suspend_on_success`])
    /// this makes no round trip.
    ///
    /// ```no_run
    /// # async fn example(pool: oraedge::client::Pool) -> oraedge::Result<()> {
    /// # use oraedge::client::TransactionHandle;
    /// let connection = pool.acquire().await?;
    /// connection.begin_sessionless_transaction(None, Default::default()).await?;
    /// connection.execute("insert into emp (empno) values (:1)", (1,)).await?;
    /// let text = connection.suspend().await?.to_string();
    /// connection.release().await;
    /// // Later, in whatever process has the text:
    /// let handle: TransactionHandle = text.parse()?;
    /// let connection = pool.resume(&handle, Default::default()).await?;
    /// connection.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Connection::suspend_sessionless_transaction`].
    pub async fn suspend(&self) -> Result<TransactionHandle> {
        let id = self.suspended_id().await?;
        let timeout = self.shared.sessionless_timeout(&id);
        let now = self.shared.driver().await.unix_time();
        let expiry = timeout.map(|seconds| {
            UnixTime::from_millis(now.as_millis().saturating_add(u64::from(seconds) * 1000))
        });
        Ok(TransactionHandle { id, database: self.info().database(), timeout, expiry })
    }

    /// Suspends the transaction that is active unless a statement did so, and gives its identifier.
    pub(crate) async fn suspended_id(&self) -> Result<Vec<u8>> {
        let (suspended, active) = {
            let session = &self.shared.driver().await.session;
            let own = |id: Option<&[u8]>| id.map(<[u8]>::to_vec);
            (own(session.suspended_sessionless_id()), own(session.sessionless_id()))
        };
        if let Some(id) = suspended {
            return Ok(id);
        }
        self.suspend_sessionless_transaction().await?;
        active.ok_or_else(unexpected)
    }

    /// Goes on with the transaction of a handle.
    ///
    /// # Errors
    /// Before anything is sent: [`Error::Handle`] if it has expired, or belongs to another
    /// database. Else as [`Connection::resume_sessionless_transaction`].
    pub async fn resume(
        &self,
        handle: &TransactionHandle,
        options: SessionlessOptions,
    ) -> Result<()> {
        let now = self.shared.driver().await.unix_time();
        handle.check(Some(&self.info().database()), now)?;
        self.resume_sessionless_transaction(&handle.id, options).await?;
        self.shared.remember_sessionless(&handle.id, handle.timeout);
        Ok(())
    }
}

impl Pool {
    /// Acquires a connection, and goes on with the transaction of a handle on it. With
    /// [`SessionlessOptions::defer_round_trip`] that costs no round trip of its own.
    ///
    /// # Errors
    /// As [`Pool::acquire`] and [`Connection::resume`].
    pub async fn resume(
        &self,
        handle: &TransactionHandle,
        options: SessionlessOptions,
    ) -> Result<PooledConnection> {
        handle.check(None, self.unix_time())?;
        let connection = self.acquire().await?;
        match connection.resume(handle, options).await {
            Ok(()) => Ok(connection),
            Err(error) => {
                connection.release().await;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle() -> TransactionHandle {
        TransactionHandle {
            id: b"tx-1".to_vec(),
            database: "FREEPDB1#1385559638".to_owned(),
            timeout: Some(60),
            expiry: Some(UnixTime::from_millis(1_795_581_660_000)),
        }
    }

    fn key(byte: u8) -> HandleKey {
        HandleKey::new(vec![byte; 32]).expect("a key")
    }

    fn fault(result: Result<TransactionHandle>) -> String {
        result.map_or_else(|error| error.code().into_owned(), |handle| handle.to_string())
    }

    #[test]
    fn a_sealed_handle_opens_with_any_of_the_keys_and_no_other() {
        let sealed = handle().seal(&key(1)).expect("seal");
        assert_eq!(TransactionHandle::open(&sealed, &[key(2), key(1)]).expect("open"), handle());
        assert_eq!(fault(TransactionHandle::open(&sealed, &[key(2)])), "OED-HANDLE-FORGED");
        assert_eq!(fault(TransactionHandle::open(&sealed, &[])), "OED-HANDLE-FORGED");
    }

    #[test]
    fn no_character_of_a_sealed_handle_can_be_changed() {
        let sealed = handle().seal(&key(1)).expect("seal");
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            let code = fault(TransactionHandle::open(&changed, &[key(1)]));
            assert!(code.starts_with("OED-HANDLE-"), "{at}: {code}");
        }
    }

    #[test]
    fn a_handle_is_for_one_database_and_some_time() {
        let expiry = handle().expiry.expect("an expiry");
        let code = |database, now| {
            let checked = handle().check(database, UnixTime::from_millis(now));
            checked.map_or_else(|error| error.code().into_owned(), |()| "good".to_owned())
        };
        let (here, before, behind) =
            (Some("FREEPDB1#1385559638"), expiry.as_millis(), expiry.as_millis() + 1);
        assert_eq!(code(here, before), "good");
        assert_eq!(code(None, before), "good");
        assert_eq!(code(here, behind), "OED-HANDLE-EXPIRED");
        assert_eq!(code(Some("FREEPDB1#7"), before), "OED-HANDLE-DATABASE");
    }

    #[test]
    fn short_keys_are_refused() {
        let error = HandleKey::new("too short").expect_err("short").to_string();
        assert!(error.contains("32 bytes") && !error.contains("too short"), "{error}");
    }
}

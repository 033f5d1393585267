//! The transport that native programs use.

use std::pin::Pin;

use oraedge::auth::Secret;
use oraedge::client::{BoxFuture, BoxedStream, Transport};
use oraedge::session::ConnectTarget;
use oraedge::{Error, Result};
use oraedge_wallet::Wallet;

use crate::endpoint::Endpoint;
use crate::stream::NativeStream;
use crate::tcp;
use crate::tls::{Connector, Trust};

/// Opens TCP and TCPS connections on tokio. Cheap to share: put it in an `Arc`.
#[derive(Debug)]
pub struct NativeTransport {
    connector: Connector,
}

impl NativeTransport {
    /// Servers on TCPS must have a certificate that this trusts.
    pub fn new(trust: Trust) -> Self {
        NativeTransport { connector: Connector::new(trust) }
    }

    /// With a wallet: its authorities are trusted as well, and its certificate is shown to servers
    /// that ask for one. The password also opens wallets that connect strings name.
    #[must_use]
    pub fn with_wallet(self, wallet: Option<Wallet>, password: Option<Secret>) -> Self {
        NativeTransport { connector: self.connector.with_wallet(wallet, password) }
    }

    /// Opens a connection: TCP, and the TLS handshake if the endpoint wants one.
    ///
    /// # Errors
    /// [`oraedge::Error::Transport`] with what failed and what to do about it;
    /// [`oraedge::Error::TimedOut`].
    pub async fn open(&self, endpoint: &Endpoint) -> Result<NativeStream> {
        let stream = tcp::connect(endpoint).await?;
        match &endpoint.tls {
            None => Ok(NativeStream::tcp(stream)),
            Some(target) => {
                Ok(NativeStream::tls(self.connector.connect(endpoint, target, stream).await?))
            }
        }
    }

    /// Shakes hands anew on the same TCP connection, as a listener asks for when it hands the
    /// socket over to a server process. A plain TCP connection is given back as it is.
    ///
    /// # Errors
    /// Those of the handshake in [`open`](Self::open).
    pub async fn restart_tls(
        &self,
        stream: NativeStream,
        endpoint: &Endpoint,
    ) -> Result<NativeStream> {
        match &endpoint.tls {
            None => Ok(stream),
            Some(target) => {
                let stream = stream.into_tcp();
                Ok(NativeStream::tls(self.connector.connect(endpoint, target, stream).await?))
            }
        }
    }
}

impl Transport for NativeTransport {
    fn connect<'a>(&'a self, target: &'a ConnectTarget) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            let endpoint = Endpoint::new(&target.description, &target.address);
            Ok(Box::pin(self.open(&endpoint).await?) as BoxedStream)
        })
    }

    fn restart_tls<'a>(
        &'a self,
        target: &'a ConnectTarget,
        stream: BoxedStream,
    ) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            let stream =
                Pin::into_inner(stream).into_any().downcast::<NativeStream>().map_err(|_| {
                    Error::misuse("the stream comes from another transport", "give its own back")
                })?;
            let endpoint = Endpoint::new(&target.description, &target.address);
            let stream = NativeTransport::restart_tls(self, *stream, &endpoint).await?;
            Ok(Box::pin(stream) as BoxedStream)
        })
    }
}

impl Default for NativeTransport {
    /// Trusts [`Trust::public`].
    fn default() -> Self {
        NativeTransport::new(Trust::public())
    }
}

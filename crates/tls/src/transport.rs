//! TLS on any transport.

use std::pin::Pin;

use oraedge::client::{BoxFuture, BoxedStream, Transport};
use oraedge::connect_string::Protocol;
use oraedge::session::ConnectTarget;
use oraedge::{Error, Result};

use crate::connector::{Connector, TlsOptions};
use crate::policy::ServerPolicy;
use crate::stream::TlsStream;

/// Opens streams with another transport, which is told that they are plain TCP, and puts TLS on
/// those to addresses that say TCPS.
#[derive(Debug)]
pub struct TlsTransport<T> {
    below: T,
    connector: Connector,
}

impl<T: Transport> TlsTransport<T> {
    /// TLS with these options on `below`.
    pub fn new(below: T, options: TlsOptions) -> Self {
        TlsTransport { below, connector: Connector::new(options) }
    }

    async fn start(&self, target: &ConnectTarget, stream: BoxedStream) -> Result<BoxedStream> {
        let policy = ServerPolicy::of(&target.description, &target.address);
        let handshake = self.connector.connect(&policy, &target.address.host, stream);
        let stream =
            handshake.await.map_err(|error| error.into_error(&target.address.authority()))?;
        Ok(Box::pin(stream))
    }
}

impl<T: Transport> Transport for TlsTransport<T> {
    fn connect<'a>(&'a self, target: &'a ConnectTarget) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            if target.address.protocol == Protocol::Tcp {
                return self.below.connect(target).await;
            }
            let mut plain = target.clone();
            plain.address.protocol = Protocol::Tcp;
            let stream = self.below.connect(&plain).await?;
            self.start(target, stream).await
        })
    }

    fn restart_tls<'a>(
        &'a self,
        target: &'a ConnectTarget,
        stream: BoxedStream,
    ) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            if target.address.protocol == Protocol::Tcp {
                return Ok(stream);
            }
            let stream = Pin::into_inner(stream).into_any();
            let stream = stream.downcast::<TlsStream<BoxedStream>>().map_err(|_| {
                Error::misuse("the stream comes from another transport", "give its own back")
            })?;
            self.start(target, stream.into_inner()).await
        })
    }
}

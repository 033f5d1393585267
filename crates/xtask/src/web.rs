//! A static web server for the page: `www/dist` at `/`, the npm package at `/oraedge/`.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result};
use axum::Router;
use tower_http::services::ServeDir;

use crate::workspace;

/// The page's server; it ends with the program.
pub(crate) struct Page {
    address: SocketAddr,
}

impl Page {
    /// Serves on this listener from now on, from a thread of its own.
    pub(crate) fn serve(listener: TcpListener) -> Result<Page> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let files = Router::new()
            .nest_service("/oraedge", ServeDir::new(workspace::path("pkg")))
            .fallback_service(ServeDir::new(workspace::path("www/dist")));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("a runtime for the web server")?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let serve = async {
                    axum::serve(tokio::net::TcpListener::from_std(listener)?, files).await
                };
                if let Err(error) = serve.await {
                    eprintln!("the web server ended: {error}");
                }
            });
        });
        Ok(Page { address })
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The origins under which a browser may have opened it.
    pub(crate) fn origins(&self) -> [String; 2] {
        [format!("http://127.0.0.1:{}", self.port()), format!("http://localhost:{}", self.port())]
    }
}

/// A listener on this port of 127.0.0.1, or on a free one where it is taken.
pub(crate) fn listen_near(port: u16) -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))
        .context("no free port on 127.0.0.1")
}

//! All services behind one door: which path is whose.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde_json::json;

use super::control::{Control, Endpoint};
use super::directory::Directory;
use super::folder::ResourceFiles;
use super::http::{Reply, Request, Response};
use super::instance_certificates::InstanceCertificates;
use super::metadata::Metadata;
use super::{entra, identity_domain, oci_services};

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Without TLS; the switches of tests are here alone.
    Plain,
    /// With TLS.
    Tls,
}

/// The services of one simulator; a clone is the same ones.
#[derive(Clone, Debug)]
pub struct Services {
    directory: Directory,
    certificates: Arc<InstanceCertificates>,
    metadata: Arc<Metadata>,
    control: Arc<Control>,
    resource_files: Arc<OnceLock<ResourceFiles>>,
}

impl Services {
    /// Services for the people in `directory` and the instance with these certificates.
    pub fn new(
        directory: Directory,
        certificates: InstanceCertificates,
        metadata: Metadata,
    ) -> Services {
        Services {
            directory,
            certificates: Arc::new(certificates),
            metadata: Arc::new(metadata),
            control: Arc::default(),
            resource_files: Arc::default(),
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Faults and counters.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Answers a request.
    pub fn handle(&self, request: &Request, arrival: Arrival) -> Reply {
        if arrival == Arrival::Plain && request.path().starts_with("/simulator/") {
            return Reply::Whole(self.administer(request));
        }
        let endpoint = Endpoint::of_path(request.path());
        let reply = match endpoint {
            Some(endpoint) => {
                self.control.serve(endpoint, || self.answer(endpoint, request, arrival))
            }
            None => Reply::Whole(super::http::not_found()),
        };
        let reply = stamped(reply, request, self.directory.now());
        let status = match &reply {
            Reply::Whole(response) | Reply::Truncated(response) | Reply::Late(response, _) => {
                response.status
            }
            Reply::Dropped => 0,
        };
        self.control.remember(endpoint, request, status);
        reply
    }

    /// Says which files `POST /simulator/rotate` writes anew; those of the first call stay.
    pub(crate) fn set_resource_files(&self, files: ResourceFiles) {
        // Nobody writes the folder of the same services twice.
        let _ = self.resource_files.set(files);
    }

    fn administer(&self, request: &Request) -> Response {
        if (request.method.as_str(), request.path()) != ("POST", "/simulator/rotate") {
            return self.control.administer(request, &self.directory);
        }
        let files = self.resource_files.get();
        match files.map(|files| files.rotate(&self.directory)) {
            Some(Ok(())) => Response::json(200, &json!({})),
            Some(Err(error)) => Response::json(500, &json!({"error": error.to_string()})),
            None => Response::json(409, &json!({"error": "there is no folder of identities"})),
        }
    }

    fn answer(&self, endpoint: Endpoint, request: &Request, arrival: Arrival) -> Response {
        let (directory, now) = (&self.directory, self.directory.now());
        let expected = match endpoint {
            Endpoint::ResourceToken
            | Endpoint::MetadataV1
            | Endpoint::MetadataV2
            | Endpoint::AzureDiscovery => "GET",
            _ => "POST",
        };
        if request.method != expected {
            return Response::error(405, "MethodNotAllowed", "Method not allowed.");
        }
        let result = match endpoint {
            Endpoint::ScopedToken => oci_services::scoped_token(directory, request, now),
            Endpoint::X509 => oci_services::federation(directory, &self.certificates, request, now),
            Endpoint::ResourceToken => oci_services::resource_tokens(directory, request, now),
            Endpoint::ResourceSession => oci_services::resource_session(directory, request, now),
            Endpoint::Proxymux => oci_services::workload_session(directory, request, now),
            Endpoint::MetadataV1 | Endpoint::MetadataV2 => {
                Ok(self.metadata.answer(request, &self.certificates, &directory.settings()))
            }
            Endpoint::AzureDiscovery => {
                let scheme = if arrival == Arrival::Tls { "https" } else { "http" };
                let base = format!("{scheme}://{}", request.header("host").unwrap_or_default());
                Ok(entra::discovery(directory, request, &base, now))
            }
            Endpoint::AzureToken => Ok(entra::token(directory, request, now)),
            Endpoint::DomainToken => Ok(identity_domain::token(directory, request, now)),
        };
        result.unwrap_or_else(|refusal| refusal)
    }
}

/// Adds the headers that every answer has: the services' date, and the identifier of the request.
fn stamped(mut reply: Reply, request: &Request, now: SystemTime) -> Reply {
    if let Reply::Whole(response) | Reply::Truncated(response) | Reply::Late(response, _) =
        &mut reply
    {
        let id = request.header("opc-request-id").unwrap_or_else(super::random_id);
        response.headers.push(("date".to_owned(), httpdate::fmt_http_date(now)));
        response.headers.push(("opc-request-id".to_owned(), id));
    }
    reply
}

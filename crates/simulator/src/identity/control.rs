//! What tests turn and read: faults, settings, counters.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::directory::{Directory, Settings};
use super::http::{Reply, Request, Response, not_authenticated, not_found};
use super::shape;

/// How many requests are remembered one by one.
const REMEMBERED: usize = 1000;
/// How long a stalled answer takes unless the fault says otherwise.
const STALL: Duration = Duration::from_secs(120);

/// A service that can be told to fail, and that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `generateScopedAccessToken`.
    ScopedToken,
    /// The federation of instance principals.
    X509,
    /// The tokens of resources, from the service that runs them.
    ResourceToken,
    /// The sessions of resources.
    ResourceSession,
    /// Metadata, version 1.
    MetadataV1,
    /// Metadata, version 2.
    MetadataV2,
    /// The sessions of Kubernetes workloads.
    Proxymux,
    /// Discovery documents and keys of Entra ID.
    AzureDiscovery,
    /// Tokens of Entra ID.
    AzureToken,
    /// Tokens of the identity domain.
    DomainToken,
}

impl Endpoint {
    const ALL: [(Endpoint, &'static str); 10] = [
        (Endpoint::ScopedToken, "scoped-token"),
        (Endpoint::X509, "x509"),
        (Endpoint::ResourceToken, "resource-token"),
        (Endpoint::ResourceSession, "resource-session"),
        (Endpoint::MetadataV1, "metadata-v1"),
        (Endpoint::MetadataV2, "metadata-v2"),
        (Endpoint::Proxymux, "proxymux"),
        (Endpoint::AzureDiscovery, "azure-discovery"),
        (Endpoint::AzureToken, "azure-token"),
        (Endpoint::DomainToken, "domain-token"),
    ];

    /// Its name in `POST /simulator/faults`.
    pub fn name(self) -> &'static str {
        let mut all = Endpoint::ALL.into_iter();
        all.find(|(endpoint, _)| *endpoint == self).map_or("", |(_, name)| name)
    }

    /// The endpoint with this name.
    pub fn named(name: &str) -> Option<Endpoint> {
        let mut all = Endpoint::ALL.into_iter();
        all.find(|(_, candidate)| *candidate == name).map(|(endpoint, _)| endpoint)
    }

    /// The endpoint that serves this path.
    pub fn of_path(path: &str) -> Option<Endpoint> {
        let segments: Vec<_> = path.trim_matches('/').split('/').collect();
        Some(match segments.as_slice() {
            ["v1", "actions", "generateScopedAccessToken"] => Endpoint::ScopedToken,
            ["v1", "x509"] => Endpoint::X509,
            ["v1", "resourcePrincipalSessionToken"] => Endpoint::ResourceSession,
            ["20180711", name, _] if name.starts_with("resourcePrincipalToken") => {
                Endpoint::ResourceToken
            }
            // The parent of a resource is asked by the bare URL of its service.
            [""] => Endpoint::ResourceToken,
            ["resourcePrincipalSessionTokens"] => Endpoint::Proxymux,
            ["opc", "v1", ..] => Endpoint::MetadataV1,
            ["opc", "v2", ..] => Endpoint::MetadataV2,
            ["oauth2", "v1", "token"] => Endpoint::DomainToken,
            [_, "oauth2", "v2.0", "token"] => Endpoint::AzureToken,
            ["common", "discovery", "instance"]
            | [_, "discovery", "v2.0", "keys"]
            | [_, "v2.0", ".well-known", "openid-configuration"] => Endpoint::AzureDiscovery,
            _ => return None,
        })
    }
}

/// What goes wrong instead of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, with the text that the real service has for it.
    Status(u16),
    /// The answer, cut off in the middle of its JSON; its length says so.
    TruncatedJson,
    /// The answer, of which half arrives before the connection ends.
    TruncatedBody,
    /// The answer, this much later.
    Stall(Duration),
    /// The connection ends without an answer.
    Dropped,
    /// A page of HTML, as a proxy in between would answer.
    Html,
}

impl Fault {
    /// Reads a fault: `401`, `truncated`, `cut`, `stall` or `stall:SECONDS`, `drop`, `html`.
    pub fn parse(text: &str) -> Option<Fault> {
        Some(match text {
            "truncated" => Fault::TruncatedJson,
            "cut" => Fault::TruncatedBody,
            "stall" => Fault::Stall(STALL),
            "drop" => Fault::Dropped,
            "html" => Fault::Html,
            _ => match text.strip_prefix("stall:") {
                Some(seconds) => Fault::Stall(Duration::from_secs_f64(
                    seconds.parse().ok().filter(|seconds| (0.0..86_400.0).contains(seconds))?,
                )),
                None => Fault::Status(text.parse().ok().filter(|s| (400..600).contains(s))?),
            },
        })
    }

    /// What is sent instead of `response`.
    fn apply(&self, mut response: Response) -> Reply {
        match self {
            Fault::Status(status) => Reply::Whole(status_response(*status)),
            Fault::TruncatedJson => {
                response.body.truncate(response.body.len() / 2);
                Reply::Whole(response)
            }
            Fault::TruncatedBody => Reply::Truncated(response),
            Fault::Stall(time) => Reply::Late(response, *time),
            Fault::Dropped => Reply::Dropped,
            Fault::Html => {
                let mut page = Response::text(200, "<html><body>Please log in</body></html>");
                page.headers = vec![("content-type".to_owned(), "text/html".to_owned())];
                Reply::Whole(page)
            }
        }
    }

    /// Whether the service does its work before the fault: what comes back is its answer.
    fn needs_response(&self) -> bool {
        matches!(self, Fault::TruncatedJson | Fault::TruncatedBody | Fault::Stall(_))
    }
}

fn status_response(status: u16) -> Response {
    match status {
        401 => not_authenticated(),
        404 => not_found(),
        429 => Response::error(429, "TooManyRequests", "Too many requests for the user"),
        503 => Response::error(503, "ServiceUnavailable", "The service is currently unavailable."),
        500.. => Response::error(status, "InternalServerError", "Internal Server Error"),
        _ => Response::error(status, "InvalidParameter", "The request could not be served."),
    }
}

/// One request that was answered; nothing secret.
#[derive(Clone, Debug)]
struct Served {
    endpoint: Option<Endpoint>,
    method: String,
    path: String,
    status: u16,
    user_agent: String,
    shape: Value,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<(Endpoint, Fault, u32)>,
    counts: BTreeMap<Endpoint, u64>,
    served: VecDeque<Served>,
}

/// Faults and counters of the services.
#[derive(Debug, Default)]
pub struct Control {
    state: Mutex<State>,
}

impl Control {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The next `count` requests to `endpoint` fail so, after those that were said before.
    pub fn add_fault(&self, endpoint: Endpoint, fault: Fault, count: u32) {
        self.state().faults.push((endpoint, fault, count));
    }

    /// Forgets the faults that are left.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// How many requests `endpoint` got.
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.state().counts.get(&endpoint).copied().unwrap_or(0)
    }

    /// Starts counting at zero.
    pub fn reset_counts(&self) {
        let mut state = self.state();
        state.counts.clear();
        state.served.clear();
    }

    /// Answers a request to `endpoint` by `serve`, or by the fault that is due.
    pub(crate) fn serve(&self, endpoint: Endpoint, serve: impl FnOnce() -> Response) -> Reply {
        let fault = {
            let mut state = self.state();
            *state.counts.entry(endpoint).or_default() += 1;
            let due = state.faults.iter().position(|(of, _, count)| *of == endpoint && *count > 0);
            due.and_then(|due| {
                let (_, fault, count) = state.faults.get_mut(due)?;
                *count -= 1;
                let (fault, used_up) = (fault.clone(), *count == 0);
                if used_up {
                    state.faults.remove(due);
                }
                Some(fault)
            })
        };
        match fault {
            None => Reply::Whole(serve()),
            Some(fault) if fault.needs_response() => fault.apply(serve()),
            Some(fault) => fault.apply(Response::text(200, "")),
        }
    }

    /// Remembers a request that was answered with `status` (0: not at all).
    pub(crate) fn remember(&self, endpoint: Option<Endpoint>, request: &Request, status: u16) {
        let mut state = self.state();
        if state.served.len() == REMEMBERED {
            state.served.pop_front();
        }
        state.served.push_back(Served {
            endpoint,
            method: request.method.clone(),
            path: request.path().to_owned(),
            status,
            user_agent: request.header("user-agent").unwrap_or_default(),
            shape: shape::of(request),
        });
    }

    /// Answers `/simulator/...`.
    pub(crate) fn administer(&self, request: &Request, directory: &Directory) -> Response {
        let answer = match (request.method.as_str(), request.path()) {
            ("GET", "/simulator/requests") => Ok(self.report()),
            ("DELETE", "/simulator/requests") => {
                self.reset_counts();
                Ok(json!({}))
            }
            ("POST", "/simulator/faults") => self.fault_wanted(request),
            ("DELETE", "/simulator/faults") => {
                self.clear_faults();
                Ok(json!({}))
            }
            ("GET", "/simulator/settings") => Ok(settings_report(&directory.settings())),
            ("POST", "/simulator/settings") => change_settings(request, directory),
            ("POST", "/simulator/reset") => {
                self.clear_faults();
                self.reset_counts();
                directory.change_settings(|settings| *settings = Settings::default());
                Ok(json!({}))
            }
            _ => return Response::json(404, &json!({"error": "there is no such switch"})),
        };
        match answer {
            Ok(answer) => Response::json(200, &answer),
            Err(error) => Response::json(400, &json!({"error": error})),
        }
    }

    /// What `GET /simulator/requests` answers: counters, and the requests that are remembered.
    pub fn report(&self) -> Value {
        let state = self.state();
        let counts: serde_json::Map<_, _> = Endpoint::ALL
            .into_iter()
            .map(|(endpoint, name)| {
                (name.to_owned(), json!(state.counts.get(&endpoint).copied().unwrap_or(0)))
            })
            .collect();
        let served = state.served.iter().map(|served| {
            json!({
                "endpoint": served.endpoint.map(Endpoint::name),
                "method": served.method,
                "path": served.path,
                "status": served.status,
                "userAgent": served.user_agent,
                "shape": served.shape,
            })
        });
        json!({"counts": counts, "requests": served.collect::<Vec<_>>()})
    }

    fn fault_wanted(&self, request: &Request) -> Result<Value, String> {
        let body = request.json().ok_or("the body is no JSON object")?;
        let endpoint = body.get("endpoint").and_then(Value::as_str).unwrap_or_default();
        let endpoint = Endpoint::named(endpoint).ok_or_else(|| {
            let names: Vec<_> = Endpoint::ALL.into_iter().map(|(_, name)| name).collect();
            format!("endpoint is one of {}", names.join(", "))
        })?;
        let fault = match body.get("fault") {
            Some(Value::String(text)) => Fault::parse(text),
            Some(Value::Number(number)) => Fault::parse(&number.to_string()),
            _ => None,
        };
        let fault = fault.ok_or(
            "fault is a status from 400 on, or truncated, cut, stall, stall:SECONDS, drop, html",
        )?;
        let count = body.get("count").map_or(Some(1), Value::as_u64);
        let count = count.and_then(|count| u32::try_from(count).ok()).ok_or("count is a number")?;
        self.add_fault(endpoint, fault, count);
        Ok(json!({}))
    }
}

fn settings_report(settings: &Settings) -> Value {
    json!({
        "clockOffsetSeconds": settings.clock_offset_seconds,
        "tokenLifetimeSeconds": settings.token_lifetime.as_secs(),
        "brokenExpiry": settings.broken_expiry,
        "expiredCertificate": settings.expired_certificate,
    })
}

fn change_settings(request: &Request, directory: &Directory) -> Result<Value, String> {
    let body = request.json().ok_or("the body is no JSON object")?;
    let mut settings = directory.settings();
    for (name, value) in body.as_object().into_iter().flatten() {
        let wrong = || format!("{name}: a value of another type");
        match name.as_str() {
            "clockOffsetSeconds" => {
                settings.clock_offset_seconds = value.as_i64().ok_or_else(wrong)?;
            }
            "tokenLifetimeSeconds" => {
                settings.token_lifetime = Duration::from_secs(value.as_u64().ok_or_else(wrong)?);
            }
            "brokenExpiry" => {
                settings.broken_expiry = Some(value.clone()).filter(|value| !value.is_null());
            }
            "expiredCertificate" => {
                settings.expired_certificate = value.as_bool().ok_or_else(wrong)?;
            }
            _ => return Err(format!("there is no setting {name:?}")),
        }
    }
    let report = settings_report(&settings);
    directory.change_settings(|current| *current = settings);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Response {
        Response::json(200, &json!({"token": "t"}))
    }

    #[test]
    fn faults_come_in_the_order_they_were_said_and_run_out() {
        let control = Control::default();
        control.add_fault(Endpoint::ScopedToken, Fault::Status(429), 2);
        control.add_fault(Endpoint::ScopedToken, Fault::TruncatedJson, 1);
        let status = |endpoint| match control.serve(endpoint, answer) {
            Reply::Whole(response) => (response.status, response.body.len()),
            other => panic!("{other:?}"),
        };
        let whole = answer().body.len();
        assert_eq!(status(Endpoint::X509), (200, whole));
        assert_eq!(status(Endpoint::ScopedToken).0, 429);
        assert_eq!(status(Endpoint::ScopedToken).0, 429);
        assert_eq!(status(Endpoint::ScopedToken), (200, whole / 2));
        assert_eq!(status(Endpoint::ScopedToken), (200, whole));
        assert_eq!(control.count(Endpoint::ScopedToken), 4);
        assert_eq!(control.count(Endpoint::X509), 1);
    }

    #[test]
    fn faults_have_names() {
        for (text, fault) in [
            ("429", Some(Fault::Status(429))),
            ("stall:1.5", Some(Fault::Stall(Duration::from_millis(1500)))),
            ("drop", Some(Fault::Dropped)),
            ("200", None),
            ("stall:-1", None),
            ("something", None),
        ] {
            assert_eq!(Fault::parse(text), fault, "{text}");
        }
    }

    #[test]
    fn every_path_has_its_endpoint() {
        for (path, name) in [
            ("/v1/actions/generateScopedAccessToken", Some("scoped-token")),
            ("/v1/x509", Some("x509")),
            ("/20180711/resourcePrincipalTokenV2/ocid1.x", Some("resource-token")),
            ("/v1/resourcePrincipalSessionToken", Some("resource-session")),
            ("/opc/v2/instance/region", Some("metadata-v2")),
            ("/opc/v1/identity/cert.pem", Some("metadata-v1")),
            ("/resourcePrincipalSessionTokens", Some("proxymux")),
            ("/tenant/oauth2/v2.0/token", Some("azure-token")),
            ("/tenant/v2.0/.well-known/openid-configuration", Some("azure-discovery")),
            ("/oauth2/v1/token", Some("domain-token")),
            ("/", Some("resource-token")),
            ("/nothing", None),
        ] {
            assert_eq!(Endpoint::of_path(path).map(Endpoint::name), name, "{path}");
        }
    }
}

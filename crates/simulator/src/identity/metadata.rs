//! The metadata service of a compute instance, versions 1 and 2.

use serde_json::{Value, json};

use super::directory::Settings;
use super::http::{Request, Response};
use super::instance_certificates::InstanceCertificates;
use super::sample;

/// What version 2 wants in the header `Authorization`.
const AUTHORIZATION: &str = "Bearer Oracle";
/// Headers that tell that a request did not come from the instance itself.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-forwarded-host"];

/// What the metadata of the sample's instance says.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The domain of the realm, as in `auth.REGION.DOMAIN`.
    pub realm_domain: String,
}

impl Metadata {
    /// Answers `GET /opc/...`.
    pub(crate) fn answer(
        &self,
        request: &Request,
        certificates: &InstanceCertificates,
        settings: &Settings,
    ) -> Response {
        let path = request.path().trim_start_matches("/opc/");
        let Some((version, path)) = path.split_once('/') else { return not_found() };
        if version == "v2" {
            let authorization = request.header("authorization");
            let forwarded = FORWARDED.iter().any(|name| request.header(name).is_some());
            if forwarded || authorization.as_deref() != Some(AUTHORIZATION) {
                return Response::text(403, "Forbidden");
            }
        }
        if request.method != "GET" {
            return Response::text(405, "Method Not Allowed");
        }
        let pem = |pem: Result<String, _>| {
            pem.map_or_else(|_| not_found(), |pem| Response::text(200, pem))
        };
        match path.trim_end_matches('/') {
            "identity/cert.pem" => pem(certificates.leaf_pem(settings.expired_certificate)),
            "identity/key.pem" => pem(certificates.key_pem()),
            "identity/intermediate.pem" => pem(certificates.intermediate_pem()),
            "instance" => Response::json(200, &self.instance()),
            path => path
                .strip_prefix("instance/")
                .and_then(|path| {
                    path.split('/')
                        .try_fold(self.instance(), |value, name| value.get(name).cloned())
                })
                .map_or_else(not_found, |value| match value {
                    Value::String(text) => Response::text(200, text),
                    value => Response::json(200, &value),
                }),
        }
    }

    fn instance(&self) -> Value {
        json!({
            "availabilityDomain": "SIMU:SIM-LOCAL-1-AD-1",
            "faultDomain": "FAULT-DOMAIN-1",
            "compartmentId": sample::COMPARTMENT,
            "tenantId": sample::TENANCY,
            "displayName": "demo-instance",
            "hostname": "demo-instance",
            "id": sample::INSTANCE,
            "region": sample::REGION,
            "canonicalRegionName": sample::REGION,
            "regionInfo": {
                "realmKey": "oc1",
                "realmDomainComponent": self.realm_domain,
                "regionKey": sample::REGION_CODE.to_uppercase(),
                "regionIdentifier": sample::REGION,
            },
            "shape": "VM.Standard.E5.Flex",
            "state": "Running",
        })
    }
}

fn not_found() -> Response {
    Response::text(404, "Not Found")
}

//! The answers of identity services to every token method.

use oraedge::auth::flow::{
    AuthParams, Environment, FlowInput, FlowOutput, KeyId, ParamValue, TokenFlow,
};
use oraedge::auth::http::HttpResponse;
use oraedge::auth::oci::ApiKey;
use oraedge::time::UnixTime;

const KEY: &str = include_str!("../../../tests/vectors/token_flows/api_key.pem");
const NOW: UnixTime = UnixTime::from_secs(1_795_572_000);

/// Statuses that make a difference.
const STATUSES: [u16; 12] = [200, 200, 200, 200, 201, 302, 400, 401, 404, 409, 429, 503];

/// A flow asks for so much at most, or it does not end.
const MOST_STEPS: usize = 500;

/// The first byte chooses the method; then each answer is a status, a length in two bytes and a
/// body. An answer that is not there is one that never came.
pub(super) fn run(data: &[u8]) {
    let [method, answers @ ..] = data else { return };
    let (params, variables) = method_of(*method);
    let params = AuthParams::from_pairs(params).expect("the parameters are good");
    let environment = Environment { variables, home: None, entropy: Vec::new() };
    let key = ApiKey::from_pem(KEY, None).expect("the key is good");
    let mut flow = TokenFlow::new(params, environment);
    let mut answers = Answers(answers);
    let mut now = NOW;
    flow.handle_input(now, FlowInput::Start);
    for _ in 0..MOST_STEPS {
        let input = match flow.poll_output() {
            FlowOutput::Http(request) => {
                let answer = answers.next().ok_or_else(|| "timed out".to_owned());
                if answer.is_err() {
                    now = now + request.timeout;
                }
                FlowInput::Http(answer)
            }
            FlowOutput::ReadFile(_) => FlowInput::File(match answers.next() {
                Some(answer) => Ok(answer.body),
                None => Err("no such file".to_owned()),
            }),
            FlowOutput::GenerateKeyPair { .. } => {
                FlowInput::KeyPair { key: KeyId(1), public_key: key.spki_der().to_vec() }
            }
            FlowOutput::Sign { .. } => FlowInput::Signed(Ok(vec![0; 256])),
            FlowOutput::Wait(time) => {
                now = now + time;
                FlowInput::Waited
            }
            FlowOutput::Note(_) => continue,
            FlowOutput::Done(token) => {
                assert!(!token.token.is_empty(), "an empty token");
                assert!(token.expires_at.is_none_or(|at| at > now), "a token that is expired");
                return;
            }
            FlowOutput::Failed(error) => {
                assert!(!error.to_string().is_empty());
                return;
            }
            FlowOutput::Idle => panic!("the flow waits for nothing"),
        };
        flow.handle_input(now, input);
    }
    panic!("the flow does not end");
}

struct Answers<'a>(&'a [u8]);

impl Iterator for Answers<'_> {
    type Item = HttpResponse;

    fn next(&mut self) -> Option<HttpResponse> {
        let [status, high, low, rest @ ..] = self.0 else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (body, rest) = rest.split_at(length);
        self.0 = rest;
        let status = STATUSES[usize::from(*status) % STATUSES.len()];
        // What a flow reads of headers comes from the body's beginning.
        let value: String = body.iter().take(40).map(|byte| char::from(*byte)).collect();
        let headers = ["date", "retry-after", "opc-request-id", "opc-parent-rpt-url"];
        let headers = headers.map(|name| (name.to_owned(), value.clone())).into();
        Some(HttpResponse { status, headers, body: body.to_vec() })
    }
}

type Variables = std::collections::BTreeMap<String, String>;

/// Names and values.
type Pairs<'a> = &'a [(&'a str, &'a str)];

fn method_of(number: u8) -> (Vec<(String, ParamValue)>, Variables) {
    let api_key = [
        ("auth_type", "SimpleAuthentication"),
        ("user", "ocid1.user.oc1..u"),
        ("tenancy", "ocid1.tenancy.oc1..t"),
        ("fingerprint", "d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e"),
        ("key_content", KEY),
        ("region", "phx"),
    ];
    let session = [
        ("auth_type", "SecurityTokenSimple"),
        ("key_content", KEY),
        ("security_token_file", "/token"),
        ("region", "phx"),
    ];
    let application = [
        ("auth_type", "AzureServicePrincipal"),
        ("authority", "tenant"),
        ("client_id", "app"),
        ("client_credential", "secret"),
        ("scopes", "db/.default"),
    ];
    let certificate = [
        ("auth_type", "AzureServicePrincipal"),
        ("authority", "tenant"),
        ("client_id", "app"),
        ("client_certificate_file", "/certificate"),
        ("scopes", "db/.default"),
    ];
    let domain = [
        ("auth_type", "ClientCredentials"),
        ("authority", "https://domain.example"),
        ("client_id", "app"),
        ("client_credential", "secret"),
    ];
    let (params, variables): (Pairs<'_>, Pairs<'_>) = match number % 9 {
        0 => (&api_key, &[]),
        1 => (&[("auth_type", "ConfigFileAuthentication")], &[]),
        2 => (&session, &[]),
        3 => (&[("auth_type", "InstancePrincipal")], &[]),
        4 => (
            &[("auth_type", "ResourcePrincipal")],
            &[
                ("OCI_RESOURCE_PRINCIPAL_VERSION", "3.0"),
                ("OCI_RESOURCE_PRINCIPAL_VERSION_FOR_LEAF_RESOURCE", "1.1"),
                (
                    "OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT_FOR_LEAF_RESOURCE",
                    "https://service.example",
                ),
                (
                    "OCI_RESOURCE_PRINCIPAL_RPT_URL_FOR_PARENT_RESOURCE",
                    "https://parent.example/rpt",
                ),
                (
                    "OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT_FOR_PARENT_RESOURCE",
                    "https://auth.example",
                ),
            ],
        ),
        5 => (
            &[("auth_type", "OkeWorkloadIdentity")],
            &[("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("OCI_RESOURCE_PRINCIPAL_REGION", "phx")],
        ),
        6 => (&application, &[]),
        7 => (&certificate, &[]),
        _ => (&domain, &[]),
    };
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (params.collect(), variables.collect())
}

//! What a request looks like, without anything that is secret or of one time: by this the requests
//! of Oracle's and Microsoft's libraries are compared with those of others.

use serde_json::{Map, Value, json};

use super::http::Request;

/// Parameters of a signature that are the same for every request.
const SIGNATURE_CONSTANTS: [&str; 3] = ["version", "algorithm", "headers"];
/// Fields of forms and of JSON whose values are no secrets.
const CONSTANT_FIELDS: [&str; 7] = [
    "grant_type",
    "client_assertion_type",
    "requested_token_use",
    "scope",
    "purpose",
    "fingerprintAlgorithm",
    "client_info",
];
/// Headers whose values are told; of others there are only the names.
const CONSTANT_HEADERS: [&str; 2] = ["content-type", "accept"];

/// The shape of `request`: method, path, names of headers, and the forms of what is in
/// `Authorization` and in the body.
pub(crate) fn of(request: &Request) -> Value {
    let mut headers: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    headers.sort_unstable();
    headers.dedup();
    let constants: Map<String, Value> = CONSTANT_HEADERS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), json!(request.header(name)?))))
        .collect();
    json!({
        "method": request.method,
        "path": path(request.path()),
        "headers": headers,
        "values": constants,
        "authorization": request.header("authorization").map(|text| authorization(&text)),
        "body": body(request),
    })
}

/// The path, with `*` for identifiers.
fn path(path: &str) -> String {
    let name = |segment: &str| {
        let identifier = segment.starts_with("ocid1.") || segment.matches('-').count() == 4;
        if identifier { "*".to_owned() } else { segment.to_owned() }
    };
    path.split('/').map(name).collect::<Vec<_>>().join("/")
}

fn authorization(text: &str) -> Value {
    let Some((scheme, rest)) = text.split_once(' ') else { return json!("?") };
    if scheme != "Signature" {
        return json!(scheme);
    }
    let mut form = Map::new();
    for parameter in rest.split("\",").map(str::trim) {
        let Some((name, value)) = parameter.split_once("=\"") else { continue };
        let value = value.trim_end_matches('"');
        let value = match name {
            "keyId" => key_id(value),
            name if SIGNATURE_CONSTANTS.contains(&name) => value.to_owned(),
            _ => format!("{} characters", value.len()),
        };
        form.insert(name.to_owned(), value.into());
    }
    Value::Object(form)
}

fn key_id(text: &str) -> String {
    if text.starts_with("ST$") {
        return "ST$token".to_owned();
    }
    let part = |part: &str| match part.split('.').nth(1) {
        Some(kind) if part.starts_with("ocid1.") => kind.to_owned(),
        _ if part.contains(':') => "fingerprint".to_owned(),
        _ => part.to_owned(),
    };
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn body(request: &Request) -> Value {
    if request.body.is_empty() {
        return Value::Null;
    }
    if let Some(Value::Object(fields)) = request.json() {
        return fields.iter().map(|(name, value)| (name.clone(), form(name, value))).collect();
    }
    let Ok(text) = std::str::from_utf8(&request.body) else { return json!("bytes") };
    let fields = text.split('&').filter_map(|field| field.split_once('=')).map(|(name, _)| {
        let value = Value::String(request.form_field(name).unwrap_or_default());
        (name.to_owned(), form(name, &value))
    });
    Value::Object(fields.collect())
}

fn form(name: &str, value: &Value) -> Value {
    match value {
        Value::String(_) if CONSTANT_FIELDS.contains(&name) => value.clone(),
        Value::String(text) if text.starts_with("-----BEGIN ") => {
            // Not how many lines there are: that is the size of the key.
            let mut lines = text.lines();
            let label = lines.next().unwrap_or_default().trim_matches('-');
            let width = lines.next().unwrap_or_default().len();
            let end = if text.ends_with('\n') { ", line end" } else { "" };
            format!("PEM {label}, lines of {width}{end}").into()
        }
        Value::String(text) if text.starts_with("MII") => {
            let lines = text.trim_end().lines().count();
            let end = if text.ends_with('\n') { ", line end" } else { "" };
            format!("base64 of DER, {lines} lines{end}").into()
        }
        Value::String(text) if text.starts_with("eyJ") => "JWT".into(),
        Value::String(_) => "text".into(),
        Value::Array(items) => items.iter().map(|item| form("", item)).collect(),
        Value::Object(_) => "object".into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)], body: &str) -> Request {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Request {
            method: "POST".to_owned(),
            target: "/20180711/resourcePrincipalToken/ocid1.x.oc1..abc?q=1".to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_signed_request_shows_its_form_and_no_secret() {
        let signature = "Signature algorithm=\"rsa-sha256\",headers=\"date host\",\
             keyId=\"ocid1.tenancy.oc1..t/ocid1.user.oc1..u/aa:bb\",signature=\"c2VjcmV0\",version=\"1\"";
        let headers = [("host", "h"), ("authorization", signature), ("accept", "*/*")];
        let body = r#"{"scope": "urn", "publicKey": "-----BEGIN PUBLIC KEY-----\nMII\n-----END PUBLIC KEY-----\n", "x": "c2VjcmV0"}"#;
        let shape = of(&request(&headers, body));
        assert_eq!(
            shape,
            json!({
                "method": "POST",
                "path": "/20180711/resourcePrincipalToken/*",
                "headers": ["accept", "authorization", "host"],
                "values": {"accept": "*/*"},
                "authorization": {
                    "algorithm": "rsa-sha256",
                    "headers": "date host",
                    "keyId": "tenancy/user/fingerprint",
                    "signature": "8 characters",
                    "version": "1",
                },
                "body": {
                    "scope": "urn",
                    "publicKey": "PEM BEGIN PUBLIC KEY, lines of 3, line end",
                    "x": "text",
                },
            })
        );
        assert!(!shape.to_string().contains("c2VjcmV0"));
    }

    #[test]
    fn a_form_shows_its_fields() {
        let shape = of(&request(
            &[("authorization", "Basic c2VjcmV0")],
            "grant_type=client_credentials&client_secret=c2VjcmV0&client_assertion=eyJhbGciOiJ9.e.s",
        ));
        assert_eq!(shape["authorization"], "Basic");
        let body = json!({
            "grant_type": "client_credentials",
            "client_secret": "text",
            "client_assertion": "JWT",
        });
        assert_eq!(shape["body"], body);
    }
}

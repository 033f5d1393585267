//! Addresses of services as Oracle's SDK makes them: each row of `vectors/oci_regions.jsonl`, which
//! `tests/peers/python/oci_region_vectors.py` wrote with the SDK.
#![cfg(feature = "tokens")]

use oraedge::auth::oci::region::{self, RegionMetadata};
use serde_json::Value;

#[test]
fn addresses_are_those_of_the_sdk() {
    let mut count = 0;
    for line in include_str!("vectors/oci_regions.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str();
        let variables = ["OCI_REGION_METADATA", "OCI_DEFAULT_REALM"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), text(name)?.to_owned())))
            .collect();
        let metadata = RegionMetadata::read(text("file"), &variables);
        let name = text("region").unwrap();
        let endpoint = region::endpoint("auth", name, &metadata);
        assert_eq!(Some(endpoint.as_str()), text("endpoint"), "{line}");
        assert_eq!(Some(endpoint.as_str()), text("auth"), "{line}");
        let identifier = region::identifier(name, &metadata);
        assert_eq!(Some(identifier.as_str()), text("identifier"), "{line}");
        count += 1;
    }
    assert!(count > 180, "{count}");
}

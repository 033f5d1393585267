//! Regions: their codes, the realm that each is in, the realm's domain, and a service's address
//! from these.
//!
//! A region that is not in the table is looked up where Oracle's SDKs look: in
//! `~/.oci/regions-config.json`, in the environment variable `OCI_REGION_METADATA`, and what the
//! instance metadata service says may be added. If none knows it, it is taken to be in the domain
//! that `OCI_DEFAULT_REALM` names, or else in the first realm (`oraclecloud.com`).

use std::collections::BTreeMap;

use serde_json::Value;

/// Where a user's own regions are, if there are any: a JSON array of region descriptions.
pub const REGIONS_CONFIG_FILE: &str = "~/.oci/regions-config.json";

/// The environment variable with the description of one region, in JSON.
pub const REGION_METADATA_VARIABLE: &str = "OCI_REGION_METADATA";

/// The environment variable with the domain of regions that nobody describes.
pub const DEFAULT_REALM_VARIABLE: &str = "OCI_DEFAULT_REALM";

/// One line a realm: name, domain, `code=region` ...
const TABLE: &str = include_str!("regions.txt");

/// The domain of the first realm, in which a region is that nobody knows.
const FIRST_DOMAIN: &str = "oraclecloud.com";

/// One region, as its description has it, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// `phx`; empty if there is none.
    pub code: String,
    /// `us-phoenix-1`.
    pub name: String,
    /// `oc1`.
    pub realm: String,
    /// `oraclecloud.com`.
    pub domain: String,
}

impl Region {
    /// Reads `{"realmKey", "realmDomainComponent", "regionKey", "regionIdentifier"}`, as files, the
    /// environment and the metadata service describe a region; `None` unless all four are texts.
    pub fn from_json(value: &Value) -> Option<Self> {
        let field = |name| {
            let text = value.get(name)?.as_str()?.to_lowercase();
            (!text.is_empty()).then_some(text)
        };
        Some(Region {
            code: field("regionKey")?,
            name: field("regionIdentifier")?,
            realm: field("realmKey")?,
            domain: field("realmDomainComponent")?,
        })
    }
}

/// The regions that are known beyond the table, and where others are taken to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionMetadata {
    /// In the order in which they were found; the first description of a region counts.
    regions: Vec<Region>,
    default_domain: Option<String>,
    notes: Vec<String>,
}

impl RegionMetadata {
    /// What the file [`REGIONS_CONFIG_FILE`] (its text, if there is one) and the environment say. A
    /// description that cannot be read is left out, as the SDKs do, with a note.
    pub fn read(file: Option<&str>, variables: &BTreeMap<String, String>) -> Self {
        let mut metadata = RegionMetadata {
            default_domain: variables
                .get(DEFAULT_REALM_VARIABLE)
                .filter(|domain| !domain.is_empty())
                .cloned(),
            ..RegionMetadata::default()
        };
        if let Some(text) = file {
            match serde_json::from_str(text) {
                Ok(Value::Array(regions)) => {
                    regions.iter().for_each(|region| metadata.add(REGIONS_CONFIG_FILE, region));
                }
                _ => metadata.note(REGIONS_CONFIG_FILE, "is not a JSON array"),
            }
        }
        if let Some(text) = variables.get(REGION_METADATA_VARIABLE).filter(|text| !text.is_empty())
        {
            match serde_json::from_str(text) {
                Ok(region) => metadata.add(REGION_METADATA_VARIABLE, &region),
                Err(_) => metadata.note(REGION_METADATA_VARIABLE, "is not JSON"),
            }
        }
        metadata
    }

    fn add(&mut self, source: &str, description: &Value) {
        match Region::from_json(description) {
            Some(region) => self.insert(region),
            None => self.note(
                source,
                "has a region without realmKey, realmDomainComponent, regionKey and \
                 regionIdentifier",
            ),
        }
    }

    fn note(&mut self, source: &str, what: &str) {
        self.notes.push(format!("{source} {what}; it is ignored"));
    }

    /// Adds a region, such as the one that the instance metadata service describes. What is known
    /// already stays.
    pub fn insert(&mut self, region: Region) {
        self.regions.push(region);
    }

    /// What was left out and why.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The region of a code (`phx`, `PHX`) or name (`us-phoenix-1`), if it is known.
    pub fn find(&self, region: &str) -> Option<Region> {
        let region = region.trim().to_lowercase();
        let is_it = |known: &Region| known.name == region || known.code == region;
        let mut found = built_in()
            .find(|known| is_it(known))
            .or_else(|| self.regions.iter().find(|known| is_it(known)).cloned())?;
        // The first who names a realm says what its domain is.
        let same_realm = |known: &Region| known.realm == found.realm;
        if let Some(first) = built_in()
            .find(same_realm)
            .or_else(|| self.regions.iter().find(|known| same_realm(known)).cloned())
        {
            found.domain = first.domain;
        }
        Some(found)
    }
}

fn built_in() -> impl Iterator<Item = Region> {
    TABLE.lines().filter(|line| !line.starts_with('#')).flat_map(|line| {
        let mut words = line.split(' ');
        let (realm, domain) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        words.filter_map(move |word| {
            let (code, name) = word.split_once('=')?;
            Some(Region {
                code: code.to_owned(),
                name: name.to_owned(),
                realm: realm.to_owned(),
                domain: domain.to_owned(),
            })
        })
    })
}

/// The name of a region that is given by code or by name: `us-phoenix-1` for `PHX`. One that nobody
/// knows comes back in lower case.
pub fn identifier(region: &str, metadata: &RegionMetadata) -> String {
    metadata.find(region).map_or_else(|| region.trim().to_lowercase(), |found| found.name)
}

/// The address of a service in a region, without a slash at its end: `https://auth.us-phoenix-1.oraclecloud.com`
/// for `auth` and `phx`. A region with a dot in it is taken for region and domain.
pub fn endpoint(service: &str, region: &str, metadata: &RegionMetadata) -> String {
    let (region, domain) = match metadata.find(region) {
        Some(found) => (found.name, found.domain),
        None => {
            let region = region.trim().to_lowercase();
            if region.contains('.') {
                return format!("https://{service}.{region}");
            }
            let domain = metadata.default_domain.as_deref().unwrap_or(FIRST_DOMAIN);
            (region, domain.to_owned())
        }
    };
    format!("https://{service}.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARS: &str = r#"{"realmKey":"OC99","realmDomainComponent":"Mars.example",
        "regionKey":"MRS9","regionIdentifier":"Mars-North-1"}"#;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn what_cannot_be_read_is_noted_and_left_out() {
        for (file, variable, notes) in [
            (Some("{}"), "", 1),
            (Some("[1, {}]"), "", 2),
            (Some(""), "[", 2),
            (None, r#"{"realmKey":"OC99"}"#, 1),
            (None, "", 0),
            (Some("[]"), MARS, 0),
        ] {
            let variables = variables(&[(REGION_METADATA_VARIABLE, variable)]);
            let metadata = RegionMetadata::read(file, &variables);
            assert_eq!(metadata.notes().len(), notes, "{file:?} {variable}: {metadata:?}");
        }
    }

    #[test]
    fn every_region_of_the_table_has_code_name_realm_and_domain() {
        let regions: Vec<Region> = built_in().collect();
        assert!(regions.len() > 80, "{}", regions.len());
        for region in &regions {
            assert_eq!(region.code.len(), 3, "{region:?}");
            assert!(region.domain.starts_with("oracle"), "{region:?}");
            assert_eq!(
                RegionMetadata::default().find(&region.code.to_uppercase()).as_ref(),
                Some(region)
            );
        }
    }
}

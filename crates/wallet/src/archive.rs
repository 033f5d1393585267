//! wallet.zip, as OCI's console hands it out. Only the files that a wallet needs are unpacked, each up to
//! a limit: what an archive says about sizes is not believed.

use miniz_oxide::inflate::decompress_to_vec_with_limit;
use rawzip::{CompressionMethod, ZipArchive};

use crate::error::Fault;
use crate::files::{MAX_FILE, base_name, is_wallet_file};

/// The most entries that are looked at. A wallet has about ten.
const MAX_ENTRIES: usize = 1000;

/// The most bytes of an archive. A wallet has about 30 kB.
const MAX_ARCHIVE: usize = 8 * 1024 * 1024;

/// How an archive begins; an empty one begins with its end.
pub(crate) fn looks_like(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// What is in an archive.
pub(crate) struct Archive {
    /// The files that belong to a wallet, by their names without folders.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// The names of all files.
    pub(crate) names: Vec<String>,
}

/// Unpacks.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Archive, Fault> {
    if bytes.len() > MAX_ARCHIVE {
        return Err(Fault::TooLarge(format!("{} bytes, more than {MAX_ARCHIVE}", bytes.len())));
    }
    let broken =
        |error: rawzip::Error| Fault::Damaged(format!("the archive cannot be read: {error}"));
    let archive = ZipArchive::from_slice(bytes).map_err(broken)?;
    let mut entries = archive.entries();
    let mut found = Archive { files: Vec::new(), names: Vec::new() };
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        if found.names.len() >= MAX_ENTRIES {
            return Err(Fault::TooLarge(format!("more than {MAX_ENTRIES} files")));
        }
        let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        // What Finder puts beside each file.
        if entry.is_dir() || path.starts_with("__MACOSX/") {
            continue;
        }
        let name = base_name(&path).to_owned();
        found.names.push(path);
        if !is_wallet_file(&name) {
            continue;
        }
        if entry.flags().is_encrypted() {
            return Err(Fault::EncryptedArchive);
        }
        let method = entry.compression_method();
        let expected = entry.crc32();
        let data = archive.get_entry(entry.wayfinder()).map_err(broken)?.data();
        let unpacked = match method {
            CompressionMethod::STORE if data.len() <= MAX_FILE => data.to_vec(),
            CompressionMethod::STORE => return Err(too_large(&name)),
            CompressionMethod::DEFLATE => {
                decompress_to_vec_with_limit(data, MAX_FILE).map_err(|error| {
                    use miniz_oxide::inflate::TINFLStatus::HasMoreOutput;
                    if error.status == HasMoreOutput { too_large(&name) } else { damaged(&name) }
                })?
            }
            other => {
                return Err(Fault::Unsupported(format!("compression {other:?} of the archive")));
            }
        };
        if rawzip::crc32(&unpacked) != expected {
            return Err(damaged(&name));
        }
        found.files.push((name, unpacked));
    }
    Ok(found)
}

fn too_large(name: &str) -> Fault {
    Fault::TooLarge(format!("{name} unpacks to more than {MAX_FILE} bytes"))
}

fn damaged(name: &str) -> Fault {
    Fault::Damaged(format!("{name} in the archive cannot be unpacked"))
}

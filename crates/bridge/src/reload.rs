//! What is read from files and read again when they change: keys, tokens, certificates, roots.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::select;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use zeroize::Zeroize as _;

use crate::policy::ConfigError;

/// How often files are looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Where some bytes come from.
#[derive(Clone)]
pub(crate) enum Source {
    Given(Vec<u8>),
    File(PathBuf),
}

impl Source {
    fn read(&self) -> Result<Vec<u8>, ConfigError> {
        match self {
            Source::Given(bytes) => Ok(bytes.clone()),
            Source::File(path) => std::fs::read(path).map_err(|error| {
                ConfigError::new(format!("cannot read {}: {error}", path.display()))
            }),
        }
    }
}

/// Names the file, and shows nothing of bytes.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Given(_) => f.write_str("Given(..)"),
            Source::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

type Parse<T> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, ConfigError> + Send + Sync>;

/// A value that is made from sources, and made anew when they change.
pub(crate) struct Reloaded<T> {
    what: &'static str,
    sources: Vec<Source>,
    parse: Parse<T>,
    current: RwLock<Current<T>>,
    /// What was wrong with the files when they were looked at last, so that it is said once.
    trouble: Mutex<Option<String>>,
}

struct Current<T> {
    value: Arc<T>,
    contents: u64,
}

impl<T> fmt::Debug for Reloaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloaded").field("what", &self.what).field("from", &self.sources).finish()
    }
}

impl<T> Reloaded<T> {
    pub(crate) fn new(
        what: &'static str,
        sources: Vec<Source>,
        parse: impl Fn(&[Vec<u8>]) -> Result<T, ConfigError> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let current = RwLock::new(read(&sources, &parse)?);
        Ok(Reloaded { what, sources, parse: Box::new(parse), current, trouble: Mutex::default() })
    }

    /// What was read last and could be used.
    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).value)
    }
}

fn read<T>(
    sources: &[Source],
    parse: impl Fn(&[Vec<u8>]) -> Result<T, ConfigError>,
) -> Result<Current<T>, ConfigError> {
    let mut contents = sources.iter().map(Source::read).collect::<Result<Vec<_>, _>>()?;
    let parsed = parse(&contents);
    let hash = digest(&contents);
    // They may be keys.
    contents.zeroize();
    let value = parsed.map_err(|error| {
        let is_file = |source: &Source| match source {
            Source::File(path) => Some(path.display().to_string()),
            Source::Given(_) => None,
        };
        match sources.iter().filter_map(is_file).collect::<Vec<_>>() {
            files if files.is_empty() => error,
            files => ConfigError::new(format!("{error} (read from {})", files.join(", "))),
        }
    })?;
    Ok(Current { value: Arc::new(value), contents: hash })
}

/// Enough to notice a change.
fn digest(contents: &[Vec<u8>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}

/// A [`Reloaded`] of whatever type.
pub(crate) trait Reload: Send + Sync {
    /// Reads the files. What cannot be used, say half a file, leaves the old value in place.
    fn reload(&self);
}

impl<T: Send + Sync> Reload for Reloaded<T> {
    fn reload(&self) {
        let fresh = read(&self.sources, &self.parse);
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match fresh {
            Ok(fresh) => {
                *trouble = None;
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                if fresh.contents != current.contents {
                    *current = fresh;
                    info!(what = self.what, "read anew");
                }
            }
            Err(error) => {
                let text = error.to_string();
                if trouble.as_ref() != Some(&text) {
                    warn!(what = self.what, "not read anew, the old one stays: {text}");
                    *trouble = Some(text);
                }
            }
        }
    }
}

/// Reads files anew when they change, until `stop`.
pub(crate) async fn watch(all: Vec<Arc<dyn Reload>>, stop: CancellationToken) {
    loop {
        select! {
            () = stop.cancelled() => return,
            () = sleep(POLL_INTERVAL) => {}
        }
        let all = all.clone();
        // A folder of files may lie on a network.
        let _ = tokio::task::spawn_blocking(move || all.iter().for_each(|one| one.reload())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_read_anew_and_a_broken_one_changes_nothing() {
        let file = std::env::temp_dir().join(format!("oraedge-reload-{}", std::process::id()));
        std::fs::write(&file, "1").unwrap();
        let number = |contents: &[Vec<u8>]| {
            let text = String::from_utf8_lossy(&contents[0]).into_owned();
            text.parse::<u32>().map_err(|error| ConfigError::new(error.to_string()))
        };
        let value = Reloaded::new("number", vec![Source::File(file.clone())], number).unwrap();
        for (text, now) in [("2", 2), ("x", 2), ("", 2), ("3", 3)] {
            std::fs::write(&file, text).unwrap();
            value.reload();
            assert_eq!(*value.get(), now, "{text:?}");
        }
        std::fs::remove_file(&file).unwrap();
        value.reload();
        assert_eq!(*value.get(), 3);
        let gone = Reloaded::new("number", vec![Source::File(file.clone())], number).unwrap_err();
        assert!(gone.to_string().contains(&file.display().to_string()), "{gone}");
    }
}

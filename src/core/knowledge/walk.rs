//! Lists the files below a directory, in one fixed order, and says why others are left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::read::{self, MAX_BYTES, Reader};

/// A file or directory that was not indexed, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// Its path as it was found; unreadable characters are shown as `�`.
    pub path: String,
    /// One clear line.
    pub reason: String,
}

/// A file that a reader takes.
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its path below the indexed directory, with `/`.
    pub name: String,
    /// Its size when it was listed, bytes.
    pub bytes: u64,
    /// Who reads it.
    pub reader: &'static dyn Reader,
}

/// What lies below a directory.
#[derive(Default)]
pub struct Listing {
    /// Files to read, by name.
    pub sources: Vec<Source>,
    /// What is left out.
    pub skipped: Vec<Skipped>,
}

/// Deeper directories are left out: no manual set is, and a mount can be its own child.
const DEEPEST: usize = 32;

/// Formats by the endings of their files; which of them are read is asked of the readers.
const FORMATS: &[(&str, &[&str])] = &[
    ("PDF", &["pdf"]),
    ("Word", &["docx"]),
    ("Excel", &["xlsx"]),
    ("CSV", &["csv"]),
    ("HTML", &["html", "htm"]),
    ("Markdown", &["md"]),
    ("reStructuredText", &["rst"]),
    ("AsciiDoc", &["adoc"]),
    ("plain text", &["txt"]),
];

/// The formats that are read, in one line: "Markdown (.md), plain text (.txt)".
pub fn formats() -> String {
    let is_read = |ending: &&&str| read::for_path(Path::new(&format!("x.{ending}"))).is_some();
    let read = FORMATS.iter().filter_map(|(name, endings)| {
        let endings: Vec<String> = endings.iter().filter(is_read).map(|e| format!(".{e}")).collect();
        (!endings.is_empty()).then(|| format!("{name} ({})", endings.join(", ")))
    });
    read.collect::<Vec<_>>().join(", ")
}

/// Lists `root`: a directory with all below it, or one file.
pub fn list(root: &Path) -> Listing {
    let mut walk = Walk { listing: Listing::default(), seen: BTreeSet::new() };
    if root.is_dir() {
        walk.directory(root, "", 0);
    } else {
        let name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        walk.file(root, &name);
    }
    walk.listing.sources.sort_by(|a, b| a.name.cmp(&b.name));
    walk.listing.skipped.sort();
    walk.listing
}

/// Is it a sidecar, which speaks about another file?
pub fn is_sidecar(name: &str) -> bool {
    name == "manual.toml" || name.ends_with(".manual.toml")
}

struct Walk {
    listing: Listing,
    /// Real paths of the directories entered: a second visit is a loop or a duplicate.
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn skip(&mut self, path: &Path, reason: impl Into<String>) {
        self.listing
            .skipped
            .push(Skipped { path: path.to_string_lossy().into_owned(), reason: reason.into() });
    }

    fn directory(&mut self, path: &Path, name: &str, depth: usize) {
        if depth > DEEPEST {
            return self.skip(path, format!("more than {DEEPEST} directories deep"));
        }
        match fs::canonicalize(path) {
            Ok(real) => {
                if !self.seen.insert(real) {
                    return self.skip(path, "symbolic link to a directory already listed");
                }
            }
            Err(e) => return self.skip(path, e.to_string()),
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) => return self.skip(path, e.to_string()),
        };
        let mut children = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => children.push(entry.path()),
                Err(e) => self.skip(path, e.to_string()),
            }
        }
        children.sort();
        for child in children {
            let Some(own) = child.file_name().and_then(|n| n.to_str()).map(str::to_owned) else {
                self.skip(&child, "the name is not UTF-8");
                continue;
            };
            let below = if name.is_empty() { own.clone() } else { format!("{name}/{own}") };
            if own.starts_with('.') {
                self.skip(&child, "hidden");
            } else if child.is_dir() {
                self.directory(&child, &below, depth + 1);
            } else if !is_sidecar(&own) {
                self.file(&child, &below);
            }
        }
    }

    fn file(&mut self, path: &Path, name: &str) {
        // Follows links; a dangling one or a loop of links is an error here.
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(e) => return self.skip(path, e.to_string()),
        };
        if !meta.is_file() {
            return self.skip(path, "not a regular file");
        }
        if meta.len() > MAX_BYTES {
            return self.skip(path, format!("larger than {} MiB", MAX_BYTES >> 20));
        }
        if meta.len() == 0 {
            return self.skip(path, "empty");
        }
        match read::for_path(path) {
            Some(reader) => {
                let (path, name) = (path.to_owned(), name.to_owned());
                self.listing.sources.push(Source { path, name, bytes: meta.len(), reader })
            }
            None if is_picture(name) => {
                self.skip(path, "a picture: kept where a manual shows it, not read by itself");
            }
            None => self.skip(path, format!("no reader for this format; read are {}", formats())),
        }
    }
}

fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|e| ["png", "jpg", "jpeg", "gif", "svg"].contains(&e.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_in_order_and_the_rest_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("b.md", "b");
        put("a/z.txt", "z");
        put("a/manual.toml", "");
        put("b.md.manual.toml", "");
        put("photo.raw", "x");
        put("empty.md", "");
        put("guard.PNG", "x");
        put(".git/x.md", "x");
        let listing = list(dir.path());
        assert_eq!(listing.sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["a/z.txt", "b.md"]);
        let reasons: Vec<_> = listing.skipped.iter().map(|s| s.reason.clone()).collect();
        let no_reader = format!("no reader for this format; read are {}", formats());
        let picture = "a picture: kept where a manual shows it, not read by itself";
        assert_eq!(reasons, ["hidden", "empty", picture, &no_reader]);
        assert!(formats().contains("Markdown (.md)"), "{}", formats());
    }

    #[cfg(unix)]
    #[test]
    fn loops_odd_names_and_pipes_are_left_out() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.md"), "a").unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("self.md", dir.path().join("self.md")).unwrap();
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"caf\xE9.md")), "x").unwrap();
        let listing = list(dir.path());
        assert_eq!(listing.sources.len(), 1);
        assert_eq!(listing.skipped.len(), 3);
        assert!(listing.skipped.iter().any(|s| s.reason.contains("already listed")));
        assert!(listing.skipped.iter().any(|s| s.reason.contains("UTF-8")));
    }
}

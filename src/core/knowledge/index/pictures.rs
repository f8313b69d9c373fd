//! Pictures that manuals show: kept beside the generation's texts under the name of their
//! content, so that the same picture is kept once.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::input::{bounded, digest};
use super::make_dir;
use crate::core::Result;
use crate::core::knowledge::generation::Input;
use crate::core::knowledge::generation::place::write_synced;
use crate::core::knowledge::read::{Document, Image};

/// A larger picture is left out, bytes.
const LARGEST: u64 = 4 << 20;
/// Pictures of one document; more are left out.
const MOST: usize = 1000;

/// The pictures of one document.
#[derive(Default)]
pub(super) struct Kept {
    /// By the figure's place in the document: its file below `figures/`, where it was kept.
    pub(super) files: Vec<Option<String>>,
    /// Pictures beside the file: where, and the file that each is kept as.
    pub(super) beside: Vec<(String, String)>,
    /// What was left out, in one line.
    pub(super) notes: Vec<String>,
}

/// Keeps the pictures of `document`, which was read from `path` below `root`, in `figures`.
pub(super) fn keep(document: &Document, path: &Path, root: &Path, figures: &Path) -> Result<Kept> {
    let mut kept = Kept::default();
    let mut left_out = 0;
    for (place, picture) in document.figures.iter().enumerate() {
        let (bytes, ending) = match &picture.image {
            Image::Bytes(bytes, ending) => (Some(bytes.clone()), (*ending).to_owned()),
            Image::Beside(link) => (beside(link, path, root), ending(link)),
            Image::None => (None, String::new()),
        };
        let fits = |bytes: &Vec<u8>| bytes.len() as u64 <= LARGEST && is_picture(bytes, &ending);
        let Some(bytes) = bytes.filter(|b| place < MOST && fits(b)) else {
            left_out += usize::from(picture.image != Image::None);
            kept.files.push(None);
            continue;
        };
        let file = format!("{}.{}", digest(&bytes), if ending == "jpeg" { "jpg" } else { &ending });
        let target = figures.join(&file);
        if !target.is_file() {
            make_dir(figures)?;
            write_synced(&target, |out| out.write_all(&bytes))?;
        }
        if let Image::Beside(link) = &picture.image {
            kept.beside.push((link.clone(), file.clone()));
        }
        kept.files.push(Some(file));
    }
    if left_out > 0 {
        kept.notes.push(format!("{left_out} pictures were not kept (missing, too large or not a picture)"));
    }
    Ok(kept)
}

/// Are the pictures beside a file still those that were kept?
pub(super) fn are_the_same(input: &Input, path: &Path, root: &Path) -> bool {
    input.pictures.iter().all(|(link, file)| {
        beside(link, path, root)
            .is_some_and(|bytes| file.strip_prefix(&digest(&bytes)).is_some_and(|rest| rest.starts_with('.')))
    })
}

/// The bytes of a picture beside a file; `None` where it is not there, or not below `root`:
/// a manual must not draw in what lies elsewhere.
fn beside(link: &str, path: &Path, root: &Path) -> Option<Vec<u8>> {
    let plain = link.split(['?', '#']).next().unwrap_or_default();
    if !matches!(ending(plain).as_str(), "png" | "jpg" | "jpeg" | "gif" | "svg") {
        return None;
    }
    let find = |link: &str| -> Option<PathBuf> {
        let relative = Path::new(link);
        let below =
            |c: Component| matches!(c, Component::Normal(_) | Component::CurDir | Component::ParentDir);
        if !relative.components().all(below) {
            return None;
        }
        let real = fs::canonicalize(path.parent()?.join(relative)).ok()?;
        (real.starts_with(root) && real.is_file()).then_some(real)
    };
    let real = find(plain).or_else(|| find(&decoded(plain)?))?;
    bounded(&real, LARGEST).ok()
}

/// A link without its percent signs ("figure%201.png").
fn decoded(link: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(link.len());
    let mut rest = link.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn ending(link: &str) -> String {
    let plain = link.split(['?', '#']).next().unwrap_or_default();
    plain.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

/// Do the bytes begin as a picture of this ending does?
fn is_picture(bytes: &[u8], ending: &str) -> bool {
    match ending {
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "jpg" | "jpeg" => bytes.starts_with(b"\xFF\xD8\xFF"),
        "gif" => bytes.starts_with(b"GIF8"),
        "svg" => {
            let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(1024)).unwrap_or_default());
            head.contains("<svg")
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::passage::Span;
    use crate::core::knowledge::read::Picture;

    const GIF: &[u8] = b"GIF89a tiny";

    fn picture(label: &str, image: Image) -> Picture {
        Picture { span: Span { start: 0, end: 0 }, label: label.into(), caption: String::new(), image }
    }

    #[test]
    fn pictures_below_the_root_are_kept_once_and_others_not() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let root = dir.join("root");
        fs::create_dir_all(root.join("img")).unwrap();
        fs::write(root.join("img/a 1.gif"), GIF).unwrap();
        fs::write(root.join("fake.png"), "text").unwrap();
        fs::write(dir.join("secret.gif"), GIF).unwrap();
        let document = Document {
            figures: vec![
                picture("Figure 1", Image::Beside("img/a%201.gif".into())),
                picture("Figure 2", Image::Bytes(GIF.to_vec(), "gif")),
                picture("Figure 3", Image::Beside("../secret.gif".into())),
                picture("Figure 4", Image::Beside("fake.png".into())),
                picture("Figure 5", Image::None),
            ],
            ..Document::default()
        };
        let (path, figures) = (root.join("m.md"), dir.join("figures"));
        let kept = keep(&document, &path, &root, &figures).unwrap();
        let file = format!("{}.gif", digest(GIF));
        assert_eq!(kept.files, [Some(file.clone()), Some(file), None, None, None]);
        assert_eq!(fs::read_dir(&figures).unwrap().count(), 1);
        assert!(kept.notes[0].starts_with("2 pictures"), "{:?}", kept.notes);
        let input = Input { pictures: kept.beside, ..Input::default() };
        assert!(are_the_same(&input, &path, &root));
        fs::write(root.join("img/a 1.gif"), b"GIF89a other").unwrap();
        assert!(!are_the_same(&input, &path, &root));
    }

    #[test]
    fn a_link_is_a_relative_path_or_nothing() {
        assert_eq!(decoded("a%20b.png").as_deref(), Some("a b.png"));
        assert_eq!(decoded("%zz"), None);
        assert_eq!(decoded("%"), None);
        let (path, root) = (Path::new("/r/m.md"), Path::new("/r"));
        for link in ["/etc/passwd.png", "http://x/y.png", "x.exe", "", "%00.png"] {
            assert_eq!(beside(link, path, root), None, "{link}");
        }
    }
}

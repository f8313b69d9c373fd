//! What DOCX and XLSX have in common: properties, relations, pictures.

use std::collections::BTreeMap;

use super::package::Package;
use super::xml::{Piece, Xml, attribute, local};
use super::{Image, meta};
use crate::core::Result;

/// A document's own properties, under the names of front matter.
///
/// # Errors
/// Where the part unpacks to too much.
pub(crate) fn properties(package: &mut Package<'_>) -> Result<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    let Some(text) = package.text("docProps/core.xml")? else { return Ok(out) };
    let mut xml = Xml::new(&text);
    let mut name = String::new();
    let mut value = String::new();
    // `version` is the author's; `revision` counts how often the file was saved.
    loop {
        match xml.next() {
            Piece::Open(open) => {
                local(&open).clone_into(&mut name);
                value.clear();
            }
            Piece::Words(words) => value.push_str(&words),
            Piece::Close(closed) => {
                if closed == name && matches!(name.as_str(), "title" | "creator" | "language" | "version") {
                    meta::put(&mut out, &name, &value);
                }
                value.clear();
            }
            Piece::End => return Ok(out),
        }
    }
}

/// The targets of a part's relations by id, as paths in the package.
///
/// # Errors
/// Where the part unpacks to too much.
pub(crate) fn relations(package: &mut Package<'_>, part: &str) -> Result<BTreeMap<String, String>> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let path =
        if folder.is_empty() { format!("_rels/{file}.rels") } else { format!("{folder}/_rels/{file}.rels") };
    let mut out = BTreeMap::new();
    let Some(text) = package.text(&path)? else { return Ok(out) };
    let mut xml = Xml::new(&text);
    loop {
        match xml.next() {
            Piece::Open(open) if local(&open) == "Relationship" => {
                let external = attribute(&open, "TargetMode").as_deref() == Some("External");
                if let (Some(id), Some(target), false) =
                    (attribute(&open, "Id"), attribute(&open, "Target"), external)
                {
                    out.insert(id, resolved(folder, &target));
                }
            }
            Piece::End => return Ok(out),
            _ => {}
        }
    }
}

/// A relation's target as a path from the package's root.
fn resolved(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// A picture's bytes where they are of a kind that a panel shows.
pub(crate) fn picture(bytes: Vec<u8>) -> Image {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Image::Bytes(bytes, "png")
    } else if bytes.starts_with(b"\xFF\xD8\xFF") {
        Image::Bytes(bytes, "jpg")
    } else {
        Image::None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::knowledge::read::package::tests::archive;

    #[test]
    fn properties_and_relations_are_read() {
        let core = b"<cp:coreProperties><dc:title>Pump &amp; motor</dc:title><dc:language>de</dc:language><cp:revision>41</cp:revision><cp:version>2.1</cp:version></cp:coreProperties>";
        let rels = b"<Relationships><Relationship Id=\"r1\" Target=\"media/i.png\"/><Relationship Id=\"r2\" Target=\"/word/x.png\"/><Relationship Id=\"r3\" Target=\"http://x\" TargetMode=\"External\"/></Relationships>";
        let bytes = archive(&[("docProps/core.xml", core), ("word/_rels/document.xml.rels", rels)]);
        let mut package = Package::open(&bytes, "m").unwrap();
        let found = properties(&mut package).unwrap();
        assert_eq!(found["title"], "Pump & motor");
        assert_eq!(found["language"], "de");
        assert_eq!(found["revision"], "2.1");
        let found = relations(&mut package, "word/document.xml").unwrap();
        assert_eq!(found["r1"], "word/media/i.png");
        assert_eq!(found["r2"], "word/x.png");
        assert!(!found.contains_key("r3"));
    }
}

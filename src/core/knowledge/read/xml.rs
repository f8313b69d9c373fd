//! XML, piece by piece. Entities that a file defines itself are never expanded: only the five
//! that XML knows and characters by number are, so there is no entity bomb.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// A piece of a document.
#[derive(Debug)]
pub(crate) enum Piece<'x> {
    /// An element opens; an empty one closes at once.
    Open(BytesStart<'x>),
    /// An element closes; its name without prefix.
    Close(String),
    /// Words.
    Words(String),
    /// The document ends, or breaks off.
    End,
}

/// Reads a document's pieces; never fails, but may break off.
pub(crate) struct Xml<'x> {
    reader: Reader<&'x [u8]>,
    /// Did the document break off before its end?
    pub broken: bool,
}

impl<'x> Xml<'x> {
    pub(crate) fn new(text: &'x str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Xml { reader, broken: false }
    }

    /// The next piece.
    pub(crate) fn next(&mut self) -> Piece<'x> {
        if self.broken {
            return Piece::End;
        }
        loop {
            return match self.reader.read_event() {
                Ok(Event::Start(start)) => Piece::Open(start),
                Ok(Event::End(end)) => Piece::Close(end.local_name().as_ref().to_owned()),
                Ok(Event::Text(text)) => Piece::Words(text.into_inner().into_owned()),
                Ok(Event::CData(text)) => Piece::Words(text.into_inner().into_owned()),
                Ok(Event::GeneralRef(reference)) => {
                    let words = match reference.resolve_char_ref() {
                        Ok(Some(c)) => c.to_string(),
                        _ => {
                            resolve_predefined_entity(&reference.into_inner()).unwrap_or_default().to_owned()
                        }
                    };
                    Piece::Words(words)
                }
                Ok(Event::Eof) => Piece::End,
                Ok(Event::Empty(start)) => Piece::Open(start),
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => continue,
                Err(_) => {
                    self.broken = true;
                    Piece::End
                }
            };
        }
    }

    /// Leaves an element that was opened, with all in it.
    pub(crate) fn skip(&mut self, open: &BytesStart<'_>) {
        if self.reader.read_to_end(open.name()).is_err() {
            self.broken = true;
        }
    }
}

/// An element's name without its prefix.
pub(crate) fn local<'a>(open: &'a BytesStart<'_>) -> &'a str {
    open.local_name().into_inner()
}

/// An attribute by its name without prefix.
pub(crate) fn attribute(open: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = open.attributes();
    let found = attributes.with_checks(false).filter_map(std::result::Result::ok);
    let value = found.into_iter().take(256).find(|a| a.key.local_name().as_ref() == name)?;
    Some(
        value
            .normalized_value(XmlVersion::Implicit1_0)
            .map_or_else(|_| value.value.clone().into_owned(), std::borrow::Cow::into_owned),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let mut xml = Xml::new(text);
        let mut out = String::new();
        loop {
            match xml.next() {
                Piece::Words(words) => out.push_str(&words),
                Piece::Open(open) if local(&open) == "skip" => xml.skip(&open),
                Piece::End => return out,
                _ => {}
            }
        }
    }

    #[test]
    fn words_are_read_and_own_entities_are_not_expanded() {
        assert_eq!(words("<a>1 &lt; 2 &#176;<b/><skip><c>x</c></skip><![CDATA[&]]></a>"), "1 < 2 °&");
        let bomb = "<!DOCTYPE a [<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;&x;&x;\"><!ENTITY z \"&y;&y;&y;\">]><a>n&z;m</a>";
        assert_eq!(words(bomb), "nm");
    }

    #[test]
    fn a_document_may_break_off() {
        assert_eq!(words("<a>one<b>two</a>three"), "onetwo");
        let deep = "<a>".repeat(100_000);
        assert_eq!(words(&deep), "");
    }
}

//! Edits of a seed: small enough to keep its shape, wild enough to break it.

use bolero::TypeGenerator;

/// Longer inputs teach nothing and slow everything.
const LONGEST: usize = 32 << 10;

/// What markup is made of; one of these goes where random bytes would say nothing.
const TOKENS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\t",
    b"    ",
    b"|",
    b"|===\n",
    b"```\n",
    b"----\n",
    b"====\n",
    b"* ",
    b"- ",
    b"1. ",
    b". ",
    b"#",
    b"= ",
    b"> ",
    b"<table>",
    b"<tr>",
    b"<td rowspan=99>",
    b"</td>",
    b"</table>",
    b"<ul><li>",
    b"<b>",
    b"<!--",
    b"-->",
    b"&amp;",
    b"&#",
    b"]]>",
    b"<![CDATA[",
    b".. ",
    b".. list-table::\n",
    b"::\n",
    b"`",
    b"``",
    b":a:`",
    b"**",
    b"_",
    b"+---+\n",
    b"=== ===\n",
    b"WARNING: ",
    b"[WARNING]\n",
    b"(1) ",
    b"\"",
    b"\"\"",
    b",",
    b";",
    b"\0",
    b"\xFF\xFE",
    b"\xEF\xBB\xBF",
    b"\xE6\xB2\xB9",
    b"\xC3",
    b"\x0C",
    b"<w:tbl>",
    b"<w:tr><w:tc>",
    b"<w:p>",
    b"</w:p>",
    b"99999999999999999999",
    b"-1",
    b"0x",
    b"{a}",
    b"<<",
    b">>",
    b"((",
    b"image::",
    b"[cols=\"9*\"]\n",
    b"+\n",
    b"a::",
];

/// One edit; places count modulo the length.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Edit {
    /// Sets one byte.
    Set(u16, u8),
    /// Puts bytes in.
    Insert(u16, u32),
    /// Puts a piece of markup in.
    Token(u16, u8),
    /// Takes bytes out.
    Remove(u16, u8),
    /// Says a stretch again, some times.
    Repeat(u16, u8, u8),
    /// Puts a stretch of another seed in.
    Splice(u16, u16, u8),
    /// Cuts the rest off.
    Cut(u16),
}

/// The seed after its edits.
pub fn apply(seed: &[u8], other: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = seed.to_vec();
    for edit in edits.iter().take(32) {
        let length = out.len();
        let place = |n: &u16| if length == 0 { 0 } else { usize::from(*n) % (length + 1) };
        match edit {
            Edit::Set(at, byte) => {
                if let Some(slot) = out.get_mut(place(at)) {
                    *slot = *byte;
                }
            }
            Edit::Insert(at, bytes) => insert(&mut out, place(at), &bytes.to_le_bytes()),
            Edit::Token(at, which) => insert(&mut out, place(at), TOKENS[usize::from(*which) % TOKENS.len()]),
            Edit::Remove(at, count) => {
                let from = place(at);
                out.drain(from..(from + usize::from(*count)).min(length));
            }
            Edit::Repeat(at, count, times) => {
                let from = place(at);
                let piece = out[from..(from + usize::from(*count)).min(length)].repeat(usize::from(*times));
                insert(&mut out, from, &piece);
            }
            Edit::Splice(at, from, count) => {
                let from = usize::from(*from) % (other.len() + 1);
                let piece = &other[from..(from + usize::from(*count) * 4).min(other.len())];
                insert(&mut out, place(at), piece);
            }
            Edit::Cut(at) => out.truncate(place(at)),
        }
        out.truncate(LONGEST);
    }
    out
}

fn insert(out: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let tail = out.split_off(at);
    out.extend_from_slice(piece);
    out.extend(tail);
}

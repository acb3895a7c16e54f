//! Bounds for property lists from outside, checked before anything is built from them.
//!
//! A value tree is built and dropped by recursion, and a binary property list may refer to one object many times;
//! so depth and expanded size are bounded on the raw bytes, without allocation in step with the nesting.

use super::codec::CodecError;

/// Largest accepted message in bytes. Real messages stay below 100 kB; wallpapers reach a few MB.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Deepest accepted nesting of elements. The deepest key of Apple's schema lies at 13.
pub const MAX_DEPTH: usize = 64;

/// Most objects a binary property list may expand to.
const MAX_OBJECTS: u64 = 1_000_000;

const BINARY_MAGIC: &[u8] = b"bplist00";

/// Accepts bytes that can be decoded within bounds.
pub fn check(bytes: &[u8]) -> Result<(), CodecError> {
    if bytes.len() > MAX_BYTES {
        return Err(CodecError(format!(
            "the property list has {} bytes; {MAX_BYTES} are accepted",
            bytes.len()
        )));
    }
    if bytes.starts_with(BINARY_MAGIC) {
        binary(bytes)
    } else {
        xml(bytes)
    }
}

/// Walks over the tags. Stricter than XML: attributes are accepted on `plist` alone and the document type must have
/// no internal subset, so no entity can be declared.
fn xml(bytes: &[u8]) -> Result<(), CodecError> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(open) = find(bytes, at, b"<") {
        let rest = &bytes[open..];
        let end = if rest.starts_with(b"<!--") {
            past(bytes, open + 4, b"-->")?
        } else if rest.starts_with(b"<![CDATA[") {
            past(bytes, open + 9, b"]]>")?
        } else if rest.starts_with(b"<?") {
            past(bytes, open + 2, b"?>")?
        } else {
            past(bytes, open + 1, b">")?
        };
        let tag = &bytes[open..end];
        at = end;
        if rest.starts_with(b"<!--") || rest.starts_with(b"<![CDATA[") || rest.starts_with(b"<?") {
            continue;
        }
        if rest.starts_with(b"<!") {
            if tag.contains(&b'[') || tag.starts_with(b"<!ENTITY") {
                return Err(refuse(
                    open,
                    "the document type declares entities or elements of its own",
                ));
            }
        } else if tag.starts_with(b"</") {
            depth = depth.saturating_sub(1);
        } else {
            if !tag.starts_with(b"<plist") && tag.iter().any(|byte| matches!(byte, b'"' | b'\'')) {
                return Err(refuse(open, "an element has attributes"));
            }
            if !tag.ends_with(b"/>") {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(refuse(open, "elements are nested too deeply"));
                }
            }
        }
    }
    Ok(())
}

fn refuse(offset: usize, why: &str) -> CodecError {
    CodecError(format!("{why} (at byte {offset})"))
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let hay = bytes.get(from..)?;
    if let [byte] = what {
        return hay.iter().position(|b| b == byte).map(|i| from + i);
    }
    hay.windows(what.len())
        .position(|window| window == what)
        .map(|i| from + i)
}

fn past(bytes: &[u8], from: usize, what: &[u8]) -> Result<usize, CodecError> {
    find(bytes, from, what)
        .map(|index| index + what.len())
        .ok_or_else(|| refuse(from, "a tag is not closed"))
}

/// The last 32 bytes of a binary property list.
struct Trailer {
    offset_size: usize,
    ref_size: usize,
    objects: usize,
    root: usize,
    table: usize,
}

fn binary(bytes: &[u8]) -> Result<(), CodecError> {
    let broken = || CodecError("the binary property list is truncated or damaged".to_owned());
    let trailer = trailer(bytes).ok_or_else(broken)?;
    // Expanded size per object; 0 is not looked at yet, OPEN is an ancestor of the object being looked at.
    let mut sizes = vec![0_u64; trailer.objects];
    let mut depths = vec![0_u16; trailer.objects];
    let mut stack = vec![trailer.root];
    while let Some(&object) = stack.last() {
        let children = children(bytes, &trailer, object).ok_or_else(broken)?;
        if children.iter().any(|child| *child >= trailer.objects) {
            return Err(broken());
        }
        if sizes[object] == 0 {
            sizes[object] = OPEN;
            for child in children {
                match sizes[child] {
                    OPEN => return Err(CodecError("an object contains itself".to_owned())),
                    0 => stack.push(child),
                    _ => {}
                }
            }
            continue;
        }
        stack.pop();
        if sizes[object] != OPEN {
            continue;
        }
        let size = children
            .iter()
            .fold(1_u64, |sum, child| sum.saturating_add(sizes[*child]));
        let below = children.iter().map(|child| depths[*child]).max();
        let depth = below.map_or(0, |depth| depth.saturating_add(1));
        if usize::from(depth) > MAX_DEPTH {
            return Err(CodecError("objects are nested too deeply".to_owned()));
        }
        if size > MAX_OBJECTS {
            return Err(CodecError(format!(
                "the binary property list expands to more than {MAX_OBJECTS} objects"
            )));
        }
        sizes[object] = size;
        depths[object] = depth;
    }
    Ok(())
}

const OPEN: u64 = u64::MAX;

fn trailer(bytes: &[u8]) -> Option<Trailer> {
    let start = bytes.len().checked_sub(32)?;
    let trailer = &bytes[start..];
    let number = |from: usize| big_endian(trailer.get(from..from + 8)?);
    let offset_size = usize::from(*trailer.get(6)?);
    let ref_size = usize::from(*trailer.get(7)?);
    let (objects, root, table) = (number(8)?, number(16)?, number(24)?);
    let fits = (1..=8).contains(&offset_size)
        && (1..=8).contains(&ref_size)
        && root < objects
        && objects <= bytes.len()
        && table.checked_add(objects.checked_mul(offset_size)?)? <= start;
    fits.then_some(Trailer {
        offset_size,
        ref_size,
        objects,
        root,
        table,
    })
}

fn big_endian(bytes: &[u8]) -> Option<usize> {
    bytes.iter().try_fold(0_usize, |sum, byte| {
        sum.checked_mul(256)?.checked_add(usize::from(*byte))
    })
}

/// The objects an object refers to; `None` when it lies outside the bytes.
fn children(bytes: &[u8], trailer: &Trailer, object: usize) -> Option<Vec<usize>> {
    let entry = trailer.table + object * trailer.offset_size;
    let at = big_endian(bytes.get(entry..entry + trailer.offset_size)?)?;
    let marker = *bytes.get(at)?;
    let width = match marker >> 4 {
        0xA | 0xC => 1,
        0xD => 2,
        _ => return Some(Vec::new()),
    };
    let mut count = usize::from(marker & 0x0F);
    let mut from = at + 1;
    if count == 0x0F {
        let length = *bytes.get(from)?;
        if length >> 4 != 1 {
            return None;
        }
        let bytes_of_length = 1_usize.checked_shl(u32::from(length & 0x0F))?;
        if bytes_of_length > 8 {
            return None;
        }
        count = big_endian(bytes.get(from + 1..from + 1 + bytes_of_length)?)?;
        from += 1 + bytes_of_length;
    }
    let length = count.checked_mul(width)?.checked_mul(trailer.ref_size)?;
    let refs = bytes.get(from..from.checked_add(length)?)?;
    refs.chunks_exact(trailer.ref_size)
        .map(big_endian)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Vec<u8> {
        let mut text = String::from("<plist version=\"1.0\">");
        for _ in 0..levels {
            text.push_str("<array>");
        }
        for _ in 0..levels {
            text.push_str("</array>");
        }
        text.push_str("</plist>");
        text.into_bytes()
    }

    #[test]
    fn nesting_is_bounded_exactly() {
        assert!(check(&nested(MAX_DEPTH - 1)).is_ok());
        assert!(check(&nested(MAX_DEPTH)).is_err());
        assert!(check(&nested(2_000_000 / 7)).is_err());
    }

    #[test]
    fn entities_and_attributes_are_refused() {
        for text in [
            "<!DOCTYPE plist [<!ENTITY a \"b\">]><plist><dict/></plist>",
            "<plist><dict a=\"/>\"><key>a</key></dict></plist>",
            "<plist><dict",
            "<!-- never closed",
        ] {
            assert!(check(text.as_bytes()).is_err(), "{text}");
        }
        let usual = "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/x.dtd\">\
            <plist version=\"1.0\"><!-- <array> --><dict/></plist>";
        assert!(check(usual.as_bytes()).is_ok());
    }

    #[test]
    fn a_binary_list_that_multiplies_is_refused() {
        // Forty arrays, each holding the next one twice: 2^40 objects when expanded.
        let levels = 40_u8;
        let mut bytes = BINARY_MAGIC.to_vec();
        let mut offsets = Vec::new();
        for level in 0..levels {
            offsets.push(u8::try_from(bytes.len()).unwrap());
            bytes.extend([0xA2, level + 1, level + 1]);
        }
        offsets.push(u8::try_from(bytes.len()).unwrap());
        bytes.push(0x09);
        let table = bytes.len() as u64;
        bytes.extend(&offsets);
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
        bytes.extend((u64::from(levels) + 1).to_be_bytes());
        bytes.extend(0_u64.to_be_bytes());
        bytes.extend(table.to_be_bytes());
        assert!(check(&bytes).is_err());
        // One that refers to itself.
        let mut looped = BINARY_MAGIC.to_vec();
        looped.extend([0xA1, 0, 8, 0, 0, 0, 0, 0, 0, 1, 1]);
        looped.extend(1_u64.to_be_bytes());
        looped.extend(0_u64.to_be_bytes());
        looped.extend(10_u64.to_be_bytes());
        assert!(check(&looped).is_err());
    }
}

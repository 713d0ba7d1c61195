//! PEM blocks, found as Go's `pem.Decode` finds them.

use base64::{Engine, engine::general_purpose::STANDARD};

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What stands in its BEGIN line.
    pub kind: String,
    /// Whether it has headers.
    pub has_headers: bool,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// All blocks of a text, in order. What is no block is passed over.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("-----BEGIN ").and_then(|l| l.strip_suffix("-----")) else { continue };
        let end = format!("-----END {kind}-----");
        let mut body = String::new();
        let mut has_headers = false;
        let mut ended = false;
        for line in lines.by_ref() {
            if line == end {
                ended = true;
                break;
            }
            if line.contains(':') {
                has_headers = true;
            } else {
                body.push_str(line.trim());
            }
        }
        if let Ok(bytes) = STANDARD.decode(&body)
            && ended
        {
            found.push(Block { kind: kind.to_owned(), has_headers, bytes });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = "hello\n-----BEGIN A-----\nAQI=\n-----END A-----\n-----BEGIN B-----\nKey: value\n\nAw==\n-----END B-----\n-----BEGIN C-----\nAw==\n";
        let found = blocks(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], Block { kind: "A".into(), has_headers: false, bytes: vec![1, 2] });
        assert!(found[1].has_headers);
    }
}

//! The order in which go-yaml writes a map's keys: letters after everything else, digits as numbers (`a9` before `a10`).

use std::cmp::Ordering;

/// Compares two keys.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len().cmp(&b.len()) };
    let (Some(x), Some(y)) = (a.get(at), b.get(at)) else { return Ordering::Equal };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero inside a number that began before must count as a digit, not as a leading zero.
    let inside = (*x == '0' || *y == '0') && a.get(..at).unwrap_or_default().iter().rev().take_while(|c| c.is_numeric()).any(|c| *c != '0');
    let start = i64::from(inside);
    let number = |chars: &[char]| {
        let digits = chars.iter().skip(at).take_while(|c| c.is_numeric());
        digits.fold((start, 0usize), |(n, len), c| (n.wrapping_mul(10).wrapping_add(i64::from(*c as u32) - i64::from(b'0')), len + 1))
    };
    number(&a).cmp(&number(&b)).then(x.cmp(y))
}

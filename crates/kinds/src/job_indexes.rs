//! Sets of indexes of an indexed job, written as `1,3-5,7`.

/// How many indexes `text` names, all of them below `completions`. Err tells what is wrong.
pub fn count(text: &str, completions: i64) -> Result<i64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let mut last: Option<i64> = None;
    let mut total = 0;
    for part in text.split(',') {
        let (first, end) = interval(part, completions)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// The first index that both sets name; malformed parts name none.
pub fn overlap(completed: &str, failed: &str, completions: i64) -> Option<i64> {
    let intervals = |text: &str| -> Vec<(i64, i64)> { text.split(',').filter_map(|part| interval(part, completions).ok()).collect() };
    let failed = intervals(failed);
    intervals(completed)
        .into_iter()
        .flat_map(|c| failed.iter().map(move |f| (c.0.max(f.0), c.1.min(f.1))))
        .filter(|(start, end)| start <= end)
        .map(|(start, _)| start)
        .min()
}

fn interval(part: &str, completions: i64) -> Result<(i64, i64), String> {
    let limits: Vec<&str> = part.split('-').collect();
    let index = |text: &str| {
        let n: i64 = text.parse().map_err(|_| format!("cannot convert string to integer for index: \"{text}\""))?;
        if n >= completions { Err(format!("too large index: \"{text}\"")) } else { Ok(n) }
    };
    match limits.as_slice() {
        [one] => index(one).map(|n| (n, n)),
        [first, end] => match (index(first)?, index(end)?) {
            (first, end) if first >= end => Err(format!("non-increasing order, previous: {first}, current: {end}")),
            both => Ok(both),
        },
        _ => Err(format!(
            "the fragment \"{part}\" violates the requirement that an index interval can have at most two parts separated by '-'"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_grow_and_stay_below_completions() {
        assert_eq!(count("1,3-5,7", 8), Ok(5));
        assert_eq!(count("", 8), Ok(0));
        assert_eq!(count("3,3", 8).unwrap_err(), "non-increasing order, previous: 3, current: 3");
        assert_eq!(count("5-3", 8).unwrap_err(), "non-increasing order, previous: 5, current: 3");
        assert_eq!(count("8", 8).unwrap_err(), "too large index: \"8\"");
        assert_eq!(count("a", 8).unwrap_err(), "cannot convert string to integer for index: \"a\"");
        assert!(count("1-2-3", 8).unwrap_err().contains("at most two parts"));
    }

    #[test]
    fn sets_overlap_at_their_first_common_index() {
        assert_eq!(overlap("0-2,5", "3-5", 8), Some(5));
        assert_eq!(overlap("0-2", "3", 8), None);
        assert_eq!(overlap("", "3", 8), None);
    }
}

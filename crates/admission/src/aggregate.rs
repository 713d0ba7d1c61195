//! Several reasons as one text.

/// The text of errors that are told together: one as it is, several in brackets, repetitions left out.
pub(crate) fn aggregate(messages: &[String]) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for message in messages {
        if !distinct.contains(&&**message) {
            distinct.push(message);
        }
    }
    match distinct.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

//! "Did you mean": the known word that is nearest to a wrong one.

/// `; did you mean `x`?`, or nothing when no known word is near.
pub(crate) fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |word| format!("; did you mean `{word}`?"))
}

/// The known word within a third of its length, at least one letter.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (distance(wrong, word), word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters to change, add or leave out (Levenshtein 1965), a row at a time.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut left = index + 1;
        let mut next = vec![left];
        for (other, above) in to.chars().zip(row.windows(2)) {
            let [diagonal, above] = above else { continue };
            left = (diagonal + usize::from(letter != other)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ttl"), 3);
        let known = ["ttl", "prefix", "cache_none", "negative_ttl"];
        assert_eq!(nearest("tll", known), Some("ttl"));
        assert_eq!(nearest("perfix", known), Some("prefix"));
        assert_eq!(nearest("cachenone", known), Some("cache_none"));
        assert_eq!(nearest("color", known), None);
    }
}

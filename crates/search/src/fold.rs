//! Case folding.

/// The text as it is compared: full Unicode lower-casing, character by character, so that a
/// substring of a text folds to a substring of the folded text (final sigma is folded to σ).
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_inside_a_text_is_inside_it_folded(before: String, inside: String, after: String) {
            let whole = fold(&format!("{before}{inside}{after}"));
            prop_assert!(whole.contains(&fold(&inside)));
            prop_assert!(whole.starts_with(&fold(&before)) && whole.ends_with(&fold(&after)));
            prop_assert_eq!(fold(&whole), whole);
        }
    }

    #[test]
    fn folding_is_full_unicode_and_keeps_substrings() {
        assert_eq!(fold("ОТЧЁТ Straße ΟΔΟΣ"), "отчёт straße οδοσ");
        assert!(fold("ΟΔΟΣ ΑΒΓ").contains(&fold("οδος")));
        assert_eq!(fold("100%_"), "100%_");
        assert_eq!(fold("CORP\\ANNA"), "corp\\anna");
    }
}

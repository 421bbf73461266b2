//! Patterns of names and titles, as the rules of monitoring plans have them.

use crate::fold;

/// A pattern: `*` stands for any run of characters, also none; `?` for one character or none.
///
/// It has to fit the whole text, and case does not count. So `* - Notepad` fits every window of
/// Notepad, `*Notepad*` every text with the word, and `colo?r *` both spellings: the model
/// product's documentation has these examples, and they are its only specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// This character of the folded text.
    Is(char),
    /// Any character, or none.
    MaybeOne,
    /// Any characters, or none.
    Run,
}

impl Wildcard {
    /// Reads a pattern. Every text is one.
    pub fn new(pattern: &str) -> Self {
        let folded = fold(pattern);
        let mut tokens: Vec<_> = folded.chars().map(Token::of).collect();
        // Runs beside each other are one, which keeps matching fast.
        tokens.dedup_by(|one, before| *one == Token::Run && *before == Token::Run);
        Self { tokens }
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        let mut states = States::new(self.tokens.len());
        let mut next = states.clone();
        states.enter(&self.tokens, 0);
        for c in fold(text).chars() {
            if states.fits_whatever_comes(&self.tokens) {
                return true;
            }
            next.clear();
            for &at in &states.list {
                match self.tokens.get(at) {
                    Some(Token::Is(wanted)) if *wanted == c => next.enter(&self.tokens, at + 1),
                    Some(Token::MaybeOne) => next.enter(&self.tokens, at + 1),
                    Some(Token::Run) => next.enter(&self.tokens, at),
                    Some(Token::Is(_)) | None => {}
                }
            }
            std::mem::swap(&mut states, &mut next);
            if states.list.is_empty() {
                return false;
            }
        }
        states.is_in[self.tokens.len()]
    }
}

impl Token {
    fn of(c: char) -> Self {
        match c {
            '*' => Self::Run,
            '?' => Self::MaybeOne,
            c => Self::Is(c),
        }
    }
}

/// How many of the tokens may have been used up by the text so far: each number once.
#[derive(Clone, Debug)]
struct States {
    list: Vec<usize>,
    is_in: Vec<bool>,
}

impl States {
    fn new(tokens: usize) -> Self {
        Self {
            list: Vec::new(),
            is_in: vec![false; tokens + 1],
        }
    }

    /// Adds a state, and those that follow from it without a further character.
    fn enter(&mut self, tokens: &[Token], mut at: usize) {
        while !std::mem::replace(&mut self.is_in[at], true) {
            self.list.push(at);
            match tokens.get(at) {
                Some(Token::MaybeOne | Token::Run) => at += 1,
                Some(Token::Is(_)) | None => return,
            }
        }
    }

    /// Whether the pattern's last token is a run that has been reached.
    fn fits_whatever_comes(&self, tokens: &[Token]) -> bool {
        tokens.last() == Some(&Token::Run) && self.is_in[tokens.len() - 1]
    }

    fn clear(&mut self) {
        for at in self.list.drain(..) {
            self.is_in[at] = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pattern: &str, fitting: &[&str], others: &[&str]) {
        let wildcard = Wildcard::new(pattern);
        for text in fitting {
            assert!(wildcard.matches(text), "{pattern:?} fits {text:?}");
        }
        for text in others {
            assert!(!wildcard.matches(text), "{pattern:?} does not fit {text:?}");
        }
    }

    #[test]
    fn the_model_products_examples_fit_what_it_says() {
        check(
            "* - Notepad",
            &[
                "Untitled - Notepad",
                "Document1.txt - Notepad",
                " - Notepad",
            ],
            &["Notepad", "Untitled - Notepad++", "Untitled - Notepad "],
        );
        check(
            "*Notepad*",
            &["Notepad", "Untitled - Notepad", "Notepad++ - x"],
            &["Note pad", ""],
        );
        check(
            "Document1.txt - Notepad",
            &["Document1.txt - Notepad"],
            &["Document1.txt - Notepad 2", "Document10txt - Notepad"],
        );
        check(
            "colo?r *",
            &["color settings", "colour settings", "color "],
            &["coloring", "colouur settings", "a color settings"],
        );
    }

    #[test]
    fn case_does_not_count_in_any_script() {
        check("*ОТЧЁТ*", &["отчёт 2026", "Годовой Отчёт"], &["отчет"]);
        check("corp\\ANNA", &["CORP\\anna"], &["CORP\\anna2"]);
        check("οδος", &["ΟΔΟΣ"], &[]);
    }

    #[test]
    fn the_empty_pattern_fits_the_empty_text_and_question_marks_may_fit_nothing() {
        check("", &[""], &["x"]);
        check("*", &["", "anything"], &[]);
        check("???", &["", "a", "abc"], &["abcd"]);
        check("a?*b", &["ab", "axb", "axyzb"], &["a", "b"]);
        check("**a**", &["a", "bab"], &["b"]);
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_answered_at_once() {
        let pattern = "*a?".repeat(85);
        let text = "a".repeat(20_000) + "b";
        assert!(Wildcard::new(&pattern).matches(&text));
        assert!(!Wildcard::new(&(pattern + "c")).matches(&text));
    }

    proptest! {
        /// The obvious way, which is slow.
        #[test]
        fn it_agrees_with_trying_everything(pattern in "[ab*?]{0,8}", text in "[abAB]{0,8}") {
            fn fits(pattern: &[char], text: &[char]) -> bool {
                match pattern.split_first() {
                    None => text.is_empty(),
                    Some(('*', rest)) => (0..=text.len()).any(|n| fits(rest, &text[n..])),
                    Some(('?', rest)) => {
                        fits(rest, text) || (!text.is_empty() && fits(rest, &text[1..]))
                    }
                    Some((c, rest)) => text.first() == Some(c) && fits(rest, &text[1..]),
                }
            }
            let chars = |text: &str| fold(text).chars().collect::<Vec<_>>();
            let expected = fits(&chars(&pattern), &chars(&text));
            prop_assert_eq!(Wildcard::new(&pattern).matches(&text), expected);
        }
    }
}

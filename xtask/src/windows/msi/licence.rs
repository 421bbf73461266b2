//! The licence, as the wizard shows it.

/// One text in RTF of several plain ones, in one line. What ends with an empty line is a paragraph:
/// the lines of such texts are broken for another width than the wizard's.
pub fn rtf(heading: &str, texts: &[&str]) -> String {
    let mut rtf = String::from(r"{\rtf1\ansi\deff0{\fonttbl{\f0\fswiss Tahoma;}}\fs17 ");
    rtf.push_str(r"{\b ");
    escape(&mut rtf, heading);
    rtf.push('}');
    for text in texts {
        rtf.push_str(r"\par\par ");
        for paragraph in text.trim().split("\n\n") {
            let words: Vec<_> = paragraph.split_whitespace().collect();
            escape(&mut rtf, &words.join(" "));
            rtf.push_str(r"\par\par ");
        }
    }
    rtf.push('}');
    rtf
}

fn escape(rtf: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\\' | '{' | '}' => rtf.extend(['\\', character]),
            ' '..='~' => rtf.push(character),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    // RTF takes them as numbers with a sign.
                    rtf.push_str(&format!(r"\u{}?", unit.cast_signed()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_paragraphs_and_nothing_in_them_is_a_command() {
        let rtf = rtf("One", &["a {b}\nc\n\nd\\é\n"]);
        assert!(rtf.starts_with(r"{\rtf1\ansi"));
        assert!(rtf.contains(r"{\b One}\par\par a \{b\} c\par\par d\\\u233?\par\par }"));
        assert!(!rtf.contains('\n'));
    }
}

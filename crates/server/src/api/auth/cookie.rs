//! The cookie that a browser keeps while its user is signed in.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite};
use eidetic_store::control::SignInId;
use sha2::{Digest as _, Sha256};

use super::SIGN_IN_LASTS;

/// The secret in the cookie. The server keeps only its SHA-256.
pub struct SignInSecret([u8; 32]);

impl SignInSecret {
    /// A new one.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// The one that a browser sent, if it sent one.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name() == NAME)
            .and_then(|cookie| URL_SAFE_NO_PAD.decode(cookie.value()).ok())
            .and_then(|secret| secret.try_into().ok())
            .map(Self)
    }

    /// The id under which the server keeps the sign-in.
    pub fn id(&self) -> SignInId {
        SignInId(Sha256::digest(self.0).into())
    }

    /// The header that makes a browser keep it as long as the sign-in lasts.
    pub fn to_header(&self) -> HeaderValue {
        let age = i64::try_from(SIGN_IN_LASTS.as_secs()).unwrap_or(i64::MAX);
        header_value(&URL_SAFE_NO_PAD.encode(self.0), age)
    }
}

/// The header that makes a browser forget it.
pub fn forget_header() -> HeaderValue {
    header_value("", 0)
}

/// A secret: nothing of it is shown.
impl fmt::Debug for SignInSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInSecret(..)")
    }
}

fn header_value(value: &str, max_age_secs: i64) -> HeaderValue {
    let cookie = Cookie::build((NAME, value))
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .path("/")
        .max_age(cookie::time::Duration::seconds(max_age_secs))
        .build();
    HeaderValue::try_from(cookie.to_string()).expect("the name and base64 are header characters")
}

/// Browsers take a cookie with this prefix only over HTTPS, from this host, for all its paths.
const NAME: &str = "__Host-eidetic";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_read_back_among_others_and_is_kept_from_scripts() {
        let secret = SignInSecret([7; 32]);
        let header = secret.to_header();
        let text = header.to_str().unwrap();
        for attribute in [
            "; HttpOnly",
            "; SameSite=Strict",
            "; Secure",
            "; Path=/",
            "; Max-Age=43200",
        ] {
            assert!(text.contains(attribute), "{text}");
        }
        let sent = format!("theme=dark; {}; x", text.split(';').next().unwrap());
        let headers = HeaderMap::from_iter([(header::COOKIE, sent.parse().unwrap())]);
        assert_eq!(
            SignInSecret::from_headers(&headers).unwrap().id(),
            secret.id()
        );
    }

    #[test]
    fn garbage_is_no_cookie() {
        for sent in [
            "",
            "__Host-eidetic",
            "__Host-eidetic=",
            "__Host-eidetic=AAAA",
            "=;;=\u{1}",
        ] {
            let Ok(value) = HeaderValue::from_str(sent) else {
                continue;
            };
            let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
            assert!(SignInSecret::from_headers(&headers).is_none(), "{sent}");
        }
    }
}

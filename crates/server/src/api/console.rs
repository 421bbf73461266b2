//! The console's files, which are inside of this binary.

use std::borrow::Cow;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `cargo xtask build` made of `console/`; empty if it was not built before this binary.
#[derive(RustEmbed)]
#[folder = "../../console/build"]
pub struct BuiltConsole;

/// A router that serves these files: each under its own path, the application's page under all
/// other paths that do not look like a file's.
pub fn router<Files: RustEmbed + 'static>() -> Router {
    Router::new().fallback(async |method: Method, uri: Uri, headers: HeaderMap| {
        if !matches!(method, Method::GET | Method::HEAD) {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        serve::<Files>(uri.path(), &headers)
    })
}

fn serve<Files: RustEmbed>(path: &str, request: &HeaderMap) -> Response {
    let path = path.trim_start_matches('/');
    if let Some(file) = Files::get(path) {
        return answer(path, file, request);
    }
    let is_file_name = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    if is_file_name {
        return (StatusCode::NOT_FOUND, "there is no such file").into_response();
    }
    let pages = if path.is_empty() {
        ["index.html", FALLBACK_PAGE]
    } else {
        [FALLBACK_PAGE, "index.html"]
    };
    let page = pages.iter().find_map(|page| Files::get(page));
    page.map_or_else(not_built, |page| answer("index.html", page, request))
}

fn answer(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let is_page = has_extension(path, "html");
    // Files with a hash in their name never change; all others are asked for again.
    let caching = if path.starts_with("_app/immutable/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let tag = HeaderValue::try_from(format!("\"{}\"", hex::encode(file.metadata.sha256_hash())))
        .expect("digits and letters are header characters");
    let is_known = request.get(header::IF_NONE_MATCH) == Some(&tag);
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let content_type = if is_page {
        Ok(HeaderValue::from_static("text/html; charset=utf-8"))
    } else {
        HeaderValue::from_str(file.metadata.mimetype())
    };
    headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    let body = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    (headers, Body::from(body)).into_response()
}

fn not_built() -> Response {
    let page = "<!doctype html><title>Eidetic</title><h1>The console was not built</h1>\
        <p>This server works, but it was built without its console: run \
        <code>cargo xtask build</code> and start it again.</p>";
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, page).into_response()
}

fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, found)| found == extension)
}

/// The page for the paths that the application itself routes.
const FALLBACK_PAGE: &str = "200.html";

/// What the page may load and run: its own files, WebAssembly among them. No inline scripts; of
/// styles only attributes, which templates have.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     style-src-attr 'unsafe-inline'; img-src 'self' blob: data:; font-src 'self'; \
     connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(RustEmbed)]
    #[folder = "tests/it/console"]
    struct Fixture;

    #[derive(RustEmbed)]
    #[folder = "tests/it/console/nothing"]
    #[allow_missing = true]
    struct NotBuilt;

    fn get<Files: RustEmbed>(path: &str) -> (u16, String, String) {
        let response = serve::<Files>(path, &HeaderMap::new());
        let header = |name| {
            let value: Option<&HeaderValue> = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        (
            response.status().as_u16(),
            header(header::CONTENT_TYPE),
            header(header::CACHE_CONTROL),
        )
    }

    #[test]
    fn paths_of_the_application_give_its_page_and_missing_files_do_not() {
        for path in ["/", "/search", "/sessions/0193-42", "/a.b/c"] {
            let (status, kind, caching) = get::<Fixture>(path);
            assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
            assert_eq!(caching, "no-cache", "{path}");
        }
        for path in ["/favicon.ico", "/_app/immutable/old.js", "/../Cargo.toml"] {
            assert_eq!(get::<Fixture>(path).0, 404, "{path}");
        }
    }

    #[test]
    fn files_with_a_hash_in_their_name_are_kept_for_ever() {
        let (status, kind, caching) = get::<Fixture>("/_app/immutable/start.abc123.js");
        assert_eq!((status, kind.as_str()), (200, "text/javascript"));
        assert!(caching.ends_with("immutable"), "{caching}");
        let (_, kind, caching) = get::<Fixture>("/decoder.wasm");
        assert_eq!(
            (kind.as_str(), caching.as_str()),
            ("application/wasm", "no-cache")
        );
    }

    #[test]
    fn a_known_file_is_not_sent_again() {
        let first = serve::<Fixture>("/decoder.wasm", &HeaderMap::new());
        let tag = first.headers()[header::ETAG].clone();
        let request = HeaderMap::from_iter([(header::IF_NONE_MATCH, tag)]);
        assert_eq!(serve::<Fixture>("/decoder.wasm", &request).status(), 304);
    }

    #[test]
    fn without_a_console_a_page_says_what_to_do() {
        assert_eq!(get::<NotBuilt>("/search").0, 200);
        assert_eq!(get::<NotBuilt>("/app.js").0, 404);
    }
}

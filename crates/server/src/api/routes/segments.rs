//! The bytes of segments.

use std::{num::NonZeroUsize, ops::Range, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use eidetic_model::{SegmentId, Timestamp};
use eidetic_store::{
    StoreError,
    control::{SegmentState, StoredSegment},
    segments::SegmentStore,
};
use futures::{Stream, stream};
use http_range_header::{SyntacticallyCorrectRange, parse_range_header_with_max_ranges};

use crate::api::{
    ApiState,
    auth::SignedIn,
    extract::PathId,
    problem::{ApiError, ApiResult},
};

/// Read a segment's bytes
///
/// Whole, or one range of them (`Range: bytes=…`). Of a growing segment, what can be read now.
#[utoipa::path(get, path = "/segments/{id}/data", tag = "sessions",
    params(("id" = String, Path, format = Uuid, description = "the segment"),
        ("range" = Option<String>, Header, description = "one range of bytes, as RFC 9110 says")),
    responses(
        (status = 200, content_type = "application/octet-stream", body = inline(Octets)),
        (status = 206, content_type = "application/octet-stream", body = inline(Octets)),
        (status = 304, description = "it is as the `If-None-Match` says"),
        (status = 416, description = "the range begins beyond what can be read now")))]
pub async fn data(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<SegmentId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let found = state.components.control.segment(id).await?;
    let (_, segment) = found.ok_or_else(|| ApiError::not_found("segment"))?;
    let session = segment.description.session.to_string();
    let log = &state.viewing_log;

    let mut answer = HeaderMap::new();
    answer.insert(header::CONTENT_TYPE, OCTETS);
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // What a browser keeps is not shown to whoever signs in next without being recorded.
    answer.insert(header::VARY, HeaderValue::from_static("cookie"));
    if let SegmentState::Sealed(sha256) = segment.state {
        let tag = entity_tag(&sha256);
        let is_known = headers.get(header::IF_NONE_MATCH) == Some(&tag);
        answer.insert(header::ETAG, tag);
        answer.insert(header::CACHE_CONTROL, KEEP);
        if is_known {
            log.note_watched(&who, session, shown(&segment, &(0..segment.bytes)))
                .await?;
            return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
        }
    } else {
        answer.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
    }

    let (status, range) = match asked_range(&headers, &answer, segment.bytes) {
        Asked::Whole => (StatusCode::OK, 0..segment.bytes),
        Asked::Part(range) => {
            let text = format!("bytes {}-{}/{}", range.start, range.end - 1, segment.bytes);
            answer.insert(header::CONTENT_RANGE, ascii(text));
            (StatusCode::PARTIAL_CONTENT, range)
        }
        Asked::Beyond => {
            let error = ApiError::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                format!("{} bytes can be read", segment.bytes),
            );
            let unsatisfied = ascii(format!("bytes */{}", segment.bytes));
            return Ok(([(header::CONTENT_RANGE, unsatisfied)], error).into_response());
        }
    };
    log.note_watched(&who, session, shown(&segment, &range))
        .await?;
    answer.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    let store = Arc::clone(&state.components.segments);
    let first = next_chunk(store.as_ref(), id, &range).await?;
    let body = Body::from_stream(chunks(store, id, range, first));
    Ok((status, answer, body).into_response())
}

/// Bytes, in the API's document.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct Octets(Vec<u8>);

/// What moments of the recording these bytes show: from the key frame before them to that after.
fn shown(segment: &StoredSegment, bytes: &Range<u64>) -> Range<Timestamp> {
    let before = segment
        .key_frames
        .iter()
        .rev()
        .find(|key| key.offset <= bytes.start);
    let after = segment
        .key_frames
        .iter()
        .find(|key| key.offset >= bytes.end);
    let start = before.map_or(segment.description.start, |key| key.time);
    start..after.map_or(segment.until, |key| key.time)
}

enum Asked {
    Whole,
    Part(Range<u64>),
    Beyond,
}

/// What a request asks for of `size` bytes. What is not one range of bytes is ignored, as
/// RFC 9110 section 14.2 says; so is a range of another version of the segment.
fn asked_range(request: &HeaderMap, answer: &HeaderMap, size: u64) -> Asked {
    if let Some(version) = request.get(header::IF_RANGE)
        && Some(version) != answer.get(header::ETAG)
    {
        return Asked::Whole;
    }
    let Some(Ok(text)) = request.get(header::RANGE).map(HeaderValue::to_str) else {
        return Asked::Whole;
    };
    let ranges = parse_range_header_with_max_ranges(text, NonZeroUsize::MIN);
    let Ok(Ok([range])) = ranges.map(|ranges| <[_; 1]>::try_from(ranges.into_ranges())) else {
        return Asked::Whole;
    };
    let range = match range {
        SyntacticallyCorrectRange::FromStart(start) => start..size,
        SyntacticallyCorrectRange::FromLast(count) => size.saturating_sub(count)..size,
        SyntacticallyCorrectRange::Indexed(start, last) => start..last.saturating_add(1).min(size),
    };
    if range.is_empty() {
        Asked::Beyond
    } else {
        Asked::Part(range)
    }
}

/// The range in chunks, so that a long segment is never whole in memory.
fn chunks(
    store: Arc<dyn SegmentStore>,
    id: SegmentId,
    range: Range<u64>,
    first: Bytes,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
    let next = range.start + first.len() as u64;
    let start = (store, next..range.end, Some(first));
    stream::try_unfold(start, move |(store, rest, ready)| async move {
        let (chunk, rest) = match ready {
            Some(first) => (first, rest),
            None => {
                let chunk = next_chunk(store.as_ref(), id, &rest).await?;
                let next = rest.start + chunk.len() as u64;
                (chunk, next..rest.end)
            }
        };
        let is_end = chunk.is_empty();
        Ok((!is_end).then_some((chunk, (store, rest, None))))
    })
}

/// The first bytes of a range; none only if the range is empty.
async fn next_chunk(
    store: &dyn SegmentStore,
    id: SegmentId,
    range: &Range<u64>,
) -> Result<Bytes, StoreError> {
    if range.is_empty() {
        return Ok(Bytes::new());
    }
    let chunk = range.start..range.end.min(range.start + CHUNK_BYTES);
    match store.read(id, chunk).await? {
        Some(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(StoreError::Damaged {
            what: format!("segment {id}"),
            reason: format!("no bytes at {}, although it should have some", range.start),
        }),
    }
}

fn entity_tag(sha256: &[u8; 32]) -> HeaderValue {
    ascii(format!("\"{}\"", hex::encode(sha256)))
}

fn ascii(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("digits, letters and punctuation are header characters")
}

const CHUNK_BYTES: u64 = 512 << 10;

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// A sealed segment never changes.
const KEEP: HeaderValue = HeaderValue::from_static("private, max-age=86400, immutable");

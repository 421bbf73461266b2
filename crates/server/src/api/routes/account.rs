//! Signing in and out, and the account of whoever is signed in.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::SET_COOKIE},
};
use eidetic_store::control::{SignIn, User};
use tracing::info;

use crate::api::{
    ApiState,
    auth::{
        ClientAddress, Identified, SIGN_IN_LASTS, SignInSecret, SignedIn, forget_header, password,
    },
    dto::{Account, PasswordChange, SignInRequest},
    extract::JsonBody,
    problem::{ApiError, ApiResult},
    to_the_end::to_the_end,
};

/// Sign in
///
/// The answer sets the cookie `__Host-eidetic`, which lasts 12 hours. After some wrong passwords
/// one has to wait, longer each time.
#[utoipa::path(post, path = "/sign-in", tag = "account", security(()),
    request_body = SignInRequest, responses((status = 200, body = Account)))]
pub async fn sign_in(
    State(state): State<ApiState>,
    address: ClientAddress,
    headers: HeaderMap,
    JsonBody(request): JsonBody<SignInRequest>,
) -> ApiResult<([(HeaderName, HeaderValue); 1], Json<Account>)> {
    let control = &state.components.control;
    admit(&state, &request.user_name, address)?;
    let user = control.user(&request.user_name).await?;
    let is_right = check(&state, request.password, user.as_ref()).await?;
    let Some(user) = user.filter(|_| is_right) else {
        info!(address = %address.0, "sign-in refused");
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "the name or the password is wrong",
        ));
    };
    forgive(&state, &request.user_name, address);

    if let Some(replaced) = SignInSecret::from_headers(&headers) {
        control.end_sign_in(replaced.id()).await?;
    }
    let secret = SignInSecret::random().map_err(ApiError::inside)?;
    let now = state.components.clock.wall();
    let sign_in = SignIn {
        id: secret.id(),
        user: user.name.clone(),
        created: now,
        expires: now.saturating_add(SIGN_IN_LASTS),
    };
    let by = SignedIn {
        user: user.name.clone(),
        sign_in: sign_in.id,
        address,
    };
    state.viewing_log.note(&by, "signed in", "").await?;
    control.put_sign_in(sign_in).await?;
    Ok((
        [(SET_COOKIE, secret.to_header())],
        Json(Account::from(&user)),
    ))
}

/// Sign out
#[utoipa::path(post, path = "/sign-out", tag = "account", responses((status = 204)))]
pub async fn sign_out(
    State(state): State<ApiState>,
    who: Identified,
) -> ApiResult<(StatusCode, [(HeaderName, HeaderValue); 1])> {
    state.components.control.end_sign_in(who.sign_in).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, forget_header())]))
}

/// Show who is signed in
#[utoipa::path(get, path = "/account", tag = "account",
    responses((status = 200, body = Account)))]
pub async fn account(who: Identified) -> Json<Account> {
    Json(Account::from(&who.account))
}

/// Change one's password
///
/// All other sign-ins of the same user end.
#[utoipa::path(post, path = "/account/password", tag = "account",
    request_body = PasswordChange, responses((status = 204)))]
pub async fn change_password(
    State(state): State<ApiState>,
    who: Identified,
    JsonBody(request): JsonBody<PasswordChange>,
) -> ApiResult<StatusCode> {
    let control = &state.components.control;
    check_new(&request)?;
    let user = who.account.clone();
    admit(&state, &user.name, who.address)?;
    if !check(&state, request.current_password, Some(&user)).await? {
        return Err(ApiError::field("current_password", "is wrong"));
    }
    forgive(&state, &user.name, who.address);

    let by = who.into_signed_in();
    let log = &state.viewing_log;
    log.note(&by, "changed password", "").await?;
    let control = Arc::clone(control);
    to_the_end(async move {
        let hash = state.passwords.hash(request.new_password).await;
        let name = user.name.clone();
        control
            .put_user(User {
                password_hash: hash.map_err(ApiError::inside)?,
                must_change_password: false,
                ..user
            })
            .await?;
        Ok(control.end_other_sign_ins(&name, by.sign_in).await?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_new(request: &PasswordChange) -> ApiResult<()> {
    let new = &request.new_password;
    let wrong = if new.chars().count() < password::MIN_CHARACTERS {
        format!("must have at least {} characters", password::MIN_CHARACTERS)
    } else if new.len() > password::MAX_BYTES {
        format!("must have at most {} bytes", password::MAX_BYTES)
    } else if *new == request.current_password {
        "must be another than until now".to_owned()
    } else {
        return Ok(());
    };
    Err(ApiError::field("new_password", wrong))
}

/// Whether a password is the user's. Without a user it takes as long.
async fn check(state: &ApiState, password: String, user: Option<&User>) -> ApiResult<bool> {
    if password.len() > password::MAX_BYTES {
        return Ok(false);
    }
    let hash = user.map(|user| user.password_hash.clone());
    let is_right = state.passwords.verify(password, hash).await;
    is_right.map_err(ApiError::inside)
}

fn admit(state: &ApiState, user: &str, address: ClientAddress) -> ApiResult<()> {
    if user.len() > MAX_USER_NAME_BYTES {
        return Err(ApiError::field("user_name", "is too long"));
    }
    let now = state.components.clock.monotonic();
    let mut throttle = state
        .throttle
        .lock()
        .expect("nothing panics while it holds this lock");
    throttle
        .admit(user, address.0, now)
        .map_err(|wait| ApiError::too_many(wait, "too many wrong passwords: wait a while"))
}

fn forgive(state: &ApiState, user: &str, address: ClientAddress) {
    state
        .throttle
        .lock()
        .expect("nothing panics while it holds this lock")
        .succeeded(user, address.0);
}

const MAX_USER_NAME_BYTES: usize = 256;

//! The rights that handlers take as arguments: a handler with one of these runs only for those
//! who have it.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use axum::{extract::FromRequestParts, http::request::Parts};
use eidetic_store::control::{SignInId, User};

use super::SignInSecret;
use crate::api::{ApiState, problem::ApiError};

/// Somebody who is signed in with a password of his own.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The user's name.
    pub user: String,
    /// The sign-in.
    pub sign_in: SignInId,
    /// From where he asks.
    pub address: ClientAddress,
}

/// Somebody who is signed in, perhaps with a password that was given to him: he may learn that,
/// choose his own, and sign out; nothing else.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The user.
    pub account: User,
    /// The sign-in.
    pub sign_in: SignInId,
    /// From where he asks.
    pub address: ClientAddress,
}

/// From where a request comes. The listener says it with each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<ApiState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let identified = Identified::from_request_parts(parts, state).await?;
        if identified.account.must_change_password {
            return Err(ApiError::password_change_required());
        }
        Ok(identified.into_signed_in())
    }
}

impl FromRequestParts<ApiState> for Identified {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let secret =
            SignInSecret::from_headers(&parts.headers).ok_or_else(ApiError::not_signed_in)?;
        let control = &state.components.control;
        let sign_in = control
            .sign_in(secret.id(), state.components.clock.wall())
            .await?
            .ok_or_else(ApiError::not_signed_in)?;
        let account = control
            .user(&sign_in.user)
            .await?
            .ok_or_else(ApiError::not_signed_in)?;
        Ok(Self {
            account,
            sign_in: sign_in.id,
            address: ClientAddress::of(parts),
        })
    }
}

impl Identified {
    /// The same person, once nothing stands in his way.
    pub fn into_signed_in(self) -> SignedIn {
        SignedIn {
            user: self.account.name,
            sign_in: self.sign_in,
            address: self.address,
        }
    }
}

impl ClientAddress {
    fn of(parts: &Parts) -> Self {
        parts
            .extensions
            .get()
            .copied()
            .unwrap_or(Self(Ipv4Addr::UNSPECIFIED.into()))
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

//! Takes in what agents send: gRPC over TLS on TCP 9004.
//!
//! [`Gateway`] accepts connections and serves the three calls. A connection without a
//! certificate can only enrol, and not stay. Each attached agent is one task, `attachment`, that
//! wraps an [`eidetic_wire::server_link::ServerLink`]; `ingest` stores what the link hands over,
//! one job after the other, and only what is durable is acknowledged.
//!
//! What was stored is told to [`crate::components::News`]; who is connected is kept in
//! [`crate::components::ConnectedAgents`].

mod admission;
mod attachment;
mod attachments;
mod bound;
mod copies;
mod enrolment;
mod ingest;
mod listener;
mod service;
mod stream;
mod throttle;

pub use bound::bind;
pub use enrolment::new_ticket;
pub use service::{Gateway, GatewayError, Limits};

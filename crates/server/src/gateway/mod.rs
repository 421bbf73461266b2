//! What agents send, TCP 9004: gRPC over mutual TLS.

//! Console and REST over HTTPS.

//! The certificates: the authority, the server and the agents.

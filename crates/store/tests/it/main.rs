//! The stores as the server uses them, in a process that is killed.

#[cfg(test)]
mod killed;

//! Scripted sources for tests: real code that plays a script.

//! Messages to and from the model.

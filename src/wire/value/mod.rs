//! One file a type: how each Oracle data type is written on the wire.

//! WebSocket in, TCP or TCPS out: lets a browser page speak Oracle's wire protocol to the databases
//! that the operator lists. What goes over the WebSocket is described in `PROTOCOL.md`.

//! IP packets and the headers above them.

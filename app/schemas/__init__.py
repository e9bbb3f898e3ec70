"""Bodies, queries and answers of the API, as docs/protocol.md tells them."""

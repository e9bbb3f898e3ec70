"""One file per noun; `ALL` is every command of `deployr`."""

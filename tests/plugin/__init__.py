"""The plugin on a small course, in processes of its own."""

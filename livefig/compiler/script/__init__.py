"""JavaScript: built, simplified, and printed."""

"""A person names a catastrophe on screens, and how right what comes of it is."""

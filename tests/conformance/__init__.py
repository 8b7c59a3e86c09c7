"""Real clients drive a workspace's services unchanged."""

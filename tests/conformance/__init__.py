"""Real clients drive a workspace's services unchanged.

They are imported where they are used: loading them takes longer than collecting all tests does.
"""

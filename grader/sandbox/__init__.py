"""The host's side of the wall: intake, launch, wire protocol. Nothing here runs student code."""

"""Inside the wall: runner, inspector, scorer, the local ML runtime. The host never imports it."""

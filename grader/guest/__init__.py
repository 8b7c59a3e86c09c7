"""Inside the wall: runner, inspector, scorer and the local ML runtime. The host never imports it."""

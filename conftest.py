"""Nothing is configured here: the plugin is installed with the package (entry point
`grader.plugin`), and each test folder has a conftest of its own where it needs one."""

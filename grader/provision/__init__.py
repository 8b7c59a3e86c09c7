"""What grading needs of a machine: Java, jars, a sandbox binary; found, or fetched once."""

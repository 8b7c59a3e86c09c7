"""Files to core models: YAML with line marks, JSON Schema errors in our words, cross-references."""

"""Builds the plugin that an alignment planned."""

"""Recommenders that behave otherwise than the study's own model, and decisions of a user's own."""

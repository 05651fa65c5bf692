"""Samples of one type as samples of another."""

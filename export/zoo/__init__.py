"""Trained models that come with semradio."""

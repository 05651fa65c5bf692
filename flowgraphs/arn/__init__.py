"""Paired adversarial residual networks (He, Wang & Quek): links, figures, first values."""

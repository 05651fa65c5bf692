"""Paired adversarial residual networks (He, Wang, Quek), Algorithm 1."""

"""Paired adversarial residual networks (He, Wang, Quek), Algorithm 1."""

SUMMARY = (
    "Secure semantic communication by paired adversarial residual networks (He, Wang, Quek): "
    "trains a semantic link for images, an eavesdropper's digit classifier, and then Alice's and "
    "Bob's pluggable modules, which lower the accuracy of that fixed classifier at almost no cost "
    "in picture quality. An eavesdropper who retrains on protected signals is not stopped: the "
    "report says how well she does."
)

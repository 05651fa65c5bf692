"""Image links over a MIMO interference channel (Wang, Guo, Dong & Zhao): link, figures, values."""

"""A link whose frames a key rotates: nobody without it can read them."""

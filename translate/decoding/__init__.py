"""A segment through the model: sentences, protected terms, enforcement, markup put back."""

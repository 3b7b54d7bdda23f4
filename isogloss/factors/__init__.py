"""What might explain a matrix: distances between languages, their share of the web, and how a tokenizer treats them."""

"""What R prints, without R: numbers, tables and the summaries of models."""

"""lme4's formula language: reading, expanding, translating and explaining a model's formula."""
